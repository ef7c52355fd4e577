"""After the end of a contract nothing of its readers is left in tables, files and arrived mail; the other's all is."""

import base64
import hashlib
import io
import os
from datetime import date, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa
import time_machine

from tests.contracts.applications import make_application
from tests.factories import make_account, make_receivable
from tests.mail_of import arrived_mails
from wem import clock, documents, storage
from wem.accounts import returning
from wem.accounts.models import Account, Customer, Membership
from wem.accounts.rules import Role
from wem.audit import AuditEvent
from wem.billing import final
from wem.billing import jobs as billing_jobs
from wem.billing.payment_models import Payment, Refund
from wem.billing.payment_rules import PaymentWay, RefundGround, RefundState
from wem.clock import JAPAN
from wem.contracts.application_models import Application
from wem.contracts.application_rules import ApplicationState
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState, EndReason
from wem.db import Base, db
from wem.erasure import erasing, holding, jobs, log_writing, planning, record_rules
from wem.erasure.models import ConsentKeeping, Erasure, ErasureHold
from wem.erasure.rules import ErasureState, Held, Phase
from wem.inbound.models import InboundMail
from wem.lists import consent, leaving
from wem.lists.states import ConsentKind, UploadKind, UploadState
from wem.lists.subscription_models import ConsentEvent, ShownText, Subscriber
from wem.lists.upload_models import Upload
from wem.notices.models import Notice
from wem.notices.rules import NoticeKind, Words
from wem.notices.telling import tell
from wem.outbox import OutboxMail
from wem.privacy.models import Disclosure
from wem.privacy.rules import Basis, DataClass
from wem.staff import erasure_work

ENDED = "2026-08-01T00:05"


@pytest.fixture(autouse=True)
def own_log(app):
    """The log of erasures outlives the database: each test has its own."""
    log_writing.path().unlink(missing_ok=True)


def at(text):
    return time_machine.travel(datetime.fromisoformat(text).replace(tzinfo=JAPAN), tick=False)


def ends(contract: Contract) -> None:
    contract.state, contract.ended_on, contract.end_reason = ContractState.ended, date(2026, 8, 1), EndReason.cancelled
    db.session.commit()
    billing_jobs.follow_contracts()


def swept() -> None:
    """Do what the timetable rings, until nothing is left to do now."""
    jobs.sweep()
    for id in db.session.scalars(sa.select(Erasure.id).where(Erasure.state == ErasureState.running)).all():
        jobs.erase(id)


def writings(word: str) -> set[bytes]:
    """Return how a word may stand somewhere: plain, in other character sets, coded, hashed as anybody would."""
    plain = word.encode()
    found = {plain, quote(word).encode(), hashlib.sha256(plain).hexdigest().encode(), hashlib.md5(plain).digest()}
    found |= {hashlib.sha256(plain).digest(), hashlib.sha1(plain).digest(), hashlib.md5(plain).hexdigest().encode()}
    found |= {word.encode("cp932"), word.encode("iso2022_jp"), word.encode("utf-16-le")}
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + plain).rstrip(b"=")
        found.add(whole[4 if shift else 0 : len(whole) - 4])
    return {each for each in found if len(each) > 5}


def everything(var: Path) -> bytes:
    """Return all that is stored: the whole database, and all files."""
    db.session.rollback()
    parts = [path.read_bytes() for path in sorted((var / "files").rglob("*")) if path.is_file()]
    if db.engine.dialect.name == "sqlite":
        with db.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.exec_driver_sql("VACUUM")
        parts += [path.read_bytes() for path in sorted(var.glob("wem.sqlite3*"))]
        return b"\n".join(parts)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM")
        for table in Base.metadata.sorted_tables:
            for row in connection.execute(sa.text(f"SELECT {table.name}::text FROM {table.name}")):
                # bytea is written as hexadecimal digits.
                parts.append(str(row[0]).encode())
            blobs = [column for column in table.columns if isinstance(column.type, sa.LargeBinary)]
            for row in connection.execute(sa.select(*blobs)) if blobs else ():
                parts += [bytes(value) for value in row if value is not None]
    return b"\n".join(parts)


@pytest.mark.both_databases
def test_nothing_of_the_readers_is_left_and_the_others_stay(world, app):
    ours, theirs = world.ours, world.theirs
    addresses = [reader.address for reader in ours.readers]
    others = [reader.address for reader in theirs.readers]
    reader = ours.readers[0]
    reader.fields = {"氏名": "川端 康成子"}
    key, _ = storage.keep("uploads", io.BytesIO(",".join(addresses).encode()), 1 << 20)
    for each in (*ours.readers, *theirs.readers):
        consent.note(ConsentKind.confirmed, each.customer_id, ours.mailing_list.id, each.address_hash)
    mine, kept = arrived_mails(world, addresses, others)
    db.session.commit()
    names = [*addresses, "川端 康成子"]
    assert all(any(word in everything(app.config["WEM"].var) for word in writings(name)) for name in names)
    upload(ours, key)
    with at(ENDED):
        ends(ours.contract)
        swept()
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Erasure)) == 0, "staff have hours to hold it"
    with at("2026-08-01T06:10"):
        swept()
        row = db.session.scalars(sa.select(Erasure)).one()
    assert (row.phase, row.state, row.counts["subscriber"]) == (Phase.readers, ErasureState.done, len(addresses))
    content = everything(app.config["WEM"].var)
    found = {name for name in names for word in writings(name) if word in content}
    assert not found
    assert all(other.encode() in content for other in others)
    assert not storage.path_of(key).exists()
    assert db.session.scalars(sa.select(InboundMail.id).order_by(InboundMail.id)).all() == kept
    assert row.counts["inbound_mail"] == len(mine)
    # The proof of consent stays as keyed hashes, and the customer has what was shown.
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ConsentEvent)) > 0
    told = db.session.scalars(sa.select(Notice).where(Notice.kind == NoticeKind.erasure)).one()
    (record,) = row.documents
    assert record.content().startswith(b"%PDF") and record.id == row.document_id
    mail = db.session.get(OutboxMail, told.outbox_id)
    assert mail.files == [{"key": record.storage_key, "name": record.name}]
    assert db.session.scalar(sa.select(AuditEvent.id).where(AuditEvent.action == "erasure.finish"))
    (line,) = [line for line in log_writing.lines() if line.phase]
    assert (line.customer, line.phase) == (ours.customer.id, "readers")


def upload(half, key):
    db.session.add(
        Upload(
            customer_id=half.customer.id, list_id=half.mailing_list.id, kind=UploadKind.invitation,
            state=UploadState.applied, filename="読者.csv", storage_key=key,
        )
    )  # fmt: skip
    db.session.commit()


def test_the_customers_own_data_wait_for_debts_and_go_after_their_months(world, app):
    contract = world.ours.contract
    owner = world.ours.owner
    owed = make_receivable(contract, date(2026, 8, 27), 3_300)
    shared, former, moved = world.ours.editor, make_account("退いた 人"), make_account("移った 人")
    db.session.add(Membership(account_id=moved.id, customer_id=world.theirs.customer.id, role=Role.editor))
    for person in (former, moved):
        place = Membership(account=person, customer_id=contract.customer_id, role=Role.editor, created_at=clock.now())
        db.session.add(place)
        db.session.flush()
        returning.give_back(place, by=owner.id)
    db.session.add(Membership(account_id=shared.id, customer_id=world.theirs.customer.id, role=Role.editor))
    db.session.commit()
    with at(ENDED):
        ends(contract)
    with at("2027-02-01T03:00"):
        swept()
        (left,) = [each for each in planning.next_phases(contract) if each.phase is Phase.customer]
        assert left.held == [Held.debts]
        owed.pay(3_300, date(2027, 2, 1), by=None)
        db.session.commit()
        swept()
        swept()
    phases = {row.phase for row in db.session.scalars(sa.select(Erasure).where(Erasure.state == ErasureState.done))}
    assert phases == {Phase.readers, Phase.evidence, Phase.customer}
    db.session.expire_all()
    assert db.session.get(Customer, contract.customer_id).name == "消去済み"
    assert (contract.sender_name, contract.notice_email, contract.postal_address) == ("", "", "")
    gone, stays = db.session.get(Account, owner.id), db.session.get(Account, shared.id)
    assert gone.email.endswith(".invalid") and gone.password_hash is None and gone.ended_at
    assert stays.email and not stays.email.endswith(".invalid")
    # Who left the team before is erased with it, but for who works for somebody else now.
    assert (former.name, former.password_hash) == ("消去済み", None) and former.email.endswith(".invalid")
    assert moved.name == "移った 人" and not moved.email.endswith(".invalid")
    # What the law wants kept is there: the sum and what it was for.
    assert owed.amount == 3_300


def test_staff_hold_it_and_another_contract_keeps_it(world):
    contract = world.ours.contract
    with at(ENDED):
        ends(contract)
        db.session.add(ErasureHold(customer_id=contract.customer_id, reason="裁判所の命令", held_by=1))
        db.session.commit()
    with at("2026-08-03T00:00"):
        swept()
        assert planning.next_phases(contract)[0].held == [Held.staff]
        row = db.session.scalars(sa.select(ErasureHold)).one()
        row.lifted_at = clock.now()
        again = Contract(
            number="T9", customer_id=contract.customer_id, course_id=contract.course_id, state=ContractState.accepted,
            start_date=date(2026, 9, 1),
        )  # fmt: skip
        db.session.add(again)
        db.session.commit()
        assert planning.ended() == []
        swept()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Erasure)) == 0


@pytest.mark.both_databases
def test_a_hold_stops_a_phase_that_runs(world, monkeypatch):
    """The screen says that nothing more is erased: not one further piece is."""
    contract = world.ours.contract
    with at(ENDED):
        ends(contract)
    with at("2026-08-02T00:00"):
        jobs.sweep()
        row = db.session.scalars(sa.select(Erasure)).one()
        monkeypatch.setattr(jobs, "let_others_write", lambda: holding.hold(contract, "裁判所の命令", by=1))
        jobs.erase(row.id)
        jobs.erase(row.id)
        rung = []
        monkeypatch.setattr(jobs.queue, "ring", lambda *call: rung.append(call))
        jobs.sweep()
        assert rung == []
        (now, *_) = planning.next_phases(contract)
        assert (now.held, now.running, row.state) == ([Held.staff], False, ErasureState.running)
        assert db.session.scalar(sa.select(Subscriber.id).where(Subscriber.customer_id == contract.customer_id))
        monkeypatch.undo()
        assert holding.release(contract, by=1)
        db.session.commit()
        swept()
    assert row.state is ErasureState.done


def show_texts(contract, number):
    for each in range(number):
        content = {"notice": f"お知らせ 第{each}版", "notice_version": each}
        db.session.add(
            ShownText(
                customer_id=contract.customer_id, list_id=1, digest=bytes([each] * 32), content=content,
                first_shown_at=clock.now(),
            )
        )  # fmt: skip
    db.session.commit()


def test_a_long_record_of_consent_comes_in_parts(world, monkeypatch):
    """One document of everything was more than could be set, and then nothing was ever erased."""
    contract = world.ours.contract
    show_texts(contract, 5)
    monkeypatch.setattr(record_rules, "TEXTS_PER_PART", 2)
    seen = []
    monkeypatch.setattr(documents, "pdf", lambda template, data: seen.append(data) or b"%PDF")
    with at(ENDED):
        ends(contract)
    with at("2026-08-02T00:00"):
        swept()
    row = db.session.scalars(sa.select(Erasure)).one()
    assert row.state is ErasureState.done
    stem = f"consent-record-{contract.number}"
    assert [each.name for each in row.documents] == [f"{stem}-1.pdf", f"{stem}-2.pdf", f"{stem}-3.pdf"]
    assert [(data["part"], data["first"], len(data["texts"])) for data in seen] == [
        ("1／3", 1, 1), ("2／3", 2, 2), ("3／3", 4, 2),
    ]  # fmt: skip
    told = db.session.scalars(sa.select(Notice).where(Notice.kind == NoticeKind.erasure)).one()
    assert len(db.session.get(OutboxMail, told.outbox_id).files) == 3


def test_what_cannot_be_set_goes_out_as_text_and_staff_are_told(world, monkeypatch, browser_for):
    contract = world.ours.contract
    show_texts(contract, 1)

    def fail(template, data):
        raise documents.NotMade("it took more than 20 seconds")

    monkeypatch.setattr(documents, "pdf", fail)
    path = f"/staff/erasures/contracts/{contract.id}"
    with at(ENDED):
        ends(contract)
    with at("2026-08-02T00:00"):
        browser = browser_for(world.admin)
        for times in (1, 2, 3):
            swept()
            row = db.session.scalars(sa.select(Erasure)).one()
            assert (row.state, row.failures, row.documents) == (ErasureState.running, times, [])
            assert f"（{times}回）" in browser.get(path).text
        swept()
        assert row.state is ErasureState.done
        (record,) = row.documents
        assert record.name.endswith(".txt") and "お知らせ 第0版" in record.content().decode()
        (item,) = erasure_work.records()
        assert (item.url, item.contract) == (path, contract)
        assert "PDFにできませんでした" in browser.get(path).text
        assert browser.get(f"{path}/consent-record").response.mimetype == "text/plain"
        assert browser.get(f"{path}/consent-record?part=2").status == 404
        assert browser.post(f"{path}/record-seen").status == 303
    assert erasure_work.records() == []


def test_cut_short_anywhere_it_ends_the_same(world, monkeypatch):
    contract = world.ours.contract
    with at(ENDED):
        ends(contract)
    with at("2026-08-02T00:00"):
        jobs.sweep()
        row = db.session.scalars(sa.select(Erasure)).one()
        number = 0
        monkeypatch.setattr(jobs, "SLICE", jobs.timedelta(0))  # one piece, and the job ends
        monkeypatch.setattr(jobs.queue, "ring_now", lambda *_, **__: True)
        while row.state is ErasureState.running and number < 500:
            jobs.erase(row.id)
            db.session.expire_all()
            number += 1
    assert row.state is ErasureState.done and number > 5
    # One notice, one document, however often it was begun.
    assert db.session.scalar(sa.select(sa.func.count()).where(Notice.kind == NoticeKind.erasure)) == 1
    assert db.session.scalar(sa.select(Subscriber.id).where(Subscriber.customer_id == contract.customer_id)) is None


def test_no_final_account_no_erasure(world):
    contract = world.ours.contract
    contract.state, contract.ended_on, contract.end_reason = ContractState.ended, date(2026, 8, 1), EndReason.cancelled
    db.session.commit()
    with at("2026-08-03T00:00"):
        swept()
        assert planning.next_phases(contract)[0].held == [Held.account]
        final.account(contract)
        db.session.commit()
    with at("2026-08-03T06:30"):
        swept()
    assert db.session.scalar(sa.select(Erasure.phase)) is Phase.readers


def test_who_was_refused_is_forgotten_after_the_same_months(world):
    with at("2026-08-01T12:00"):
        refused, waiting = make_application(), make_application()
        refused.state, refused.decided_at = ApplicationState.refused, clock.now()
        waiting.fee_told_on = date(2026, 12, 1)
        paper = documents.keep(b"%PDF", "scan.pdf", about=refused.about, customer_id=None)
        refused.scan_id, key = paper.id, paper.storage_key
        tell(
            refused.addressee,
            Words("お申込みについて", ["お受けできません。"], []),
            NoticeKind.refusal,
            customer_id=None,
            about=refused.about,
        )
        db.session.commit()
        gone, stays = refused.id, waiting.id
    with at("2027-01-31T12:00"):
        jobs.forget_old()
        assert db.session.get(Application, gone)
    with at("2027-02-02T12:00"):
        jobs.forget_old()
    assert db.session.get(Application, gone) is None and db.session.get(Application, stays)
    assert not storage.path_of(key).exists()
    told = {about: [] for about in (f"application {gone}", f"application {stays}")}
    for row in db.session.scalars(sa.select(Notice)):
        told[row.about].append((row.title, row.text, row.to_name, row.words))
    assert set(map(repr, told[f"application {gone}"])) == {repr(("消去済み", "", "", {}))}
    assert all(name for _, _, name, _ in told[f"application {stays}"])


@pytest.mark.both_databases
def test_an_application_of_which_nothing_more_came_is_forgotten_but_for_money(world):
    with at("2026-08-01T12:00"):
        lies, lively, paid = make_application(), make_application(), make_application()
        for row in (lies, lively, paid):
            row.state, row.filled_at = ApplicationState.filled, clock.now()
        lively.fee_told_on, paid.paid_amount = date(2026, 12, 1), 3_300
        db.session.commit()
        gone, stay = lies.id, {lively.id, paid.id}
    with at("2027-01-31T12:00"):
        jobs.forget_old()
        assert db.session.get(Application, gone)
    with at("2027-02-02T12:00"):
        jobs.forget_old()
    left = set(db.session.scalars(sa.select(Application.id)))
    assert gone not in left and stay <= left


@pytest.mark.parametrize(
    ("state", "stays"), [(RefundState.proposed, True), (RefundState.approved, True), (RefundState.paid, False)]
)
def test_who_is_owed_the_first_fee_is_kept_until_it_is_paid_out(world, state, stays):
    with at("2026-08-01T12:00"):
        row = make_application()
        row.state, row.decided_at = ApplicationState.refused, clock.now()
        payment = Payment(way=PaymentWay.transfer, paid_on=date(2026, 8, 1), amount=3_300, application_id=row.id)
        refund = Refund(
            payment=payment, state=state, ground=RefundGround.refused, amount=3_300, reason="x", proposed_by=1,
        )  # fmt: skip
        db.session.add_all([payment, refund])
        db.session.commit()
        id = row.id
    with at("2027-02-02T12:00"):
        jobs.forget_old()
    assert (db.session.get(Application, id) is not None) is stays


def test_what_we_owe_keeps_the_customers_own_data(world, monkeypatch):
    contract = world.ours.contract
    application = make_application()
    application.contract_id, application.paid_amount = contract.id, 3_300
    with at(ENDED):
        ends(contract)
        assert not planning._goes_back(contract.customer_id)
        contract.end_reason = EndReason.void
        db.session.flush()
        assert planning._goes_back(contract.customer_id), "the first fee of a contract that never began"


def test_what_came_after_an_erasure_goes_too(world):
    """A restored backup has a contract in force again whose readers were erased once."""
    contract = world.ours.contract
    with at("2026-07-01T12:00"):
        row = planning.begun(contract, Phase.readers, by=None)
        row.state, row.finished_at = ErasureState.done, clock.now()
        db.session.commit()
    with at(ENDED):
        ends(contract)
        assert planning.next_phases(contract)[0].phase is Phase.readers
    with at("2026-08-02T00:00"):
        swept()
        assert planning.next_phases(contract)[0].phase is Phase.evidence
    assert db.session.scalar(sa.select(Subscriber.id).where(Subscriber.customer_id == contract.customer_id)) is None
    assert row.state is ErasureState.done and row.finished_at > datetime(2026, 8, 1, tzinfo=JAPAN)


def test_mail_that_a_worker_has_in_hand_is_looked_at_again(world):
    contract = world.ours.contract
    addresses = [[reader.address for reader in half.readers] for half in (world.ours, world.theirs)]
    mine, _ = arrived_mails(world, *addresses)
    with at(ENDED):
        ends(contract)
    with at("2026-08-02T00:00"):
        mail = db.session.get(InboundMail, min(mine))
        mail.lease_until = clock.now() + jobs.timedelta(minutes=1)
        db.session.commit()
        swept()
        row = db.session.scalars(sa.select(Erasure)).one()
        assert row.state is ErasureState.running and db.session.get(InboundMail, min(mine))
    with at("2026-08-02T00:05"):
        swept()
    assert row.state is ErasureState.done
    assert not set(mine) & set(db.session.scalars(sa.select(InboundMail.id)))


def test_papers_of_disclosures_go_with_the_books(world):
    asked = Disclosure(
        customer_id=world.ours.customer.id, basis=Basis.law, data=DataClass.customer, requester="立川警察署",
        items="氏名", reason="照会", proposed_by=1,
    )  # fmt: skip
    db.session.add(asked)
    db.session.flush()
    paper = documents.keep(b"%PDF", "paper.pdf", about=asked.about, customer_id=None)
    key = paper.storage_key
    for phase in Phase:
        assert storage.path_of(key).exists()
        for _ in erasing.pieces(planning.begun(world.ours.contract, phase, by=None), tell=False):
            db.session.commit()
    assert db.session.scalar(sa.select(documents.Document.id)) is None and not storage.path_of(key).exists()


def test_proof_of_consent_goes_when_nobody_need_keep_it(world):
    ours, theirs = world.ours, world.theirs
    first, second = ours.readers[:2]
    db.session.add(ConsentKeeping(customer_id=theirs.customer.id, months=36, reason="通信販売", set_by=1))
    with at("2026-03-01T12:00"):
        for each in (first, second, theirs.readers[0]):
            consent.note(ConsentKind.confirmed, each.customer_id, 0, each.address_hash)
        for each in (first, theirs.readers[0]):
            leaving.erase(each)
        db.session.commit()
    hashed = set(db.session.scalars(sa.select(ConsentEvent.address_hash)))
    with at("2026-03-31T12:00"):
        jobs.forget_old()
        assert set(db.session.scalars(sa.select(ConsentEvent.address_hash))) == hashed
    with at("2026-04-02T12:00"):
        jobs.forget_old()
    # Who still reads keeps it, and so does whose customer sells by mail order.
    assert set(db.session.scalars(sa.select(ConsentEvent.customer_id))) == {ours.customer.id, theirs.customer.id}
    assert set(
        db.session.scalars(sa.select(ConsentEvent.address_hash).where(ConsentEvent.customer_id == ours.customer.id))
    ) == {second.address_hash}


def test_a_file_that_no_row_names_goes_after_a_day(world, app):
    kept = documents.keep(b"%PDF", "約款.pdf", about="contract 1", customer_id=world.ours.customer.id)
    db.session.commit()
    lost, fresh = (storage.keep(folder, io.BytesIO(b"himitsu"), 100)[0] for folder in ("documents", "cases"))
    old = (clock.now() - timedelta(days=2)).timestamp()
    for key in (kept.storage_key, lost):
        os.utime(storage.path_of(key), (old, old))
    jobs.erase_unnamed_files()
    assert [storage.path_of(key).exists() for key in (kept.storage_key, lost, fresh)] == [True, False, True]
