"""Documents as PDF: the words are in them as they were typed, whatever they are, and nothing of them runs."""

from __future__ import annotations

import re
import subprocess
import sys
import time

import pypdfium2
import pytest

from wem import documents
from wem.documents import FONTS, TEMPLATES, NotMade

SENDER = {"name": "日本IP通信株式会社", "lines": ["〒190-0012", "東京都立川市曙町1-1-1"]}


def letter(**changed):
    to = {
        "postal_code": "190-0012",
        "address": "東京都立川市\n曙町2-2-2",
        "name": "株式会社髙橋商店",
        "honorific": "御中",
    }
    return {
        "to": to,
        "day": "2026年11月27日",
        "number": "通知第12号",
        "sender": SENDER,
        "title": "利用開始のご案内",
        "before": ["拝啓"],
        "facts": [["ご契約番号", "W26-000001"]],
        "after": [],
        "closing": [],
        **changed,
    }


def made(*letters):
    return documents.pdf("notices/letter.typ", {"title": "お知らせ", "letters": list(letters)})


def words(content, page=0):
    """Return what stands on a page without white space: Typst puts a little between Latin and Japanese letters."""
    with pypdfium2.PdfDocument(content) as pdf:
        return re.sub(r"\s", "", pdf[page].get_textpage().get_text_range())


def test_words_stand_in_it():
    text = words(made(letter()))
    for each in (
        "〒190-0012",
        "株式会社髙橋商店御中",
        "日本IP通信株式会社",
        "利用開始のご案内",
        "ご契約番号W26-000001",
    ):
        assert each in text


NASTY = [
    '#eval("1+1")',
    '#read("/etc/passwd")',
    "#let x = 1; $x$ *bold* `raw` <label> @label // gone",
    "] ) } \" ' \\ \\u{41} #[",
    "= heading\n- item\n+ item\n/ term: x",
    "${sys.inputs} {{ 7*7 }} %(x)s",
]


@pytest.mark.parametrize("typed", NASTY)
def test_what_people_type_stays_text(typed):
    content = made(letter(before=[typed], facts=[[typed, typed]], title=typed))
    assert words(content).count(re.sub(r"\s", "", typed)) >= 3
    assert b"/JavaScript" not in content


def test_no_template_runs_text():
    """`eval` is the one way by which data would become code; `include` and `read` take names."""
    for path in TEMPLATES.rglob("*.typ"):
        assert not re.search(r"\b(?:eval|plugin)\s*\(", path.read_text("utf-8")), path
        assert "@preview" not in path.read_text("utf-8"), f"{path} loads a package from the network"


def test_letters_in_rare_writing_are_printed():
    """A sign that the font lacks is left out without a word: names are written with these."""
    rare = "髙﨑𠮷濵德邉祥①㈱～−é"
    with pypdfium2.PdfDocument(made(letter(before=[rare]))) as pdf:
        assert all(each in pdf[0].get_textpage().get_text_range() for each in rare)


def test_each_letter_begins_a_page_and_a_long_one_goes_on():
    content = made(letter(), letter(before=["長い文章です。" * 40] * 12, number="通知第13号"))
    with pypdfium2.PdfDocument(content) as pdf:
        assert len(pdf) >= 3
        assert "通知第13号" in words(content, 1)
        for page in pdf:
            assert [round(side) for side in page.get_size()] == [595, 842]  # A4


def test_the_fonts_are_in_the_file_and_ours():
    content = made(letter())
    assert b"/FontFile" in content
    assert b"NotoSansJP" in content
    assert (FONTS / "noto-sans-jp" / "OFL.txt").read_text("utf-8").startswith("Copyright")


def test_what_cannot_be_set_is_said():
    with pytest.raises(NotMade, match="no template"):
        documents.pdf("notices/none.typ", {})
    with pytest.raises(NotMade, match="no template"):
        documents.pdf("../../etc/passwd", {})
    with pytest.raises(NotMade, match="title"):
        documents.pdf("notices/letter.typ", {})
    with pytest.raises(NotMade, match="more than a document holds"):
        documents.pdf("notices/letter.typ", {"title": "x" * 3_000_000})


def test_it_gives_up_in_time(monkeypatch):
    monkeypatch.setattr(documents, "MOST_SECONDS", 1)
    monkeypatch.setattr(documents, "_TYPESET", "import time; time.sleep(60)")
    began = time.monotonic()
    with pytest.raises(NotMade, match="took more than"):
        documents.pdf("notices/letter.typ", {})
    assert time.monotonic() - began < 20


def test_the_process_that_sets_loads_nothing_of_ours():
    """The application would take a second to load, and would open the database."""
    seen = subprocess.run(
        [sys.executable, "-I", "-c", documents._TYPESET.replace("data = ", "print(sorted(sys.modules)); data = "),
         str(TEMPLATES / "notices" / "letter.typ"), str(TEMPLATES), str(FONTS)],
        input=b'{"title": "x", "letters": []}', capture_output=True, check=True,
    ).stdout  # fmt: skip
    assert b"'typst'" in seen and b"'wem" not in seen and b"'flask'" not in seen
