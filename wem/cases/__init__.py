"""Reports of abuse, cases, their consequences, deletion of data by force, disputes."""
