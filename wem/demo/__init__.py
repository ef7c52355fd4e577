"""The demo: two invented customers with lists and readers, and people who sign in; never in production."""
