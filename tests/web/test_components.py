"""What the macros write: labels tied to fields, unique ids, errors beside the field, forms without JavaScript."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from tests.page import Page
from tests.web.gallery import LAYOUTS, make_gallery
from wem.settings import ROOT


@pytest.fixture(scope="session")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    return make_gallery(tmp_path_factory.mktemp("gallery"))


def soup_of(gallery: Flask, address: str = "/") -> BeautifulSoup:
    """Return the page, once it has passed the checks of every page."""
    return Page(gallery.test_client().get(address), signed_origin=True).soup


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("query", ["", "&bad=1", "&lang=en&theme=dark&flash=1"])
def test_the_gallery_is_sound_in_every_layout(gallery: Flask, layout: str, query: str) -> None:
    soup = soup_of(gallery, f"/?layout={layout}{query}")
    assert len(soup.find_all("main")) == 1
    skip = soup.find("a", class_="skip-link")
    assert skip and soup.find(id=str(skip["href"]).lstrip("#"))
    html = soup.find("html")
    assert html and html.get("lang") == ("en" if "lang=en" in query else "ja")
    assert html.get("data-theme") == ("dark" if "theme=dark" in query else None)


def test_every_field_has_its_label_hint_and_error(gallery: Flask) -> None:
    soup = soup_of(gallery, "/?bad=1")
    name = soup.find(id="name")
    assert name and name["aria-invalid"] == "true"
    assert name["aria-describedby"] == "name-hint name-error"
    error = soup.find(id="name-error")
    assert error and "リストの名前を入力してください。" in error.get_text()
    label = soup.find("label", attrs={"for": "name"})
    assert label and "必須" in label.get_text()
    optional = soup.find("label", attrs={"for": "count"})
    assert optional and "任意" in optional.get_text()


def test_groups_are_fieldsets_with_a_legend(gallery: Flask) -> None:
    soup = soup_of(gallery, "/?bad=1")
    for group in ("how", "days"):
        fieldset = soup.find("fieldset", id=group)
        assert fieldset and fieldset.find("legend")
        options = fieldset.find_all("input")
        assert options and all(fieldset.find("label", attrs={"for": option["id"]}) for option in options)


def test_the_error_summary_leads_to_the_fields(gallery: Flask) -> None:
    soup = soup_of(gallery, "/?bad=1")
    summary = soup.find(attrs={"data-error-summary": True})
    assert summary and summary["role"] == "alert"
    links = [str(link["href"]).lstrip("#") for link in summary.find_all("a")]
    assert {"name", "mail", "password", "how-0", "file", "agree", "address-postal"} <= set(links)
    for target in links:
        field = soup.find(id=target)
        assert field is not None and field.name in ("input", "select", "textarea")


def test_a_question_is_asked_without_javascript(gallery: Flask) -> None:
    details = soup_of(gallery).find("details", attrs={"data-confirm": True})
    assert details and details.find("summary")
    form = details.find("form", method="post")
    assert form and form.find("button") and form.find("input", attrs={"name": "csrf_token"})
    assert "1,234件" in details.get_text() or "この読者" in details.get_text()


def test_tables_repeat_their_headings_for_phones(gallery: Flask) -> None:
    table = soup_of(gallery).find("table", class_="table-stack")
    assert table and table.find("caption")
    row = table.find("tbody").find("tr")  # type: ignore[union-attr]
    assert row and row.find("th", scope="row")
    assert [cell.get("data-label") for cell in row.find_all("td")] == ["状態", "送信", ""]


def test_states_are_words_and_icons_not_colour_alone(gallery: Flask) -> None:
    badges = soup_of(gallery).find_all(class_="badge")
    assert len(badges) >= 6
    assert all(badge.get_text(strip=True) and badge.find("svg") for badge in badges)


def test_the_confirm_step_carries_the_values(gallery: Flask) -> None:
    form = soup_of(gallery).find("form", id="carried")
    assert form
    names = [field["name"] for field in form.find_all("input", type="hidden")]
    assert "course" in names and "file" not in names and names.count("csrf_token") == 1


@pytest.mark.parametrize("page", sorted(path.stem for path in (ROOT / "templates/errors").glob("[0-9]*.html")))
def test_error_pages_say_what_to_do(gallery: Flask, page: str) -> None:
    soup = soup_of(gallery, f"/error/{page}")
    main = soup.find("main")
    assert main and page in main.get_text() and main.find("a", class_="button")
    assert re.search(r"ください。|しております。|制限しています。", main.get_text())


def test_the_mail_frame_holds_a_mail(gallery: Flask) -> None:
    html = gallery.test_client().get("/mail").get_data(as_text=True)
    soup = BeautifulSoup(html, "html.parser")
    assert soup.find("a", class_="mail-button") and "日本IP通信株式会社" in soup.get_text()
    assert not soup.find_all(["link", "script", "img"]), "a mail of ours loads nothing"


def test_every_shared_word_is_translated() -> None:
    """Every text of the layouts, macros and error pages stands in web.po."""
    catalogue = (ROOT / "wem/translations/ja/LC_MESSAGES/web.po").read_text()
    known = set(re.findall(r'^msgid "(.+)"$', catalogue, re.M))
    for folder in ("layouts", "components", "errors"):
        for path in sorted((ROOT / "templates" / folder).glob("*.html")):
            words = set(re.findall(r"""\b_\(\s*["']([^"']+)["']""", path.read_text()))
            assert words <= known, f"{path.name}: {sorted(words - known)}"


def test_what_the_pages_load_is_there_with_its_licence(gallery: Flask) -> None:
    tags = soup_of(gallery).find_all(["script", "link"])
    files = {str(tag.get("src") or tag.get("href")).partition("?")[0].removeprefix("/static/") for tag in tags}
    files |= set(re.findall(r"url\(\.\./(fonts/[^)]+)\)", (ROOT / "static/css/fonts.css").read_text()))
    assert [name for name in sorted(files) if not (ROOT / "static" / name).is_file()] == []
    for licence in ("htmx", "idiomorph", "digital-go-jp-design-tokens"):
        assert (ROOT / f"static/licenses/{licence}.txt").stat().st_size
    assert (ROOT / "static/fonts/OFL.txt").stat().st_size
    total = sum(path.stat().st_size for path in Path(ROOT / "static/fonts").iterdir())
    assert total <= 6 * 1024 * 1024


def test_style_sheets_name_only_known_colours() -> None:
    """Every var(--x) is defined, so that no page falls back to black on black."""
    sheets = {path.name: path.read_text() for path in (ROOT / "static/css").glob("*.css")}
    defined = set(re.findall(r"(--[\w-]+)\s*:", "".join(sheets.values())))
    for name, text in sheets.items():
        assert set(re.findall(r"var\((--[\w-]+)", text)) <= defined, name


def test_readers_are_not_shown_wem(gallery: Flask) -> None:
    """On the public origin an error page has no way into the portal."""
    answer = gallery.test_client().get("/error/404", base_url="http://readers.localhost:8001")
    page = Page(answer, signed_origin=False)
    assert "WeM" not in page.html and "メールからもう一度開く" in page.text
    assert not page.soup.find("a", href="/")
