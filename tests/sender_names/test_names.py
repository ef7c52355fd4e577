"""Sender's names from the request to the mail: asked for, decided, chosen, withdrawn; nobody sees another's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.factories import World, make_account, make_mailing
from tests.mailings.trials import begun, planned
from tests.page import Browser
from tests.sequences.simulating import again, at, been_there, look, make_sequence
from wem import audit, clock
from wem.accounts.rules import StaffRole
from wem.db import db
from wem.delivery.models import Dispatch
from wem.mailings import (
    checking,
    controlling,
    copying,
    jobs,
    models,
    naming,
    previewing,
    starting,
    trial_deciding,
    trial_results,
)
from wem.mailings.models import Mailing
from wem.mailings.start_problems import CannotStart, Problem
from wem.mailings.states import HeldReason, MailingState
from wem.outbox import OutboxMail
from wem.sender_names import asking, deciding
from wem.sender_names.models import AlreadyDecided, SenderName
from wem.sender_names.rules import NameState
from wem.sequences import controlling as sequences
from wem.sequences import standing
from wem.sequences.rules import SequenceState
from wem.sequences.sending import letter_of

BrowserFor = Callable[..., Browser]
PAGE, STAFF = "/settings/sender-names", "/staff/sender-names"
SHOP = {"name": "髙橋オンライン", "reason": "弊社の通販サイトの名称です。"}


def approved(world: World, name: str = "髙橋オンライン") -> SenderName:
    """A name of ours that holds. Commits."""
    row = asking.ask(world.ours.customer.id, name, "通販サイト", by=world.ours.owner.id)
    deciding.approve(row, by=world.admin.id)
    db.session.commit()
    return row


def withdrawn(world: World, row: SenderName) -> None:
    deciding.withdraw(row, "商標の権利者から申入れがありました。", by=world.admin.id, waiting=1)
    db.session.commit()


def under(mailing: Mailing, row: SenderName) -> Mailing:
    mailing.sender_name_id = row.id
    naming.take_sender_name(mailing)
    db.session.commit()
    return mailing


def test_a_name_is_asked_for_decided_and_chosen(world: World, browser_for: BrowserFor) -> None:
    owner, support = browser_for(world.ours.owner), browser_for(make_account("支援", staff_role=StaffRole.support))
    assert owner.post(PAGE, {"name": "info@example.jp", "reason": "店名です。"}).status == 422
    assert "登録された名前です" in owner.post(PAGE, {"name": "株式会社 髙橋商店", "reason": "店名です。"}).text
    assert owner.post(PAGE, SHOP).status == 303
    assert "すでに一覧" in owner.post(PAGE, SHOP | {"name": "髙橋ｵﾝﾗｲﾝ"}).text
    row = db.session.scalars(sa.select(SenderName)).one()
    assert f"「{SHOP['name']}」の申請" in support.get("/staff/").text and SHOP["name"] in support.get(STAFF).text
    shown = support.get(f"{STAFF}/{row.id}").text
    assert SHOP["reason"] in shown and world.ours.contract.number in shown and world.ours.contract.contact in shown
    # Before our answer nothing can be chosen.
    mailing = world.ours.mailing
    assert not owner.get(f"/mailings/{mailing.id}/edit").soup.select("select[name=sender_name_id]")
    assert support.post(f"{STAFF}/{row.id}/approve").status == 303
    page = owner.get(f"/mailings/{mailing.id}/edit")
    assert [each["value"] for each in page.soup.select("select[name=sender_name_id] option")] == ["0", str(row.id)]
    assert owner.submit(f"/mailings/{mailing.id}/edit", {"sender_name_id": str(row.id)}).status == 303
    db.session.expire_all()
    assert (mailing.sender_name_id, mailing.sender_name) == (row.id, SHOP["name"])
    assert SHOP["name"] in owner.get(f"/mailings/{mailing.id}/preview").text
    # The registered name stays in the legal block.
    assert world.ours.contract.sender_name in previewing.as_sample(mailing, 0).text
    starting.start(mailing, by=None)
    [dispatch] = db.session.scalars(sa.select(Dispatch)).all()
    assert dispatch.content["sender_name"] == SHOP["name"]
    mails = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.kind == "sender_name_decided")).all()
    assert {mail.recipient for mail in mails} == {world.ours.owner.email, world.ours.editor.email}
    acts = db.session.scalars(sa.select(audit.AuditEvent.action).where(audit.AuditEvent.action.like("sender_name.%")))
    assert acts.all() == ["sender_name.ask", "sender_name.approve"]


def test_a_refusal_says_why_and_decides_once(world: World, browser_for: BrowserFor) -> None:
    support = browser_for(make_account("支援", staff_role=StaffRole.support))
    row = asking.ask(world.ours.customer.id, "みずほ", "ブランド", by=world.ours.owner.id)
    bank = asking.ask(world.ours.customer.id, "髙橋銀行", "ブランド", by=world.ours.owner.id)
    db.session.commit()
    warning = "銀行・官公庁・有名企業"
    assert warning in support.get(f"{STAFF}/{bank.id}").text and warning not in support.get(f"{STAFF}/{row.id}").text
    deciding.refuse(bank, "銀行ではありません。", by=world.admin.id)
    assert support.post(f"{STAFF}/{row.id}/refuse", {"note": ""}).status == 422
    assert support.post(f"{STAFF}/{row.id}/refuse", {"note": "他社の名称と混同されます。"}).status == 303
    with pytest.raises(AlreadyDecided):
        deciding.approve(row, by=1)
    told = sa.select(OutboxMail).where(OutboxMail.kind == "sender_name_decided").order_by(OutboxMail.id.desc())
    mail = db.session.scalars(told).first()
    assert mail is not None and "他社の名称と混同されます。" in mail.text
    owner = browser_for(world.ours.owner)
    assert "他社の名称と混同されます。" in owner.get(PAGE).text
    trail = browser_for(world.admin).get("/staff/audit?action=sender_name.").text
    assert "理由： 他社の名称と混同されます。" in trail and "お名前：" not in trail
    assert owner.post(PAGE, {"name": "みずほ", "reason": "許諾書があります。"}).status == 303, "asked for again"
    second = db.session.scalars(sa.select(SenderName).where(SenderName.state == NameState.asked)).one()
    assert owner.post(f"{PAGE}/{second.id}/take-back").status == 303
    assert db.session.get_one(SenderName, second.id, populate_existing=True).state is NameState.taken_back


def test_another_customers_names_are_nobodys_business(world: World, browser_for: BrowserFor) -> None:
    row = approved(world)
    theirs = browser_for(world.theirs.owner)
    assert row.name not in theirs.get(PAGE).text
    assert theirs.post(f"{PAGE}/{row.id}/take-back").status == 404
    mailing = world.theirs.mailing
    assert theirs.submit(f"/mailings/{mailing.id}/edit", {"sender_name_id": str(row.id)}).status == 422
    # Even what got past the form shows and sends nothing.
    under(mailing, row)
    assert mailing.sender_name == world.theirs.contract.sender_name
    assert Problem.name_not_approved in starting.problems(mailing)
    # The same name is not refused for its sake; staff are told.
    asked = asking.ask(world.theirs.customer.id, row.name, "店名です。", by=world.theirs.owner.id)
    also = asking.ask(world.theirs.customer.id, "株式会社髙橋商店 公式", "店名です。", by=world.theirs.owner.id)
    assert [each.customer for each in deciding.alike_elsewhere(asked)] == [world.ours.customer.name]
    assert [each.asked for each in deciding.alike_elsewhere(also)] == [False]
    holds = asking.ask(world.theirs.customer.id, f"{row.name} 2号店", "店名です。", by=world.theirs.owner.id)
    assert [(each.name, each.asked) for each in deciding.alike_elsewhere(holds)] == [(row.name, True)]
    assert browser_for(world.ours.viewer).get(PAGE).soup.select("input[name=name]") == []


@pytest.mark.both_databases
def test_what_is_scheduled_is_held_when_its_name_is_withdrawn(world: World) -> None:
    row = approved(world)
    mailing = under(world.ours.mailing, row)
    starting.schedule(mailing, clock.now() + timedelta(minutes=1), by=1)
    mailing.scheduled_at = clock.now() - timedelta(seconds=1)
    db.session.commit()
    assert naming.unstarted([row.id]) == {row.id: 1} and naming.losing([mailing]) == {}
    withdrawn(world, row)
    assert naming.losing([mailing]) == {mailing.id: [row.name]}
    jobs.start_due()
    db.session.refresh(mailing)
    assert (mailing.state, mailing.held_reason) == (MailingState.held, HeldReason.sender_name)
    kinds = set(db.session.scalars(sa.select(OutboxMail.kind)))
    assert kinds == {"sender_name_decided", "mailing_held"}
    with pytest.raises(CannotStart):
        controlling.resume(mailing, by=1)
    # A draft again, under the registered name, it goes.
    mailing.unschedule(by=1)
    mailing.sender_name_id = None
    starting.start(mailing, by=1)
    assert mailing.sender_name == world.ours.contract.sender_name


def test_the_check_leads_to_the_page_where_names_are_asked_for(world: World, browser_for: BrowserFor) -> None:
    row = approved(world)
    mailing = under(world.ours.mailing, row)
    assert not checking.refused(checking.checks(mailing))
    withdrawn(world, row)
    owner = browser_for(world.ours.owner)
    page = owner.get(f"/mailings/{mailing.id}/check")
    assert f"「{row.name}」" in page.text and page.soup.select(f'.checks a[href="{PAGE}"]')
    saved = owner.submit(f"/mailings/{mailing.id}/edit", {"subject": "別の件名"})
    assert saved.status == 422 and "承認されていません" in saved.text
    assert owner.submit(f"/mailings/{mailing.id}/edit", {"sender_name_id": "0"}).status == 303
    assert not checking.refused(checking.checks(db.session.get_one(Mailing, mailing.id, populate_existing=True)))


def test_a_test_copy_goes_under_the_name_of_now_or_not_at_all(world: World, browser_for: BrowserFor) -> None:
    row, mailing, owner = approved(world), world.ours.mailing, browser_for(world.ours.owner)
    tester = models.Tester(customer_id=world.ours.customer.id, name="確認", email="check@shop.example.jp")
    db.session.add(tester)
    world.ours.contract.change_details({"sender_name": "髙橋商店ホールディングス"}, by=1)
    db.session.commit()
    path, copy = f"/mailings/{mailing.id}/preview", {"testers": [str(tester.id)], "reader": "0"}
    assert "差出人 髙橋商店ホールディングス <" in " ".join(owner.get(path).text.split())
    copies = sa.select(OutboxMail.sender_name).where(OutboxMail.kind == "test_copy")
    assert owner.submit(path, copy, action="/test").status == 303
    assert db.session.scalars(copies).all() == ["髙橋商店ホールディングス"]
    under(mailing, row)
    withdrawn(world, row)
    page = owner.get(path)
    assert f"{row.name}（承認なし）" in page.text and page.soup.select(f'#test-copy a[href="{PAGE}"]')
    refused = owner.post(f"/mailings/{mailing.id}/test", copy)
    assert refused.status == 422 and "別の名前を選んでください" in refused.text
    assert len(db.session.scalars(copies).all()) == 1


def test_pages_say_before_its_time_that_a_mailing_will_be_held(world: World, browser_for: BrowserFor) -> None:
    row, owner = approved(world), browser_for(world.ours.owner)
    mailing = planned(world, 2, readers=30)
    under(db.session.scalars(sa.select(Mailing).where(Mailing.variant_of == mailing.id)).one(), row)
    starting.schedule(mailing, clock.now() + timedelta(hours=1), by=1)
    db.session.commit()
    pages = (f"/mailings/{mailing.id}", "/mailings", "/mailings/calendar")
    assert not any("保留になります" in owner.get(page).text for page in pages)
    withdrawn(world, row)
    for page in pages:
        assert "保留になります" in owner.get(page).text, page
    said = owner.get(pages[0])
    assert f"「{row.name}」の承認が取り消された" in said.text and "に送信します" not in said.text
    assert said.soup.select(f'#mailing-progress a[href="{PAGE}"]')


def test_what_is_registered_anew_stands_in_what_was_scheduled_before(world: World) -> None:
    mailing = world.ours.mailing
    starting.schedule(mailing, clock.now() + timedelta(minutes=1), by=1)
    world.ours.contract.change_details({"sender_name": "髙橋商店ホールディングス"}, by=1)
    assert starting.start(mailing, by=None).content["sender_name"] == "髙橋商店ホールディングス"


def test_a_copy_keeps_its_name(world: World) -> None:
    row = approved(world)
    copy = copying.duplicate(under(world.ours.mailing, row), name="写し", by=1)
    assert (copy.sender_name_id, copy.sender_name) == (row.id, row.name)


def test_variants_differ_by_their_names(world: World, browser_for: BrowserFor) -> None:
    row = approved(world)
    mailing = planned(world, 2, readers=30)
    variant = db.session.scalars(sa.select(Mailing).where(Mailing.variant_of == mailing.id)).one()
    variant.subject = mailing.subject
    db.session.commit()
    owner = browser_for(world.ours.owner)
    same = "2つの案が同じ"
    assert any(each.at == "trial" and each.severity.value == "warning" for each in checking.checks(mailing)), same
    owner.submit(f"/mailings/{variant.id}/edit", {"sender_name_id": str(row.id)})
    assert row.name in owner.get(f"/mailings/{mailing.id}/variants").text
    db.session.expire_all()
    assert "同じメール" not in owner.get(f"/mailings/{mailing.id}/check").text
    dispatches = begun(mailing)
    assert [each.content["sender_name"] for each in dispatches] == [
        world.ours.contract.sender_name,
        row.name,
        world.ours.contract.sender_name,
    ]
    standing_now = trial_results.standing(mailing)
    assert standing_now is not None
    assert [line.sender_name for line in standing_now.lines] == [world.ours.contract.sender_name, row.name]
    assert row.name in owner.get(f"/mailings/{mailing.id}/report").text
    # The winner's name is withdrawn before the rest goes: it is not given to them.
    withdrawn(world, row)
    with pytest.raises(CannotStart):
        trial_deciding.choose(mailing, 2, by=1)
    db.session.rollback()
    trial_deciding.choose(mailing, 1, by=1)


def test_steps_have_names_of_their_own(world: World, browser_for: BrowserFor) -> None:
    row = approved(world)
    sequence = make_sequence(world, (0, 0), start="")
    step = sequence.steps[0]
    owner = browser_for(world.ours.owner)
    assert owner.submit(f"/mailings/{step.mailing_id}/edit", {"sender_name_id": str(row.id)}).status == 303
    sequences.start(again(sequence), with_present=False, by=1)
    db.session.commit()
    assert letter_of(sequence, sequence.steps[0]).sender_name == row.name
    assert standing.forbidden(sequence) is None
    support, said = browser_for(make_account("支援", staff_role=StaffRole.support)), "1件のステップメール"
    assert said in support.get(f"{STAFF}/{row.id}").text and said not in owner.get(PAGE).text
    support.post(f"{STAFF}/{row.id}/withdraw", {"note": "商標の申入れがありました。"})
    mails = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.kind == "sender_name_decided")).all()
    assert said in owner.get(PAGE).text and said in mails[-1].text and said not in mails[0].text
    db.session.expire_all()
    assert standing.forbidden(sequence) is HeldReason.sender_name
    with pytest.raises(CannotStart):
        sequences.put_to_use(sequence.steps[0], by=1)
    db.session.rollback()
    owner.submit(f"/mailings/{step.mailing_id}/edit", {"sender_name_id": "0"})
    sequences.put_to_use(again(sequence).steps[0], by=1)
    assert standing.forbidden(sequence) is None


def test_what_a_pause_caught_goes_on_under_the_name_that_its_step_has_since(
    world: World, browser_for: BrowserFor
) -> None:
    row = approved(world)
    been_there(world, "2026-11-01T10:00")
    sequence = make_sequence(world, (0, 0), start="", with_present=True)
    draft = sequence.steps[0].mailing
    under(draft, row)
    with at("2026-12-01T09:00"):
        sequences.start(again(sequence), with_present=True, by=1)
        db.session.commit()
    look("2026-12-01T10:00")
    run = db.session.scalars(sa.select(Mailing).where(Mailing.step_id.is_not(None))).one()
    assert run.sender_name == row.name
    with at("2026-12-01T10:01"):
        owner = browser_for(world.ours.owner)
        owner.post(f"/sequences/{sequence.id}/pause")
        withdrawn(world, row)
        owner.post(f"/sequences/{sequence.id}/resume")
        said = owner.get(f"/sequences/{sequence.id}").text
        assert "差出人の名前の承認" in said and "リストまたは日付の項目" not in said
        assert again(sequence).state is SequenceState.paused
        draft = again(sequence).steps[0].mailing
        draft.sender_name_id = None
        sequences.put_to_use(again(sequence).steps[0], by=1)
        db.session.commit()
        owner.post(f"/sequences/{sequence.id}/resume")
    db.session.expire_all()
    assert (run.state, run.sender_name_id) == (MailingState.sending, None)
    [dispatch] = db.session.scalars(sa.select(Dispatch)).all()
    assert dispatch.content["sender_name"] == run.sender_name == world.ours.contract.sender_name


def test_so_many_names_and_no_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MOST", 1)
    approved(world)
    with pytest.raises(asking.TooMany):
        asking.ask(world.ours.customer.id, "髙橋カフェ", "店名", by=1)
    with pytest.raises(asking.Registered):
        asking.ask(world.theirs.customer.id, world.theirs.contract.sender_name, "店名", by=1)


def test_staff_see_what_holds_and_withdraw_it(world: World, browser_for: BrowserFor) -> None:
    row = approved(world)
    under(make_mailing(world.ours.mailing_list), row)
    support = browser_for(make_account("支援", staff_role=StaffRole.support))
    assert row.name in support.get(f"{STAFF}?approved=1").text and row.name not in support.get(STAFF).text
    assert support.post(f"{STAFF}/{row.id}/withdraw", {"note": ""}).status == 422
    assert support.post(f"{STAFF}/{row.id}/withdraw", {"note": "商標の申入れがありました。"}).status == 303
    assert "商標の申入れ" in browser_for(world.ours.owner).get(PAGE).text
    assert browser_for(make_account("請求", staff_role=StaffRole.billing)).get(STAFF).status == 403
