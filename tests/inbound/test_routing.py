"""From row to domain: each mail once, faults put off, repetitions and loops ignored, nothing forgotten."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.factories import World
from tests.inbound.conftest import MAIL, files, verp
from wem import clock, queue, storage
from wem.arriving import ArrivedMail, Fate
from wem.bounces import taking
from wem.bounces.states import Reading
from wem.db import db
from wem.delivery.identity import Purpose, identity_keys, message_id
from wem.inbound import claiming, jobs, keeping, routing
from wem.inbound.envelopes import Envelope, opened
from wem.inbound.keeping import Arriving
from wem.inbound.models import InboundMail, SeenMail
from wem.inbound.rules import MOST_ATTEMPTS
from wem.inbound.states import InboundState, Route, Way
from wem.settings import settings

pytestmark = pytest.mark.both_databases


def arrive(*recipients: str, raw: bytes = MAIL, sender: str = "") -> None:
    at = clock.now()
    keeping.keep([Arriving(Envelope(at, Way.lmtp, sender, recipients), raw)])


def states() -> list[tuple[InboundState, str]]:
    db.session.rollback()
    found = sa.select(InboundMail.state, InboundMail.problem).order_by(InboundMail.id)
    return [(state, problem) for state, problem in db.session.execute(found)]


class Taker:
    """A domain that notes what it was handed, and fails where told to."""

    def __init__(self, fails_on: bytes = b"", fate: Fate = Fate.taken) -> None:
        self.taken: list[ArrivedMail] = []
        self.fails_on, self.fate = fails_on, fate

    def __call__(self, mail: ArrivedMail, reading: Reading) -> Fate:
        if self.fails_on and self.fails_on in mail.raw:
            raise RuntimeError("a@reader.example must not be logged")
        self.taken.append(mail)
        return self.fate


@pytest.fixture
def taker(world: World, monkeypatch: pytest.MonkeyPatch) -> Taker:
    for path in (settings().var / "files" / keeping.FOLDER).glob("*/*"):
        path.unlink()
    taker = Taker()
    monkeypatch.setattr(taking, "take_all", lambda pairs: [taker(*pair) for pair in pairs])
    return taker


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    calls: list[tuple[Any, ...]] = []
    monkeypatch.setattr(queue, "ring_now", lambda *call, **_how: calls.append(call) or True)
    return calls


def test_a_domain_is_handed_what_came(taker: Taker) -> None:
    arrive(verp(), raw=MAIL, sender="m@mta.example")
    jobs.route()
    [mail] = taker.taken
    assert (mail.sender, mail.recipient, mail.raw) == ("m@mta.example", verp(), MAIL)
    assert states() == [(InboundState.taken, "")]
    jobs.route()
    assert len(taker.taken) == 1


@pytest.mark.parametrize(
    ("recipient", "state"),
    [
        ("support@mail.wem.example", InboundState.kept),
        ("change@mail.wem.example", InboundState.kept),
        ("abuse@mail.wem.example", InboundState.unrecognised),
    ],
)
def test_staff_get_what_no_domain_takes(taker: Taker, recipient: str, state: InboundState) -> None:
    arrive(recipient)
    jobs.route()
    assert states() == [(state, "")]


REPORT = (
    b"From: MAILER-DAEMON@mta.example\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\n\r\nSorry.\r\n--b\r\n'
    b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mta.example\r\n\r\n"
    b"Final-Recipient: rfc822; gone@reader.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    b"Diagnostic-Code: smtp; 550 5.1.1 User unknown\r\n\r\n--b--\r\n"
)
AUTOMATIC = b"From: a@reader.example\r\nAuto-Submitted: auto-replied\r\nSubject: Out of office\r\n\r\nAway.\r\n"


@pytest.mark.parametrize(
    ("recipient", "raw", "kind", "state", "handed"),
    [
        # A report counts wherever it comes to: some mail servers answer to From, or to Reply-To.
        ("abuse@mail.wem.example", REPORT, "bounce", InboundState.taken, True),
        ("r." + "a" * 39 + "@mail.wem.example", REPORT, "bounce", InboundState.taken, True),
        ("abuse@mail.wem.example", AUTOMATIC, "autoreply", InboundState.unrecognised, False),
        # An order is never lost to a misreading.
        ("change@mail.wem.example", AUTOMATIC, "autoreply", InboundState.kept, False),
    ],
)
def test_what_a_mail_is_decides_too(
    taker: Taker, recipient: str, raw: bytes, kind: str, state: InboundState, handed: bool
) -> None:
    arrive(recipient, raw=raw)
    jobs.route()
    db.session.rollback()
    row = db.session.scalars(sa.select(InboundMail)).one()
    assert (row.kind, row.state, len(taker.taken) == 1) == (kind, state, handed)


def test_every_route_is_taken_or_for_staff() -> None:
    assert set(routing.TAKERS) | routing.REPORT_ROUTES | routing.KEPT | {Route.other} == set(Route)


@pytest.mark.parametrize("fate", list(Fate))
def test_what_a_domain_says_is_written_down(taker: Taker, fate: Fate) -> None:
    taker.fate = fate
    arrive(verp())
    jobs.route()
    assert states() == [(routing.STATES[fate], "")]


def test_a_fault_stops_no_other_and_is_tried_again(taker: Taker, caplog: pytest.LogCaptureFixture) -> None:
    taker.fails_on = b"broken"
    for number in range(6):
        arrive(verp(number + 1), raw=MAIL + (b"broken" if number == 3 else b"%d" % number))
    jobs.route()
    assert [mail.recipient for mail in taker.taken].count(verp(4)) == 0
    assert states() == [
        (InboundState.waiting, "RuntimeError") if n == 3 else (InboundState.taken, "") for n in range(6)
    ]
    assert "reader.example" not in caplog.text
    taker.fails_on = b""
    _let_pauses_pass()
    jobs.route()
    assert states()[3] == (InboundState.taken, "")


def _let_pauses_pass() -> None:
    db.session.execute(sa.update(InboundMail).values(not_before=clock.now() - timedelta(seconds=1)))
    db.session.commit()


def test_a_fault_that_lasts_is_shown_to_staff_in_the_end(taker: Taker) -> None:
    taker.fails_on = b"Hello"
    arrive(verp())
    for _ in range(MOST_ATTEMPTS):
        assert states()[0][0] is InboundState.waiting
        _let_pauses_pass()
        jobs.route()
    assert states() == [(InboundState.failed, "RuntimeError")]
    assert len(files()) == 1


def test_a_mail_that_kills_its_worker_is_given_up_and_harms_no_other(taker: Taker) -> None:
    arrive(verp(1), raw=MAIL + b"deadly")
    arrive(verp(2))
    for _ in range(MOST_ATTEMPTS + 1):
        claimed = claiming.claim(clock.now(), 50)  # and the worker dies
        db.session.commit()
        late = clock.now() - timedelta(seconds=1)
        db.session.execute(
            sa.update(InboundMail).where(InboundMail.id.in_(list(claimed.files))).values(lease_until=late)
        )
        db.session.commit()
    # Killed together once, then each alone; both are left to staff, and nobody is killed any more.
    for _ in range(MOST_ATTEMPTS):
        claimed = claiming.claim(clock.now(), 50)
        db.session.execute(
            sa.update(InboundMail).where(InboundMail.id.in_(list(claimed.files))).values(lease_until=late)
        )
        db.session.commit()
    assert not claimed.files
    assert states() == [(InboundState.failed, claiming.DEADLY)] * 2


def test_the_same_mail_twice_is_taken_once(taker: Taker) -> None:
    arrive(verp())
    jobs.route()
    arrive(verp(), raw=b"Received: by another.example; now\r\n" + MAIL)
    arrive(verp(2))
    jobs.route()
    assert [mail.recipient for mail in taker.taken] == [verp(), verp(2)]
    assert states() == [(InboundState.taken, ""), (InboundState.ignored, "repeated"), (InboundState.taken, "")]


def test_repetitions_in_one_claim(taker: Taker) -> None:
    for _ in range(3):
        arrive(verp())
    jobs.route()
    assert len(taker.taken) == 1
    assert sorted(states()) == [(InboundState.taken, "")] + [(InboundState.ignored, "repeated")] * 2


def test_our_own_mail_is_answered_by_nobody(taker: Taker) -> None:
    keys = identity_keys(settings().SECRET_KEY)
    for number, purpose in enumerate((Purpose.message, Purpose.system_message)):
        own = message_id(7, number, "mail.wem.example", keys, purpose).encode()
        arrive(verp(), raw=b"Message-ID: " + own + b"\r\n\r\nHello\r\n")
    arrive(verp(), raw=b"X-Loop: support@mail.wem.example\r\n" + MAIL)
    # Ours in the part that came back is what every bounce has.
    arrive(verp(), raw=MAIL + b"\r\nMessage-ID: " + own + b"\r\n\r\n")
    jobs.route()
    assert states() == [(InboundState.ignored, "looped")] * 3 + [(InboundState.taken, "")]


def test_a_lease_that_was_lost_does_nothing(taker: Taker) -> None:
    arrive(verp())
    slow = claiming.claim(clock.now(), 50)
    db.session.commit()
    assert not claiming.claim(clock.now(), 50).files
    db.session.commit()
    later = claiming.claim(clock.now() + timedelta(hours=1), 50)
    db.session.commit()
    routing.handle(later)
    routing.handle(slow)
    assert len(taker.taken) == 1
    assert states() == [(InboundState.taken, "")]


def test_large_mails_are_read_a_few_at_a_time(taker: Taker) -> None:
    for number in range(5):
        arrive(verp(number), raw=MAIL + b"x" * 4_000)
    sizes = []
    while (claimed := claiming.claim(clock.now(), 50, most_bytes=10_000)).files:
        sizes.append(len(claimed.files))
        routing.handle(claimed)
    assert sizes == [2, 2, 1]
    assert len(taker.taken) == 5


def test_the_sweep_rings_for_what_waits(taker: Taker, rung: list[tuple[Any, ...]]) -> None:
    jobs.sweep()
    assert rung == []
    arrive(verp())
    jobs.sweep()
    assert rung == [(queue.INBOUND, "wem.inbound.jobs.route")]


def test_a_file_without_a_row_becomes_one_after_an_hour(taker: Taker) -> None:
    arrive(verp(), "support@mail.wem.example", sender="a@b.example")
    kept_at = db.session.scalar(sa.select(InboundMail.received_at))
    db.session.execute(sa.delete(InboundMail))
    db.session.commit()
    jobs.adopt_files()
    assert states() == []  # its writer may be about to write the row
    _age_files()
    jobs.adopt_files()
    jobs.adopt_files()
    db.session.rollback()
    rows = db.session.scalars(sa.select(InboundMail).order_by(InboundMail.id)).all()
    assert [(row.sender, row.route, row.received_at, row.raw_key is not None) for row in rows] == [
        ("a@b.example", Route.bounce, kept_at, True),
        ("a@b.example", Route.help_desk, kept_at, True),
    ]
    db.session.rollback()
    jobs.route()
    assert len(taker.taken) == 1


def _age_files() -> None:
    old = time.time() - 2 * 3600
    for name in files():
        os.utime(storage.path_of(f"{keeping.FOLDER}/{name}"), (old, old))


def test_a_file_that_was_not_written_to_its_end_is_erased(taker: Taker) -> None:
    arrive(verp())
    [name] = files()
    path = storage.path_of(f"{keeping.FOLDER}/{name}")
    db.session.execute(sa.delete(InboundMail))
    db.session.commit()
    path.write_bytes(path.read_bytes()[:-3])
    _age_files()
    jobs.adopt_files()
    assert files() == [] and states() == []


def test_a_commit_that_fails_keeps_the_file_for_later(taker: Taker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer may be lost although it happened; erasing the file would leave a row without its mail."""

    def lost(*_: object) -> None:
        raise sa.exc.OperationalError("commit", {}, Exception("gone"))

    with monkeypatch.context() as broken:
        broken.setattr(sa.orm.Session, "commit", lost)
        with pytest.raises(sa.exc.OperationalError):
            arrive(verp())
    assert states() == [] and len(files()) == 1


def test_a_row_whose_file_is_gone_is_shown_to_staff(taker: Taker) -> None:
    arrive(verp())
    storage.erase(f"{keeping.FOLDER}/{files()[0]}")
    jobs.route()
    assert states() == [(InboundState.failed, "file_gone")]


def test_old_mail_is_erased_with_its_file(taker: Taker) -> None:
    arrive(verp(), "abuse@mail.wem.example")
    arrive("support@mail.wem.example", raw=MAIL + b"order")
    jobs.route()
    for days, left in ((8, 2), (31, 1), (400, 1)):
        db.session.execute(sa.update(InboundMail).values(handled_at=clock.now() - timedelta(days=days)))
        db.session.commit()
        jobs.erase_old()
        assert len(states()) == left
        assert len(files()) == (2 if days == 8 else 1), "the file stays as long as one of its rows"
    [kept] = files()
    assert opened(storage.path_of(f"{keeping.FOLDER}/{kept}").read_bytes())[1] == MAIL + b"order"


def test_numbers_are_never_given_twice(taker: Taker) -> None:
    arrive(verp())
    first = db.session.scalar(sa.select(sa.func.max(InboundMail.id)))
    db.session.execute(sa.delete(InboundMail))
    db.session.commit()
    arrive(verp())
    assert db.session.scalar(sa.select(sa.func.max(InboundMail.id))) > first


def test_what_was_seen_is_forgotten_some_day(taker: Taker) -> None:
    arrive(verp())
    jobs.route()
    db.session.execute(sa.update(SeenMail).values(seen_at=clock.now() - timedelta(days=15)))
    db.session.commit()
    jobs.erase_old()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(SeenMail)) == 0
