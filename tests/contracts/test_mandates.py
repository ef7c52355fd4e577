"""Mandates for direct debit: of applications, by a change of account, through the bank; the number stays sealed."""

import itertools
import re

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.applications import make_application
from tests.contracts.stepping import confirm, send
from tests.documents.test_documents import words
from tests.factories import make_account, make_mandate
from wem import clock
from wem.accounts.rules import StaffRole
from wem.audit import AuditEvent
from wem.contracts import living, places
from wem.contracts.account_forms import AccountForm
from wem.contracts.application_models import Application
from wem.contracts.mandate_models import Mandate, mandates
from wem.contracts.models import Contract
from wem.contracts.request_models import ContractRequest
from wem.contracts.rules import ContractState
from wem.contracts.state_rules import (
    MANDATE,
    Illegal,
    MandateAction,
    Mandates,
    MandateState,
    RequestState,
    after,
    mandate_moved,
)
from wem.db import db
from wem.notices.models import Notice

M, A = MandateState, MandateAction
BANK = {
    "bank": "みずほ銀行",
    "branch": "001",
    "account_type": "1",
    "account_number": "７６５４３",
    "account_holder": "ｶ)ﾀｶﾊｼ",
}


def states(contract_id):
    return {row.id: row.state for row in mandates(contract_id)}


def newest():
    return db.session.scalars(sa.select(Mandate).order_by(Mandate.id.desc())).first()


def audited(action):
    return db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == action)).all()


# -- rules


def test_only_these_lines_are_walked():
    for state, action in itertools.product(M, A):
        if (state, action) in MANDATE:
            assert after(MANDATE, state, action) is MANDATE[state, action]
        else:
            with pytest.raises(Illegal):
                after(MANDATE, state, action)
    assert {to for (_, action), to in MANDATE.items() if action is A.register} == {M.registered}
    assert {state for state, action in MANDATE if action is A.register} == {M.sent}, "only what the bank has"


def test_the_old_one_serves_until_the_new_one_is_registered():
    both = Mandates((M.registered, M.missing))
    for action in (A.receive, A.send):
        both = mandate_moved(both, 1, action)
        assert both.serving == 0
    both = mandate_moved(both, 1, A.register)
    assert (both.serving, both.states) == (1, (M.stopped, M.registered))
    given_back = mandate_moved(Mandates((M.registered, M.sent)), 1, A.give_back)
    assert given_back.serving == 0, "what comes back from the bank leaves the old one alone"


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(MandateAction)), max_size=40))
def test_no_sequence_lets_two_serve_or_a_gap_arise(acts):
    """A served contract goes on being served until somebody stops its mandate by name."""
    now = Mandates((M.missing,) * 4)
    for place, action in acts:
        before = now
        try:
            now = mandate_moved(now, place, action)
        except Illegal:
            assert now == before
            continue
        assert now.states.count(M.registered) <= 1
        for old, new in zip(before.states, now.states, strict=True):
            assert old is new or new in {to for (state, _), to in MANDATE.items() if state is old}
        if before.serving is not None and action not in (A.stop, A.unregister):
            assert now.serving is not None


# -- a change of account


@pytest.mark.both_databases
def test_a_change_of_account_from_the_page_to_the_bank(world, browser_for):
    contract_id = world.ours.contract.id
    old = make_mandate(world.ours.contract, M.registered).id
    db.session.commit()
    owner, staff = browser_for(world.ours.owner), browser_for(world.admin)
    assert "現在の口座から" in owner.get("/contract/bank").text
    shown = confirm(owner, "/contract/bank", BANK)
    for each in ("みずほ銀行 東京営業部", "0076543", "カ)タカハシ"):
        assert each in shown.text, each
    done = owner.get(send(owner, "/contract/bank", BANK).location)
    paper = f"/contract/mandates/{newest().id}.pdf"
    assert paper in done.html
    printed = words(owner.get(paper).response.get_data())
    assert "0076543" in printed and "金融機関お届け印" in printed and world.ours.contract.number in printed
    row = newest()
    assert b"76543" not in bytes(row.account_sealed)
    assert "76543" not in str(row.request.wish)
    path = f"/staff/mandates/{row.id}"
    assert "****543" in staff.get(path).text and "0076543" not in staff.get(path).text
    request = f"/staff/requests/{row.request_id}"
    assert path in staff.get(request).html
    # Accepting by hand, before the bank has said anything, is not offered and does not work.
    staff.post(f"{request}/accept", {"effective": clock.today().isoformat()})
    assert audited("request.denied_accept")
    assert db.session.get(ContractRequest, row.request_id).state is RequestState.received
    for act, served in (("receive", old), ("send", old), ("register", row.id)):
        assert [id for id, state in states(contract_id).items() if state is M.registered] == [old]
        assert staff.post(f"{path}/{act}").status == 303
        assert [id for id, state in states(contract_id).items() if state is M.registered] == [served]
    assert states(contract_id)[old] is M.stopped
    assert db.session.get(ContractRequest, row.request_id, populate_existing=True).state is RequestState.applied
    assert owner.get(paper).status == 404, "the paper is through"
    staff.post(f"{path}/register")
    assert [event.details["act"] for event in audited("mandate.not_allowed")] == ["register"]


def test_without_an_account_nobody_speaks_of_the_present_one(world, browser_for):
    owner = browser_for(world.ours.owner)
    assert "お振込みでお支払いください" in owner.get("/contract/bank").text
    done = owner.get(send(owner, "/contract/bank", BANK).location)
    receipt = db.session.scalars(sa.select(Notice).where(Notice.about == f"request {newest().request_id}")).one()
    staff = browser_for(world.admin).get(f"/staff/requests/{newest().request_id}")
    for text in (done.text, receipt.text, staff.text, owner.get("/contract").text):
        assert "振込み" in text and "現在の口座から" not in text


def test_a_form_with_a_fault_goes_back_and_comes_again(world, browser_for):
    owner, staff = browser_for(world.ours.owner), browser_for(world.admin)
    send(owner, "/contract/bank", BANK)
    row = newest()
    path = f"/staff/mandates/{row.id}"
    staff.post(f"{path}/receive")
    staff.post(f"{path}/send")
    assert staff.post(f"{path}/give-back", {"note": ""}).status == 422
    assert staff.post(f"{path}/give-back", {"note": "届出印が違います。"}).status == 303
    text = db.session.scalars(sa.select(Notice.text).where(Notice.about == f"mandate {row.id}")).one()
    assert "届出印が違います。" in text and "0076543" not in text and "****543" in text
    assert "届出印が違います。" in owner.get("/contract").text
    for act in ("receive", "send", "register"):
        assert staff.post(f"{path}/{act}").status == 303
    assert newest().state is M.registered


@pytest.mark.parametrize("how", ["withdraw", "refuse", "end"])
def test_what_comes_to_nothing_leaves_no_mandate(world, browser_for, how):
    owner, staff = browser_for(world.ours.owner), browser_for(world.admin)
    send(owner, "/contract/bank", BANK)
    request_id = newest().request_id
    if how == "withdraw":
        owner.post(f"/contract/requests/{request_id}/withdraw")
    elif how == "refuse":
        staff.post(f"/staff/requests/{request_id}/refuse", {"reason": "名義が違います。"})
    else:
        contract = db.session.get(Contract, world.ours.contract.id)
        contract.state, contract.leaves_on = ContractState.leaving, clock.today()
        living.end(contract, clock.today())
        db.session.commit()
    assert newest().state is M.void


def test_a_bank_is_found_by_part_of_its_name_or_named(world, browser_for):
    owner = browser_for(world.ours.owner)
    page = confirm(owner, "/contract/bank", {**BANK, "branch": "大"})
    assert page.status == 422 and "次のいずれか" in page.text
    assert confirm(owner, "/contract/bank", {**BANK, "account_number": "123456789"}).status == 422


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("0001", "0001"),
        ("みずほ", "0001"),
        ("ミズホ銀行", "0001"),
        ("ﾐｽﾞﾎ", "0001"),
        ("きょうと", "0158"),
        ("三菱ufj", "0005"),
        ("ないぎんこう", ""),
    ],
)
def test_banks_are_found_by_name_reading_and_code(typed, code):
    found = [row.code for row in places.matching(places.banks(), typed)]
    assert (code in found) if code else not found


def test_one_of_several_is_chosen_without_javascript(world, browser_for):
    owner = browser_for(world.ours.owner)
    page = confirm(owner, "/contract/bank", {**BANK, "bank": "きょうと", "branch": "本店"})
    radios = page.soup.select("input[name=bank_choice]")
    assert page.status == 422 and len(radios) > 1
    chosen = next(each["value"] for each in radios if each["value"] == "0158")
    page = confirm(owner, "/contract/bank", {**BANK, "bank": "きょうと", "bank_choice": chosen, "branch": "ない"})
    assert page.status == 422 and page.form("")["bank"] == "京都"
    found = owner.get("/apply/banks", query_string={"bank": "みず"})
    assert "0001" in found.html and "<html" not in found.html
    found = owner.get("/apply/branches", query_string={"bank": "みずほ", "branch": "とうきょう"})
    assert "東京営業部" in found.html


# -- of an application


@pytest.mark.both_databases
def test_an_application_keeps_its_number_sealed_and_hands_it_on(world, browser_for):
    application, staff = make_application(), browser_for(world.admin)
    kept = db.session.execute(
        sa.text("SELECT entries, account_sealed FROM application WHERE id = :id"), {"id": application.id}
    ).one()
    assert "0076543" not in str(kept.entries) and b"0076543" not in bytes(kept.account_sealed)
    path = f"/staff/applications/{application.id}"
    page = staff.get(path)
    assert "****543" in page.text and "0076543" not in page.text
    assert "0076543" in words(staff.post(f"{path}/debit-paper").response.get_data())
    assert [event.account_id for event in audited("application.paper")] == [world.admin.id]
    today = clock.today().isoformat()
    staff.post(f"{path}/arrival", {"handed_on": today, "arrived_on": today, "debit_form": "y"})
    staff.post(f"{path}/payment", {"paid_on": today, "amount": "14300"})
    staff.post(f"{path}/possible")
    started = {"start_date": today, "slug": "shinki", "owner_email": "o@shinki.example.jp"}
    assert staff.post(f"{path}/start", started).status == 303
    row = newest()
    assert (row.state, row.received_on, row.number) == (M.received, clock.today(), "0076543")
    assert "金融機関に送付してください" in staff.get("/staff/").text


def test_without_the_debit_form_it_is_awaited(world, browser_for):
    application, staff = make_application(), browser_for(world.admin)
    path, today = f"/staff/applications/{application.id}", clock.today().isoformat()
    staff.post(f"{path}/arrival", {"handed_on": today, "arrived_on": today})
    assert staff.post(f"{path}/debit-form").status == 303
    assert db.session.get(Application, application.id).debit_arrived_on == clock.today()
    staff.post(f"{path}/refuse", {"reason": "3"})
    assert staff.post(f"{path}/debit-form").status == 409


# -- who sees the number


@pytest.mark.parametrize("role", list(StaffRole))
def test_the_number_is_for_billing_and_on_record(world, browser_for, role):
    row = make_mandate(world.ours.contract, M.registered)
    account = make_account("担当", staff_role=role)
    db.session.commit()
    browser, path = browser_for(account), f"/staff/mandates/{row.id}"
    seen = browser.post(f"{path}/number")
    if role in (StaffRole.admin, StaffRole.billing):
        assert "0076543" in seen.text
        assert [event.account_id for event in audited("mandate.reveal")] == [account.id]
    else:
        assert seen.status == 403 and not audited("mandate.reveal")
    expected = 200 if role in (StaffRole.admin, StaffRole.billing, StaffRole.contracts) else 403
    assert browser.get(path).status == expected
    assert (expected == 403) or not re.search("0076543", browser.get(path).html)


def test_another_customer_gets_no_paper(world, browser_for):
    row = make_mandate(world.ours.contract)
    db.session.commit()
    path = f"/contract/mandates/{row.id}.pdf"
    assert browser_for(world.ours.owner).get(path).status == 200
    assert browser_for(world.ours.editor).get(path).status == 403
    assert browser_for(world.theirs.owner).get(path).status == 404


@pytest.mark.parametrize(
    ("branch", "number", "shown"),
    [
        ("１４０３０", "12345671", ("四〇八", "1234567")),
        ("四〇八", "14030-2-12345671", ("四〇八", "1234567")),
        ("408", "1234567", ("四〇八", "1234567")),
        ("00120-1", "12345", ("〇一九", "0012345")),
        ("14030", "1234567", None),
        ("408", "12345671", None),
    ],
)
def test_the_numbers_of_a_passbook_of_yucho_will_do(app, branch, number, shown):
    typed = BANK | {"bank": "ゆうちょ銀行", "branch": branch, "account_number": number}
    with app.test_request_context("/contract/bank", method="POST", data=typed):
        form = AccountForm(meta={"csrf": False})
        assert form.validate() is (shown is not None), form.errors
        if shown:
            assert (form.account()["branch"], form.account_number.data) == shown
            assert form.account_type.data == ("2" if branch.startswith("0") else "1")
        else:
            assert list(form.errors) == ["account_number"] and "記号" in str(form.errors)
