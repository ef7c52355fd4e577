"""What stands behind `bin/run`: all processes of WeM on one machine, and the check that they do the main job."""
