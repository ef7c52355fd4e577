"""From a checked file to readers: exact counts, no one revived, nothing twice, nothing lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests import factories
from tests.factories import World
from tests.lists.recounting import assert_counts_are_exact
from tests.lists.uploads import DATA, applied, begin_applying, checked, csv_of, work
from wem import clock, outbox, storage
from wem.contracts.rules import SuspensionGround
from wem.db import db
from wem.hashing import address_hash
from wem.lists import counting, forgetting, jobs, leaving, upload_applying, upload_checking, uploading
from wem.lists.models import Field, MailingList
from wem.lists.states import ConsentKind, SubscriptionState, SuppressionReason, UploadKind, UploadState, Way
from wem.lists.subscription_models import ConsentEvent, ShownText, Subscriber, Subscription, Suppression
from wem.lists.upload_models import Upload, UploadRow
from wem.outbox import OutboxMail

pytestmark = pytest.mark.both_databases


def test_attested_readers_become_active_with_their_values_and_proof(world: World) -> None:
    upload = applied(world.ours, DATA / "readers-1000-utf8-bom.csv")
    assert (upload.good, upload.applied, upload.bad) == (1000, 1000, 0)
    assert counting.registered(world.ours.customer.id) == 1003
    assert counting.month_peak(world.ours.customer.id) == 1003
    assert db.session.get_one(MailingList, world.ours.mailing_list.id).active_count == 1003
    events = db.session.scalars(sa.select(ConsentEvent).where(ConsentEvent.upload_id == upload.id)).all()
    assert {event.kind for event in events} == {ConsentKind.attested} and len(events) == 1000
    shown = db.session.get_one(ShownText, events[0].shown_text_id)
    assert shown.content["how"] == "店頭の申込書" and shown.content["told"] is True
    reader = db.session.scalars(sa.select(Subscriber).order_by(Subscriber.id.desc()).limit(1)).one()
    labels = {
        field.label: field.key
        for field in db.session.scalars(sa.select(Field))
        if field.customer_id == reader.customer_id
    }
    assert reader.fields[labels["氏名"]] and reader.fields[labels["都道府県"]]
    assert_counts_are_exact()
    # The file and every address in the rows are gone; the counts stay.
    assert upload.storage_key is None
    assert db.session.scalar(sa.select(sa.func.count()).select_from(UploadRow)) == 0


@pytest.mark.parametrize("kind", [UploadKind.attested, UploadKind.invitation])
@pytest.mark.parametrize("new", [True, False])
def test_values_of_a_field_deleted_since_the_check_are_left_out(world: World, kind: UploadKind, new: bool) -> None:
    factories.make_field(world.ours.customer, "性別")
    if not new:
        factories.make_field(world.ours.customer, "都道府県")
    elsewhere = factories.make_list(world.ours.customer, "週末セール")
    known = factories.make_subscriber(elsewhere, "known@readers.example.com")
    db.session.commit()
    text = "メールアドレス,性別,都道府県\nnew@readers.example.com,女,東京都\nknown@readers.example.com,男,大阪府\n"
    upload = checked(world.ours, text.encode(), kind, update_known=True)
    begin_applying(upload, world.ours.owner.id, world.ours.owner.id)
    field = db.session.scalars(sa.select(Field).where(Field.key == "都道府県")).one()
    forgetting.delete_field(field)
    db.session.commit()
    while forgetting.forget_values():
        db.session.commit()
    db.session.commit()
    upload = work(upload.id)
    assert (upload.state, upload.applied) == (UploadState.applied, 2)
    db.session.refresh(known)
    made = db.session.scalars(sa.select(Subscriber).where(Subscriber.address_key == "new@readers.example.com")).one()
    assert (made.fields, known.fields) == ({"性別": "女"}, {"性別": "男"})
    answers = db.session.scalars(sa.select(Subscription.answers).where(Subscription.upload_id == upload.id)).all()
    assert all("都道府県" not in (each or {}) for each in answers)


def test_ten_thousand(world: World) -> None:
    upload = applied(world.ours, DATA / "readers-10000-cp932.csv")
    assert upload.applied == 10_000
    names = {fields.get("氏名") for fields in db.session.scalars(sa.select(Subscriber.fields))}
    assert {"髙橋 葵", "﨑山 葵"} & names and len(names) > 500


def test_a_large_file_is_read_by_a_process_of_its_own(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_checking, "LARGE", 100)
    monkeypatch.setattr(upload_checking, "FRAME", 70)
    monkeypatch.setitem(upload_applying.CHUNK, UploadKind.attested, 130)
    # Each slice is over after some commits, and the next one goes on from there.
    monkeypatch.setattr(jobs, "SLICE", timedelta(milliseconds=100))
    upload = applied(world.ours, DATA / "readers-1000-utf8-bom.csv")
    assert (upload.total, upload.good, upload.applied) == (1000, 1000, 1000)
    upload = checked(world.ours, DATA / "readers-1000-utf8-bom.csv")
    assert (upload.good, upload.known) == (0, 1000)
    assert_counts_are_exact()


def test_who_said_no_is_not_revived(world: World) -> None:
    ours = world.ours
    other = factories.make_list(ours.customer, "特売")
    leaving.leave(ours.readers[0], [ours.mailing_list.id])
    leaving.leave_everything(ours.readers[1], SuppressionReason.removed)
    db.session.commit()
    content = csv_of(
        "tanaka@readers.example.com", "SUZUKI@readers.example.com", "takahashi@readers.example.com", "new@x.example"
    )
    upload = applied(ours, content)
    assert (upload.good, upload.known, upload.opted_out, upload.applied) == (1, 1, 2, 1)
    assert counting.registered(ours.customer.id) == 2
    # Off this list is not off another one; removed is off all.
    ours.mailing_list = other
    upload = applied(ours, content)
    assert (upload.good, upload.elsewhere, upload.opted_out) == (1, 2, 1)
    assert counting.registered(ours.customer.id) == 3
    assert_counts_are_exact()


def test_who_says_no_between_check_and_yes_is_left_out(world: World) -> None:
    upload = checked(world.ours, csv_of("a@x.example", "b@x.example"))
    assert upload.good == 2
    db.session.add(
        Suppression(
            customer_id=world.ours.customer.id,
            address_hash=address_hash("a@x.example"),
            list_id=0,
            reason=SuppressionReason.complaint,
            at=clock.now(),
        )
    )
    begin_applying(upload, world.ours.owner.id, world.admin.id)
    upload = work(upload.id)
    assert (upload.applied, upload.opted_out) == (1, 1)
    assert_counts_are_exact()


def test_a_reader_elsewhere_counts_once(world: World) -> None:
    ours = world.ours
    pending = factories.make_subscriber(ours.mailing_list, "later@x.example", SubscriptionState.pending)
    ours.mailing_list = factories.make_list(ours.customer, "特売")
    db.session.commit()
    upload = checked(ours, csv_of("tanaka@readers.example.com", "later@x.example", "new@x.example"))
    assert (upload.good, upload.elsewhere, upload.raising) == (1, 2, 2)
    begin_applying(upload, ours.owner.id, world.admin.id)
    work(upload.id)
    assert counting.registered(ours.customer.id) == 5
    assert db.session.get_one(Subscriber, pending.id).active_count == 1
    assert_counts_are_exact()


def test_the_other_customers_readers_are_strangers(world: World) -> None:
    upload = applied(world.ours, csv_of("tanaka@flowers.example.net"))
    assert (upload.good, upload.known) == (1, 0)
    assert counting.registered(world.theirs.customer.id) == 3


def test_known_readers_get_the_values_where_wished(world: World) -> None:
    rows = "メールアドレス,氏名\ntanaka@readers.example.com,田中 太郎\nsuzuki@readers.example.com,\n"
    content = (rows + "new@x.example,新\n").encode()
    applied(world.ours, content, update_known=False)
    assert db.session.get_one(Subscriber, world.ours.readers[0].id).fields == {"氏名": "田中 一郎"}
    applied(world.ours, content, update_known=True)
    assert db.session.get_one(Subscriber, world.ours.readers[0].id).fields == {"氏名": "田中 太郎"}
    # An empty cell changes nothing.
    assert db.session.get_one(Subscriber, world.ours.readers[1].id).fields == {"氏名": "鈴木 花子"}


def test_invitations_are_pending_with_one_mail_each(world: World) -> None:
    rows = "メールアドレス,氏名\na@x.example,青木\nb@x.example,馬場\nA@X.example,別人\n"
    content = (rows + "tanaka@readers.example.com,田中\n").encode()
    upload = applied(world.ours, content, UploadKind.invitation)
    assert (upload.good, upload.duplicate, upload.known, upload.applied) == (2, 1, 1, 2)
    rows = db.session.scalars(sa.select(Subscription).where(Subscription.upload_id == upload.id)).all()
    assert {(row.state, row.way) for row in rows} == {(SubscriptionState.pending, Way.invitation)}
    assert all(row.expires_at and row.expires_at > clock.now() + timedelta(days=6) for row in rows)
    assert {row.answers["氏名"] for row in rows} == {"青木", "馬場"}
    mails = db.session.scalars(sa.select(OutboxMail)).all()
    assert {mail.recipient for mail in mails} == {"a@x.example", "b@x.example"}
    assert {mail.about for mail in mails} == {f"subscription {row.id}" for row in rows}
    assert counting.registered(world.ours.customer.id) == 3
    assert db.session.get_one(MailingList, world.ours.mailing_list.id).pending_count == 2
    # The same file again asks nobody twice.
    again = checked(world.ours, content, UploadKind.invitation)
    assert (again.good, again.known) == (0, 3) and not uploading.applicable(again)
    assert_counts_are_exact()


def test_an_address_that_had_its_mails_is_not_invited(world: World) -> None:
    content = csv_of("a@x.example", "b@x.example")
    undone = applied(world.ours, content, UploadKind.invitation)
    uploading.undo(undone, by=world.ours.owner.id)
    db.session.commit()
    assert work(undone.id).undone == 2
    upload = applied(world.ours, csv_of("a@x.example", "c@x.example"), UploadKind.invitation)
    assert (upload.applied, upload.limited) == (1, 1)
    assert_counts_are_exact()


def test_stop_list_keeps_hashes_and_stops_readers(world: World) -> None:
    stopped = world.ours.readers[0].id
    upload = checked(
        world.ours, csv_of("tanaka@readers.example.com", "stranger@x.example"), UploadKind.stop_list, everywhere=True
    )
    assert (upload.good, upload.known) == (2, 1)
    # Not even on the way does a readable address stand in the rows.
    assert db.session.scalars(sa.select(UploadRow.address)).all() == [None, None]
    begin_applying(upload, world.ours.owner.id, world.admin.id)
    upload = work(upload.id)
    assert upload.applied == 1
    kept = db.session.scalars(sa.select(Suppression).where(Suppression.list_id == 0)).all()
    assert {row.address_hash for row in kept} == {
        address_hash("tanaka@readers.example.com"),
        address_hash("stranger@x.example"),
    }
    assert {row.reason for row in kept} == {SuppressionReason.stop_list}
    assert db.session.get(Subscriber, stopped) is None
    assert counting.registered(world.ours.customer.id) == 2
    assert checked(world.ours, csv_of("stranger@x.example")).opted_out == 1
    assert_counts_are_exact()


def test_ending_leaves_strangers_alone(world: World) -> None:
    ours = world.ours
    other = factories.make_list(ours.customer, "特売")
    held, ended = ours.readers[0], ours.readers[1].id
    db.session.add(
        Subscription(
            customer_id=ours.customer.id,
            list_id=other.id,
            subscriber_id=held.id,
            state=SubscriptionState.active,
            way=Way.form,
        )
    )
    held.active_count, other.active_count = 2, 1
    db.session.commit()
    content = csv_of("tanaka@readers.example.com", "suzuki@readers.example.com", "stranger@x.example")
    upload = applied(ours, content, UploadKind.ending, everywhere=False)
    assert (upload.good, upload.known, upload.applied) == (3, 2, 2)
    assert db.session.get_one(Subscriber, held.id).active_count == 1
    assert db.session.get(Subscriber, ended) is None
    assert not db.session.scalar(
        sa.select(Suppression).where(Suppression.address_hash == address_hash("stranger@x.example"))
    )
    assert applied(ours, content, UploadKind.ending, everywhere=True).applied == 1
    assert counting.registered(ours.customer.id) == 1
    assert counting.month_peak(ours.customer.id) == 3
    assert_counts_are_exact()


def test_undo_takes_back_the_untouched_and_keeps_the_peak(world: World) -> None:
    upload = applied(world.ours, csv_of("a@x.example", "b@x.example", "c@x.example"))
    acted = db.session.scalars(sa.select(Subscriber).where(Subscriber.address_key == "b@x.example")).one()
    db.session.add(
        ConsentEvent(
            customer_id=acted.customer_id, list_id=0, address_hash=acted.address_hash, kind=ConsentKind.changed,
            at=clock.now() + timedelta(seconds=1),
        )
    )  # fmt: skip
    uploading.undo(upload, by=world.ours.owner.id)
    db.session.commit()
    upload = work(upload.id)
    assert (upload.state, upload.undone) == (UploadState.undone, 2)
    left = set(db.session.scalars(sa.select(Subscriber.address_key).where(Subscriber.address_key.like("%x.example"))))
    assert left == {"b@x.example"}
    assert counting.registered(world.ours.customer.id) == 4
    assert counting.month_peak(world.ours.customer.id) == 6
    # They did not say no: they may come again.
    assert applied(world.ours, csv_of("a@x.example")).applied == 1
    assert_counts_are_exact()


def test_undoing_invitations_takes_the_unsent_mails_back(world: World) -> None:
    upload = applied(world.ours, csv_of("a@x.example", "b@x.example"), UploadKind.invitation)
    sent = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.recipient == "a@x.example")).one()
    sent.state = outbox.OutboxState.accepted
    uploading.undo(upload, by=world.ours.owner.id)
    db.session.commit()
    work(upload.id)
    assert db.session.scalars(sa.select(OutboxMail.recipient)).all() == ["a@x.example"]
    assert db.session.get_one(MailingList, world.ours.mailing_list.id).pending_count == 0
    assert_counts_are_exact()


def test_a_suspended_contract_stands_still_and_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(upload_applying.CHUNK, UploadKind.attested, 10)
    upload = checked(world.ours, csv_of(*(f"r{n}@x.example" for n in range(35))))
    begin_applying(upload, world.ours.owner.id, world.admin.id)
    monkeypatch.setattr(jobs, "SLICE", timedelta(0))
    jobs.apply_upload(upload.id)
    db.session.rollback()
    world.ours.contract.suspend(SuspensionGround.danger, "", by=world.admin.id)
    db.session.commit()
    jobs.apply_upload(upload.id)
    jobs.sweep_uploads()
    db.session.rollback()
    upload = db.session.get_one(Upload, upload.id, populate_existing=True)
    assert (upload.state, upload.cursor, upload.applied) == (UploadState.applying, 10, 10)
    world.ours.contract.resume("", by=world.admin.id)
    db.session.commit()
    assert work(upload.id).applied == 35
    assert_counts_are_exact()


def test_two_jobs_at_once_do_the_work_of_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(upload_applying.CHUNK, UploadKind.attested, 10)
    upload = checked(world.ours, csv_of(*(f"r{n}@x.example" for n in range(35))))
    begin_applying(upload, world.ours.owner.id, world.admin.id)
    upload_id = upload.id
    first = jobs.upload_steps.take(upload_id, UploadState.applying)
    db.session.commit()
    assert first is not None
    assert jobs.upload_steps.take(upload_id, UploadState.applying) is None
    steps = upload_applying.steps(first)
    next(steps)
    db.session.commit()
    # The first one's lease runs out while it sleeps; a second one takes over and finishes.
    db.session.execute(sa.update(Upload).values(lease_until=clock.now() - timedelta(seconds=1)))
    db.session.commit()
    assert work(upload_id).applied == 35
    with pytest.raises(jobs.upload_steps.Lost):
        next(steps)
    db.session.rollback()
    # Run again after the end, as a lost queue may have it: nothing happens.
    jobs.apply_upload(upload_id)
    jobs.read_upload(upload_id)
    assert db.session.get_one(Upload, upload_id, populate_existing=True).applied == 35
    assert_counts_are_exact()


def test_a_discarded_file_leaves_nothing(world: World) -> None:
    upload = checked(world.ours, DATA / "readers-messy.csv")
    path = storage.path_of(upload.storage_key or "")
    assert path.exists()
    uploading.discard(upload, by=world.ours.owner.id)
    db.session.commit()
    upload = work(upload.id)
    assert not path.exists()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(UploadRow)) == 0
    assert counting.registered(world.ours.customer.id) == 3
    # No field was made for it either.
    assert [
        field.key for field in db.session.scalars(sa.select(Field)) if field.customer_id == world.ours.customer.id
    ] == ["氏名"]


def test_undecided_files_and_old_reports_go(world: World) -> None:
    kept = applied(world.ours, DATA / "readers-messy.csv")
    undecided = checked(world.ours, csv_of("a@x.example"))
    assert (
        db.session.scalar(sa.select(sa.func.count()).select_from(UploadRow).where(UploadRow.upload_id == kept.id)) > 0
    )
    kept.finished_at = clock.now() - timedelta(days=31)
    undecided.created_at = clock.now() - timedelta(days=8)
    db.session.commit()
    jobs.erase_expired()
    jobs.sweep_uploads()
    work(undecided.id)
    assert db.session.get_one(Upload, undecided.id, populate_existing=True).state is UploadState.discarded
    assert db.session.scalar(sa.select(sa.func.count()).select_from(UploadRow)) == 0
