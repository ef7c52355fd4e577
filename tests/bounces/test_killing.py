"""Mails come back while their mailing is still being sent, and door, worker and sender are killed: each counts once."""

from __future__ import annotations

import dataclasses
import os
import smtplib
import socket
import subprocess
import sys
import time
from collections import deque

import pytest
import sqlalchemy as sa
from flask import Flask

from tests import factories
from tests.bounces.dsn import bounce_of
from tests.bounces.mails import keys
from tests.delivery.dispatches import counters, make_dispatch, states
from wem import clock
from wem.bounces.models import WHOLE, Bounce, BounceTally
from wem.db import db
from wem.delivery import identity, recovering
from wem.delivery.models import Batch, BatchState, Delivery, DeliveryState, Dispatch
from wem.inbound.models import InboundMail
from wem.inbound.states import InboundState
from wem.mailbox.client import MailboxClient
from wem.settings import ROOT, Settings, settings

pytestmark = pytest.mark.both_databases

READERS = int(os.environ.get("WEM_BOUNCES", "400"))
AT_ONCE = 15  # reports over one connection to the door
PATIENCE = 400.0 + READERS / 20  # seconds, on a machine with much else to do
# So that sending takes long enough for its mails to come back meanwhile.
SLOWLY = {"pattern": "*", "stage": "after_data", "action": "delay", "seconds": 0.2}
BEGIN = "import time\nfrom wem import create_worker_app\napp = create_worker_app()\n"
SENDER = (
    BEGIN
    + """
from wem.delivery import sending
with app.app_context():
    print("ready", flush=True)
    while True:
        sending.send_until(time.monotonic() + 20)
        time.sleep(0.05)
"""
)
DOOR = (
    BEGIN
    + """
from wem.inbound.listening import listen_until_stopped
listen_until_stopped(app)
"""
)
ROUTER = (
    BEGIN
    + """
from wem.inbound import jobs
print("ready", flush=True)
while True:
    with app.app_context():
        jobs.route()
    time.sleep(0.05)
"""
)


class Process:
    """A process of the product; `line` is the first that it printed."""

    def __init__(self, code: str, loaded: Settings) -> None:
        environment = {field.name: str(getattr(loaded, field.name)) for field in dataclasses.fields(loaded)}
        self.made = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.made.stdout is not None
        self.line = self.made.stdout.readline()
        assert self.line

    def kill(self) -> None:
        assert self.made.poll() is None, "it ended by itself"
        self.end()

    def end(self) -> None:
        self.made.kill()
        self.made.wait()
        assert self.made.stdout is not None
        self.made.stdout.close()


class MailServer:
    """Sends back whatever was accepted: hands reports to the door until they are taken."""

    def __init__(self, dispatch_id: int) -> None:
        self.dispatch_id = dispatch_id
        self.seen: set[int] = set()
        self.due: deque[int] = deque()
        self.while_sending = 0
        self.handed = 0

    def look(self) -> None:
        accepted = sa.select(Delivery.seq).where(
            Delivery.dispatch_id == self.dispatch_id, Delivery.state == DeliveryState.accepted
        )
        new = set(db.session.scalars(accepted)) - self.seen
        going = db.session.scalar(
            sa.select(sa.func.count())
            .select_from(Delivery)
            .where(Delivery.dispatch_id == self.dispatch_id, Delivery.state == DeliveryState.pending)
        )
        db.session.rollback()
        self.while_sending += len(new) if going else 0
        self.seen |= new
        self.due.extend(sorted(new))

    def hand_over(self, port: int) -> None:
        """Hand over what is due; what the door did not take is handed over again, with another Message-ID."""
        if not self.due:
            return
        try:
            with smtplib.LMTP("127.0.0.1", port, timeout=20) as door:
                for _ in range(min(AT_ONCE, len(self.due))):
                    seq, number = self.due[0], len(self.due)
                    path = identity.return_path(self.dispatch_id, seq, settings().bounce_domain, keys())
                    door.sendmail("", [path], bounce_of(self.dispatch_id, seq, number))
                    self.due.popleft()
                    self.handed += 1
        except (OSError, smtplib.SMTPException):
            return


def free_the_leases() -> None:
    """What killed workers had in hand is free again, as it is after minutes."""
    long_ago = clock.now().replace(year=2000)
    db.session.execute(sa.update(InboundMail).where(InboundMail.lease_until.is_not(None)).values(lease_until=long_ago))
    db.session.execute(sa.update(Batch).where(Batch.state == BatchState.leased).values(lease_until=long_ago))
    db.session.commit()
    recovering.sweep()


def test_each_mail_that_comes_back_counts_once(app: Flask, mailbox: MailboxClient) -> None:
    customer = factories.make_customer()
    factories.make_contract(customer)
    listed = factories.make_list(customer)
    for _ in range(READERS):
        factories.make_subscriber(listed)
    dispatch = make_dispatch(listed, batch_size=20)
    mailbox.set_behaviours([SLOWLY])
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ports = {"INBOUND_LMTP_PORT": str(port), "INBOUND_SMTP_PORT": "0", "SMTP_CONNECTIONS": "5"}
    loaded = dataclasses.replace(app.config["WEM"], **ports)
    server = MailServer(dispatch.id)
    code = {"sender": SENDER, "door": DOOR, "router": ROUTER}
    # The sender last: it must not be done before the others have begun.
    running = {name: Process(code[name], loaded) for name in ("door", "router", "sender")}
    kills = deque([(60, "router"), (120, "door"), (180, "sender"), (240, "router"), (300, "door")])
    deadline = time.monotonic() + PATIENCE
    try:
        while time.monotonic() < deadline and not done(dispatch):
            server.look()
            server.hand_over(port)
            if kills and server.handed >= kills[0][0]:
                name = kills.popleft()[1]
                running[name].kill()
                free_the_leases()
                running[name] = Process(code[name], loaded)
            time.sleep(0.05)
    finally:
        for process in running.values():
            process.end()
    assert not kills, "it was over before all were killed"
    assert server.while_sending > READERS / 4, "the mails came back after the sending only"
    total = {"bounced": READERS}
    assert counters(dispatch) == states(dispatch) == total
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Bounce)) == READERS
    whole = sa.select(sa.func.sum(BounceTally.number)).where(BounceTally.list_id == WHOLE)
    assert db.session.scalar(whole) == READERS


def done(dispatch: Dispatch) -> bool:
    """Whether everything has come back and nothing waits."""
    bounced = db.session.scalar(sa.select(sa.func.count()).select_from(Bounce).where(Bounce.dispatch_id == dispatch.id))
    waiting = sa.select(sa.func.count()).select_from(InboundMail).where(InboundMail.state == InboundState.waiting)
    left = db.session.scalar(waiting)
    db.session.rollback()
    return bounced == READERS and not left
