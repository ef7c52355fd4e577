"""The help desk (Art. 23): what customers and others ask, and what we answer."""
