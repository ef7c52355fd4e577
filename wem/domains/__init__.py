"""The domains that customers send from: proven in DNS, with their DKIM keys."""
