"""Designs: ours take a customer's colours, logo and greeting; own ones are kept, used, renamed, deleted."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from tests.factories import World, made_of_blocks, make_image
from tests.page import Browser
from wem.db import db
from wem.lists.models import Field
from wem.mailings import block_editing, block_keeping, checking, design_keeping, design_using
from wem.mailings import block_moving_rules as moving
from wem.mailings.block_colour_rules import contrast, too_pale
from wem.mailings.block_layout_rules import shown
from wem.mailings.block_models import Brand
from wem.mailings.block_reading_rules import read, write
from wem.mailings.block_rules import BlockKind, Document
from wem.mailings.design_checks import left_to_fill_in
from wem.mailings.design_models import Design
from wem.mailings.design_rules import LETTERHEAD, SALUTATION, Ours, addressed, in_colours, tinted, with_logo
from wem.mailings.design_using import as_written
from wem.mailings.models import BodyKind, Mailing
from wem.settings import ROOT

BrowserFor = Callable[..., Browser]


@pytest.fixture
def editor(world: World, browser_for: BrowserFor) -> Browser:
    return browser_for(world.ours.editor)


def newest(model: type) -> object:
    return db.session.scalars(sa.select(model).order_by(model.id.desc()).limit(1)).one()  # type: ignore[attr-defined]


# --- the files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(Ours))
def test_a_design_of_ours_is_whole(name: Ours) -> None:
    design = as_written(name)
    document = design.document
    assert document is not None and read(write(document)) == document
    assert design.subject and document.preheader and LETTERHEAD in document.rows[0].columns[0][0].values["text"]
    texts = [value for block in document.blocks for value in block.values.values()]
    assert sum(text.count(SALUTATION) for text in texts) == 1
    assert not re.search("lorem|ダミー|テキストが入ります|[①-⑳㈱℡]", " ".join(texts), re.IGNORECASE)
    # Without a picture nothing of it is missing, and colours are read on their grounds.
    assert sum(shown(block, {}) for block in document.blocks if block.kind is not BlockKind.image) >= 4
    assert not too_pale(document.look)
    grounds = {document.look["accent"], tinted(document.look["accent"])}
    assert {row.background for row in document.rows} - {""} <= grounds
    assert contrast("#1a1a1a", tinted(document.look["accent"])) > 7
    picture = ROOT / "static" / "img" / "designs" / f"{name.value}.webp"
    assert 2_000 < picture.stat().st_size < 60_000


def test_no_two_designs_look_alike() -> None:
    documents = [each for name in Ours if (each := as_written(name).document)]
    assert len({document.look["accent"] for document in documents}) >= 8
    assert len({tuple((row.layout, len(row.columns[0])) for row in document.rows) for document in documents}) == 10


# --- the rules -------------------------------------------------------------------------------------------------------


def test_a_design_takes_other_colours_with_its_grounds() -> None:
    document = as_written(Ours.newsletter).document
    assert document is not None
    look = {**document.look, "accent": "#006400", "corners": "pill"}
    changed = in_colours(document, look)
    assert changed.look == look
    assert [row.background for row in changed.rows] == [
        {document.look["accent"]: "#006400", tinted(document.look["accent"]): "#ebf3eb", "": ""}[row.background]
        for row in document.rows
    ]
    assert in_colours(changed, document.look) == document


def test_a_logo_stands_in_place_of_the_name() -> None:
    document = as_written(Ours.notice).document
    assert document is not None
    first = with_logo(document, "12").rows[0].columns[0][0]
    assert first.kind is BlockKind.image and first.values["picture"] == "12" and first.values["align"] == "left"
    assert with_logo(document, "12").blocks[1:] == document.blocks[1:]


@pytest.mark.parametrize(
    ("greeting", "beginning"),
    [("{% if 名 %}{{ 名 }}様{% endif %}", "{% if 名 %}{{ 名 }}様{% endif %}\n"), ("", "お客様\n")],
)
def test_a_design_greets_as_the_customer_does(greeting: str, beginning: str) -> None:
    document = as_written(Ours.letter).document
    assert document is not None
    texts = [block.values["text"] for block in addressed(document, greeting).blocks if "text" in block.values]
    assert any(text.startswith(beginning) for text in texts) and SALUTATION not in " ".join(texts)


# --- on the screens --------------------------------------------------------------------------------------------------


def test_a_mailing_begins_with_a_design_of_ours(world: World, editor: Browser) -> None:
    image = make_image(world.ours.customer)
    db.session.add(Brand(customer_id=world.ours.customer.id, accent="#006400", footer="毎日10時から", logo_id=image.id))
    db.session.commit()
    page = editor.get("/mailings/new")
    links = [str(link["href"]) for link in page.soup.select(".designs .button")]
    assert links == [f"/mailings/new?design={name.value}" for name in Ours]
    assert "メールマガジン" in page.text
    looked = editor.get("/designs/ours/newsletter")
    assert (
        "今月のおたより（2" in looked.text
        and looked.soup.select_one("iframe")["src"] == "/designs/ours/newsletter/preview"
    )  # type: ignore[index]
    mail = editor.get("/designs/ours/newsletter/preview")
    assert "#006400" in mail.html and "配信停止のお手続き" in mail.html and image.path in mail.html
    assert mail.response.headers["Content-Security-Policy"].startswith("sandbox;")
    head = editor.get(links[0])
    assert head.soup.select_one("#subject")["value"] == as_written(Ours.newsletter).subject  # type: ignore[index]
    saved = editor.submit(links[0], {"subject": "秋のおたより"})
    mailing = newest(Mailing)
    assert isinstance(mailing, Mailing) and saved.location == f"/mailings/{mailing.id}/blocks"
    document = block_keeping.document_of(mailing)
    assert document.look["accent"] == "#006400" and document.blocks[0].values["picture"] == str(image.id)
    assert document.blocks[-1].values["text"] == "毎日10時から"
    assert "{% if 氏名 %}{{ 氏名 }}様{% else %}お客様{% endif %}" in mailing.html and mailing.subject == "秋のおたより"
    assert editor.get(saved.location).status == 200
    assert editor.get("/designs/ours/nothing").status == 404
    gone = editor.get("/mailings/new?design=nothing")
    assert gone.status == 303 and "もうありません" in editor.get(gone.location).text


def test_without_a_field_for_names_a_design_greets_nobody_by_name(world: World) -> None:
    for row in db.session.scalars(sa.select(Field).where(Field.customer_id == world.ours.customer.id)):
        row.label = "ご意見"
    document = design_using.of_ours(Ours.letter, world.ours.customer.id).document
    assert document is not None and "{% if" not in write(document) and "お客様" in write(document)
    # Before there are brand settings, a design has its own colours.
    assert document.look == as_written(Ours.letter).document.look  # type: ignore[union-attr]


@pytest.mark.both_databases
def test_a_mailing_is_kept_as_a_design_and_others_begin_with_it(
    world: World, editor: Browser, browser_for: BrowserFor
) -> None:
    mailing, image = world.ours.mailing, make_image(world.ours.customer)
    mailing.body_kind, mailing.html, mailing.text, mailing.subject = BodyKind.blocks, "", "", "{{ 氏名 }}様へ"
    document, block = moving.add_block(made_of_blocks(), BlockKind.image)
    document = moving.change_block(document, block, {"picture": str(image.id)})
    block_editing.begin(mailing, document, by=world.ours.editor.id)
    db.session.commit()
    assert "雛形として保存" in editor.get(f"/mailings/{mailing.id}").text
    kept = editor.submit(f"/mailings/{mailing.id}/design", {"name": "毎月の<たより>"})
    design = newest(Design)
    assert isinstance(design, Design) and kept.location == f"/designs/{design.id}"
    assert (design.name, design.subject, read(design.source)) == ("毎月の<たより>", "{{ 氏名 }}様へ", document)
    page = editor.get("/mailings/new")
    assert page.soup.select_one(f"iframe[src='/designs/{design.id}/preview']") and "毎月の<たより>" in page.text
    # What changes in the mailing later does not change the design.
    block_editing.edit(mailing, lambda _: Document(), "delete", by=world.ours.editor.id)
    db.session.commit()
    editor.submit(f"/mailings/new?design={design.id}", {"subject": "二通目"})
    made = newest(Mailing)
    assert isinstance(made, Mailing) and block_keeping.document_of(made) == document and made.subject == "二通目"

    # A newer mailing takes its place; its name stays.
    path = f"/mailings/{made.id}/design"
    page = editor.submit(path, {"design": str(design.id)}, action="/design/replace")
    db.session.refresh(design)
    assert page.location == f"/designs/{design.id}" and (design.name, design.subject) == ("毎月の<たより>", "二通目")
    assert editor.submit(f"/designs/{design.id}", {"name": ""}).status == 422
    assert editor.submit(f"/designs/{design.id}", {"name": "秋の便り"}).status == 303
    assert "秋の便り" in editor.get("/designs").text
    theirs = browser_for(world.theirs.editor)
    for path in (f"/designs/{design.id}", f"/designs/{design.id}/preview"):
        assert theirs.get(path).status == 404
    assert theirs.post(f"/designs/{design.id}/delete", {}).status == 404
    assert theirs.post(f"{path}/replace", {"design": str(design.id)}).status == 404
    assert theirs.post(f"/mailings/{world.theirs.mailing.id}/design/replace", {"design": str(design.id)}).status == 422
    assert theirs.get(f"/mailings/new?design={design.id}").status == 303

    # An image that is gone leaves an empty place, and its page names the design.
    assert design_keeping.with_image(image) == [design]
    assert "秋の便り" in editor.get(f"/images/{image.id}").text
    db.session.delete(image)
    db.session.commit()
    beginning = design_using.of_own(design).document
    assert beginning is not None and all(block.values.get("picture", "") == "" for block in beginning.blocks)

    assert "完全に削除" in editor.get(f"/designs/{design.id}").text
    assert editor.post(f"/designs/{design.id}/delete", {}).location == "/designs"
    assert "保存した雛形はまだありません" in editor.get("/designs").text


@pytest.mark.parametrize("kind", [BodyKind.html, BodyKind.text])
def test_designs_of_html_and_of_text_fill_the_form(world: World, editor: Browser, kind: BodyKind) -> None:
    mailing = world.ours.mailing
    mailing.body_kind, mailing.text = kind, "秋の新茶です。"
    db.session.commit()
    editor.submit(f"/mailings/{mailing.id}/design", {"name": "見本"})
    design = newest(Design)
    assert isinstance(design, Design)
    assert editor.get(f"/designs/{design.id}").status == 200 and "見本" in editor.get("/designs").text
    assert editor.get(f"/designs/{design.id}/preview").status == (200 if kind is BodyKind.html else 404)
    form = editor.get(f"/mailings/new?design={design.id}").soup
    assert form.select_one(f"#{kind.value}").text.strip() == design.source.strip() != ""  # type: ignore[union-attr]
    editor.submit(f"/mailings/new?design={design.id}", {})
    made = newest(Mailing)
    assert isinstance(made, Mailing) and made.id != mailing.id and made.body_kind is kind
    assert (made.html if kind is BodyKind.html else made.text).strip() == design.source.strip()


def test_there_are_so_many_designs_and_no_more(world: World, monkeypatch: pytest.MonkeyPatch, editor: Browser) -> None:
    monkeypatch.setattr(design_keeping, "MOST", 1)
    mailing = world.ours.mailing
    kept, refused = (editor.submit(f"/mailings/{mailing.id}/design", {"name": "見本"}) for _ in range(2))
    assert (kept.location, refused.location) == (f"/designs/{newest(Design).id}", "/designs")  # type: ignore[attr-defined]
    mailing.html = mailing.text = ""
    db.session.commit()
    assert editor.get(f"/mailings/{mailing.id}/design").location == f"/mailings/{mailing.id}"


def test_a_viewer_looks_and_begins_nothing(world: World, browser_for: BrowserFor) -> None:
    viewer = browser_for(world.ours.viewer)
    page = viewer.get("/designs")
    assert page.status == 200 and not page.soup.select(".designs .button")
    assert viewer.get("/designs/ours/sale").status == 200
    assert viewer.get(f"/mailings/{world.ours.mailing.id}/design").status == 403


# --- what a design leaves to fill in ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("<p>セールは○月○日（○）からです。</p>", ["○月○日"]),
        ('<p><a href="https://www.example.jp/">店</a></p>', ["https://www.example.jp/"]),
        ("<p>特価 ○,○○○円（税込）です</p>", ["「○,○○○円（税込）」"]),
        ("<p>最大○○％割引</p>", ["最大○○％割引"]),
        ("<style>.○{}</style><p>12月1日から</p>", []),
        ('<p><a href="https://shop.example.jp/">店</a></p>', []),
    ],
)
def test_what_is_still_as_in_the_sample_is_told(app: object, html: str, found: list[str]) -> None:
    mailing = Mailing(body_kind=BodyKind.html, html=html, text="", subject="秋")
    told = list(left_to_fill_in(mailing))
    assert len(told) == bool(found)
    assert all(word in told[0].what for word in found)


def test_every_design_of_ours_that_was_not_changed_is_warned_of(world: World) -> None:
    mailing = world.ours.mailing
    mailing.body_kind, mailing.html, mailing.text = BodyKind.blocks, "", ""
    document = design_using.of_ours(Ours.sale, world.ours.customer.id).document
    assert document is not None
    block_editing.begin(mailing, document, by=world.ours.editor.id)
    db.session.commit()
    told = [check for check in checking.checks(mailing) if check.title in ("Template placeholders", "雛形の書き換え")]
    assert len(told) == 1 and told[0].at == "blocks"
