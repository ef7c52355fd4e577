"""The provider's own pages: home, terms, privacy, status, manual."""
