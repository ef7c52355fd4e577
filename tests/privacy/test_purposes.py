"""Purposes of use: announced, asked about, answered, carried by applications (同意3, 17-1)."""

import pytest
import sqlalchemy as sa

from tests.contracts.applications import TYPED, make_application
from wem.contracts.application_models import Application
from wem.contracts.rules import ContractState
from wem.contracts.state_rules import Illegal
from wem.db import db
from wem.notices.models import Notice
from wem.privacy import announcing, consenting, jobs
from wem.privacy.purpose_models import NEWS, PurposeAnswer, UsePurpose
from wem.privacy.purpose_rules import Via
from wem.privacy.rules import Purpose


def announced(world, title="提携先のご案内"):
    row = announcing.announce(title, "提携先の商品をご案内します。", by=world.admin.id)
    db.session.commit()
    return row


def test_a_new_purpose_asks_everybody_once_and_is_a_no_until_a_yes(world, browser_for):
    staff = browser_for(world.admin)
    staff.submit("/staff/purposes/new", {"title": "提携先のご案内", "text": "提携先の商品をご案内します。"})
    row = db.session.scalars(sa.select(UsePurpose)).one()
    jobs.sweep()
    jobs.tell_purpose(row.id)
    jobs.tell_purpose(row.id)
    told = db.session.scalars(sa.select(Notice.customer_id)).all()
    assert sorted(told) == sorted([world.ours.customer.id, world.theirs.customer.id])
    assert not consenting.permitted(world.ours.customer.id, row.id)
    owner = browser_for(world.ours.owner)
    assert "お答えをお待ちしている利用目的が1件" in owner.get("/dashboard").text
    page = owner.get("/data-use")
    assert "お答えをお待ちしています" in page.text and "提携先の商品をご案内します。" in page.text
    owner.post("/data-use", {"purpose": str(row.id), "version": "1", "answer": "yes"})
    assert consenting.permitted(world.ours.customer.id, row.id)
    assert not consenting.permitted(world.theirs.customer.id, row.id)
    assert "お待ちしている" not in owner.get("/dashboard").text
    page = owner.get("/data-use").text
    assert "同意しています" in page and "このページ" in page
    staff.submit(f"/staff/purposes/{row.id}", action="closing")
    assert not consenting.permitted(world.ours.customer.id, row.id)
    assert owner.post("/data-use", {"purpose": str(row.id), "version": "1", "answer": "yes"}).status == 404
    for path in ("/privacy/purposes", f"/staff/purposes/{row.id}", "/staff/purposes"):
        assert "取りやめ" in staff.get(path).text


def test_another_text_asks_anew_and_another_wording_does_not(world, browser_for):
    row, ours = announced(world), world.ours.customer.id
    consenting.answer(ours, row.id, True, via=Via.portal)
    consenting.answer(world.theirs.customer.id, row.id, False, via=Via.portal)
    announcing.change(row, "提携先のご案内", "提携先の商品を、ご案内します。", False, by=world.admin.id)
    assert consenting.permitted(ours, row.id) and consenting.awaiting(ours) == []
    with pytest.raises(Illegal):
        announcing.change(row, "提携先のご案内", "提携先の商品を、ご案内します。", True, by=world.admin.id)
    staff = browser_for(world.admin)
    staff.submit(f"/staff/purposes/{row.id}/edit", {"text": "提携先に情報を渡します。"})
    db.session.expire_all()
    assert not consenting.permitted(ours, row.id)
    assert consenting.awaiting(ours) == [row] and consenting.awaiting(world.theirs.customer.id) == []
    # Who still reads the text before cannot agree to this one.
    owner = browser_for(world.ours.owner)
    owner.post("/data-use", {"purpose": str(row.id), "version": "2", "answer": "yes"})
    assert not consenting.permitted(ours, row.id)
    owner.post("/data-use", {"purpose": str(row.id), "version": "3", "answer": "yes"})
    assert consenting.permitted(ours, row.id)
    public = browser_for().get("/privacy/purposes").text
    assert "提携先に情報を渡します。" in public and "提携先の商品をご案内します。" in public


def test_the_owner_answers_and_nobody_else(world, browser_for):
    owner, editor = browser_for(world.ours.owner), browser_for(world.ours.editor)
    assert "お答えいただけるのはご契約者だけです" in editor.get("/data-use").text
    no = {"purpose": "0", "version": "1", "answer": "no"}
    assert editor.post("/data-use", no).status == 403
    owner.submit("/data-use")
    assert not consenting.permitted(world.ours.customer.id, Purpose.news)
    assert consenting.permitted(world.ours.customer.id, Purpose.statements)
    owner.submit("/data-use")
    assert consenting.permitted(world.ours.customer.id, NEWS)
    for wrong in ({"purpose": "99"}, {"answer": "maybe"}, {"version": "x"}, {"purpose": ""}):
        assert owner.post("/data-use", {**no, **wrong}).status == 404
    assert db.session.scalar(sa.select(sa.func.count()).select_from(PurposeAnswer)) == 2


def test_with_the_contract_what_is_optional_ends(world):
    consenting.answer(world.ours.customer.id, NEWS, True, via=Via.portal)
    world.ours.contract.state = ContractState.ended
    db.session.commit()
    assert not consenting.permitted(world.ours.customer.id, Purpose.news)
    assert consenting.permitted(world.ours.customer.id, Purpose.statements)


def test_an_application_carries_the_consents(world, browser_for):
    row = announced(world)
    browser = browser_for()
    assert "提携先の商品をご案内します。" in browser.get("/apply").text
    browser.post("/apply", {**TYPED, "no_news": "y", "uses": f"{row.id}.1"})
    assert "希望しない" in browser.get("/apply/confirm").text and "提携先のご案内" in browser.get("/apply/confirm").text
    browser.post("/apply/confirm")
    application = db.session.scalars(sa.select(Application)).one()
    application.contract = world.ours.contract
    consenting.take_over(application)
    db.session.commit()
    ours = world.ours.customer.id
    assert consenting.permitted(ours, row.id) and not consenting.permitted(ours, NEWS)
    given = db.session.scalars(sa.select(PurposeAnswer).where(PurposeAnswer.customer_id == ours)).all()
    assert {(each.via, each.at) for each in given} == {(Via.application, application.filled_at)}


def test_without_a_tick_only_the_clauses_hold(world):
    row = announced(world)
    application = make_application()
    application.contract = world.ours.contract
    consenting.take_over(application)
    db.session.commit()
    assert consenting.permitted(world.ours.customer.id, NEWS)
    assert not consenting.permitted(world.ours.customer.id, row.id)
    assert consenting.agreed_with_contract(world.ours.contract) == (application.created_at.date(), 1)


def test_a_stop_by_telephone_is_noted_by_staff(world, browser_for):
    staff = browser_for(world.admin)
    page = staff.submit("/staff/purposes", {"contract": "W99-1", "purpose": "0"}, action="stop")
    assert page.status == 422
    staff.submit("/staff/purposes", {"contract": world.ours.contract.number, "purpose": "0"}, action="stop")
    assert not consenting.permitted(world.ours.customer.id, NEWS)
    row = db.session.scalars(sa.select(PurposeAnswer)).one()
    assert (row.via, row.account_id) == (Via.staff, world.admin.id)
