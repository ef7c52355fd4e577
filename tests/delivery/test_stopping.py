"""A worker that is told to stop ends its job at the next safe point: quickly, nothing lost, nothing twice."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from flask import Flask

from tests import factories
from tests.service import running_service
from wem.accounts.models import Customer
from wem.db import db
from wem.mailings import starting
from wem.mailings.models import Mailing
from wem.mailings.states import MailingState
from wem.settings import ROOT


def test_a_stopped_worker_ends_quickly_and_nothing_is_sent_twice(tmp_path):
    with running_service(tmp_path / "var", SEND_WORKERS="1") as service:
        with service.app.app_context():
            customer = factories.make_customer("止める商店", "stopping")
            factories.make_contract(customer)
            mailing_list = factories.make_list(customer)
            readers = [factories.make_subscriber(mailing_list) for _ in range(1500)]
            addresses = {reader.address for reader in readers}
            mailing = factories.make_mailing(mailing_list, subject="止める", html="<p>本文</p>", text="本文")
            db.session.commit()
            assert db.session.get(Customer, customer.id)
            starting.start(mailing, by=None)
            db.session.commit()
            mailing_id = mailing.id
        service.wait("a hundred are out", lambda: service.mailbox.count() > 100)
        pid = int((service.settings.var / "run" / "send-1.pid").read_text())
        began = time.monotonic()
        os.kill(pid, signal.SIGTERM)
        while _lives(pid):
            assert time.monotonic() - began < 40, "the worker does not stop before its turn of 55 s is over"
            time.sleep(0.05)
        # The supervisor starts another one, which goes on.
        service.wait("the mailing is done", lambda: db.session.get(Mailing, mailing_id).state is MailingState.done)
        got = Counter(mail["recipient"] for mail in service.mailbox.recipients())
        assert set(got) == addresses
        assert max(got.values()) == 1


CHILD = """
import logging, os, signal, time, types
import worker
from wem import queue

class Told(worker.FlaskWorker):
    name, pid, log, execution, _horse_pid = "worker", os.getpid(), logging.getLogger(), None, 0
    _stop_requested = {before}

    def __init__(self):
        pass

    def perform_job(self, job, queue_, execution):
        deadline = time.monotonic() + 10
        while not queue.stopping.is_set():
            assert time.monotonic() < deadline
            time.sleep(0.01)

signal.signal(signal.SIGUSR1, lambda *_: None)
told = Told()
told.fork_work_horse(types.SimpleNamespace(id="job"), None)
if not {before}:
    told.handle_warm_shutdown_request()
assert not queue.stopping.is_set()
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(told.horse_pid, 0)[1]))
"""


@pytest.mark.parametrize("before", [True, False], ids=["before its child is there", "before its child has begun"])
def test_a_stop_reaches_the_job_whenever_it_comes(app: Flask, before: bool) -> None:
    settings = app.config["WEM"]
    environment = {field.name: str(getattr(settings, field.name)) for field in dataclasses.fields(settings)}
    done = subprocess.run([sys.executable, "-c", CHILD.format(before=before)], cwd=ROOT, env=environment, timeout=60)
    assert done.returncode == 0


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
