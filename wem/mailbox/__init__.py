"""The built-in mailbox: takes all mail on loopback, keeps it, shows it, sends none; for development, demo and tests."""
