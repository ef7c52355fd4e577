"""Mail that we receive: the door, storing, routing to the domains that it concerns."""
