"""The block editor with plain forms and with htmx: acts, saving by itself, two people at once, brand settings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.factories import World, made_of_blocks, make_image
from tests.page import Browser, Page
from wem import clock
from wem.db import db
from wem.mailings import block_editing, block_keeping, checking, composing, copying
from wem.mailings import block_moving_rules as moving
from wem.mailings.block_models import BlockRevision, Brand
from wem.mailings.block_rules import BlockKind, Document
from wem.mailings.image_models import ImageUse
from wem.mailings.models import BodyKind, Mailing
from wem.mailings.states import MailingState

BrowserFor = Callable[..., Browser]


@pytest.fixture
def editor(world: World, browser_for: BrowserFor) -> Browser:
    return browser_for(world.ours.editor)


@pytest.fixture
def mailing(world: World) -> Mailing:
    """A draft with a heading (b2), a text (b4) and a button (b5) beside it, in rows r1 and r3."""
    mailing = world.ours.mailing
    mailing.body_kind, mailing.html, mailing.text = BodyKind.blocks, "", ""
    block_editing.begin(mailing, made_of_blocks(), by=world.ours.editor.id)
    db.session.commit()
    return mailing


def now(mailing: Mailing) -> Document:
    db.session.refresh(mailing)
    return block_keeping.document_of(mailing)


def act(browser: Browser, mailing: Mailing, name: str, htmx: bool = False, **values: str) -> Page:
    known = {"act": name, "version": str(mailing.version)}
    return browser.post(f"/mailings/{mailing.id}/blocks", {**known, **values}, htmx=htmx)


def change(
    browser: Browser, mailing: Mailing, block: str, *, seen: str = "", htmx: bool = False, **values: str
) -> Page:
    seen = seen or block_editing.digest(moving.block_of(now(mailing), block))
    known = {"block": block, "seen": seen, "version": str(mailing.version)}
    return browser.post(f"/mailings/{mailing.id}/blocks/change", {**known, **values}, htmx=htmx)


def texts(mailing: Mailing) -> list[str]:
    return [block.values.get("text", block.kind.value) for block in now(mailing).blocks]


def test_a_new_mailing_is_made_of_blocks_unless_one_chooses_otherwise(world: World, editor: Browser) -> None:
    db.session.add(Brand(customer_id=world.ours.customer.id, accent="#006400", footer="毎日10時から"))
    db.session.commit()
    page = editor.get("/mailings/new")
    links = [str(link["href"]) for link in page.soup.select(".kinds a")]
    assert links == [f"/mailings/new?kind={kind}" for kind in ("blocks", "html", "text")]
    assert "<textarea" not in editor.get(links[0]).html
    saved = editor.submit(links[0], {"subject": "秋の新茶"})
    made = db.session.scalars(sa.select(Mailing).order_by(Mailing.id.desc()).limit(1)).one()
    assert saved.location == f"/mailings/{made.id}/blocks"
    assert made.body_kind is BodyKind.blocks and made.customer_id == world.ours.customer.id
    assert [block.values["text"] for block in now(made).blocks] == ["毎日10時から"]
    assert now(made).look["accent"] == "#006400" and "毎日10時から" in made.html and made.text == "毎日10時から\n"
    assert editor.get(saved.location).status == 200


def test_an_act_changes_blocks_html_and_text_at_once(editor: Browser, mailing: Mailing) -> None:
    page = act(editor, mailing, "add", kind="text")
    assert page.status == 303 and page.location == f"/mailings/{mailing.id}/blocks?open=b7#b7"
    act(editor, mailing, "add", kind="heading", before="r3")
    assert [row.id for row in now(mailing).rows] == ["r1", "r8", "r3", "r6"]
    act(editor, mailing, "undo")
    assert "open" in editor.get(page.location).soup.select_one("#b7-form").attrs  # type: ignore[union-attr]
    assert change(editor, mailing, "b7", text="玉露も<あり>ます。\r\n\r\n[店](shop)", size="large").status == 303
    document = now(mailing)
    assert moving.block_of(document, "b7").values["text"] == "玉露も<あり>ます。\n\n[店](shop)"
    assert "玉露も&lt;あり&gt;ます。" in mailing.html and "玉露も<あり>ます。" in mailing.text
    for name, values in (
        ("step up", {"block": "b7"}),
        ("duplicate", {"block": "b7"}),
        ("delete", {"block": "b7"}),
        ("add", {"kind": "1-1-1", "before": "r1"}),
        ("row", {"row": "r3", "layout": "2-1", "own": "1", "background": "#103010"}),
        ("step-row up", {"row": "r3"}),
        ("duplicate-row", {"row": "r3"}),
        ("delete-row", {"row": "r1"}),
        ("move", {"block": "b5", "row": "r3", "column": "0", "place": "0"}),
        ("move-row", {"row": "r3", "place": "2"}),
        ("preheader", {"preheader": "{{ 氏名 }}様へ"}),
        ("brand", {}),
    ):
        before = now(mailing)
        assert act(editor, mailing, name, **values).status == 303, name
        assert name == "brand" or now(mailing) != before, name
    assert "#103010" in mailing.html and "{{ 氏名 }}様へ" in mailing.html


def test_undo_and_redo_go_through_what_was_done(editor: Browser, mailing: Mailing) -> None:
    states = [block_keeping.document_of(mailing)]
    for name, values in (("delete", {"block": "b2"}), ("add", {"kind": "divider"}), ("step-row up", {"row": "r6"})):
        act(editor, mailing, name, **values)
        states.append(now(mailing))
    for expected in reversed(states[:-1]):
        assert act(editor, mailing, "undo").status == 303
        assert now(mailing) == expected
    shown = editor.get(f"/mailings/{mailing.id}/blocks").text
    assert "元に戻しました：行の移動。" in shown and "元に戻しました：ブロックの削除。" in shown
    assert "戻す操作はありません" in act(editor, mailing, "undo").text
    htmls = []
    for expected in states[1:]:
        act(editor, mailing, "redo")
        assert now(mailing) == expected
        htmls.append(mailing.html)
    act(editor, mailing, "undo")
    assert mailing.html == htmls[-2] or now(mailing) == states[-2]
    act(editor, mailing, "add", kind="spacer")
    assert not block_keeping.steps_of(mailing).redo


def test_what_is_written_within_a_minute_is_one_step_and_steps_are_bounded(editor: Browser, mailing: Mailing) -> None:
    before = now(mailing)
    for text in ("新", "新茶", "新茶で"):
        assert change(editor, mailing, "b4", text=text).status == 303
    page = act(editor, mailing, "undo", htmx=True)
    assert page.soup.select("#blocks-fields [data-insert]"), "the fields stay at hand"
    status = page.soup.select_one("#blocks-status")
    assert status is not None and "元に戻しました：「文章」の変更。" in status.get_text()
    assert now(mailing) == before
    for _ in range(block_keeping.MOST_REVISIONS + 5):
        block_editing.edit(mailing, lambda document: moving.duplicate_block(document, "b5")[0], "x", by=1)
    db.session.commit()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(BlockRevision)) == block_keeping.MOST_REVISIONS


WRONG = [
    ("b4", {"text": "{{ 氏名"}, "text", "閉じられていません"),
    ("b4", {"text": "{{ なまえ }}"}, "text", "なまえ"),
    (
        "b4",
        {"text": "{% if 氏名 %}a\n\nb{% endif %}"},
        "text",
        "3行目 2文字目: 「{% endif %}」はこの場所では使えません",
    ),
    ("b4", {"text": "[x](https://a.example/?{{ 氏名 }})"}, "text", "氏名"),
    ("b5", {"link": "https://a.example/?{{ 氏名 }}"}, "link", "氏名"),
    ("b5", {"link": "javascript:alert(1)"}, "link", "https://"),
    ("b2", {"level": "9"}, "level", "選び直してください"),
]


@pytest.mark.parametrize(("block", "values", "field", "said"), WRONG)
def test_what_cannot_stand_is_said_at_its_field_and_stays_as_typed(
    editor: Browser, mailing: Mailing, block: str, values: dict[str, str], field: str, said: str
) -> None:
    before = now(mailing)
    page = change(editor, mailing, block, **values)
    assert page.status == 422
    error = page.soup.find(id=f"{block}-{field}-error")
    assert error is not None and said in error.get_text()
    shown = page.soup.find(id=f"{block}-{field}")
    assert shown is not None and (shown.name == "select" or (shown.get("value") or shown.get_text().strip())) != ""
    assert now(mailing) == before


def test_a_bare_domain_becomes_an_address(editor: Browser, mailing: Mailing) -> None:
    change(editor, mailing, "b5", link="shop.example.jp/new")
    assert moving.block_of(now(mailing), "b5").values["link"] == "https://shop.example.jp/new"


def test_saving_by_itself_leaves_the_form_alone(editor: Browser, mailing: Mailing) -> None:
    page = change(editor, mailing, "b4", text="玉露", auto="1", htmx=True)
    assert page.status == 200 and "<textarea" not in page.html
    seen = page.soup.find(id="b4-seen")
    assert seen is not None and seen["value"] == block_editing.digest(moving.block_of(now(mailing), "b4"))
    for id in ("blocks-steps", "blocks-frame", "b4-seen", "b4-about", "b4-problem"):
        wanted = "morph" if id == "blocks-frame" else "true"  # the frame itself stays, and what is seen in it
        assert page.soup.find(id=id)["hx-swap-oob"] == wanted, id  # type: ignore[index]
    assert "保存しました" in page.text or "保存しました" in page.html
    # What the mail shows nothing of says so until it does.
    for link, said in (("", True), ("shop.example.jp", False)):
        about = change(editor, mailing, "b5", link=link, auto="1", htmx=True).soup.select_one("#b5-about")
        assert about is not None and ("メールには表示されません" in about.get_text()) is said
    page = change(editor, mailing, "b4", text="{{ 氏名", auto="1", htmx=True)
    assert page.status == 422 and "閉じられていません" in page.html and page.soup.find(id="b4-seen") is None
    assert texts(mailing)[1] == "玉露"


def test_two_people_at_different_blocks_both_keep_their_work(
    world: World, editor: Browser, browser_for: BrowserFor, mailing: Mailing
) -> None:
    owner, version = browser_for(world.ours.owner), mailing.version
    change(editor, mailing, "b4", text="編集者の文")
    page = owner.post(
        f"/mailings/{mailing.id}/blocks/change",
        {
            "block": "b2",
            "seen": block_editing.digest(made_of_blocks().blocks[0]),
            "version": str(version),
            "text": "店主の見出し",
        },
        htmx=True,
    )
    assert page.status == 200 and "ほかの方もこのメールを編集しています" in page.html
    assert texts(mailing)[:2] == ["店主の見出し", "編集者の文"]
    # Undo would take back what the other one did: first it is shown.
    act(editor, mailing, "delete", block="b5")
    page = owner.post(f"/mailings/{mailing.id}/blocks", {"act": "undo", "version": str(version)})
    assert page.status == 409 and "別の画面でこのメールが変更されました" in page.text
    assert len(texts(mailing)) == 2


def test_two_people_at_the_same_block_lose_nothing(
    world: World, editor: Browser, browser_for: BrowserFor, mailing: Mailing
) -> None:
    owner, seen = browser_for(world.ours.owner), block_editing.digest(moving.block_of(now(mailing), "b4"))
    change(editor, mailing, "b4", text="編集者の文")
    page = change(owner, mailing, "b4", seen=seen, text="店主の文")
    assert page.status == 409 and "店主の文" in page.html and "自分の内容で上書きする" in page.text
    assert page.soup.find(id="b4-seen")["value"] == seen  # type: ignore[index]
    assert texts(mailing)[1] == "編集者の文"
    # By itself it is not replaced either, however often it is tried.
    for _ in range(2):
        page = change(owner, mailing, "b4", seen=seen, text="店主の文", auto="1", htmx=True)
        assert page.status == 422 and "自分の内容で上書きする" in page.html
        assert texts(mailing)[1] == "編集者の文"
    assert change(owner, mailing, "b4", seen=seen, text="店主の文", force="1").status == 303
    assert texts(mailing)[1] == "店主の文"
    act(owner, mailing, "undo")
    assert texts(mailing)[1] == "編集者の文"


def test_what_was_written_into_a_deleted_block_stands_there_to_be_copied(editor: Browser, mailing: Mailing) -> None:
    seen = block_editing.digest(moving.block_of(now(mailing), "b4"))
    act(editor, mailing, "delete", block="b4")
    page = editor.post(
        f"/mailings/{mailing.id}/blocks/change", {"block": "b4", "seen": seen, "text": "大切な文"}, htmx=True
    )
    assert page.status == 422 and page.response.headers["HX-Retarget"] == "#blocks"
    assert "大切な文" in page.soup.find("pre").get_text()  # type: ignore[union-attr]
    assert act(editor, mailing, "step up", block="b4").status == 409


NONSENSE = [
    {"act": "nonsense"},
    {"act": "add", "kind": "html"},
    {"act": "move", "block": "b2", "row": "r1", "column": "-1"},
    {"act": "step round", "block": "b2"},
]


@pytest.mark.parametrize("values", NONSENSE)
def test_what_no_form_asks_for_is_refused(editor: Browser, mailing: Mailing, values: dict[str, str]) -> None:
    before = now(mailing)
    assert editor.post(f"/mailings/{mailing.id}/blocks", values).status == 400
    assert now(mailing) == before


def test_only_an_own_image_is_shown_and_its_use_is_noted(world: World, editor: Browser, mailing: Mailing) -> None:
    ours, theirs = make_image(world.ours.customer), make_image(world.theirs.customer)
    db.session.commit()
    numbers = ours.id, theirs.id
    act(editor, mailing, "add", kind="image")
    page = editor.get(f"/mailings/{mailing.id}/blocks")
    offered = [str(option["value"]) for option in page.soup.select("#b7-picture option")]
    assert offered == ["", str(numbers[0])]
    chooser = page.soup.select_one("[data-picture-for=b7-picture]")
    assert chooser is not None and chooser.has_attr("hidden"), "without JavaScript the list of names stays"
    picker = editor.get("/images/pick?choose=1", headers={"HX-Request": "true"})
    assert [str(each["data-pick"]) for each in picker.soup.select("[data-pick]")] == [str(numbers[0])]
    assert picker.soup.find(id="picture-picker") is not None and "data-insert" not in picker.html
    assert change(editor, mailing, "b7", picture=str(numbers[1])).status == 422
    assert change(editor, mailing, "b7", picture=str(numbers[0]), width="50").status == 303
    uses = db.session.scalars(sa.select(ImageUse.image_id).where(ImageUse.mailing_id == mailing.id)).all()
    assert uses == [numbers[0]] and "秋の新商品の写真" in mailing.html


def test_the_head_keeps_the_blocks_and_a_text_written_by_hand(editor: Browser, mailing: Mailing) -> None:
    path, html = f"/mailings/{mailing.id}/edit", mailing.html
    page = editor.get(path)
    assert page.soup.find(id="html") is None
    saved = editor.submit(path, {"subject": "新しい件名", "html": "<script>x</script>"})
    assert saved.location == f"/mailings/{mailing.id}/blocks"
    assert now(mailing) == made_of_blocks() and mailing.html == html and not mailing.text_edited
    editor.submit(path, {"text": "手で書いた文"})
    change(editor, mailing, "b4", text="玉露")
    db.session.refresh(mailing)
    assert mailing.text == "手で書いた文" and mailing.text_edited and mailing.text_outdated
    assert "ブロックが変更されています" in editor.get(path).text
    editor.submit(path, {"derive": "1"})
    db.session.refresh(mailing)
    assert "玉露" in mailing.text and not mailing.text_outdated
    editor.submit(path, {"language": "en"})
    db.session.refresh(mailing)
    assert '<html lang="en"' in mailing.html


def test_a_copy_has_blocks_of_its_own(editor: Browser, mailing: Mailing) -> None:
    page = editor.post(f"/mailings/{mailing.id}/duplicate")
    copy = db.session.scalars(sa.select(Mailing).order_by(Mailing.id.desc()).limit(1)).one()
    assert page.location == f"/mailings/{copy.id}/blocks" and now(copy) == now(mailing)
    act(editor, copy, "delete", block="b2")
    assert now(mailing) == made_of_blocks() != now(copy)


def test_there_is_no_way_back_from_html(editor: Browser, mailing: Mailing) -> None:
    html = mailing.html
    assert "ブロック3個" in editor.get(f"/mailings/{mailing.id}/blocks").text
    assert editor.post(f"/mailings/{mailing.id}/blocks/html").location == f"/mailings/{mailing.id}/edit"
    db.session.refresh(mailing)
    assert (mailing.body_kind, mailing.html, mailing.revision) == (BodyKind.html, html, 0)
    assert not db.session.scalars(sa.select(BlockRevision)).all()
    assert editor.get(f"/mailings/{mailing.id}/blocks").location == f"/mailings/{mailing.id}/edit"
    assert act(editor, mailing, "add", kind="text").status == 303
    assert editor.submit(f"/mailings/{mailing.id}/edit", {"body_kind": "blocks"}).status == 422


def test_what_has_moved_on_cannot_be_changed(editor: Browser, mailing: Mailing) -> None:
    mailing.state = MailingState.scheduled
    db.session.commit()
    before = block_keeping.document_of(mailing)
    for page in (
        editor.get(f"/mailings/{mailing.id}/blocks"),
        act(editor, mailing, "delete", block="b2"),
        act(editor, mailing, "undo"),
        change(editor, mailing, "b4", text="x"),
        editor.post(f"/mailings/{mailing.id}/blocks/html"),
    ):
        assert page.location == f"/mailings/{mailing.id}"
    assert now(mailing) == before


def test_checks_preview_and_sending_take_the_html_of_the_blocks(editor: Browser, mailing: Mailing) -> None:
    shown = editor.get(f"/mailings/{mailing.id}/preview/html").html
    assert "新茶" in shown and "株式会社髙橋商店" in shown and 'width="600" align="center"' in shown
    assert not [check for check in checking.checks(mailing) if check.severity == "refusal"]
    for block in ("b2", "b4", "b5"):
        act(editor, mailing, "delete", block=block)
    db.session.refresh(mailing)
    assert mailing.html == "" and mailing.text == ""
    assert {check.at for check in checking.checks(mailing) if check.severity == "refusal"} == {"blocks"}


def test_brand_settings_are_for_new_mails_and_can_be_read(world: World, editor: Browser, mailing: Mailing) -> None:
    image = make_image(world.ours.customer)
    db.session.commit()
    logo = str(image.id)
    page = editor.submit("/mailings/brand", {"accent": "#ffee00"})
    assert page.status == 422 and "コントラスト比" in page.text
    page = editor.submit("/mailings/brand", {"accent": "#006400", "logo": logo, "show": "1"})
    assert page.status == 200 and "accent=%23006400" in page.html and f"logo={logo}" in page.html
    assert db.session.get(Brand, world.ours.customer.id) is None
    assert editor.submit("/mailings/brand", {"accent": "#006400", "logo": logo, "footer": "毎日"}).status == 303
    brand = db.session.get_one(Brand, world.ours.customer.id)
    assert (brand.accent, str(brand.logo_id), brand.footer) == ("#006400", logo, "毎日")
    assert "#006400" not in mailing.html
    act(editor, mailing, "brand")
    db.session.refresh(mailing)
    assert "#006400" in mailing.html
    page = act(
        editor,
        mailing,
        "look",
        accent="#ffff00",
        text="#000000",
        surface="#ffffff",
        background="#ffffff",
        font_size="16",
        corners="pill",
    )
    assert page.status == 422 and page.soup.find(id="accent-error")


def test_two_who_save_the_brand_settings_at_once_are_told(world: World, editor: Browser) -> None:
    customer_id = world.ours.customer.id
    for accent in ("#006400", "#800000"):
        before = editor.get("/mailings/brand").form("")
        assert editor.submit("/mailings/brand", {"accent": accent}).status == 303
        page = editor.post("/mailings/brand", {**before, "accent": "#00008b"})
        assert page.status == 409 and "まだ保存されていません" in page.text and 'value="#00008b"' in page.html
        assert db.session.get_one(Brand, customer_id, populate_existing=True).accent == accent
    # Who has seen the notice may take the place of what the other saved.
    assert editor.post("/mailings/brand", page.form("")).status == 303
    assert db.session.get_one(Brand, customer_id, populate_existing=True).accent == "#00008b"


def test_the_sample_mail_shows_any_look_and_no_image_of_others(world: World, editor: Browser) -> None:
    theirs = make_image(world.theirs.customer)
    db.session.commit()
    page = editor.get(f"/mailings/brand/preview?accent=%23006400&surface=red&corners=x&logo={theirs.id}")
    assert page.response.headers["Content-Security-Policy"].startswith("sandbox")
    assert "#006400" in page.html and "<img" not in page.html and "red" not in page.html


def test_last_words_are_looked_at_like_any_text(world: World, editor: Browser) -> None:
    for words in ("{{", "a%} {{ x", "{% if 氏名 %}いつも", "{{ だれか }}"):
        page = editor.submit("/mailings/brand", {"footer": words})
        assert page.status == 422 and page.soup.select_one("#footer-error, .field-error"), words
        assert words in page.soup.select_one("textarea[name=footer]").text
    assert db.session.get(Brand, world.ours.customer.id) is None
    # Kept before they were looked at.
    db.session.add(Brand(customer_id=world.ours.customer.id, footer="{{"))
    db.session.commit()
    before = db.session.scalar(sa.select(sa.func.count()).select_from(Mailing))
    page = editor.submit("/mailings/new?kind=blocks", {"subject": "秋の新茶"})
    assert page.status == 422 and page.soup.select_one("[role=alert], .form-errors, .notice")
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Mailing)) == before
    assert editor.get("/mailings/brand/preview?logo=9999999999999").status == 200


def test_the_words_of_an_image_are_no_template(world: World, editor: Browser, mailing: Mailing) -> None:
    image = make_image(world.ours.customer, alt="{{ 50%オフ")
    db.session.commit()
    block_editing.edit(mailing, lambda document: moving.add_block(document, BlockKind.image)[0], "add", by=1)
    db.session.commit()
    block = now(mailing).blocks[-1].id
    assert change(editor, mailing, block, picture=str(image.id), width="50").status == 303
    assert 'alt="｛｛ 50%オフ"' in mailing.html


def test_two_people_do_not_undo_the_same_twice(
    world: World, editor: Browser, browser_for: BrowserFor, mailing: Mailing
) -> None:
    for text in ("一", "二"):
        change(editor, mailing, "b4", text=text)
        db.session.get_one(BlockRevision, (mailing.id, mailing.revision)).created_at = clock.now() - timedelta(
            minutes=2
        )
        db.session.commit()
    seen = str(mailing.version)
    assert act(editor, mailing, "undo", version=seen).status == 303
    assert act(browser_for(world.ours.owner), mailing, "undo", version=seen).status == 409
    assert now(mailing).blocks[1].values["text"] == "一"


@pytest.mark.both_databases
def test_blocks_are_kept_step_by_step(world: World, mailing: Mailing) -> None:
    by = world.ours.editor.id
    block_editing.edit(mailing, lambda document: moving.delete_block(document, "b5"), "delete", by=by)
    block_editing.edit(
        mailing, lambda document: moving.change_block(document, "b4", {"text": "あ"}), "change b4", by=by
    )
    block_editing.edit(
        mailing, lambda document: moving.change_block(document, "b4", {"text": "ああ"}), "change b4", by=by
    )
    db.session.commit()
    assert mailing.revision == 3
    row = db.session.get_one(BlockRevision, (mailing.id, 3))
    row.created_at = clock.now() - timedelta(minutes=2)
    block_editing.edit(
        mailing, lambda document: moving.change_block(document, "b4", {"text": "い"}), "change b4", by=by
    )
    assert mailing.revision == 4
    assert block_keeping.changed_by_others(mailing, 0, by + 10**6)
    assert not block_keeping.changed_by_others(mailing, 0, by)
    assert block_editing.step(mailing, -1, mailing.version, by=by) and now(mailing).blocks[1].values["text"] == "ああ"
    copy = copying.duplicate(mailing, name="", by=by)
    db.session.commit()
    assert now(copy) == now(mailing) and copy.revision == 1
    composing.delete(mailing, by=by)
    db.session.commit()
    assert [row.mailing_id for row in db.session.scalars(sa.select(BlockRevision))] == [copy.id]
