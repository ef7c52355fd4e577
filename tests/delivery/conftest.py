"""A mailbox of its own for the sending tests, and settings that send to it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
from flask import Flask

from wem.mailbox.client import MailboxClient
from wem.mailbox.starting import RunningMailbox, start_mailbox


@pytest.fixture(scope="session")
def running_mailbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMailbox]:
    mailbox = start_mailbox(tmp_path_factory.mktemp("mailbox"))
    yield mailbox
    mailbox.stop()


@pytest.fixture
def mailbox(app: Flask, running_mailbox: RunningMailbox) -> Iterator[MailboxClient]:
    """An empty mailbox that behaves, and the application sending to it."""
    running_mailbox.client.delete_mails()
    running_mailbox.client.clear_behaviours()
    before = app.config["WEM"]
    app.config["WEM"] = dataclasses.replace(before, SMTP_PORT=str(running_mailbox.smtp_port), BATCH_SIZE="20")
    yield running_mailbox.client
    app.config["WEM"] = before
