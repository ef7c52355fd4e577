"""Signing in and out, wrong passwords, ended sign-ins, choosing a customer."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from tests.factories import PASSWORD, make_contract, make_customer
from wem import clock
from wem.accounts.models import Account, Membership, SignIn, SignInAttempt
from wem.accounts.rules import Role
from wem.db import db


def sign_in(browser, email, password=PASSWORD, **changes):
    return browser.submit("/login", {"email": email, "password": password, **changes})


def test_owner_reaches_the_dashboard(world, browser_for):
    browser = browser_for()
    page = sign_in(browser, "owner@takahashi.example.jp")
    assert (page.status, page.location) == (303, "/dashboard")
    assert db.session.scalar(sa.select(SignInAttempt.succeeded)) is True


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("owner@takahashi.example.jp", "wrong password"),
        ("nobody@takahashi.example.jp", PASSWORD),
        ("owner@takahashi.example.jp", ""),
    ],
)
def test_wrong(world, browser_for, email, password):
    page = sign_in(browser_for(), email, password)
    assert page.status == 422
    assert db.session.scalar(sa.select(sa.func.count()).select_from(SignIn)) == 0


def test_known_and_unknown_get_the_same_answer(world, browser_for):
    known = sign_in(browser_for(), "owner@takahashi.example.jp", "wrong password")
    unknown = sign_in(browser_for(), "nobody@takahashi.example.jp", "wrong password")
    assert known.text == unknown.text


def test_guessing_ends_and_begins_again(world, browser_for):
    browser = browser_for()
    for _ in range(5):
        sign_in(browser, "owner@takahashi.example.jp", "wrong password")
    assert "15分" in sign_in(browser, "owner@takahashi.example.jp").text
    with time_machine.travel(clock.now() + timedelta(minutes=16)):
        assert sign_in(browser, "owner@takahashi.example.jp").status == 303


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_next_stays_here(world, browser_for, target):
    page = sign_in(browser_for(), "owner@takahashi.example.jp", next=target)
    assert page.location == "/dashboard"


def test_next_is_followed(world, browser_for):
    browser = browser_for()
    page = browser.get("/account")
    assert page.status == 303
    page = browser.submit(page.location, {"email": "owner@takahashi.example.jp", "password": PASSWORD})
    assert page.location == "/account"


def test_idle_and_old_sign_ins_end(world, browser_for):
    browser = browser_for(world.ours.owner)
    start = clock.now()
    assert browser.get("/account").status == 200
    with time_machine.travel(start + timedelta(minutes=31), tick=False):
        # A part of a page is not sent on to the sign-in: what was typed would be taken for kept.
        assert browser.post("/account/sign-ins/end-others", htmx=True).status == 401
        assert browser.get("/account").status == 303


def test_activity_keeps_a_sign_in_but_not_for_ever(world, browser_for):
    browser = browser_for(world.ours.owner)
    start = clock.now()
    for minutes in range(20, 12 * 60, 20):
        with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
            assert browser.get("/account").status == 200
    with time_machine.travel(start + timedelta(hours=12, minutes=1), tick=False):
        assert browser.get("/account").status == 303


def test_ended_elsewhere_is_ended_here(world, browser_for):
    stolen, mine = browser_for(world.ours.owner), browser_for(world.ours.owner)
    assert stolen.get("/account").status == 200
    mine.post("/account/sign-ins/end-others")
    assert stolen.get("/account").status == 303
    assert mine.get("/account").status == 200


def test_a_strangers_sign_in_cannot_be_ended(world, browser_for):
    browser_for(world.theirs.owner)
    row = db.session.scalar(sa.select(SignIn))
    assert browser_for(world.ours.owner).post(f"/account/sign-ins/{row.id}/end").status == 404
    assert db.session.get(SignIn, row.id).ended_at is None


def test_signing_out(world, browser_for):
    browser = browser_for(world.ours.owner)
    assert browser.post("/logout").location == "/login"
    assert browser.get("/account").status == 303


def test_changing_the_password_ends_other_browsers(world, browser_for):
    other, here = browser_for(world.ours.owner), browser_for(world.ours.owner)
    new = "a much better sentence"
    page = here.post("/account/password", {"current": PASSWORD, "password": new, "again": new})
    assert page.status == 303
    assert here.get("/account").status == 200
    assert other.get("/account").status == 303
    assert sign_in(browser_for(), "owner@takahashi.example.jp", new).status == 303


def test_changing_the_password_needs_the_old_one(world, browser_for):
    browser = browser_for(world.ours.owner)
    new = "a much better sentence"
    assert browser.post("/account/password", {"current": "guess", "password": new, "again": new}).status == 422
    assert db.session.get(Account, world.ours.owner.id).has_password(PASSWORD)


def test_one_person_for_two_customers_chooses(world, browser_for):
    delegate = world.ours.editor
    db.session.add(Membership(account=delegate, customer=world.theirs.customer, role=Role.delegate))
    db.session.commit()
    browser = browser_for()
    assert sign_in(browser, "editor@takahashi.example.jp").location == "/account/customers"
    page = browser.get("/account/customers")
    assert "山田花店" in page.text and "髙橋商店" in page.text
    assert browser.post("/account/customers", {"customer_id": world.theirs.customer.id}).location == "/dashboard"
    assert "山田花店" in browser.get("/account").html


def test_a_strangers_customer_cannot_be_chosen(world, browser_for):
    third = make_customer("第三者")
    make_contract(third)
    db.session.commit()
    browser = browser_for(world.ours.owner)
    assert browser.post("/account/customers", {"customer_id": third.id}).status == 404


def test_the_public_origin_knows_no_sign_in(world, public):
    assert public.get("/login").status == 404
    assert public.get("/account").status == 404


def test_language_is_kept_with_the_person(world, browser_for):
    browser = browser_for(world.ours.owner)
    assert "パスワードの変更" in browser.get("/account").text
    browser.post("/language", {"language": "en", "next": "/account"})
    assert "Change the password" in browser.get("/account").text
