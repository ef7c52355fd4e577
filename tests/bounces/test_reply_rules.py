"""What a refusal means: hard only when the address is dead; permanent is not hard."""

from __future__ import annotations

import pytest

from wem.bounces.reply_rules import classify_reply
from wem.bounces.rules import class_of
from wem.bounces.states import Reason, Severity

HARD = {Reason.userunknown, Reason.hostunknown, Reason.hasmoved, Reason.notaccept}


@pytest.mark.parametrize("reason", list(Reason))
def test_only_four_reasons_are_hard(reason: Reason) -> None:
    expected = Severity.hard if reason in HARD else Severity.soft
    if reason in (Reason.delivered, Reason.feedback, Reason.vacation):
        expected = Severity.other
    assert class_of(reason) is expected


@pytest.mark.parametrize(
    ("code", "enhanced", "text", "command", "host", "reason"),
    [
        # Postfix, Sendmail, Exim, qmail, courier
        (550, "5.1.1", "550 5.1.1 <a@example.jp>: Recipient address rejected: User unknown in virtual mailbox table",
         "RCPT", "mx.example.jp", "userunknown"),
        (550, "5.1.1", "550 5.1.1 <a@example.jp>... User unknown", "DATA", "mx.example.jp", "userunknown"),
        (550, None, "550 No Such User Here", "RCPT", "mx.example.jp", "userunknown"),
        (None, None, "Unrouteable address", "", "example.jp", "hostunknown"),
        (None, "5.1.2", "Host or domain name not found. Name service error for name=x.example type=A: Host not found",
         "", "x.example", "hostunknown"),
        (554, "5.7.1", "554 5.7.1 <a@example.jp>: Relay access denied", "RCPT", "mx.example.jp", "norelaying"),
        (552, "5.2.2", "552 5.2.2 Mailbox over quota", "RCPT", "mx.example.jp", "mailboxfull"),
        (552, "5.3.4", "552 5.3.4 Message size exceeds fixed limit", "MAIL", "mx.example.jp", "mesgtoobig"),
        (550, "5.1.8", "550 5.1.8 <s@example.net>: Sender address rejected: Domain not found", "RCPT", "", "rejected"),
        (556, None, "556 5.1.10 Recipient address has a null MX", "RCPT", "", "notaccept"),
        (551, None, "551 not our customer", "RCPT", "", "hasmoved"),
        # Google, Microsoft, Yahoo, Apple
        (550, "5.2.1", "550 5.2.1 The email account that you tried to reach is disabled.", "RCPT",
         "gmail-smtp-in.l.google.com", "suspend"),
        (550, "5.7.26", "550 5.7.26 Unauthenticated email from example.jp is not accepted due to DMARC policy.", "DATA",
         "gmail-smtp-in.l.google.com", "authfailure"),
        (452, "4.2.2", "452 4.2.2 The email account that you tried to reach is over quota", "RCPT",
         "gmail-smtp-in.l.google.com", "mailboxfull"),
        (550, "5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", "RCPT",
         "x.mail.protection.outlook.com", "userunknown"),
        (550, "5.7.25", "550 5.7.25 The IP address sending this message does not have a PTR record setup", "DATA",
         "gmail-smtp-in.l.google.com", "requireptr"),
        # Carriers (japan-rules 4.5): the same words mean two things
        (550, "5.1.1", "550 Unknown user a@docomo.ne.jp", "RCPT", "mfsmax.docomo.ne.jp", "userunknown"),
        (550, "5.0.0", "550 Unknown user a@docomo.ne.jp", "RCPT", "mfsmax.docomo.ne.jp", "userunknown"),
        (550, "5.2.0", "550 Unknown user a@docomo.ne.jp", "DATA", "mfsmax.docomo.ne.jp", "filtered"),
        (550, "5.0.0", "550 Unknown user a@docomo.ne.jp", "DATA", "mfsmax.docomo.ne.jp", "rejected"),
        (552, None, "552 too much mail data", "DATA", "mfsmax.docomo.ne.jp", "mailboxfull"),
        (550, None, "550 <a@ezweb.ne.jp>: User unknown", "RCPT", "lsean.ezweb.ne.jp", "userunknown"),
        (550, None, "550 : User unknown", "DATA", "lsean.ezweb.ne.jp", "filtered"),
        (550, "5.1.1", "550 Invalid recipient: <a@softbank.ne.jp>", "RCPT", "mx.softbank.ne.jp", "userunknown"),
        # Words that look like an unknown user and speak of something else
        (554, "5.7.1", "554 5.7.1 <a@ex.example>: Recipient address rejected: Access denied", "RCPT", "", "filtered"),
        (550, "5.4.1", "550 5.4.1 [a@x.example]: Recipient address rejected: Access denied", "RCPT", "", "userunknown"),
        (550, "5.7.1", "550 5.7.1 Recipient not authorized, your IP is on a block list", "RCPT", "", "blocked"),
        (500, None, "500 command not recognized", "RCPT", "", "syntaxerror"),
        (450, "4.4.3", "450 4.4.3 Name service error for name=x.example type=MX: Host not found, try again", "RCPT", "",
         "networkerror"),
        (550, "5.4.310", "550 5.4.310 DNS domain x.example does not exist", "", "", "hostunknown"),
        (550, "5.7.1", "550 5.7.1 <mail.ex.example>: Helo command rejected: Host not found", "RCPT", "", "blocked"),
        (550, "5.7.1", "550 5.7.1 <a@ex.example>: Recipient address rejected: User unknown", "DATA", "", "filtered"),
        (550, "5.7.1", "550 5.7.1 <a@ex.example>: Recipient address rejected: User unknown", "RCPT", "", "userunknown"),
        # Nothing to go by
        (None, None, "", "", "", "undefined"),
        (550, None, "550 xyzzy", "RCPT", "", "onhold"),
    ],
)  # fmt: skip
def test_a_refusal_means(
    code: int | None, enhanced: str | None, text: str, command: str, host: str, reason: str
) -> None:
    assert classify_reply(code, enhanced, text, command, host) == (class_of(Reason(reason)), Reason(reason))


def test_what_is_temporary_is_never_hard() -> None:
    severity, reason = classify_reply(450, "4.1.1", "450 4.1.1 <a@ex.example>: User unknown", "RCPT", "")
    assert (severity, reason) == (Severity.soft, Reason.userunknown)


def test_an_address_says_nothing_of_the_reason() -> None:
    text = "550 5.7.1 <mailbox-full.user-unknown@ex.example>: refused"
    assert classify_reply(550, "5.7.1", text, "DATA", "")[1] is Reason.securityerror
