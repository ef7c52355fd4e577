"""Lists, fields and sign-up forms on the customer's screens."""

import sqlalchemy as sa

from tests.factories import make_field, make_list, make_subscriber
from wem.db import db
from wem.lists import counting, jobs
from wem.lists.models import Field, MailingList
from wem.lists.states import FieldKind, SubscriptionState, UploadKind, UploadState
from wem.lists.subscription_models import Suppression
from wem.lists.upload_models import Upload


def test_making_a_list(world, browser_for):
    browser = browser_for(world.ours.editor)
    page = browser.submit("/lists/new", {"name": "週刊ニュース", "slug": "Weekly", "description": "毎週金曜日"})
    row = db.session.scalar(sa.select(MailingList).where(MailingList.slug == "weekly"))
    assert page.location == f"/lists/{row.id}"
    assert (row.customer_id, row.name) == (world.ours.customer.id, "週刊ニュース")


def test_a_name_twice_is_refused_only_within_the_customer(world, browser_for):
    ours = browser_for(world.ours.editor)
    assert ours.submit("/lists/new", {"name": "x", "slug": "news"}).status == 422
    make_list(world.theirs.customer, slug="weekly")
    db.session.commit()
    assert ours.submit("/lists/new", {"name": "x", "slug": "weekly"}).status == 303


def test_words_of_page_addresses_are_refused(world, browser_for):
    for slug in ("join", "archive", "ニュース", "-a", "a b", ""):
        page = browser_for(world.ours.editor).submit("/lists/new", {"name": "x", "slug": slug})
        assert page.status == 422, slug


def test_closing_sign_up(world, browser_for):
    row = world.ours.mailing_list
    browser = browser_for(world.ours.editor)
    browser.submit(f"/lists/{row.id}/edit", {"name": "新しい名前", "sign_up_open": ""})
    row = db.session.get(MailingList, row.id)
    assert (row.name, row.sign_up_open, row.form_version) == ("新しい名前", False, 2)


def test_deleting_a_list_ends_its_registrations(world, browser_for):
    row = world.ours.mailing_list
    other = make_list(world.ours.customer, slug="other")
    make_subscriber(other, "only@readers.example.com")
    make_subscriber(row, state=SubscriptionState.pending)
    db.session.commit()
    browser = browser_for(world.ours.editor)
    assert "4人" in browser.get(f"/lists/{row.id}/edit").text
    browser.post(f"/lists/{row.id}/delete")
    assert browser.get(f"/lists/{row.id}").status == 404
    jobs.erase_expired()
    db.session.expire_all()
    kept = db.session.get(MailingList, row.id)
    assert (kept.active_count, kept.pending_count) == (0, 0)
    customer = world.ours.customer.id
    assert counting.registered(customer) == counting.recount(customer) == 1
    assert counting.registered(world.theirs.customer.id) == 3
    assert db.session.scalar(sa.select(Suppression.list_id)) is None  # nobody refused


def test_a_list_with_an_upload_under_way_is_not_deleted(world, browser_for):
    row = world.ours.mailing_list
    db.session.add(
        Upload(
            customer_id=row.customer_id,
            list_id=row.id,
            kind=UploadKind.attested,
            state=UploadState.waiting,
            filename="x.csv",
        )
    )
    db.session.commit()
    browser_for(world.ours.editor).post(f"/lists/{row.id}/delete")
    assert db.session.get(MailingList, row.id).archived_at is None


def test_field_keys_are_unique_and_stay(world, browser_for):
    browser = browser_for(world.ours.editor)
    browser.submit("/fields", {"label": "お誕生日", "kind": "date"})
    browser.submit("/fields", {"label": "お誕生日", "kind": "date"})
    keys = db.session.scalars(
        sa.select(Field.key).where(Field.customer_id == world.ours.customer.id).order_by(Field.id)
    ).all()
    assert keys == ["氏名", "お誕生日", "お誕生日_2"]
    field = db.session.scalar(sa.select(Field).where(Field.key == "お誕生日"))
    browser.submit(f"/fields/{field.id}", {"label": "誕生日"}, action="")
    field = db.session.get(Field, field.id)
    assert (field.label, field.key) == ("誕生日", "お誕生日")


def test_a_choice_needs_choices(world, browser_for):
    browser = browser_for(world.ours.editor)
    assert browser.submit("/fields", {"label": "会員区分", "kind": "choice", "options": "一般"}).status == 422
    assert (
        browser.submit("/fields", {"label": "会員区分", "kind": "choice", "options": "一般\n会員\n一般"}).status == 303
    )
    assert db.session.scalar(sa.select(Field).where(Field.label == "会員区分")).options == ["一般", "会員"]


def test_the_form_of_a_list(world, browser_for):
    row = world.ours.mailing_list
    choice = make_field(world.ours.customer, "会員区分", FieldKind.choice, options=["一般", "会員"])
    db.session.commit()
    browser = browser_for(world.ours.editor)
    page = browser.get(f"/lists/{row.id}/form")
    assert "日本IP通信株式会社" in page.text  # the notice of 17-2 is shown, and nothing edits it
    browser.post(
        f"/lists/{row.id}/form",
        {"sign_up_intro": "ようこそ", f"use-{choice.id}": "1", f"required-{choice.id}": "1"},
    )
    row = db.session.get(MailingList, row.id)
    assert [(f.field_id, f.required) for f in row.form_fields] == [(choice.id, True)]
    assert row.form_version == 2
    page = browser.get(f"/lists/{row.id}/form")
    assert f"http://localhost:8001/h/takahashi/{row.slug}/join" in page.html


def test_another_customers_field_does_not_come_onto_the_form(world, browser_for):
    row = world.ours.mailing_list
    browser_for(world.ours.editor).post(f"/lists/{row.id}/form", {f"use-{world.theirs.field.id}": "1"})
    assert db.session.get(MailingList, row.id).form_fields == []


def test_qr_codes(world, browser_for):
    browser = browser_for(world.ours.viewer)
    row = world.ours.mailing_list
    assert browser.get(f"/lists/{row.id}/qr.svg").response.mimetype == "image/svg+xml"
    assert browser.get(f"/lists/{row.id}/qr.png").response.data.startswith(b"\x89PNG")


def test_empty_customer_is_told_what_to_do(world, browser_for):
    world.ours.mailing_list.archived_at = world.ours.mailing_list.created_at
    db.session.commit()
    assert "リストはまだありません" in browser_for(world.ours.viewer).get("/lists").text
