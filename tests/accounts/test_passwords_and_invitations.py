"""A forgotten password, invitations of colleagues, staff and partners."""

import re
from datetime import timedelta

import sqlalchemy as sa
import time_machine

from tests.factories import PASSWORD, make_account
from wem import clock
from wem.accounts.models import Account, Invitation, Membership
from wem.accounts.rules import Role, StaffRole
from wem.db import db
from wem.outbox import OutboxMail

NEW = "a much better sentence"


def mailed_link():
    mail = db.session.scalars(sa.select(OutboxMail).order_by(OutboxMail.id.desc())).first()
    return re.search(r"http://localhost:8000(/\S+)", mail.text)[1]


def test_forgotten_password(world, browser_for):
    browser = browser_for()
    assert browser.submit("/password", {"email": "owner@takahashi.example.jp"}).status == 200
    link = mailed_link()
    page = browser.submit(link, {"password": NEW, "again": NEW})
    assert page.location == "/dashboard"
    assert db.session.get(Account, world.ours.owner.id).has_password(NEW)
    assert browser.get(link).status == 410  # a link works once


def test_forgotten_password_of_nobody_sends_nothing(world, browser_for):
    known = browser_for().submit("/password", {"email": "owner@takahashi.example.jp"})
    sent = db.session.scalar(sa.select(sa.func.count()).select_from(OutboxMail))
    unknown = browser_for().submit("/password", {"email": "nobody@takahashi.example.jp"})
    assert known.text == unknown.text
    assert db.session.scalar(sa.select(sa.func.count()).select_from(OutboxMail)) == sent


def test_reset_link_lasts_an_hour(world, browser_for):
    browser_for().submit("/password", {"email": "owner@takahashi.example.jp"})
    link = mailed_link()
    with time_machine.travel(clock.now() + timedelta(minutes=62)):
        assert browser_for().get(link).status == 410


def test_weak_new_password_is_refused(world, browser_for):
    browser_for().submit("/password", {"email": "owner@takahashi.example.jp"})
    link = mailed_link()
    page = browser_for().submit(link, {"password": "short", "again": "short"})
    assert page.status == 422 and "12文字" in page.text


def test_owner_invites_a_colleague(world, browser_for):
    owner = browser_for(world.ours.owner)
    page = owner.post("/team", {"name": "佐藤 次郎", "email": "Sato@shop.example.jp", "role": "editor"})
    assert page.status == 303
    guest = browser_for()
    link = mailed_link()
    assert "髙橋商店" in guest.get(link).text
    page = guest.submit(link, {"password": NEW, "again": NEW})
    assert page.location == "/dashboard"
    account = db.session.scalar(sa.select(Account).where(Account.email == "sato@shop.example.jp"))
    assert [(m.customer_id, m.role) for m in account.memberships] == [(world.ours.customer.id, Role.editor)]
    assert browser_for().get(link).status == 410


def test_invited_person_with_an_account_signs_in_first(world, browser_for):
    browser_for(world.ours.owner).post("/team", {"name": "x", "email": world.theirs.owner.email, "role": "delegate"})
    link = mailed_link()
    assert "ログイン" in browser_for().get(link).text
    stranger = browser_for(world.ours.viewer)
    stranger.post(link)
    assert len(db.session.get(Account, world.ours.viewer.id).memberships) == 1
    browser_for(world.theirs.owner).post(link)
    assert len(db.session.get(Account, world.theirs.owner.id).memberships) == 2


def test_only_owners_manage_the_team(world, browser_for):
    assert browser_for(world.ours.editor).get("/team").status == 403
    page = browser_for(world.ours.editor).post("/team", {"name": "x", "email": "x@shop.example.jp", "role": "owner"})
    assert page.status == 403
    assert db.session.scalar(sa.select(Invitation.id)) is None


def test_last_owner_stays(world, browser_for):
    membership = db.session.scalar(sa.select(Membership).where(Membership.account_id == world.ours.owner.id))
    browser = browser_for(world.ours.owner)
    browser.post(f"/team/{membership.id}/role", {f"member{membership.id}-role": "viewer"})
    assert db.session.get(Membership, membership.id).role is Role.owner
    browser.post(f"/team/{membership.id}/remove")
    assert db.session.get(Membership, membership.id) is not None


def test_another_customers_people_are_out_of_reach(world, browser_for):
    membership = db.session.scalar(sa.select(Membership).where(Membership.account_id == world.theirs.editor.id))
    assert browser_for(world.ours.owner).post(f"/team/{membership.id}/remove").status == 404


def test_withdrawn_invitation(world, browser_for):
    owner = browser_for(world.ours.owner)
    owner.post("/team", {"name": "x", "email": "x@shop.example.jp", "role": "viewer"})
    link = mailed_link()
    row = db.session.scalar(sa.select(Invitation))
    owner.post(f"/team/invitations/{row.id}/withdraw")
    assert browser_for().get(link).status == 410


def test_admin_makes_and_ends_staff(world, browser_for):
    admin = browser_for(world.admin)
    admin.post(
        "/staff/people/staff", {"staff-name": "経理 一郎", "staff-email": "keiri@wem.example", "staff-role": "billing"}
    )
    guest = browser_for()
    assert guest.submit(mailed_link(), {"password": NEW, "again": NEW}).location == "/staff/"
    person = db.session.scalar(sa.select(Account).where(Account.email == "keiri@wem.example"))
    assert person.staff_role is StaffRole.billing
    assert guest.get("/staff/people").status == 403  # people are the administrators' business
    admin.post(f"/staff/people/{person.id}/end")
    assert guest.get("/account").status == 303
    assert browser_for().submit("/login", {"email": "keiri@wem.example", "password": NEW}).status == 422


def test_last_admin_stays(world, browser_for):
    browser_for(world.admin).post(f"/staff/people/{world.admin.id}/end")
    assert db.session.get(Account, world.admin.id).ended_at is None


def test_partner_and_its_person(world, browser_for):
    admin = browser_for(world.admin)
    admin.post("/staff/people/partners", {"partner-code": "P777", "partner-partner_name": "多摩販売"})
    page = admin.get("/staff/people")
    assert "多摩販売" in page.text
    partner_id = page.soup.find("option", string="P777 多摩販売")["value"]
    admin.post(
        "/staff/people/partner-people",
        {"person-partner_id": partner_id, "person-name": "販売 花子", "person-email": "hanako@tama.example.jp"},
    )
    assert browser_for().submit(mailed_link(), {"password": NEW, "again": NEW}).location == "/partner/applications"


def test_staff_pages_do_not_exist_for_customers(world, browser_for):
    assert browser_for(world.ours.owner).get("/staff/people").status == 404
    assert browser_for(world.partner).get("/staff/people").status == 404


def test_create_admin_command(app):
    runner = app.test_cli_runner()
    from wem.accounts.cli import create_admin

    result = runner.invoke(create_admin, ["--email", "First@wem.example", "--name", "最初", "--password", PASSWORD])
    assert result.exit_code == 0, result.output
    account = db.session.scalar(sa.select(Account))
    assert (account.email, account.staff_role) == ("first@wem.example", StaffRole.admin)
    assert (
        runner.invoke(create_admin, ["--email", "first@wem.example", "--name", "x", "--password", PASSWORD]).exit_code
        == 1
    )
    assert (
        runner.invoke(create_admin, ["--email", "b@wem.example", "--name", "x", "--password", "short"]).exit_code == 1
    )


def test_ended_account_keeps_its_address(world, browser_for):
    gone = make_account("退職 者", "gone@wem.example", staff_role=StaffRole.support)
    gone.end()
    db.session.commit()
    page = browser_for(world.admin).get("/staff/people")
    assert "gone@wem.example" in page.text
