"""Door and worker killed while mails come in: every mail for which 250 was said is handled exactly once."""

from __future__ import annotations

import smtplib
import threading
import time
from collections import Counter
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from tests.service import Service, running_service
from wem import clock
from wem.db import db
from wem.inbound.keeping import raw_of
from wem.inbound.models import InboundMail
from wem.inbound.rules import message_id_of
from wem.inbound.states import InboundState

SENDERS, MAILS = 4, 150
KILLS = 3
SECONDS = 300.0


class Sender(threading.Thread):
    """Hands in mails one after the other, each until it is taken, as a mail server does."""

    def __init__(self, service: Service, number: int) -> None:
        super().__init__(daemon=True)
        self.port, self.recipient = int(service.settings.INBOUND_LMTP_PORT), service.settings.SUPPORT_EMAIL
        self.ids = [f"<{number}.{each}@sender.example>" for each in range(MAILS)]
        self.taken: list[str] = []
        self.lost_lines = 0

    def run(self) -> None:
        waiting, until = list(self.ids), time.monotonic() + SECONDS
        while waiting and time.monotonic() < until:
            try:
                with smtplib.LMTP("127.0.0.1", self.port, timeout=20) as line:
                    while waiting:
                        raw = f"Message-ID: {waiting[0]}\r\nSubject: x\r\n\r\n{waiting[0]}\r\n".encode()
                        line.sendmail("a@sender.example", [self.recipient], raw)
                        self.taken.append(waiting.pop(0))
            except (OSError, smtplib.SMTPException):
                self.lost_lines += 1
                time.sleep(0.1)


def test_killed_in_the_midst(tmp_path: Path) -> None:
    with running_service(tmp_path / "var") as service:
        senders = [Sender(service, number) for number in range(SENDERS)]
        for sender in senders:
            sender.start()
        for share in range(1, KILLS + 1):
            enough = SENDERS * MAILS * share // (KILLS + 2)
            service.wait(f"{enough} mails", partial(_taken, senders, enough), SECONDS)
            service.kill("door")
            service.kill("inbound")
        for sender in senders:
            sender.join(SECONDS)
        assert [sender.taken for sender in senders] == [sender.ids for sender in senders]
        assert sum(sender.lost_lines for sender in senders) >= KILLS
        with service.app.app_context():
            # A killed worker's lease runs out by itself; nobody is to wait three minutes for it here.
            db.session.execute(sa.update(InboundMail).values(lease_until=clock.now()))
            db.session.commit()
        service.wait("the last mails to be handled", _all_handled, SECONDS)
        counts = service.ask(_handled)
    assert counts == {id: 1 for sender in senders for id in sender.ids}


def _taken(senders: list[Sender], enough: int) -> bool:
    return sum(len(sender.taken) for sender in senders) >= enough


def _all_handled() -> bool:
    waiting = sa.select(InboundMail.id).where(InboundMail.state == InboundState.waiting)
    return db.session.scalar(waiting.limit(1)) is None


def _handled() -> Counter[str]:
    """Count the mails by their Message-ID; what came twice, because its answer was lost, is ignored the second time.

    The help desk takes so many of one writer in a day; the others are kept for staff.
    """
    handled = InboundMail.state.in_((InboundState.kept, InboundState.taken))
    found = db.session.scalars(sa.select(InboundMail).where(handled))
    return Counter(message_id_of(raw_of(mail) or b"") for mail in found)
