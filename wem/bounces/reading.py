"""Reading a mail: a bounce, a report of success or delay, a complaint, an automatic answer, or what a person wrote."""

from __future__ import annotations

import logging
import re

from wem.bounces.autoreply_rules import body_automatic, says_automatic, subject_automatic
from wem.bounces.complaint_reading import read_complaint
from wem.bounces.mail_parts import Part, leaves_of, open_mail
from wem.bounces.notification_reading import read_notification
from wem.bounces.report_reading import read_report
from wem.bounces.signs import has_null_sender, is_quoting, subject_of
from wem.bounces.states import Kind, Reading
from wem.mailings.reply_rules import own_words

log = logging.getLogger("wem.bounces")
MOST_READ = 20_000  # characters of a text in which own words are looked for

# Our own Message-ID (wem.delivery.identity) at the head of a mail that arrives: what we sent came back to us whole.
_OURS = re.compile(r"<[a-z2-7]{39}@")


def read_mail(raw: bytes) -> Reading:
    """Return what a mail is, whom it speaks of and how it ended; never raises, whatever the bytes.

    The order is that of inbound.md 2: our own loops, RFC 3464, vendors' own forms, RFC 5965, automatic answers, a
    person's mail. In doubt a mail is normal and speaks of nobody.
    """
    try:
        return read(raw)
    except Exception:
        # A mail that finds a fault of ours must not stop those behind it; its words are nobody's to log.
        log.exception("a mail could not be read")
        return Reading(Kind.normal)


def read(raw: bytes) -> Reading:
    """Do what `read_mail` does, and raise what it would hide: for its tests."""
    mail = open_mail(raw)
    if _OURS.match(mail.field(b"message-id")):
        return Reading(Kind.normal)
    leaves = leaves_of(mail)
    complaint = read_complaint(mail, leaves)
    if complaint:
        return complaint
    subject = subject_of(mail)
    report = read_notification(leaves) or read_report(mail, leaves, subject)
    if report:
        return report
    if _is_automatic(mail, leaves, subject):
        return Reading(Kind.autoreply)
    return Reading(Kind.normal)


def _is_automatic(mail: Part, leaves: list[Part], subject: str) -> bool:
    if says_automatic(mail.field) or "disposition-notification" in mail.content_type.lower():
        return True
    if subject_automatic(subject):
        return True
    answers = is_quoting(subject) or mail.has(b"in-reply-to") or has_null_sender(mail)
    if not answers or mail.has(b"list-id"):
        return False
    text = next((leaf.text() for leaf in leaves if leaf.kind in ("text/plain", "")), "")
    # Their own words alone: whoever quotes a mail that speaks of holidays is not on holiday.
    return body_automatic(own_words(text[:MOST_READ]))
