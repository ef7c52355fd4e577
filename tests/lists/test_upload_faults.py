"""A step that breaks off by a fault of ours: tried again, later each time, and after the third time said so."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.factories import World
from tests.lists.recounting import assert_counts_are_exact
from tests.lists.uploads import applied, begin_applying, checked, csv_of, received, work
from tests.page import Browser
from wem import clock
from wem.audit import AuditEvent
from wem.db import db
from wem.lists import counting, jobs, upload_applying, upload_checking, upload_steps, upload_undoing, uploading
from wem.lists.states import UploadKind, UploadState
from wem.lists.subscription_models import Subscriber
from wem.lists.upload_models import Upload
from wem.lists.upload_steps import Turn

pytestmark = pytest.mark.both_databases
FILE = csv_of("a@x.example", "b@x.example")
REST = {"domain_group": "other", "fields": {}, "language": "ja", "active_count": 0}


class Fault(Exception):
    """What nobody foresaw."""


class Faulty:
    """The steps of a module, of which the first `times` break off after their first commit."""

    def __init__(self, steps: Callable[[Turn], Iterator[None]], times: int) -> None:
        self._steps, self.left = steps, times

    def __call__(self, turn: Turn) -> Iterator[None]:
        steps = self._steps(turn)
        if self.left:
            self.left -= 1
            yield next(steps)
            raise Fault("nobody foresaw this")
        yield from steps


@pytest.fixture
def break_off(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def break_off(module: object, times: int) -> None:
        monkeypatch.setattr(module, "steps", Faulty(module.steps, times))  # type: ignore[attr-defined]

    return break_off


def wait(upload_id: int) -> timedelta:
    """Let the pause pass; returns how long it would have been."""
    until = db.session.scalar(sa.select(Upload.lease_until).where(Upload.id == upload_id))
    assert until is not None and (upload_id, UploadState.reading) not in upload_steps.waiting_for_work()
    db.session.execute(sa.update(Upload).values(lease_until=clock.now() - timedelta(seconds=1)))
    db.session.commit()
    return until - clock.now()


def test_after_one_fault_it_goes_on(world: World, break_off: Callable[..., None]) -> None:
    break_off(upload_checking, 1)
    upload = work(received(world.ours, FILE))
    assert (upload.state, upload.problem, upload.owner) == (UploadState.reading, "broke_off_once", None)
    wait(upload.id)
    upload = work(upload.id)
    assert (upload.state, upload.problem, upload.good) == (UploadState.checked, "", 2)


def test_work_that_got_on_since_is_no_longer_called_interrupted(
    world: World,
    break_off: Callable[..., None],
    browser_for: Callable[..., Browser],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between two turns nobody works on it, and no moment is set."""
    break_off(upload_checking, 1)
    upload_id, browser = received(world.ours, FILE), browser_for(world.ours.owner)
    work(upload_id)
    wait(upload_id)
    monkeypatch.setattr(jobs, "SLICE", timedelta(0))
    upload = work(upload_id, turns=1)
    assert (upload.state, upload.problem, upload.owner) == (UploadState.reading, "", None)
    assert "自動で再開します" not in browser.get(f"/lists/{world.ours.mailing_list.id}/imports/{upload_id}").text


def test_after_three_faults_it_has_failed(
    world: World, break_off: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    break_off(upload_checking, 3)
    upload_id = received(world.ours, FILE)
    pauses = []
    with caplog.at_level(logging.ERROR, "wem.lists"):
        for _ in range(2):
            assert work(upload_id).state is UploadState.reading
            pauses.append(wait(upload_id))
        upload = work(upload_id)
    assert timedelta(0) < pauses[0] < pauses[1]
    assert (upload.state, upload.problem, upload.storage_key) == (UploadState.failed, "checking_broke_off", None)
    assert [type(record.exc_info[1]) for record in caplog.records if record.exc_info] == [Fault] * 3
    noted = db.session.scalars(sa.select(AuditEvent.action).where(AuditEvent.subject == f"Upload {upload_id}")).all()
    assert noted.count("upload.broke_off") == 3 and noted[-1] == "upload.failed"
    assert jobs.JOBS.get(upload.state) is None


def test_the_screens_say_what_to_do(
    world: World, break_off: Callable[..., None], browser_for: Callable[..., Browser]
) -> None:
    break_off(upload_checking, 3)
    upload_id, here = received(world.ours, FILE), f"/lists/{world.ours.mailing_list.id}/imports"
    browser, staff = browser_for(world.ours.owner), browser_for(world.admin)
    work(upload_id)
    assert "自動で再開します" in browser.get(f"{here}/{upload_id}").text
    for _ in range(2):
        wait(upload_id)
        work(upload_id)
    page = browser.get(f"{here}/{upload_id}")
    assert "もう一度アップロードしてください" in page.text and "読み込めませんでした" not in page.text
    [desk] = [str(link["href"]) for link in page.soup.find_all("a") if "ヘルプデスクにお知らせください" in link.text]
    assert f"番号{upload_id}" in browser.get(desk).form()["subject"]
    assert "障害で中断したアップロード" in staff.get("/staff/").text


def test_what_was_applied_in_part_stays_and_can_be_undone(
    world: World, break_off: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(upload_applying.CHUNK, UploadKind.attested, 1)
    upload = checked(world.ours, csv_of(*(f"{n}@x.example" for n in range(9))))
    begin_applying(upload, world.ours.owner.id, world.admin.id)
    break_off(upload_applying, 3)
    for _ in range(2):
        work(upload.id)
        wait(upload.id)
    upload = work(upload.id)
    assert (upload.state, upload.problem, upload.applied) == (UploadState.failed, "applying_broke_off", 3)
    assert_counts_are_exact()
    uploading.undo(upload, by=world.ours.owner.id)
    db.session.commit()
    upload = work(upload.id)
    assert (upload.state, upload.problem, upload.undone) == (UploadState.undone, "", 3)
    assert counting.registered(world.ours.customer.id) == 3
    assert_counts_are_exact()


def test_undoing_that_broke_off_can_be_asked_for_again(
    world: World, break_off: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload_undoing, "CHUNK", 1)
    upload = applied(world.ours, csv_of(*(f"{n}@x.example" for n in range(5))))
    break_off(upload_undoing, 3)
    for turn in range(4):
        if turn in (0, 3):
            uploading.undo(upload, by=world.ours.owner.id)
            db.session.commit()
        else:
            wait(upload.id)
        upload = work(upload.id)
        if turn == 2:
            assert (upload.state, upload.problem, upload.undone) == (UploadState.failed, "undoing_broke_off", 3)
    assert (upload.state, upload.problem, upload.undone) == (UploadState.undone, "", 5)
    assert not uploading.undoable(upload)
    assert_counts_are_exact()


def test_the_log_quotes_no_address(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What the database says of a fault holds the values of the statement, and on PostgreSQL of the row."""
    columns = (Subscriber.customer_id, Subscriber.address, Subscriber.address_key, Subscriber.address_hash)
    readers = sa.select(*columns).order_by(Subscriber.id)

    def steps(turn: Turn) -> Iterator[None]:
        yield
        db.session.execute(sa.insert(Subscriber).values(**db.session.execute(readers).first()._mapping, **REST))

    monkeypatch.setattr(upload_checking, "steps", steps)
    upload_id = received(world.ours, FILE)
    address = db.session.scalars(readers.with_only_columns(Subscriber.address)).first()
    with caplog.at_level(logging.ERROR, "wem.lists"):
        assert work(upload_id).problem == "broke_off_once"
    assert "IntegrityError" in caplog.text and "address_key" in caplog.text
    assert address and address not in caplog.text


def test_a_fault_of_who_lost_the_upload_changes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    upload_id = received(world.ours, FILE)

    def taken_away(turn: Turn) -> Iterator[None]:
        uploading.discard(db.session.get_one(Upload, turn.upload_id), by=world.ours.owner.id)
        db.session.commit()
        raise Fault
        yield

    monkeypatch.setattr(upload_checking, "steps", taken_away)
    jobs.read_upload(upload_id)
    upload = db.session.get_one(Upload, upload_id, populate_existing=True)
    assert (upload.state, upload.problem) == (UploadState.discarded, "")
