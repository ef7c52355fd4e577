"""Fetching mail from a mailbox by IMAP: marked as seen, or moved, only once it is kept here."""

from __future__ import annotations

import imaplib
import logging
import re
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from wem import clock
from wem.inbound.addresses import route_for
from wem.inbound.envelopes import Envelope
from wem.inbound.keeping import Arriving, keep
from wem.inbound.states import Way
from wem.inbound.trace_rules import addressed_in, recipients_in, return_path_in
from wem.settings import Settings, settings

PATIENCE_SECONDS = 20.0
LOCAL = ("127.0.0.1", "::1", "localhost")
log = logging.getLogger("wem.inbound")


class PollFailed(Exception):
    """The mailbox could not be read; the message says which step, without anybody's data."""


def poll(until: float) -> int:
    """Fetch what is unseen, mail by mail, until a monotonic time; return how many mails were kept.

    Raises PollFailed when the server does not do what it should, and OSError or SQLAlchemyError when a mail cannot be
    kept: then it stays unseen there. Interrupted after the keeping, a mail is fetched again and is a repetition.
    """
    loaded, kept = settings(), 0
    try:
        with _mailbox(loaded) as mailbox:
            for number in _unseen(mailbox):
                if time.monotonic() >= until:
                    break
                kept += _fetch(mailbox, number, loaded)
    except (imaplib.IMAP4.error, ssl.SSLError) as error:
        raise PollFailed(f"{loaded.IMAP_HOST}: {type(error).__name__}") from error
    return kept


@contextmanager
def _mailbox(loaded: Settings) -> Iterator[imaplib.IMAP4]:
    host, port = loaded.IMAP_HOST, int(loaded.IMAP_PORT)
    if loaded.IMAP_TLS == "on":
        context = ssl.create_default_context(cafile=loaded.IMAP_CA_FILE or None)
        mailbox: imaplib.IMAP4 = imaplib.IMAP4_SSL(host, port, ssl_context=context, timeout=PATIENCE_SECONDS)
    elif host in LOCAL:
        mailbox = imaplib.IMAP4(host, port, timeout=PATIENCE_SECONDS)
    else:
        raise PollFailed(f"{host} is another machine: IMAP_TLS must be on")
    try:
        mailbox.login(loaded.IMAP_USER, loaded.IMAP_PASSWORD)
        _done(mailbox.select(_quoted(loaded.IMAP_FOLDER)), "SELECT")
        yield mailbox
    finally:
        with suppress(imaplib.IMAP4.error, OSError):
            mailbox.logout()


def _unseen(mailbox: imaplib.IMAP4) -> list[str]:
    found = _done(mailbox.uid("SEARCH", "UNSEEN", "UNDELETED"), "SEARCH")
    return found[0].decode("ascii").split() if found and found[0] else []


def _fetch(mailbox: imaplib.IMAP4, number: str, loaded: Settings) -> int:
    sizes = _done(mailbox.uid("FETCH", number, "(RFC822.SIZE)"), "FETCH")
    size = re.search(rb"RFC822\.SIZE (\d+)", b" ".join(each for each in sizes if isinstance(each, bytes)))
    if size is None:
        return 0  # somebody else has taken it away
    if int(size[1]) > loaded.inbound_size:
        # Seen, so that it is not looked at each minute; whoever looks after the mailbox finds it there.
        log.warning("a mail of %s bytes is too big; it stays in the mailbox %s", size[1].decode(), loaded.IMAP_FOLDER)
        _done(mailbox.uid("STORE", number, "+FLAGS.SILENT", r"(\Seen)"), "STORE")
        return 0
    parts = _done(mailbox.uid("FETCH", number, "(BODY.PEEK[])"), "FETCH")
    raw = next((part[1] for part in parts if isinstance(part, tuple)), None)
    if raw is None:
        return 0
    envelope = Envelope(clock.now(), Way.imap, return_path_in(raw), _recipients(raw, loaded))
    keep([Arriving(envelope, raw)])
    _put_away(mailbox, number, loaded.IMAP_DONE_FOLDER)
    return 1


def _recipients(raw: bytes, loaded: Settings) -> tuple[str, ...]:
    """Return which of our addresses a mail came to; the help desk's queue is no place for what names none of them."""
    for named in (recipients_in(raw), addressed_in(raw)):
        if ours := tuple(dict.fromkeys(each.lower() for each in named if route_for(each))):
            return ours
    return (f"postmaster@{loaded.SERVICE_DOMAIN.lower()}",)


def _put_away(mailbox: imaplib.IMAP4, number: str, folder: str) -> None:
    """Move a mail that is kept here to the folder; without one, or where it cannot be moved, it stays as seen."""
    command = "MOVE" if "MOVE" in mailbox.capabilities else "COPY"  # RFC 6851
    if not folder or not _moved(mailbox, command, number, folder):
        _done(mailbox.uid("STORE", number, "+FLAGS.SILENT", r"(\Seen)"), "STORE")
    elif command == "COPY":
        _done(mailbox.uid("STORE", number, "+FLAGS.SILENT", r"(\Seen \Deleted)"), "STORE")
        # Others may have marked mails of their own: only ours goes, where the server can tell them apart (RFC 4315).
        _done(mailbox.uid("EXPUNGE", number) if "UIDPLUS" in mailbox.capabilities else mailbox.expunge(), "EXPUNGE")


def _moved(mailbox: imaplib.IMAP4, command: str, number: str, folder: str) -> bool:
    """Move or copy a mail, into a folder that is made if it is not there (RFC 9051 section 6.4.7)."""
    if mailbox.uid(command, number, _quoted(folder))[0] == "OK":
        return True
    mailbox.create(_quoted(folder))
    if mailbox.uid(command, number, _quoted(folder))[0] == "OK":
        return True
    # Unseen it would be fetched again each minute, and those behind it never.
    log.warning("a fetched mail cannot be moved to IMAP_DONE_FOLDER; it stays in %s as seen", settings().IMAP_FOLDER)
    return False


def _quoted(folder: str) -> str:
    return '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _done(answer: tuple[str, list[Any]], step: str) -> list[Any]:
    if answer[0] != "OK":
        raise PollFailed(f"the mailbox refused {step}")
    return answer[1]
