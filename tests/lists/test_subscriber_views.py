"""Readers on the customer's screens: masked, found by whole address, edited, stopped, deleted, invited."""

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from tests.factories import make_field, make_list, make_subscriber
from wem.audit import AuditEvent
from wem.db import db
from wem.lists import counting
from wem.lists.models import MailingList
from wem.lists.states import FieldKind, SubscriptionState, Way
from wem.lists.subscription_models import Subscriber, Subscription, Suppression
from wem.outbox import OutboxMail


@pytest.fixture
def here(world):
    return f"/lists/{world.ours.mailing_list.id}/subscribers"


def test_addresses_are_masked(world, browser_for, here):
    page = browser_for(world.ours.owner).get(here)
    assert "t****@readers.example.com" in page.text
    assert "tanaka" not in page.html


def test_paging_reaches_every_reader_once(world, browser_for, here):
    for _ in range(120):
        make_subscriber(world.ours.mailing_list)
    db.session.commit()
    browser, seen, url = browser_for(world.ours.viewer), [], here
    while url:
        page = browser.get(url)
        seen += [a["href"] for a in page.soup.select("tbody a")]
        older = next((a["href"] for a in page.soup.find_all("a") if "before=" in a["href"]), None)
        url = older
    assert len(seen) == len(set(seen)) == 123


@pytest.mark.parametrize(
    "typed", ["tanaka@readers.example.com", " Tanaka@Readers.example.com ", "ｔａｎａｋａ@readers.example.com"]
)
def test_found_by_whole_address(world, browser_for, here, typed):
    page = browser_for(world.ours.editor).post(f"{here}/find", {"address": typed})
    assert page.location == f"{here}/{world.ours.readers[0].id}"
    assert db.session.scalar(sa.select(AuditEvent.action).order_by(AuditEvent.id.desc())) == "subscriber.find"


@pytest.mark.parametrize(
    "typed", ["tanaka", "tanaka@", "@readers.example.com", "%@readers.example.com", "suzuki@flowers.example.net"]
)
def test_parts_and_strangers_find_nothing(world, browser_for, here, typed):
    assert browser_for(world.ours.editor).post(f"{here}/find", {"address": typed}).location == here


def test_editing_fields(world, browser_for, here):
    make_field(world.ours.customer, "誕生日", FieldKind.date)
    db.session.commit()
    reader = world.ours.readers[0]
    browser = browser_for(world.ours.editor)
    birthday = db.session.scalar(sa.text("SELECT id FROM field WHERE key = '誕生日'"))
    page = browser.submit(f"{here}/{reader.id}", {f"field_{birthday}": "あした"}, action=f"{here}/{reader.id}")
    assert page.status == 422 and "誕生日" in page.text
    page = browser.submit(
        f"{here}/{reader.id}",
        {f"field_{world.ours.field.id}": "田中 二郎", f"field_{birthday}": "1982-06-21"},
        action=f"{here}/{reader.id}",
    )
    assert page.status == 303
    assert db.session.get(Subscriber, reader.id).fields == {"氏名": "田中 二郎", "誕生日": "1982-06-21"}


@pytest.mark.parametrize("few", [True, False])
def test_choices_no_longer_offered_are_kept(world, browser_for, here, few):
    offered = ["赤", "青"] if few else [f"色{number}" for number in range(9)]
    for key, kind in (("色", FieldKind.choice), ("趣味", FieldKind.choices)):
        make_field(world.ours.customer, key, kind, key=key, options=offered)
    reader = world.ours.readers[0]
    reader.fields = {"氏名": "田中 一郎", "色": "緑", "趣味": [offered[0], "将棋"]}
    db.session.commit()
    browser, path = browser_for(world.ours.editor), f"{here}/{reader.id}"
    assert browser.submit(path, {f"field_{world.ours.field.id}": "田中 二郎"}, action=path).status == 303
    assert reader.fields == {"氏名": "田中 二郎", "色": "緑", "趣味": [offered[0], "将棋"]}
    # It goes when somebody takes it away, and is offered no more.
    numbers = dict(db.session.execute(sa.text("SELECT key, id FROM field")).all())
    away = {f"field_{numbers['色']}": offered[1], f"field_{numbers['趣味']}": [offered[0]]}
    assert browser.submit(path, away, action=path).status == 303
    assert reader.fields == {"氏名": "田中 二郎", "色": offered[1], "趣味": [offered[0]]}
    back = {f"field_{numbers['色']}": "緑"}
    assert browser.submit(path, back, action=path).status == 422


def test_every_optional_field_can_be_emptied_again(world, browser_for, here):
    few = make_field(world.ours.customer, "色", FieldKind.choice, key="色", options=["赤", "青"])
    many = make_field(world.ours.customer, "県", FieldKind.choice, key="県", options=[f"県{n}" for n in range(9)])
    several = make_field(world.ours.customer, "趣味", FieldKind.choices, key="趣味", options=["旅行"])
    asked = make_field(world.ours.customer, "会員", FieldKind.yes_no, key="会員")
    reader = world.ours.readers[0]
    reader.fields = {"氏名": "田中 一郎", "色": "赤", "県": "県1", "趣味": ["旅行"], "会員": False}
    db.session.commit()
    browser, path = browser_for(world.ours.editor), f"{here}/{reader.id}"
    for row in (few, many, several, asked):
        page = browser.get(path)
        offered = page.soup.select(f"[name=field_{row.id}][value=''], [name=field_{row.id}] option[value='']")
        # Boxes are emptied by a click.
        assert bool(offered) == (row is not several)
        page = browser.submit(path, {f"field_{row.id}": [] if row is several else ""}, action=path)
        assert page.status == 303
        assert row.key not in reader.fields
    assert reader.fields == {"氏名": "田中 一郎"}


def test_a_save_holds_the_reader(world, browser_for, here):
    reader = world.ours.readers[0]
    said = []

    def hear(statement):
        if statement.is_select and "FOR UPDATE" in str(statement.statement.compile(dialect=postgresql.dialect())):
            said.append(statement)

    sa.event.listen(db.session, "do_orm_execute", hear)
    try:
        browser_for(world.ours.editor).post(f"{here}/{reader.id}", {f"field_{world.ours.field.id}": "田中 二郎"})
    finally:
        sa.event.remove(db.session, "do_orm_execute", hear)
    assert said


def test_a_page_left_open_puts_no_older_values_back(world, browser_for, here):
    path, name = f"{here}/{world.ours.readers[0].id}", f"field_{world.ours.field.id}"
    mine, theirs = browser_for(world.ours.editor), browser_for(world.ours.owner)
    opened = {**mine.get(path).form(path), name: "私の値"}
    assert theirs.submit(path, {name: "先に保存した値"}, action=path).status == 303
    page = mine.post(path, opened)
    assert page.status == 409
    assert "先に変更しました" in page.text and "現在の値：先に保存した値" in page.text
    assert page.form(path)[name] == "私の値", "nothing that was typed is lost"
    assert "先に保存した値" in mine.get(path).html
    assert mine.post(path, page.form(path)).status == 303, "saving again is a decision"
    assert "私の値" in mine.get(path).html
    assert mine.post(path, {**opened, name: "私の値"}).status == 303, "what is stored already is no conflict"


def test_what_is_refused_does_not_hide_a_change_made_meanwhile(world, browser_for, here):
    birthday = make_field(world.ours.customer, "誕生日", FieldKind.date)
    db.session.commit()
    path, name = f"{here}/{world.ours.readers[0].id}", f"field_{world.ours.field.id}"
    mine, theirs = browser_for(world.ours.editor), browser_for(world.ours.owner)
    opened = {**mine.get(path).form(path), f"field_{birthday.id}": "あした"}
    theirs.submit(path, {name: "先に保存した値"}, action=path)
    refused = mine.post(path, opened)
    assert refused.status == 422
    assert mine.post(path, {**refused.form(path), f"field_{birthday.id}": "1982-06-21"}).status == 409


def test_stopping_one_reader(world, browser_for, here):
    reader_id = world.ours.readers[0].id
    browser_for(world.ours.editor).post(f"{here}/{reader_id}/stop")
    assert db.session.get(Subscriber, reader_id) is None  # the last subscription ended: erased
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Suppression)) == 1
    assert db.session.get(MailingList, world.ours.mailing_list.id).active_count == 2
    assert counting.registered(world.ours.customer.id) == counting.recount(world.ours.customer.id) == 2


def test_deleting_one_reader(world, browser_for, here):
    reader_id = world.ours.readers[0].id
    browser_for(world.ours.editor).post(f"{here}/{reader_id}/delete")
    assert db.session.get(Subscriber, reader_id) is None
    assert db.session.scalar(sa.select(Subscription.id).where(Subscription.subscriber_id == reader_id)) is None


def test_viewers_change_nothing(world, browser_for, here):
    reader_id = world.ours.readers[0].id
    for act in ("stop", "delete"):
        assert browser_for(world.ours.viewer).post(f"{here}/{reader_id}/{act}").status == 403
    assert db.session.get(Subscriber, reader_id) is not None


def test_inviting_one_person(world, browser_for, here):
    browser = browser_for(world.ours.editor)
    page = browser.submit(
        f"{here}/invite", {"address": "new@readers.example.com", f"field_{world.ours.field.id}": "新 人"}
    )
    assert page.status == 303
    row = db.session.scalar(sa.select(Subscription).order_by(Subscription.id.desc()))
    assert row.state is SubscriptionState.pending
    mail = db.session.scalar(sa.select(OutboxMail))
    assert mail.recipient == "new@readers.example.com" and "/c/" in mail.text
    assert "新 人" not in mail.text
    assert counting.registered(world.ours.customer.id) == 3  # pending is not registered


def test_who_stopped_cannot_be_invited(world, browser_for, here):
    browser = browser_for(world.ours.editor)
    browser.post(f"{here}/{world.ours.readers[0].id}/stop")
    browser.submit(f"{here}/invite", {"address": "tanaka@readers.example.com"})
    assert db.session.scalar(sa.select(OutboxMail.id).where(OutboxMail.kind != "registered")) is None


def test_a_bad_address_is_refused_beside_the_field(world, browser_for, here):
    page = browser_for(world.ours.editor).submit(f"{here}/invite", {"address": "a..b@mail.example.jp"})
    assert page.status == 422
    assert page.soup.find(id="address-error")


def test_every_tab_says_its_number(world, browser_for, here):
    reader = world.ours.readers[0]
    other = make_list(world.ours.customer, "別のリスト")
    ours = {"customer_id": other.customer_id, "list_id": other.id, "subscriber_id": reader.id}
    db.session.add(Subscription(**ours, state=SubscriptionState.active, way=Way.form))
    reader.active_count += 1
    other.active_count += 1
    db.session.commit()
    browser = browser_for(world.ours.editor)
    browser.post(f"{here}/{reader.id}/stop")
    counts = [tab.get_text(strip=True) for tab in browser.get(here).soup.select("nav.tabs .count")]
    assert counts == ["2", "0", "1"]
    assert reader.masked in browser.get(here, query_string={"state": "unsubscribed"}).text
