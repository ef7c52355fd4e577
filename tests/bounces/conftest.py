"""The mailbox of the sending tests: a test here sends for real while mails come back."""

from __future__ import annotations

from tests.delivery.conftest import mailbox, running_mailbox

__all__ = ["mailbox", "running_mailbox"]
