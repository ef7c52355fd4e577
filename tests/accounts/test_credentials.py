"""What was lent (8-1), the history of signing in (8-2), one sign-in in two places (12禁22)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.factories import PASSWORD, World, make_account
from tests.page import Browser
from wem import clock
from wem.accounts import jobs, watching
from wem.accounts.models import Account, Membership, ReturnedAccount, SignIn, SignInAttempt
from wem.accounts.rules import Role, StaffRole, same_network
from wem.audit import AuditEvent
from wem.db import db
from wem.lists import blank_addresses, lending
from wem.lists.lending import LentKind
from wem.outbox import OutboxMail
from wem.settings import settings

Make = Callable[..., Browser]
CHROME = "Mozilla/5.0 (Windows NT 10.0) Chrome/126.0"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.200", True),
        ("203.0.113.9", "203.0.1.9", True),  # a carrier's addresses change within its range
        ("192.0.2.1", "198.51.100.1", False),
        ("2001:db8:1::1", "2001:db8:1:ffff::9", True),
        ("2001:db8:1::1", "2001:db8:2::1", False),
        ("192.0.2.1", "2001:db8::1", False),
        ("", "192.0.2.1", True),
        ("nonsense", "192.0.2.1", True),
    ],
)
def test_what_counts_as_one_place(one: str, other: str, same: bool) -> None:
    assert same_network(one, other) is same


def sign_in(account: Account, ip: str, *, ago: timedelta = timedelta()) -> SignIn:
    row, _ = SignIn.begin(account, ip, CHROME)
    row.seen_at = row.created_at = clock.now() - ago
    db.session.flush()
    return row


def told() -> list[str]:
    rows = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.kind == "two_places"))
    return sorted(str(row.recipient) for row in rows)


@pytest.mark.both_databases
def test_owners_are_told_of_one_sign_in_in_two_places_once_a_day(world: World) -> None:
    editor = world.ours.editor
    sign_in(editor, "192.0.2.1")
    assert not watching.look_for_second_place(editor, sign_in(editor, "192.0.2.9"))
    assert watching.look_for_second_place(editor, sign_in(editor, "198.51.100.1"))
    assert told() == sorted([editor.email, world.ours.owner.email])
    assert not watching.look_for_second_place(editor, sign_in(editor, "203.0.113.1"))
    editor.two_places_at = clock.now() - timedelta(hours=25)
    assert watching.look_for_second_place(editor, sign_in(editor, "203.0.113.2"))
    assert len(told()) == 4
    events = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "account.two_places")).all()
    assert [event.customer_id for event in events] == [world.ours.customer.id] * 2


def test_what_has_ended_or_slept_is_no_second_place(world: World) -> None:
    owner = world.ours.owner
    sign_in(owner, "192.0.2.1").ended_at = clock.now()
    sign_in(owner, "198.51.100.1", ago=timedelta(minutes=int(settings().LOGIN_IDLE_MINUTES) + 1))
    assert not watching.look_for_second_place(owner, sign_in(owner, "203.0.113.1"))
    assert told() == []


def test_staff_alone_are_told_of_their_own(world: World) -> None:
    sign_in(world.admin, "192.0.2.1")
    assert watching.look_for_second_place(world.admin, sign_in(world.admin, "198.51.100.1"))
    assert told() == [world.admin.email]


def test_signing_in_looks_for_it(world: World, browser_for: Make) -> None:
    sign_in(world.ours.owner, "198.51.100.1")
    db.session.commit()
    browser_for(None).submit("/login", {"email": world.ours.owner.email, "password": PASSWORD})
    assert told() == [world.ours.owner.email]
    text = db.session.scalars(sa.select(OutboxMail.text).where(OutboxMail.kind == "two_places")).one()
    assert text and "198.51.100.1" in text and "127.0.0.1" in text and "/emergency-stop" in text


def attempt(account: Account, ip: str, succeeded: bool, ago: timedelta = timedelta()) -> None:
    row = SignInAttempt(
        at=clock.now() - ago, email=account.email, account_id=account.id, ip=ip, user_agent=CHROME, succeeded=succeeded
    )
    db.session.add(row)


def test_people_see_their_history_and_owners_their_teams(world: World, browser_for: Make) -> None:
    attempt(world.ours.editor, "198.51.100.77", True)
    attempt(world.ours.editor, "203.0.113.66", False)
    attempt(world.theirs.editor, "192.0.2.55", True)
    db.session.commit()
    member = sa.select(Membership.id).where(Membership.account_id == world.ours.editor.id)
    id = db.session.scalar(member)
    pages = [
        browser_for(world.ours.editor).get("/account/sign-ins"),
        browser_for(world.ours.owner).get(f"/team/{id}/sign-ins"),
    ]
    for page in pages:
        assert "198.51.100.77" in page.text and "203.0.113.66" in page.text and "192.0.2.55" not in page.text
        assert "Chrome, Windows" in page.text and "180日間" in page.text
    assert browser_for(world.ours.editor).get(f"/team/{id}/sign-ins").status == 403
    assert browser_for(world.theirs.owner).get(f"/team/{id}/sign-ins").status == 404
    assert "Chrome, Windows" in browser_for(world.ours.editor).get("/account").text


@pytest.mark.both_databases
def test_history_is_kept_for_its_time(world: World) -> None:
    owner, kept = world.ours.owner, timedelta(days=int(settings().SIGN_IN_HISTORY_DAYS))
    for ago in (kept - timedelta(hours=1), kept + timedelta(hours=1)):
        attempt(owner, "192.0.2.1", True, ago)
        sign_in(owner, "192.0.2.1", ago=ago).ended_at = clock.now() - ago
    sign_in(owner, "192.0.2.1", ago=kept + timedelta(days=1))  # not ended: its row says so
    db.session.commit()
    jobs.forget_old()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(SignInAttempt)) == 1
    assert db.session.scalar(sa.select(sa.func.count()).select_from(SignIn)) == 2


@pytest.mark.both_databases
def test_the_register_says_what_was_lent_and_returned(world: World) -> None:
    ours = world.ours
    blank_addresses.lend(ours.mailing_list, "kara-one", by=ours.owner.id)
    blank_addresses.lend(ours.mailing_list, "kara-two", by=ours.owner.id)
    db.session.add(
        ReturnedAccount(
            customer_id=ours.customer.id, account_id=1, name="退職 済子", email="old@shop.example.jp",
            role=Role.editor, lent_at=clock.now() - timedelta(days=9), returned_by=ours.owner.id,
        )
    )  # fmt: skip
    db.session.flush()
    rows = lending.register(ours.contract)
    now = [row for row in rows if row.returned_at is None]
    assert [row.kind for row in now].count(LentKind.account) == 3
    assert [row.name for row in now if row.kind is LentKind.page] == ["http://localhost:8001/h/takahashi/"]
    assert [row.name.partition("@")[0] for row in now if row.kind is LentKind.address] == ["kara-two"]
    back = [(row.kind, row.name.partition("@")[0]) for row in rows if row.returned_at is not None]
    assert sorted(back) == [(LentKind.account, "old"), (LentKind.address, "kara-one")]
    ours.contract.ended_on = clock.today()
    assert all(row.returned_at for row in lending.register(ours.contract))
    assert not any("yamada" in row.name for row in rows)


def test_who_leaves_the_team_stays_in_the_register(world: World, browser_for: Make) -> None:
    id = db.session.scalar(sa.select(Membership.id).where(Membership.account_id == world.ours.editor.id))
    owner = browser_for(world.ours.owner)
    owner.submit("/team", action=f"/team/{id}/remove")
    row = db.session.scalars(sa.select(ReturnedAccount)).one()
    assert (row.email, row.role, row.returned_by) == (world.ours.editor.email, Role.editor, world.ours.owner.id)
    page = owner.get("/contract/credentials")
    assert world.ours.editor.email in page.text and "貸与中" in page.text
    staff = make_account("契約 する子", "contracts@wem.example", staff_role=StaffRole.contracts)
    db.session.commit()
    assert world.ours.editor.email in browser_for(staff).get(f"/staff/contracts/{world.ours.contract.id}").text
