"""Sequences (ステップメール): mails that go to each reader so many days after a sign-up, or around a day of theirs."""
