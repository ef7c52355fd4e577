"""A backup brings back database, media and mail store, is refused when it is too old, and is erased anew by the log."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from tests.postgres import binaries
from wem import clock, storage
from wem.billing import debit_planning, debiting
from wem.billing.invoice_models import InvoiceCounter
from wem.clock import JAPAN
from wem.contracts.models import Contract
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.delivery.models import Dispatch, DispatchState
from wem.erasure import backing_up, dumping, erasing, jobs, log_writing, planning, restoring, showing
from wem.erasure.cli import forget_backups_command
from wem.erasure.models import Erasure, ErasurePlace
from wem.erasure.rules import ErasureState, Phase
from wem.lists import leaving
from wem.lists.states import SuppressionReason
from wem.lists.subscription_models import Subscriber, Subscription, Suppression
from wem.mailings import starting
from wem.outbox import OutboxMail, SystemMail, post


def at(text):
    return time_machine.travel(datetime.fromisoformat(text).replace(tzinfo=JAPAN), tick=False)


@pytest.fixture(autouse=True)
def tools(app, monkeypatch):
    """The tools of the same PostgreSQL as the tests' server; a log of erasures of the test's own."""
    log_writing.path().unlink(missing_ok=True)
    if folder := binaries():
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def readers_of(customer_id):
    found = sa.select(Subscriber.address).where(Subscriber.customer_id == customer_id).order_by(Subscriber.id)
    return list(db.session.scalars(found))


@pytest.mark.both_databases
def test_all_comes_back_and_what_was_erased_since_goes_again(world, app, tmp_path):
    ours, theirs = world.ours.customer.id, world.theirs.customer.id
    contract, number = world.ours.contract.id, world.theirs.readers[0].id
    stays = [reader.address for reader in world.theirs.readers[1:]]
    key, _ = storage.keep("documents", io.BytesIO(b"paper"), 100)
    mail, _ = storage.keep("mail", io.BytesIO(b"raw mail"), 100)
    with at("2026-08-01T03:00"):
        dispatch = starting.start(world.theirs.mailing, by=world.admin.id).id
        post(SystemMail("notice", "who@shop.example", "s", "t"), customer_id=theirs)
        db.session.commit()
        path = backing_up.back_up(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and path.name == "wem-20260801T030000.tar"
    assert sorted(each.name for each in tmp_path.iterdir()) == [path.name]
    with at("2026-08-02T00:00"):
        # After it: one customer is erased, one reader of the other leaves, a file comes and another goes.
        row = planning.begun(db.session.get_one(Contract, contract), Phase.readers, by=None)
        for _ in erasing.pieces(row, tell=False):
            db.session.commit()
        leaving.erase(db.session.get_one(Subscriber, number))
        db.session.commit()
        storage.erase(key)
        later, _ = storage.keep("documents", io.BytesIO(b"later"), 100)
    with at("2026-08-02T00:03"):
        log_writing.note_readers()
        db.session.commit()
    with at("2026-08-03T09:00"):
        manifest = restoring.bring_back(path)
        assert readers_of(ours), "the backup knows nothing of it yet"
        assert len(readers_of(theirs)) == len(stays) + 1
        still = restoring.stand_still()
        db.session.commit()
        again = restoring.erase_anew(manifest.moment)
    assert readers_of(ours) == [] and readers_of(theirs) == stays
    assert again == {"readers": 1, "reader": 1} and manifest.files >= 2
    assert storage.path_of(key).read_bytes() == b"paper" and storage.path_of(mail).read_bytes() == b"raw mail"
    assert not storage.path_of(later).exists()
    # What may have gone out since does not go out twice.
    assert still == {"mailings": 1, "mails": 1}
    assert db.session.get(Dispatch, dispatch).state is DispatchState.held
    assert db.session.scalar(sa.select(sa.func.count()).select_from(OutboxMail).where(OutboxMail.state == 0)) == 0
    assert db.session.scalars(sa.select(Erasure.state)).all() == [ErasureState.done]


def test_one_that_is_too_old_or_no_backup_is_refused(world, tmp_path):
    with at("2026-08-01T03:00"):
        path = backing_up.back_up(tmp_path)
    with at("2026-09-04T03:00"):
        assert restoring.read_manifest(path).database == "sqlite"
        assert backing_up.forget_old(tmp_path) == []
    with at("2026-09-05T03:00"):
        with pytest.raises(restoring.Refused, match="older than 35 days"):
            restoring.read_manifest(path)
        assert backing_up.forget_old(tmp_path) == [path]
    assert not path.exists()
    cut = tmp_path / "wem-20260905T000000.tar"
    cut.write_bytes(b"nothing")
    with pytest.raises(restoring.Refused, match="no backup"):
        restoring.read_manifest(cut)


@pytest.mark.parametrize(("name", "kind"), [("../outside", tarfile.REGTYPE), ("a", tarfile.SYMTYPE)])
def test_what_would_lie_outside_is_not_unpacked(tmp_path, name, kind):
    with tarfile.open(tmp_path / "bad.tar", "w") as tar:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, "/etc/passwd"
        tar.addfile(member)
    (tmp_path / "work").mkdir()
    with tarfile.open(tmp_path / "bad.tar") as tar, pytest.raises(restoring.Refused, match="no backup"):
        restoring._unpack(tar, tmp_path / "work")
    assert not (tmp_path / "outside").exists() and not list((tmp_path / "work").iterdir())


def test_without_the_log_nothing_is_restored_by_mistake(world, tmp_path):
    """What was erased since would be back, and nobody would know."""
    with at("2026-08-01T03:00"):
        manifest = restoring.read_manifest(backing_up.back_up(tmp_path))
        restoring.check_log(manifest)
    with at("2026-08-02T03:00"):
        log_writing.note_life()
        log_writing.note_life()
        assert len(log_writing.lines()) == 2, "once a day"
        restoring.check_log(manifest)
        log_writing.path().unlink()
        with pytest.raises(restoring.Refused, match=r"missing.*--without-log"):
            restoring.check_log(manifest)
        log_writing.note_life()
        with pytest.raises(restoring.Refused, match="after the backup"):
            restoring.check_log(manifest)


@pytest.mark.both_databases
def test_numbers_go_on_and_files_for_the_bank_are_not_made_twice(world, browser_for):
    db.session.add(InvoiceCounter(year=2026, last=5))
    run = debiting.note_lost(date(2026, 8, 27), 3, 9_900, clock.now(), by=1)
    run.file_hash = "0" * 64
    db.session.commit()
    log_writing.note_money()
    db.session.commit()
    log_writing.note_money()
    db.session.commit()
    assert len(log_writing.lines()) == 2
    assert restoring.carry_on() == {"invoices": 0}, "a backup that knows them"
    db.session.get(InvoiceCounter, 2026).last = 3
    db.session.delete(run)
    db.session.commit()
    assert restoring.carry_on() == {"invoices": 2, "debits": 1}
    assert restoring.carry_on() == {"invoices": 0}
    db.session.commit()
    assert db.session.get(InvoiceCounter, 2026).last == 5
    (lost,) = debiting.lost_runs()
    assert (lost.debit_on, lost.count, lost.amount) == (date(2026, 8, 27), 3, 9_900)
    with pytest.raises(Illegal, match="waits for staff"):
        debiting.make(debit_planning.of_month(date(2026, 9, 1)), by=1)
    browser = browser_for(world.admin)
    assert "バックアップを復元する前" in browser.get(f"/staff/debits/{lost.id}").text
    assert browser.post(f"/staff/debits/{lost.id}/file").status == 409
    debiting.withdraw(lost, "銀行に渡していなかった", by=1)
    assert debiting.lost_runs() == []


def test_nothing_half_stays_when_it_fails(world, tmp_path, monkeypatch):
    def fail(target):
        raise dumping.Failed("the disk is full")

    monkeypatch.setattr(dumping, "take", fail)
    with pytest.raises(dumping.Failed):
        backing_up.back_up(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.both_databases
def test_the_log_says_who_left_what_by_numbers_alone(world):
    first, second = world.ours.readers[:2]
    other = world.ours.mailing_list
    with at("2026-08-01T12:00"):
        left = leaving.leave(first, [other.id])
        db.session.commit()
        # Not before every transaction that began earlier has shown itself.
        assert log_writing.note_readers() == 0
    with at("2026-08-01T12:03"):
        assert log_writing.note_readers() == 1
        db.session.commit()
        assert log_writing.note_readers() == 0
        db.session.commit()
    (line,) = log_writing.lines()
    assert (line.reader, line.customer, line.on) == (first.id, world.ours.customer.id, ()) and left == [other.id]
    assert second.address not in log_writing.path().read_text() and "@" not in log_writing.path().read_text()
    with at("2026-10-01T00:00"):
        assert log_writing.forget_old() == 1
    assert log_writing.lines() == [] and db.session.scalar(sa.select(ErasurePlace.number)) > 0


LEFT = {
    "everything": lambda reader, list_id: leaving.leave_everything(reader),
    "complaint": lambda reader, list_id: leaving.leave_everything(reader, SuppressionReason.complaint),
    "removed": lambda reader, list_id: leaving.leave_everything(reader, SuppressionReason.removed),
    "unsubscribed": lambda reader, list_id: leaving.leave(reader, [list_id]),
    "tidied": lambda reader, list_id: leaving.erase(reader, None),
}


@pytest.mark.parametrize("reason", LEFT)
def test_who_left_leaves_again_for_the_same_reason(world, reason):
    """A no to everything must not come back as one to a list, and what the customer tidied up was no refusal."""
    first, second = world.ours.readers[:2]
    with at("2026-08-01T12:00"):
        LEFT[reason](first, world.ours.mailing_list.id)
        db.session.commit()
    said = set(db.session.execute(sa.select(Suppression.list_id, Suppression.reason)).all())
    with at("2026-08-01T12:03"):
        log_writing.note_readers()
        (line,) = log_writing.lines()
        # The same of somebody who is there.
        log_writing.path().unlink()
        log_writing.append([replace(line, reader=second.id)])
        hashed = second.address_hash
        assert restoring.erase_anew(line.at) == {"reader": 1}
    again = sa.select(Suppression.list_id, Suppression.reason).where(Suppression.address_hash == hashed)
    assert set(db.session.execute(again).all()) == said and bool(said) is (reason != "tidied")


def test_who_left_leaves_again(world):
    reader = world.ours.readers[0]
    line = log_writing.Line(clock.now() - timedelta(hours=1), reader.customer_id, reader=reader.id, on=())
    log_writing.append([line, log_writing.Line(clock.now(), reader.customer_id, reader=10**9, on=())])
    assert restoring.erase_anew(clock.now() - timedelta(hours=2))["reader"] == 1
    assert db.session.get(Subscriber, line.reader) is None
    assert db.session.scalar(sa.select(Subscription.id).where(Subscription.subscriber_id == line.reader)) is None


def test_old_backups_go_though_no_new_one_is_made(app, tmp_path, monkeypatch):
    monkeypatch.setitem(app.config, "WEM", replace(app.config["WEM"], BACKUP_FOLDER=str(tmp_path / "none")))
    jobs.forget_backups()
    assert showing.backups()[1] == "warning", "staff see that there is no such folder"
    monkeypatch.setitem(app.config, "WEM", replace(app.config["WEM"], BACKUP_FOLDER=str(tmp_path)))
    assert "まだありません" in showing.backups()[0]
    for name in ("wem-20260801T030000.tar", "wem-20260802T030000.tar", "other.tar"):
        (tmp_path / name).write_bytes(b"")
    with at("2026-09-05T02:59"):
        assert "2件" in showing.backups()[0] and "8月1日" in showing.backups()[0]
        jobs.forget_backups()
        assert len(list(tmp_path.iterdir())) == 3
    with at("2026-09-05T03:00"):
        assert "1件" in showing.backups()[0] and showing.backups()[1] == "warning"
        jobs.forget_backups()
        assert {each.name for each in tmp_path.iterdir()} == {"wem-20260802T030000.tar", "other.tar"}
    with at("2026-09-06T03:00"):
        told = app.test_cli_runner().invoke(forget_backups_command, [str(tmp_path)])
        assert told.exit_code == 0 and "wem-20260802T030000.tar" in told.output
    assert [each.name for each in tmp_path.iterdir()] == ["other.tar"]
