"""Addresses, attempts, retention, repetitions: as tables."""

from __future__ import annotations

from datetime import timedelta

import pytest

from wem.inbound import rules
from wem.inbound.rules import Ours
from wem.inbound.states import InboundState, Route

OURS = Ours("mail.example", "bounce.mail.example", "support@mail.example", "change@other.example")
ID = "a" * 39
HANDLED, KEPT = timedelta(days=7), timedelta(days=30)


@pytest.mark.parametrize(
    ("address", "route"),
    [
        (f"b.{ID}@bounce.mail.example", Route.bounce),
        (f"s.{ID}@bounce.mail.example", Route.system_bounce),
        (f"b.{ID[:-1]}@bounce.mail.example", None),  # cut off: nobody is named by it
        (f"r.{ID}@mail.example", Route.reply),
        (f"u.{ID}@mail.example", Route.unsubscribe),
        (f"u.{ID}@elsewhere.example", None),
        ("fbl@mail.example", Route.feedback),
        ("fbl@bounce.mail.example", Route.feedback),
        ("postmaster@bounce.mail.example", Route.other),
        ("abuse@mail.example", Route.other),
        ("support@mail.example", Route.help_desk),
        ("change@other.example", Route.course_change),
        ("someone@other.example", None),
        ("tanaka@mail.example", Route.sign_up),
        ("tanaka@bounce.mail.example", None),  # names of lists stand below the service domain alone
        ("nobody@mail.example", None),
        ("@mail.example", None),
        ("no-domain", None),
        ("", None),
    ],
)
def test_what_an_address_is_for(address: str, route: Route | None) -> None:
    assert rules.route_of(address, OURS, lambda name: Route.sign_up if name == "tanaka" else None) is route


def test_attempts_come_to_an_end() -> None:
    pauses = [rules.pause_after(attempts) for attempts in range(1, rules.MOST_ATTEMPTS + 1)]
    assert pauses[-1] is None and all(pauses[:-1])
    assert pauses[:-1] == sorted(pauses[:-1])  # type: ignore[type-var]


@pytest.mark.parametrize(
    ("state", "kept"),
    [
        (InboundState.waiting, None),
        (InboundState.taken, HANDLED),
        (InboundState.ignored, HANDLED),
        (InboundState.settled, KEPT),
        (InboundState.unrecognised, KEPT),
        (InboundState.kept, None),  # an order nobody has read is never erased
        (InboundState.failed, None),
    ],
)
def test_how_long_it_is_kept(state: InboundState, kept: timedelta | None) -> None:
    assert rules.keeping(state, HANDLED, KEPT) == kept


HEAD = b"Message-ID: <1@a.example>\r\nSubject: x\r\n"


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (HEAD + b"\r\nHi\r\n", HEAD + b"\r\nHi\r\n", True),
        # Another way, another trace.
        (HEAD + b"\r\nHi\r\n", b"Received: by b.example; x\r\n" + HEAD + b"\r\nHi\r\n", True),
        (HEAD + b"\r\nHi\r\n", HEAD.replace(b"Message-ID: ", b"Message-Id:\r\n ") + b"\r\nHi\r\n", True),
        (HEAD + b"\r\nHi\r\n", HEAD + b"\r\nHo\r\n", False),
        (HEAD + b"\r\nHi\r\n", HEAD.replace(b"<1@", b"<2@") + b"\r\nHi\r\n", False),
        # Blank mails of old phones have no Message-ID; their traces differ when they are two.
        (b"Subject: \r\n\r\n", b"Subject: \r\n\r\n", True),
        (b"Received: 1\r\nSubject: \r\n\r\n", b"Received: 2\r\nSubject: \r\n\r\n", False),
        # A Message-ID in the returned part is not the mail's own.
        (b"Subject: \r\n\r\nMessage-ID: <1@a>\r\n", b"X: \r\n\r\nMessage-ID: <1@a>\r\n", False),
        (b"", b"", True),
    ],
)
def test_which_mails_are_the_same(first: bytes, second: bytes, same: bool) -> None:
    assert (rules.fingerprint("a@x", first) == rules.fingerprint("a@x", second)) is same
    assert rules.fingerprint("a@x", first) != rules.fingerprint("b@x", first)


def test_hops_and_loop_marks_are_read_from_the_head() -> None:
    raw = b"Received: a\r\n b\r\nreceived: c\r\nX-Loop: <Join@Mail.Example>\r\n\r\nReceived: d\r\nX-Loop: e\r\n"
    assert rules.hops(raw) == 2
    assert rules.loop_marks(raw) == ["join@mail.example"]


@pytest.mark.parametrize(
    ("sizes", "most", "number"),
    [([], 10, 0), ([4, 4, 4], 10, 2), ([4, 6, 1], 10, 2), ([11, 1], 10, 1), ([1, 10, 1], 10, 1), ([0, 0], 0, 2)],
)
def test_how_many_are_read_at_once(sizes: list[int], most: int, number: int) -> None:
    assert rules.number_within(sizes, most) == number
