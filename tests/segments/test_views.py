"""The screens of segments: rows by buttons without JavaScript, counts, masked samples, what cannot be deleted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests import factories
from tests.factories import World
from tests.page import Browser, Page
from wem import clock
from wem.db import db
from wem.lists.states import FieldKind
from wem.mailings import narrowing
from wem.mailings.states import MailingState
from wem.segments import counting
from wem.segments.models import Segment
from wem.segments.rules import Condition, Conditions, Group, Match
from wem.segments.topic_rules import Op, Topic

BrowserFor = Callable[..., Browser]


@pytest.fixture
def editor(world: World, browser_for: BrowserFor) -> Browser:
    return browser_for(world.ours.editor)


def press(browser: Browser, page: Page, path: str, act: str, **changes: Any) -> Page:
    """Press a button of the form that the page shows."""
    return browser.post(path, {**page.form(), **changes, "act": act})


def kept() -> list[Segment]:
    db.session.expire_all()
    return list(db.session.scalars(sa.select(Segment).order_by(Segment.id)))


def name_segment(world: World, value: str = "田中", name: str = "田中さん") -> Segment:
    field = world.ours.field
    row = {"topic": "text", "op": "contains", "values": [value], "field": field.id, "key": field.key}
    data = {"version": 1, "match": "all", "groups": [{"match": "all", "conditions": [row]}]}
    segment = Segment(customer_id=world.ours.customer.id, name=name, conditions=data, version=1)
    db.session.add(segment)
    db.session.commit()
    return segment


def test_a_segment_is_made_by_plain_buttons(world: World, editor: Browser) -> None:
    path = "/segments/new"
    page = press(editor, editor.get(path), path, "add-0", **{"g0-add": f"field-{world.ours.field.id}"})
    page = press(editor, page, path, "group", **{"g0-c0-value": "田"})
    page = press(editor, page, path, "add-1", **{"g1-add": "signed_up"})
    page = press(editor, page, path, "refresh", **{"g1-c0-op": "last_days"})
    counted = press(editor, page, path, "count", **{"g1-c0-value": "7"})
    assert counted.status == 200 and not kept()
    assert "登録中3人のうち" in counted.text
    assert "t****@" in counted.text and "tanaka" not in counted.html
    assert counted.form()["g0-c0-value"] == "田", "what was typed stays"
    saved = press(editor, counted, path, "save", name=" 最近の 田さん ")
    (segment,) = kept()
    assert (saved.status, saved.location) == (303, f"/segments/{segment.id}")
    assert (segment.name, segment.customer_id) == ("最近の 田さん", world.ours.customer.id)
    assert [len(group["conditions"]) for group in segment.conditions["groups"]] == [1, 1]
    listed = editor.get("/segments").text
    assert "氏名：「田」を含む" in listed and "登録日：今日までの7日以内" in listed
    page = press(editor, editor.get(saved.location), saved.location, "ungroup-1")
    page = press(editor, page, saved.location, "remove-0-0")
    assert "条件がありません" in press(editor, page, saved.location, "save").text
    assert len(kept()[0].conditions["groups"]) == 2, "nothing is saved half"


def test_htmx_gets_the_part_that_it_asked_for(world: World, editor: Browser) -> None:
    segment = name_segment(world)
    path = f"/segments/{segment.id}"
    values = editor.get(path).form()
    rows = editor.post(path, {**values, "act": "add-0", "g0-add": "opened"}, htmx=True)
    assert not rows.is_page and 'id="conditions"' in rows.html
    assert rows.response.headers["HX-Trigger"] == "segment-changed"
    count = editor.post(path, {**values, "act": "count"}, htmx=True)
    assert not count.is_page and "1 登録中3人のうち" in count.text
    unfinished = editor.post(path, {**values, "act": "count", "g0-c0-value": ""}, htmx=True)
    assert unfinished.soup.select('a[href="#g0-c0-op"]'), "which condition keeps the number from being told"
    saved = editor.post(path, {**values, "act": "save"}, htmx=True)
    assert (saved.status, saved.location) == (204, path)


def test_what_is_wrong_stands_at_its_place(world: World, editor: Browser) -> None:
    born = factories.make_field(world.ours.customer, "生年月日", FieldKind.date)
    values = {"g0-c0-about": f"field-{born.id}", "g0-c0-op": "since", "g0-c0-value": "2026-02-30"}
    more = {"g0-c1-about": "lists", "g0-c1-op": "any_of", "g0-c1-value": str(world.theirs.mailing_list.id)}
    page = editor.post("/segments/new", {**values, **more, "name": ""})
    assert page.status == 422 and not kept()
    assert page.soup.select_one("#g0-c0-error") and page.soup.select_one('a[href="#g0-c0-op"]')
    assert "暦にない日付です" in page.text
    assert "条件の対象がなくなりました" in page.text, "another customer's list is none"


def test_a_small_number_who_opened_is_not_told(world: World, editor: Browser) -> None:
    page = editor.post("/segments/new", {"g0-c0-about": "opened", "g0-c0-op": "never", "act": "count"})
    assert "5人未満" in page.text and "****@" not in page.text


def test_who_opened_is_neither_shown_nor_counted_from_the_other_side(world: World) -> None:
    at, customer_id = clock.now(), world.ours.customer.id
    for number in range(12):
        factories.make_subscriber(world.ours.mailing_list, f"r{number}@readers.example.com")
    db.session.flush()
    never = Conditions(Match.all, (Group(Match.any, (Condition(Topic.opened, Op.never),)),))
    found = counting.found(never, customer_id, at)
    assert (found.count, found.few, found.sample) == (None, False, ())


def test_who_only_reads_sees_words_and_number(world: World, browser_for: BrowserFor) -> None:
    segment, viewer = name_segment(world), browser_for(world.ours.viewer)
    page = viewer.get(f"/segments/{segment.id}")
    assert "氏名：「田中」を含む" in page.text and "1 登録中3人のうち" in page.text
    assert viewer.get("/segments/new").status == 403
    assert viewer.client.head("/segments/new", base_url=viewer.origin).status_code == 403


def test_two_people_at_once(world: World, editor: Browser, browser_for: BrowserFor) -> None:
    segment = name_segment(world)
    path = f"/segments/{segment.id}"
    mine, other = editor.get(path), browser_for(world.ours.owner)
    assert press(other, other.get(path), path, "save", name="別の名").status == 303
    page = press(editor, mine, path, "save", name="私の名")
    assert page.status == 409 and kept()[0].name == "別の名"
    assert press(editor, page, path, "save").status == 303 and kept()[0].name == "私の名"


def test_a_field_that_is_gone_is_said(world: World, editor: Browser) -> None:
    segment = name_segment(world)
    editor.post(f"/fields/{world.ours.field.id}/delete")
    page = editor.get(f"/segments/{segment.id}")
    assert "削除された項目（氏名）" in page.text and "この条件を外してください" in page.text
    assert press(editor, page, f"/segments/{segment.id}", "save").status == 422
    assert "削除された項目（氏名）" in editor.get("/segments").text


def test_deleting_is_refused_while_a_mailing_waits(world: World, editor: Browser) -> None:
    segment, mailing = name_segment(world), world.ours.mailing
    narrowing.choose(mailing, [segment.id], [])
    mailing.state, mailing.scheduled_at = MailingState.scheduled, clock.now() + timedelta(days=1)
    db.session.commit()
    path = f"/segments/{segment.id}"
    assert "削除できません" in editor.get(path).text
    editor.post(f"{path}/delete")
    assert len(kept()) == 1 and "1件で使われています" in editor.get(path).text
    mailing.state = MailingState.cancelled
    db.session.commit()
    copy = editor.post(f"{path}/duplicate").location
    assert [row.name for row in kept()] == ["田中さん", "田中さん（コピー）"]
    assert editor.post(f"{path}/delete").location == "/segments"
    assert [f"/segments/{row.id}" for row in kept()] == [copy]
