"""The mailbox of the sending tests: steps are sent for real."""

from tests.delivery.conftest import mailbox, running_mailbox

__all__ = ["mailbox", "running_mailbox"]
