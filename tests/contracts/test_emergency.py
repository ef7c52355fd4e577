"""The emergency stop (8-3): by link, by an owner, by staff; what ends, what lives on, what is lent anew, lifting."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from tests.conftest import PUBLIC
from tests.factories import PASSWORD, World, make_account
from tests.page import Browser
from wem import clock, outbox, tokens
from wem.accounts import inviting
from wem.accounts.models import Account, Invitation, SignIn
from wem.accounts.rules import Role, StaffRole
from wem.audit import AuditEvent
from wem.contracts import emergency, life_rules, living, rules
from wem.contracts.emergency_models import EmergencyStop, StopVia
from wem.contracts.models import Contract, customer_may
from wem.contracts.rules import ContractState, Use
from wem.contracts.stop_models import Stop
from wem.db import db
from wem.delivery import watching
from wem.delivery.models import Dispatch, DispatchState
from wem.lists import blank_addresses
from wem.lists.states import SubscriptionState
from wem.lists.subscription_models import Subscription
from wem.mailings import controlling, starting
from wem.mailings import jobs as mailings_jobs
from wem.mailings.states import HeldReason, MailingState
from wem.notices.models import Notice
from wem.outbox import OutboxMail
from wem.tokens import Purpose

Make = Callable[..., Browser]
NOTICE = "keiyaku@takahashi.example.jp"


@pytest.fixture(autouse=True)
def registered(world: World) -> None:
    world.ours.contract.notice_email = NOTICE
    db.session.commit()


def mails(kind: str) -> list[OutboxMail]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(OutboxMail).where(OutboxMail.kind == kind).order_by(OutboxMail.id)))


def link_in(mail: OutboxMail, path: str) -> str:
    line = next(line for line in (mail.text or "").splitlines() if path in line)
    return line.removeprefix("http://localhost:8000")


def asked(browser: Browser, word: str, email: str) -> str:
    page = browser.submit("/emergency-stop", {"word": word, "email": email})
    assert page.status == 200
    return page.text


@pytest.mark.parametrize("use", list(Use))
def test_what_a_stop_forbids(use: Use) -> None:
    day = date(2026, 6, 1)
    allowed = rules.permits(ContractState.active, date(2026, 1, 1), False, use, day, emergency=True)
    assert allowed is (use not in {Use.schedule, Use.send, Use.upload})


def test_the_public_page_mails_the_registered_address_and_tells_nobody_who_exists(
    world: World, browser_for: Make
) -> None:
    stranger, number = browser_for(None), world.ours.contract.number
    right = asked(stranger, number.lower(), world.ours.editor.email)
    assert [(mail.recipient) for mail in mails("emergency_link")] == [NOTICE]
    wrong = {
        asked(stranger, number, "nobody@stranger.example"),
        asked(stranger, number, world.theirs.owner.email),
        asked(stranger, "T9999999", world.ours.owner.email),
        asked(stranger, world.theirs.contract.number, world.ours.owner.email),
    }
    assert wrong == {right} and len(mails("emergency_link")) == 1
    assert asked(stranger, NOTICE.upper(), world.ours.owner.email) == right
    assert len(mails("emergency_link")) == 2
    for _ in range(4):
        asked(stranger, number, world.ours.owner.email)
    assert len(mails("emergency_link")) == emergency.MOST_LINKS_A_DAY
    assert world.ours.contract.emergency_since is None and customer_may(world.ours.customer.id, Use.send)
    assert stranger.submit("/emergency-stop", {"word": "", "email": "x"}).status == 422


def test_the_link_stops_everything_at_once(world: World, browser_for: Make) -> None:
    owner, editor = browser_for(world.ours.owner), browser_for(world.ours.editor)
    theirs, stranger = browser_for(world.theirs.owner), browser_for(None)
    invited = inviting.invite_member(
        world.ours.customer, "new@shop.example.jp", "新人", Role.editor, by=world.ours.owner
    )
    old = tokens.sign(Purpose.password, world.ours.owner.id, world.ours.owner.password_number)
    db.session.commit()
    asked(stranger, world.ours.contract.number, world.ours.owner.email)
    path = link_in(mails("emergency_link")[0], "/emergency-stop/")
    for _ in range(2):  # looking at it stops nothing
        assert stranger.get(path).status == 200
    assert owner.get("/dashboard").status == 200
    assert stranger.submit(path).status == 303
    assert "緊急停止を行いました" in stranger.get(path).text
    for browser in (owner, editor):
        assert browser.get("/dashboard").location.startswith("/login")
    assert theirs.get("/dashboard").status == 200
    assert stranger.submit("/login", {"email": world.ours.owner.email, "password": PASSWORD}).status == 422
    assert stranger.get(f"/password/{old}").status == 410
    assert stranger.get("/invitations/" + tokens.sign(Purpose.invitation, invited.id)).status == 410
    assert not customer_may(world.ours.customer.id, Use.send) and customer_may(world.theirs.customer.id, Use.send)
    assert customer_may(world.ours.customer.id, Use.sign_up) and customer_may(world.ours.customer.id, Use.manage)
    assert {mail.recipient for mail in mails("emergency_password")} == {
        person.email for person in (world.ours.owner, world.ours.editor, world.ours.viewer)
    }
    stop = db.session.scalars(sa.select(EmergencyStop)).one()
    assert (stop.via, stop.sign_ins, stop.invitations, len(stop.people)) == (StopVia.link, 2, 1, 3)
    assert db.session.scalars(sa.select(Notice)).one().to_email == NOTICE
    # Pressed twice it is one stop.
    stranger.post(path)
    assert len(mails("emergency_password")) == 3
    set_anew(stranger, world.ours.owner)
    assert stranger.get("/dashboard").status == 200 and "緊急停止中" in stranger.get("/dashboard").text


def set_anew(browser: Browser, account: Account) -> None:
    mail = next(mail for mail in mails("emergency_password") if mail.recipient == account.email)
    typed = {"password": "a new and long password", "again": "a new and long password"}
    assert browser.submit(link_in(mail, "/password/"), typed).status == 303


def test_a_forged_or_old_link_stops_nothing(world: World, browser_for: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = browser_for(None)
    asked(stranger, world.ours.contract.number, world.ours.owner.email)
    path = link_in(mails("emergency_link")[0], "/emergency-stop/")
    assert stranger.post(path[:-2] + "xx").status == 410
    monkeypatch.setattr("wem.contracts.emergency_emails.LINK_LIFETIME", timedelta(seconds=-1))
    assert stranger.post(path).status == stranger.get(path).status == 410
    assert world.ours.contract.emergency_since is None


@pytest.mark.both_databases
def test_a_running_mailing_is_held_and_a_scheduled_one_too(world: World) -> None:
    side = world.ours
    dispatch_id = starting.start(side.mailing, by=side.owner.id).id
    db.session.commit()
    mailings_jobs.expand(dispatch_id)
    assert watching.may_send(side.customer.id)
    contract = db.session.get_one(Contract, side.contract.id)
    emergency.report(contract, StopVia.owner, by=side.owner.id)
    db.session.commit()
    # What senders look at between two mails.
    assert not watching.may_send(side.customer.id)
    assert db.session.scalars(sa.select(Stop.customer_id)).all() == [side.customer.id]
    dispatch = db.session.get_one(Dispatch, dispatch_id)
    dispatch.state = DispatchState.held
    db.session.commit()
    mailing = controlling.settle(side.mailing.id)
    db.session.commit()
    assert mailing is not None
    assert (mailing.state, mailing.held_reason) == (MailingState.held, HeldReason.emergency.value)
    with pytest.raises(starting.CannotStart):
        controlling.resume(mailing, by=side.owner.id)
    db.session.rollback()
    contract = db.session.get_one(Contract, side.contract.id)
    assert emergency.lift(contract, "済", by=world.admin.id) == 1
    db.session.commit()
    assert watching.may_send(side.customer.id) and emergency.lift(contract, "もう一度", by=world.admin.id) == 0


def test_readers_links_live_on(world: World, public: Browser) -> None:
    reader, mailing = world.ours.readers[0], world.ours.mailing
    link = "/u/" + tokens.sign(Purpose.unsubscribe, reader.id, mailing.id)
    preferences = "/p/" + tokens.sign(Purpose.preferences, world.ours.readers[1].id)
    emergency.report(world.ours.contract, StopVia.owner, by=world.ours.owner.id)
    db.session.commit()
    assert public.origin == PUBLIC and public.get(preferences).status == 200
    assert public.get(link).status == 200
    assert public.post(link, {"List-Unsubscribe": "One-Click"}).status == 200
    states = db.session.scalars(sa.select(Subscription.state).where(Subscription.subscriber_id == reader.id)).all()
    assert SubscriptionState.active not in states


def test_the_owners_button(world: World, browser_for: Make) -> None:
    owner, editor = browser_for(world.ours.owner), browser_for(world.ours.editor)
    assert editor.get("/contract/credentials").status == editor.post("/contract/credentials/stop").status == 403
    page = owner.get("/contract/credentials")
    assert "3人のログイン" in page.html and world.ours.owner.email in page.text and "/h/takahashi/" in page.text
    done = owner.submit("/contract/credentials", action="/stop")
    assert done.location == "/login" and "緊急停止を行いました" in owner.get("/login").text
    stop = db.session.scalars(sa.select(EmergencyStop)).one()
    assert (stop.via, stop.pulled_by) == (StopVia.owner, world.ours.owner.id)


def test_staff_enter_lend_anew_and_lift(world: World, browser_for: Make) -> None:
    blank_addresses.lend(world.ours.mailing_list, "kara-one", by=world.ours.owner.id)
    inviting.invite_member(world.ours.customer, "new@shop.example.jp", "新人", Role.editor, by=world.ours.owner)
    support = make_account("助言 する子", "support@wem.example", staff_role=StaffRole.support)
    billing = make_account("請求 する男", "billing@wem.example", staff_role=StaffRole.billing)
    db.session.commit()
    desk, enter = browser_for(support), f"/staff/contracts/{world.ours.contract.id}/emergency-stop"
    assert browser_for(billing).get(enter).status == 403
    assert desk.submit(enter, {"note": ""}).status == 422
    done = desk.submit(enter, {"note": "契約者から電話、折り返しで確認"})
    assert done.status == 303
    here = done.location
    stop = db.session.scalars(sa.select(EmergencyStop)).one()
    assert (stop.via, stop.pulled_by, stop.note) == (StopVia.staff, support.id, "契約者から電話、折り返しで確認")
    assert stop.received_at is not None
    assert "株式会社髙橋商店" in desk.get("/staff/").text and "緊急停止中のお客様" in desk.get("/staff/").text
    assert "緊急停止" in desk.get(f"/staff/contracts/{world.ours.contract.id}").text

    desk.submit(here, action="/address")
    found = blank_addresses.lent_to(world.ours.mailing_list.id)
    assert found is not None and found.code != "kara-one"
    assert blank_addresses.found("kara-one") is None and blank_addresses.taken("kara-one")
    desk.submit(here, action="/invitation")
    assert [mail.recipient for mail in mails("invitation")] == ["new@shop.example.jp"]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Invitation)) == 2
    assert desk.post(f"{here}/invitation", {"invitation_id": "1"}).status == 404
    desk.submit(here, action="/password")
    assert len(mails("emergency_password")) == 4
    # Nothing of another customer's can be named.
    assert desk.post(f"{here}/address", {"list_id": str(world.theirs.mailing_list.id)}).status == 404
    assert desk.post(f"{here}/password", {"account_id": str(world.theirs.owner.id)}).status == 404

    set_anew(browser_for(None), world.ours.owner)
    page = desk.get(here)
    assert "再設定済み" in page.text and "2人います" in page.text
    assert desk.submit(here, {"note": ""}, action="/lift").status == 422
    desk.submit(here, {"note": "全員に再発行"}, action="/lift")
    assert customer_may(world.ours.customer.id, Use.send) and "解除済み" in desk.get(here).text
    assert [notice.title for notice in db.session.scalars(sa.select(Notice).order_by(Notice.id))] == [
        "緊急停止のお知らせ", "緊急停止の解除のお知らせ",
    ]  # fmt: skip
    acts = db.session.scalars(sa.select(AuditEvent.action).where(AuditEvent.action.startswith("emergency.")))
    assert list(acts) == [f"emergency.{what}" for what in ("pull", "address", "invitation", "password", "lift")]


def test_an_ended_contract_has_nothing_to_stop(world: World, browser_for: Make) -> None:
    world.ours.contract.state, world.ours.contract.ended_on = ContractState.ended, clock.today()
    db.session.commit()
    asked(browser_for(None), world.ours.contract.number, world.ours.owner.email)
    assert mails("emergency_link") == []
    assert browser_for(world.admin).get(f"/staff/contracts/{world.ours.contract.id}/emergency-stop").status == 404


def test_a_delegate_of_two_customers_is_signed_out_everywhere(world: World) -> None:
    row, _ = SignIn.begin(world.ours.owner, "192.0.2.1", "browser")
    db.session.commit()
    emergency.report(world.ours.contract, StopVia.owner, by=world.ours.owner.id)
    db.session.commit()
    assert row.ended_at is not None and world.ours.owner.password_hash is None
    assert outbox.OutboxState.waiting in {mail.state for mail in mails("emergency_password")}


def test_a_stop_ends_with_its_contract_and_nobody_is_told_to_send_again(world: World, browser_for: Make) -> None:
    stop = emergency.report(world.ours.contract, StopVia.staff, by=world.admin.id)
    contract = world.ours.contract
    contract.take(life_rules.terminate(contract.life, clock.today()))
    living.close(contract, by=world.admin.id)
    db.session.commit()
    told = db.session.scalars(sa.select(Notice.title)).all()
    assert "緊急停止を解除しました" not in told and not any("緊急停止" in title and "解除" in title for title in told)
    assert emergency.open_stops() == [] and contract.emergency_since is None
    assert db.session.get_one(EmergencyStop, stop.id).lifted_by == world.admin.id
    staff = browser_for(world.admin)
    assert f"/staff/emergency-stops/{stop.id}" not in staff.get("/staff/").html
    before = len(db.session.scalars(sa.select(Notice.id)).all())
    staff.post(f"/staff/emergency-stops/{stop.id}/lift", {"note": "手で"})
    assert len(db.session.scalars(sa.select(Notice.id)).all()) == before
