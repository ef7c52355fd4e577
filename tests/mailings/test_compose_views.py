"""Writing a mailing in the browser: drafts, mistakes in texts, two editors at once, who may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from tests.factories import World, make_field, make_list, make_mailing
from tests.page import Browser
from wem.audit import AuditEvent
from wem.contracts.rules import SuspensionGround
from wem.db import db
from wem.delivery.personalising import compile_template
from wem.lists.models import Field
from wem.lists.states import FieldKind
from wem.mailings import composing
from wem.mailings.greeting_rules import doubled_titles
from wem.mailings.greetings import doubled_defaults
from wem.mailings.inserting import snippets
from wem.mailings.models import BodyKind, Mailing
from wem.mailings.states import MailingState

BrowserFor = Callable[..., Browser]


@pytest.fixture
def editor(world: World, browser_for: BrowserFor) -> Browser:
    return browser_for(world.ours.editor)


def newest() -> Mailing:
    return db.session.scalars(sa.select(Mailing).order_by(Mailing.id.desc()).limit(1)).one()


def count() -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(Mailing)) or 0


def test_a_new_draft_is_saved_with_lists_and_a_text_made_from_the_html(world: World, editor: Browser) -> None:
    page = editor.get("/mailings/new?kind=html")
    assert "株式会社髙橋商店" in page.text
    assert "takahashi@mail.wem.example" in page.text
    assert "「返信」の画面（アドレスは伏せて表示）" in page.text
    assert "{% if 氏名 %}{{ 氏名 }}様{% else %}お客様{% endif %}" in page.html
    saved = editor.submit(
        "/mailings/new?kind=html",
        {"subject": "秋の新商品", "html": '<p>{{ 氏名 | default: "お客様" }}様</p><p>新商品です。</p>'},
    )
    assert saved.status == 303
    mailing = newest()
    assert saved.location == f"/mailings/{mailing.id}/edit"
    assert mailing.customer_id == world.ours.customer.id
    assert mailing.sender_name == "株式会社髙橋商店"
    # The only list of the customer is chosen by itself.
    assert [row.id for row in mailing.lists] == [world.ours.mailing_list.id]
    assert '{{ 氏名 | default: "お客様" }}様' in mailing.text
    assert not mailing.text_edited
    assert mailing.state is MailingState.draft
    assert "mailing.create" in db.session.scalars(sa.select(AuditEvent.action)).all()


def test_a_name_of_ones_own_comes_before_the_subject_and_no_reader_sees_it(world: World, editor: Browser) -> None:
    path = f"/mailings/{world.ours.mailing.id}/edit"
    saved = editor.submit(path, {"name": " 11月\r\n定期便 "})
    assert saved.status == 303
    assert newest_of(world.ours.mailing).name == "11月 定期便"
    page = editor.get(path)
    assert page.form()["name"] == "11月 定期便"
    assert "11月 定期便" in page.soup.title.get_text()  # type: ignore[union-attr]
    for place in ("/mailings", "/dashboard"):
        assert "11月 定期便" in editor.get(place).text, place
    assert "11月" not in editor.get(f"/mailings/{world.ours.mailing.id}/preview/html").html
    editor.submit(path, {"name": ""})
    assert "秋の新商品のお知らせ" in editor.get(path).soup.title.get_text()  # type: ignore[union-attr]


def test_a_name_too_long_is_refused(world: World, editor: Browser) -> None:
    page = editor.submit("/mailings/new?kind=html", {"name": "名" * 101})
    assert page.status == 422
    assert page.soup.find(id="name-error")
    assert editor.submit("/mailings/new?kind=html", {"name": "名" * 100, "subject": "題" * 201}).status == 422
    assert editor.submit("/mailings/new?kind=html", {"name": "名" * 100, "subject": "題" * 200}).status == 303


def test_the_name_of_a_copy_says_so_within_its_length(world: World, editor: Browser) -> None:
    mailing = world.ours.mailing
    for name, subject, copied in (
        ("定期便", "秋", "定期便（コピー）"),
        ("名" * 100, "秋", "名" * 95 + "（コピー）"),
        ("", "秋", "秋（コピー）"),
        ("", "件" * 400, "件" * 95 + "（コピー）"),
        ("", "", ""),
    ):
        newest_of(mailing).name, newest_of(mailing).subject = name, subject
        db.session.commit()
        editor.post(f"/mailings/{mailing.id}/duplicate")
        assert (newest().name, newest().subject) == (copied, subject)


def test_a_name_changed_by_somebody_else_is_a_conflict(world: World, editor: Browser, browser_for: BrowserFor) -> None:
    path = f"/mailings/{world.ours.mailing.id}/edit"
    owner = browser_for(world.ours.owner)
    first, second = editor.get(path).form(), owner.get(path).form()
    assert editor.post(path, {**first, "name": "定期便"}).status == 303
    page = owner.post(path, second)
    assert page.status == 409
    assert "管理用の名前" in page.text


@pytest.mark.parametrize("language", ["ja", "en"])
def test_everything_in_the_picker_compiles_and_doubles_no_title(world: World, editor: Browser, language: str) -> None:
    for label in ("会社名", "ニックネーム"):
        make_field(world.ours.customer, label)
    make_field(world.ours.customer, "会員", FieldKind.yes_no)
    db.session.commit()
    offered = {row.label: row.code for row in snippets(world.ours.customer.id, language)}
    assert [label for label in offered if label.startswith("宛名")] == ["宛名（氏名）", "宛名（ニックネーム）"]
    assert offered["氏名"] == "{{ 氏名 }}"
    known = [*composing.known_names(world.ours.customer.id), "email"]
    for label, code in offered.items():
        template = compile_template(code, escape="text", known=known, language=language)
        empty = template.render(dict.fromkeys(known, ""))
        full = template.render(dict.fromkeys(known, "山田"))
        assert not doubled_titles(full + "、こんにちは"), label
        if label.startswith("宛名"):
            assert (full, empty) == (("山田様", "お客様") if language == "ja" else ("Dear 山田", "Dear customer"))
            assert compile_template(code, escape="header", known=known).render({}) == empty
            assert not doubled_defaults(code + "へ")


def test_what_the_picker_offers_can_be_saved(world: World, editor: Browser) -> None:
    codes = [row.code for row in snippets(world.ours.customer.id, "ja")]
    html = "".join(f"<p>{code}</p>" for code in codes if "email" not in code)
    assert editor.submit("/mailings/new?kind=html", {"html": html, "text": "\n".join(codes)}).status == 303


def test_a_draft_needs_nothing(editor: Browser) -> None:
    assert editor.submit("/mailings/new?kind=html", {"subject": "", "html": ""}).status == 303
    assert newest().subject == ""


MISTAKES: list[tuple[str, str, str, tuple[str, ...]]] = [
    ("two words", "html", "<p>\n  {{ 氏 名前 }}</p>", ("2行目",)),
    (
        "unknown name",
        "html",
        "<p>一行目</p>\n<p>{{ 氏名様 }}</p>",
        ("2行目 7文字目", "「氏名様」という項目はありません", "「氏名」では"),
    ),
    ("unknown name in the subject", "subject", "{{ shimei }}様へ", ("1行目 4文字目", "「shimei」")),
    ("not closed", "html", "<p>{{ 氏名 </p>", ("1行目 4文字目", "閉じられていません")),
    ("a block not closed", "html", "{% if 氏名 %}<p>こんにちは</p>", ("1行目 1文字目", "「if」が閉じられていません")),
    ("a forbidden tag", "html", "{% include 'x' %}", ("「include」は使えません",)),
    ("a loop", "html", "{% for x in 氏名 %}{% endfor %}", ("「for」は使えません",)),
    ("an unknown filter", "html", "{{ 氏名 | upcase_all }}", ("「upcase_all」というフィルター",)),
    ("the address in HTML", "html", "<p>{{ email }}</p>", ("「email」という項目はありません",)),
    ("code", "html", "{{ 氏名.__class__ }}", ("1行目",)),
    ("a tag in a style block", "html", "<style>p { color: {{ 氏名 }} }</style>", ("この場所では使えません",)),
    ("another customer's field", "html", "{{ 誕生日 }}", ("「誕生日」という項目はありません",)),
    ("a name in a link", "html", '<a href="https://shop.example.jp/?n={{ 氏名 }}">見る</a>', ("{{ 氏名 }}", "リンク")),
    ("a name in an image", "html", '<img alt="" src="https://shop.example.jp/{{ 氏名 }}.png">', ("{{ 氏名 }}",)),
    ("a name in a written address", "html", "<p>詳しくはhttps://x/?n={{ 氏名 }}</p>", ("{{ 氏名 }}", "リンク")),
    ("the address in a link of the text", "text", "詳しくはhttps://x/?m={{ email }}", ("{{ email }}", "リンク")),
    ("the text part", "text", "こんにちは {{ 名前 }}様", ("1行目 10文字目", "「名前」")),
]


@pytest.mark.parametrize(("part", "source", "said"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_what_cannot_stand_is_refused_with_its_place(
    world: World, editor: Browser, part: str, source: str, said: tuple[str, ...]
) -> None:
    make_field(world.theirs.customer, "誕生日", FieldKind.date)
    db.session.commit()
    before = count()
    page = editor.submit("/mailings/new?kind=html", {"subject": "件名", "html": "<p>本文</p>", part: source})
    assert page.status == 422
    assert count() == before
    error = page.soup.find(id=f"{part}-error")
    assert error is not None
    for words in said:
        assert words in error.get_text()
    # What was typed is still there.
    assert page.form()[part].strip() == source


def test_choice_and_yes_no_fields_may_stand_in_links(world: World, editor: Browser) -> None:
    make_field(world.ours.customer, "会員", FieldKind.yes_no)
    make_field(world.ours.customer, "地域", FieldKind.choice, options=["東", "西"])
    db.session.commit()
    html = '<a href="https://shop.example.jp/?a={{ 地域 }}&amp;m={{ 会員 }}&amp;u={{ unsubscribe_url }}">見る</a>'
    assert editor.submit("/mailings/new?kind=html", {"subject": "x", "html": html}).status == 303


def test_what_is_cleaned_away_is_said(editor: Browser) -> None:
    html = '<p onclick="x()">こんにちは</p><script>alert(1)</script><iframe src="https://x.example"></iframe>'
    saved = editor.submit("/mailings/new?kind=html", {"subject": "x", "html": html})
    page = editor.get(saved.location)
    assert "<script>" in page.text
    assert "<iframe>" in page.text
    assert "on…=" in page.text
    kept = newest().html
    assert "script" not in kept
    assert "onclick" not in kept
    assert "こんにちは" in kept


def test_a_text_edited_by_hand_stays_and_is_marked_when_the_html_moves_on(world: World, editor: Browser) -> None:
    mailing = world.ours.mailing
    path = f"/mailings/{mailing.id}/edit"
    editor.submit(path, {"html": "<p>一</p>", "derive": "1"})
    assert newest_of(mailing).text.strip() == "一"
    editor.submit(path, {"html": "<p>二</p>"})
    assert newest_of(mailing).text.strip() == "二", "an untouched text follows"
    editor.submit(path, {"text": "二です。"})
    assert newest_of(mailing).text_edited
    editor.submit(path, {"html": "<p>三</p>"})
    kept = newest_of(mailing)
    assert (kept.text, kept.text_outdated) == ("二です。", True)
    page = editor.get(path)
    assert "古くなっている" in page.text
    editor.submit(path, {"derive": "1"})
    kept = newest_of(mailing)
    assert (kept.text.strip(), kept.text_edited, kept.text_outdated) == ("三", False, False)


def newest_of(mailing: Mailing) -> Mailing:
    return db.session.get_one(Mailing, mailing.id, populate_existing=True)


def test_a_text_left_as_it_was_made_does_not_stop_a_save_when_its_field_is_gone(world: World, editor: Browser) -> None:
    path = f"/mailings/{world.ours.mailing.id}/edit"
    editor.submit(path, {"html": "<p>{{ 氏名 }}様</p>", "derive": "1"})
    db.session.execute(sa.delete(Field).where(Field.id == world.ours.field.id))
    db.session.commit()
    assert editor.submit(path, {"html": "<p>お客様</p>"}).status == 303
    assert newest_of(world.ours.mailing).text.strip() == "お客様"


def test_a_plain_text_mail(editor: Browser) -> None:
    text = "{{ 氏名 }}様\r\n\r\n{{ email }} にお送りしています。"
    assert editor.submit("/mailings/new?kind=html", {"subject": "x", "body_kind": "text", "text": text}).status == 303
    mailing = newest()
    assert mailing.body_kind is BodyKind.text
    assert mailing.text == "{{ 氏名 }}様\n\n{{ email }} にお送りしています。"
    assert mailing.wrap_at == 35
    assert editor.submit(f"/mailings/{mailing.id}/edit", {"wrap_at": "20"}).status == 303
    assert newest_of(mailing).wrap_at == 20
    assert editor.submit(f"/mailings/{mailing.id}/edit", {"wrap_at": "1"}).status == 422


@pytest.mark.parametrize("version", ["²", "１", "9" * 5000, "", "x"])
def test_a_version_that_is_none(world: World, editor: Browser, version: str) -> None:
    path = f"/mailings/{world.ours.mailing.id}/edit"
    assert editor.post(path, {**editor.get(path).form(), "version": version}).status == 409


def test_two_editors_at_once(world: World, editor: Browser, browser_for: BrowserFor) -> None:
    mailing = world.ours.mailing
    path = f"/mailings/{mailing.id}/edit"
    owner = browser_for(world.ours.owner)
    first, second = editor.get(path).form(), owner.get(path).form()
    assert editor.post(path, {**first, "subject": "編集者の件名"}).status == 303
    page = owner.post(path, {**second, "subject": "契約者の件名"})
    assert page.status == 409
    assert "このメールは、別の画面で先に保存されています" in page.text
    assert "件名" in page.text
    assert newest_of(mailing).subject == "編集者の件名", "nothing is overwritten"
    typed = page.form()
    assert typed["subject"] == "契約者の件名", "nothing is lost"
    # Saving again from that page is a decision.
    assert owner.post(path, typed).status == 303
    assert newest_of(mailing).subject == "契約者の件名"


def test_the_same_content_twice_is_no_conflict(world: World, editor: Browser, browser_for: BrowserFor) -> None:
    path = f"/mailings/{world.ours.mailing.id}/edit"
    owner = browser_for(world.ours.owner)
    first, second = editor.get(path).form(), owner.get(path).form()
    assert editor.post(path, first).status == 303
    assert owner.post(path, second).status == 303


@pytest.mark.parametrize("state", [state for state in MailingState if state is not MailingState.draft])
def test_only_drafts_are_edited_and_deleted(world: World, editor: Browser, state: MailingState) -> None:
    mailing = world.ours.mailing
    values = editor.get(f"/mailings/{mailing.id}/edit").form()
    mailing = newest_of(mailing)
    mailing.state = state
    db.session.commit()
    for page in (
        editor.get(f"/mailings/{mailing.id}/edit"),
        editor.post(f"/mailings/{mailing.id}/edit", {**values, "subject": "変更"}),
        editor.post(f"/mailings/{mailing.id}/delete"),
    ):
        assert (page.status, page.location) == (303, f"/mailings/{mailing.id}")
    assert newest_of(mailing).subject != "変更"


def test_a_draft_is_duplicated_and_deleted(world: World, editor: Browser) -> None:
    mailing = world.ours.mailing
    copied = editor.post(f"/mailings/{mailing.id}/duplicate")
    copy = newest()
    assert copied.location == f"/mailings/{copy.id}/edit"
    assert copy.id != mailing.id
    assert (copy.name, copy.subject) == ("秋の新商品のお知らせ（コピー）", "秋の新商品のお知らせ")
    assert (copy.html, copy.text) == (mailing.html, mailing.text)
    assert [row.id for row in copy.lists] == [world.ours.mailing_list.id]
    assert editor.post(f"/mailings/{copy.id}/delete").location == "/mailings"
    assert db.session.get(Mailing, copy.id) is None


def test_a_draft_is_saved_although_the_contract_lacks_something(world: World, editor: Browser) -> None:
    world.ours.contract.postal_address = ""
    world.ours.contract.contact = "03-1234-5678"
    db.session.commit()
    page = editor.get("/mailings/new?kind=html")
    assert "ご契約の登録内容に不足があります" in page.text
    assert editor.submit("/mailings/new?kind=html", {"subject": "下書き"}).status == 303


def test_another_customers_lists_are_no_choice(world: World, editor: Browser) -> None:
    page = editor.submit("/mailings/new?kind=html", {"subject": "x", "lists": [str(world.theirs.mailing_list.id)]})
    assert page.status == 422


def test_several_lists(world: World, editor: Browser) -> None:
    other = make_list(world.ours.customer, "会員だより", "members", active_count=2)
    db.session.commit()
    page = editor.get(f"/mailings/new?kind=html&list={other.id}")
    assert page.form()["lists"] == str(other.id)
    editor.submit(
        "/mailings/new?kind=html", {"subject": "x", "lists": [str(world.ours.mailing_list.id), str(other.id)]}
    )
    assert len(newest().lists) == 2


ACTS = (
    "edit",
    "duplicate",
    "delete",
    "test",
    "send",
    "check",
    "pause",
    "resume",
    "stop",
    "unschedule",
    "preview/reader",
)


@pytest.mark.parametrize("act", ACTS)
def test_a_viewer_changes_nothing(world: World, browser_for: BrowserFor, act: str) -> None:
    viewer = browser_for(world.ours.viewer)
    before = newest_of(world.ours.mailing).version
    assert (
        viewer.post(f"/mailings/{world.ours.mailing.id}/{act}", {"address": "tanaka@readers.example.com"}).status == 403
    )
    assert newest_of(world.ours.mailing).version == before


def test_a_viewer_reads(world: World, browser_for: BrowserFor) -> None:
    viewer = browser_for(world.ours.viewer)
    mailing = world.ours.mailing.id
    for path in ("/mailings", f"/mailings/{mailing}", f"/mailings/{mailing}/preview", f"/mailings/{mailing}/report"):
        page = viewer.get(path)
        assert page.status == 200, path
        assert not page.soup.select('main form[method="post"]'), f"{path} offers a viewer what he may not"
    for path in ("/mailings/new?kind=html", f"/mailings/{mailing}/edit"):
        assert viewer.get(path).status == 403


GETS = ("", "/edit", "/preview", "/preview/html", "/check", "/progress", "/report")


@pytest.mark.parametrize("path", GETS)
def test_another_customers_mailing_does_not_exist(world: World, editor: Browser, path: str) -> None:
    assert editor.get(f"/mailings/{world.theirs.mailing.id}{path}").status == 404


@pytest.mark.parametrize("act", ACTS)
def test_nobody_acts_on_another_customers_mailing(world: World, editor: Browser, act: str) -> None:
    before = newest_of(world.theirs.mailing).version
    assert editor.post(f"/mailings/{world.theirs.mailing.id}/{act}", {"address": "x"}).status == 404
    assert newest_of(world.theirs.mailing).version == before


def test_while_the_contract_stands_still_so_does_composing(world: World, editor: Browser) -> None:
    world.ours.contract.suspend(SuspensionGround.nonpayment, "", by=None)
    db.session.commit()
    for path in ("/mailings", "/mailings/new?kind=html", f"/mailings/{world.ours.mailing.id}", "/testers"):
        assert editor.get(path).status == 403
    assert editor.post(f"/mailings/{world.ours.mailing.id}/send", {"version": "1"}).status == 403


def test_the_list_of_mailings(world: World, editor: Browser) -> None:
    make_mailing(world.ours.mailing_list, subject="送信済みのメール", state=MailingState.done)
    db.session.commit()
    page = editor.get("/mailings")
    assert page.text.index("送信済みのメール") < page.text.index("秋の新商品のお知らせ")
    assert "下書き" in page.text
    assert "完了" in page.text
    only = editor.get("/mailings?state=done")
    assert "送信済みのメール" in only.text
    assert "秋の新商品のお知らせ" not in only.text
    assert "この状態のメールはありません" in editor.get("/mailings?state=held").text


def test_pages_of_the_list_go_by_key(world: World, editor: Browser) -> None:
    for number in range(60):
        make_mailing(world.ours.mailing_list, subject=f"お知らせ{number:02}")
    db.session.commit()
    page = editor.get("/mailings")
    assert "お知らせ59" in page.text
    assert "お知らせ00" not in page.text
    older: Any = page.soup.find("a", rel="next")
    assert "お知らせ00" in editor.get(older["href"]).text


def test_the_first_page_says_what_to_do(world: World, editor: Browser) -> None:
    db.session.delete(db.session.get_one(Mailing, world.ours.mailing.id))
    db.session.commit()
    page = editor.get("/mailings")
    assert "まだメールはありません" in page.text
    assert page.soup.find("a", href="/mailings/new")
