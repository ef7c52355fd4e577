"""The screens of sequences: from an empty page to one that runs, for writers, viewers and other customers."""

import sqlalchemy as sa

from tests import factories
from tests.sequences.simulating import again, look, make_sequence, sign_up
from wem.db import db
from wem.lists.states import FieldKind
from wem.mailings import block_keeping, design_keeping, design_using
from wem.mailings.design_rules import Ours
from wem.mailings.models import BodyKind, Mailing
from wem.segments import keeping as segments_keeping
from wem.segments.keeping_rules import read
from wem.sequences.models import Sequence, SequenceStep
from wem.sequences.rules import SequenceKind, SequenceState


def test_from_an_empty_page_to_a_sequence_that_runs(world, browser_for):
    browser = browser_for(world.ours.editor)
    assert "ステップメールはまだありません" in browser.get("/sequences").text
    # Nothing typed: the page says what is missing.
    assert browser.submit("/sequences/new", {"name": ""}).status == 422
    page = browser.submit("/sequences/new", {"name": "ようこそ", "leave_on_click": "y"})
    assert page.status == 303
    sequence = db.session.scalars(sa.select(Sequence)).one()
    assert (sequence.kind, sequence.leave_on_click, sequence.state) == (SequenceKind.sign_up, True, SequenceState.draft)
    address = f"/sequences/{sequence.id}"
    assert "ステップはまだありません" in browser.get(address).text
    made = browser.submit(f"{address}/steps/new?kind=text", {"days": "0", "hour": "0", "name": "お礼"})
    mailing = db.session.scalars(sa.select(Mailing).where(Mailing.sequence_id == sequence.id)).one()
    assert made.location == f"/mailings/{mailing.id}/edit"
    # The mail is written where every mail is, to the sequence's list alone.
    compose = browser.get(f"/mailings/{mailing.id}/edit")
    assert "お得情報" in compose.text and not compose.soup.select("input[name=lists]")
    browser.submit(f"/mailings/{mailing.id}/edit", {"subject": "ご登録ありがとうございます", "text": "本文です。"})
    assert [row.id for row in mailing.lists] == [world.ours.mailing_list.id]
    # It is none of the mailings, cannot be sent or deleted by itself, and the same day is not given twice.
    assert "お礼" not in browser.get("/mailings").text
    assert browser.get(f"/mailings/{mailing.id}/check").location == address
    browser.post(f"/mailings/{mailing.id}/delete")
    assert db.session.get(Mailing, mailing.id) is not None
    twice = browser.submit(f"{address}/steps/new?kind=text", {"days": "0", "hour": "5"})
    assert twice.status == 422 and "1日に2通" in twice.text
    # A second step without a mail keeps it from starting; then it is moved, and taken out.
    browser.submit(f"{address}/steps/new?kind=blocks", {"days": "3", "hour": "10"})
    assert "まだ開始できません" in browser.get(f"{address}/start").text
    step = db.session.scalars(sa.select(SequenceStep).where(SequenceStep.days == 3)).one()
    browser.submit(f"{address}/steps/{step.id}", {"days": "5"})
    assert "登録の5日後 10:00" in browser.get(address).text
    browser.post(f"{address}/steps/{step.id}/delete")
    start = browser.get(f"{address}/start")
    assert "現在3人" in start.text
    browser.submit(f"{address}/start", {"with_present": "y"})
    assert again(sequence).state is SequenceState.running and sequence.load_cursor == 0
    running = browser.get(address)
    assert "実行中" in running.text and "0日" in running.soup.select_one(".sequence-mark").text
    edit = f"/mailings/{mailing.id}/edit"
    assert "このステップは使用中です" in browser.get(edit).text
    # A changed text is sent only once it is taken into use.
    browser.submit(edit, {"subject": "ようこそ髙橋商店へ"})
    assert "変更あり（未反映）" in browser.get(address).text
    used = f"{address}/steps/{again(sequence).steps[0].id}/use"
    told = browser.get(edit)
    assert "内容が変更されましたが、まだ反映されていません" in told.text and told.soup.select(f'form[action="{used}"]')
    browser.post(used)
    assert again(sequence).steps[0].live["subject"] == "ようこそ髙橋商店へ"
    for act, state in (("pause", "paused"), ("resume", "running"), ("end", "ended"), ("resume", "ended")):
        browser.post(f"{address}/{act}")
        assert again(sequence).state.value == state
    assert browser.get(address).status == 200


def test_a_step_begins_with_a_design_as_a_mailing_does(world, browser_for):
    sequence = make_sequence(world, (0, 0), start="")
    browser, new = browser_for(world.ours.owner), f"/sequences/{sequence.id}/steps/new"
    chooser = browser.get(new)
    ways = {link["href"] for link in chooser.soup.select("main a")}
    assert {f"{new}?kind={kind.value}" for kind in BodyKind} | {f"{new}?design={each.value}" for each in Ours} <= ways
    assert not [way for way in ways if way.startswith("/mailings/new")]
    # On the way over the design's own page the sequence is not forgotten.
    look = f"/designs/ours/welcome?sequence={sequence.id}"
    assert look in ways and browser.get(look).soup.select(f'a[href="{new}?design=welcome"]')
    assert browser.submit(f"{new}?design=welcome", {"days": "0", "hour": "0"}).status == 422, "a day that is taken"
    made = browser.submit(f"{new}?design=welcome", {"days": "3", "hour": "10"})
    step = again(sequence).steps[-1]
    assert made.location == f"/mailings/{step.mailing_id}/edit"
    assert (
        step.mailing.body_kind is BodyKind.blocks
        and step.mailing.subject == design_using.as_written(Ours.welcome).subject
    )
    assert block_keeping.document_of(step.mailing) == design_using.of_ours(Ours.welcome, sequence.customer_id).document
    # One of HTML, kept from a mailing of the customer's own; another customer's is none.
    own = design_keeping.keep(world.ours.mailing, "たより", by=world.ours.owner.id)
    theirs = design_keeping.keep(world.theirs.mailing, "たより", by=world.theirs.owner.id)
    db.session.commit()
    browser.submit(f"{new}?design={own.id}", {"days": "7", "hour": "10"})
    mail = again(sequence).steps[-1].mailing
    assert (mail.body_kind, mail.subject, mail.html) == (BodyKind.html, world.ours.mailing.subject, own.source)
    assert "新商品" in mail.text and not mail.text_edited
    assert browser.get(f"{new}?design={theirs.id}").location == new


def test_who_may_do_what(world, browser_for):
    sequence = make_sequence(world, (0, 0), (3, 10), start="")
    address = f"/sequences/{sequence.id}"
    viewer = browser_for(world.ours.viewer)
    assert viewer.get(address).status == 200 and "ようこそ" in viewer.get("/sequences").text
    assert viewer.get(f"{address}/start").status == 403 and viewer.post(f"{address}/delete").status == 403
    other = browser_for(world.theirs.owner)
    for path in ("", "/start", "/settings", "/steps/new", f"/steps/{sequence.steps[0].id}"):
        assert other.get(address + path).status == 404
    owner = browser_for(world.ours.owner)
    strange = make_sequence(world, (0, 0), start="")
    assert owner.get(f"{address}/steps/{strange.steps[0].id}").status == 404, "a step of another sequence"
    owner.post(f"{address}/delete")
    assert db.session.get(Sequence, sequence.id) is None
    assert db.session.scalar(sa.select(sa.func.count()).where(Mailing.sequence_id == sequence.id)) == 0


def test_a_birthday_and_the_segment_that_ends_it(world, browser_for):
    factories.make_field(world.ours.customer, "誕生日", FieldKind.date)
    about = {"topic": "text", "op": "contains", "values": ["済"], "field": world.ours.field.id, "key": "氏名"}
    data = {"version": 1, "match": "all", "groups": [{"match": "all", "conditions": [about]}]}
    segment = segments_keeping.create(world.ours.customer.id, "購入済み", read(data), by=world.ours.owner.id)
    db.session.commit()
    browser = browser_for(world.ours.owner)
    assert browser.submit("/sequences/new", {"name": "祝", "kind": "date"}).status == 422
    field = db.session.scalars(sa.select(Sequence.id)).all()
    assert not field
    born = next(
        o["value"] for o in browser.get("/sequences/new").soup.select("#date_field option") if "誕生日" in o.text
    )
    typed = {"name": "祝", "kind": "date", "date_field": born, "every_year": "y", "leave_segment": str(segment.id)}
    assert browser.submit("/sequences/new", typed).status == 303
    sequence = db.session.scalars(sa.select(Sequence)).one()
    browser.submit(f"/sequences/{sequence.id}/steps/new?kind=text", {"days": "7", "side": "before", "hour": "9"})
    page = browser.get(f"/sequences/{sequence.id}")
    assert "「誕生日」の7日前 9:00" in page.text and "購入済み" in page.text and "（毎年）" in page.text
    too_late = browser.submit(f"/sequences/{sequence.id}/steps/new?kind=text", {"days": "99999"})
    assert "0～1,000の数字で入力してください。" in too_late.text
    mail = again(sequence).steps[0].mailing
    mail.subject, mail.text = "祝", "おめでとうございます。"
    world.ours.readers[0].fields = {**world.ours.readers[0].fields, "誕生日": "1982-06-21"}
    db.session.commit()
    assert "現在3人中1人" in browser.get(f"/sequences/{sequence.id}/start").text
    # The segment is not deleted from under it.
    browser.post(f"/segments/{segment.id}/delete")
    assert db.session.get(type(segment), segment.id) is not None
    browser.submit(f"/sequences/{sequence.id}/settings", {"leave_segment": "0", "tolerance": "7", "version": "1"})
    assert (again(sequence).tolerance, sequence.leave_segment_name) == (7, "")
    # Saved over an older page, it is said.
    browser.submit(f"/sequences/{sequence.id}/settings", {"name": "別の名", "version": "1"})
    assert again(sequence).name == "祝"


def test_the_page_of_one_that_sends_names_nobody(world, browser_for):
    sequence = make_sequence(world, (0, 0), (3, 10), with_present=True)
    look("2026-12-01T09:01")
    sign_up(world.ours.mailing_list, "2026-12-01T10:00", 2)
    look("2026-12-01T10:01")
    browser = browser_for(world.ours.viewer)
    page = browser.get(f"/sequences/{sequence.id}")
    assert "登録の3日後 10:00" in page.text
    assert not [row.address for row in world.ours.readers if row.address in page.text]
    run = db.session.scalars(sa.select(Mailing).where(Mailing.step_id.is_not(None))).first()
    assert browser.get(f"/mailings/{run.id}").status == 200 and browser.get(f"/mailings/{run.id}/report").status == 200
    assert run.body_kind is BodyKind.text
    browser.post("/language", {"language": "en"})
    assert "3 days after sign-up, 10:00" in browser.get(f"/sequences/{sequence.id}").text
