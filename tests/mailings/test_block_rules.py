"""Mails made of blocks as data: what is read, what is refused where; operations keep a document whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wem.mailings import block_moving_rules as moving
from wem.mailings.block_colour_rules import contrast, too_pale, written_on
from wem.mailings.block_moving_rules import Gone, Way
from wem.mailings.block_reading_rules import UPGRADES, VERSION, read, write
from wem.mailings.block_rules import (
    FIELDS,
    LAYOUTS,
    MOST_BLOCKS,
    MOST_ROWS,
    BlockKind,
    Document,
    NotValid,
    Wrong,
    check,
)


def sample() -> Document:
    """Return a heading in a row of its own (b2 in r1), and a text and a button side by side (b4, b5 in r3)."""
    document, _ = moving.add_block(Document(), BlockKind.heading)
    document, row = moving.add_row(document, "1-1")
    document, _ = moving.add_block(document, BlockKind.text, row, 0)
    document, _ = moving.add_block(document, BlockKind.button, row, 1)
    return document


def order(document: Document) -> list[tuple[str, list[list[str]]]]:
    return [(row.id, [[block.id for block in column] for column in row.columns]) for row in document.rows]


def test_a_document_is_read_as_it_was_written() -> None:
    document = moving.change_block(sample(), "b4", {"text": "一行目\n{{ 氏名 }}様"})
    assert read(write(document)) == document
    assert write(read(write(document))) == write(document)
    assert order(document) == [("r1", [["b2"]]), ("r3", [["b4"], ["b5"]])]


def test_every_older_version_can_be_brought_up_to_date() -> None:
    assert set(UPGRADES) == set(range(1, VERSION))


def changed(*path: Any, to: Any) -> str:
    """Return the sample as JSON with one part replaced (None: removed)."""
    data = json.loads(write(sample()))
    at = data
    for step in path[:-1]:
        at = at[step]
    if to is None:
        del at[path[-1]]
    else:
        at[path[-1]] = to
    return json.dumps(data)


BLOCK = ("rows", 1, "columns", 1, 0)
REFUSED = [
    ("not JSON", "{", "", Wrong.json),
    ("nested too deeply", "[" * 100_000, "", Wrong.json),
    ("a list", "[]", "version", Wrong.version),
    ("of tomorrow", changed("version", to=VERSION + 1), "version", Wrong.version),
    ("true is no version", changed("version", to=True), "version", Wrong.version),
    ("without rows", changed("rows", to=None), "rows", Wrong.shape),
    ("an unknown member", changed("script", to="x"), "script", Wrong.shape),
    ("an unknown field", changed(*BLOCK, "values", "style", to="x"), "rows.1.columns.1.0.style", Wrong.shape),
    ("an unknown kind", changed(*BLOCK, "kind", to="html"), "rows.1.columns.1.0.kind", Wrong.choice),
    ("a number for a text", changed(*BLOCK, "values", "text", to=3), "rows.1.columns.1.0.text", Wrong.shape),
    (
        "a script as link",
        changed(*BLOCK, "values", "link", to="javascript:1"),
        "rows.1.columns.1.0.link",
        Wrong.address,
    ),
    ("two columns where one is", changed("rows", 0, "layout", to="1-1"), "rows.0.columns", Wrong.shape),
    ("a layout that is none", changed("rows", 0, "layout", to="5"), "rows.0.layout", Wrong.choice),
    ("a colour by name", changed("rows", 0, "background", to="red"), "rows.0.background", Wrong.colour),
    ("no colour in the look", changed("look", "text", to=""), "look", Wrong.colour),
    ("an id twice", changed(*BLOCK, "id", to="b4"), "rows", Wrong.id),
    ("an id not yet given", changed(*BLOCK, "id", to="b99"), "rows", Wrong.id),
    ("an id of another kind", changed(*BLOCK, "id", to="r5"), "rows.1.columns.1.0.id", Wrong.id),
    ("a control character", changed("preheader", to="a\x0bb"), "preheader", Wrong.characters),
    ("half a character", changed("preheader", to="\ud800"), "preheader", Wrong.characters),
    ("a line end in a line", changed("preheader", to="a\nb"), "preheader", Wrong.characters),
    ("far too long", '"' + "x" * 700_000 + '"', "", Wrong.too_long),
]


@pytest.mark.parametrize(("source", "place", "wrong"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_no_document_is_refused_with_its_place(source: str, place: str, wrong: Wrong) -> None:
    with pytest.raises(NotValid) as refused:
        read(source)
    assert (refused.value.place, refused.value.wrong) == (place, wrong)


VALUES = [
    (BlockKind.button, "link", "https://shop.example.jp/?a=1&b=2", None),
    (BlockKind.button, "link", "mailto:shop@shop.example.jp", None),
    (BlockKind.button, "link", "tel:0312345678", None),
    (BlockKind.button, "link", '{{ unsubscribe_url | default: "x y" }}', None),
    (BlockKind.button, "link", "", None),
    (BlockKind.button, "link", "www.example.jp", Wrong.address),
    (BlockKind.button, "link", "https://", Wrong.address),
    (BlockKind.button, "link", "https://a.example/ b", Wrong.address),
    (BlockKind.button, "link", "data:text/html,x", Wrong.address),
    (BlockKind.button, "text", "押" * 101, Wrong.too_long),
    (BlockKind.heading, "level", "4", Wrong.choice),
    (BlockKind.image, "picture", "12", None),
    (BlockKind.image, "picture", "-1", Wrong.picture),
    (BlockKind.image, "picture", "1 or 1", Wrong.picture),
    (BlockKind.text, "colour", "x", Wrong.shape),
]


@pytest.mark.parametrize(("kind", "name", "value", "wrong"), VALUES)
def test_what_may_stand_in_a_field(kind: BlockKind, name: str, value: str, wrong: Wrong | None) -> None:
    document, id = moving.add_block(Document(), kind)
    if wrong is None:
        assert moving.block_of(moving.change_block(document, id, {name: value}), id).values[name] == value
        return
    with pytest.raises(NotValid) as refused:
        moving.change_block(document, id, {name: value})
    assert (refused.value.place, refused.value.wrong) == (name, wrong)


STEPS = [
    ("a block alone changes places with its neighbour", "b2", Way.down, [("r3", [["b4"], ["b5"]])], "joins"),
    ("up at the top", "b2", Way.up, None, ""),
    ("left at the edge", "b4", Way.left, None, ""),
    ("right", "b4", Way.right, [("r1", [["b2"]]), ("r3", [[], ["b4", "b5"]])], ""),
    ("up over the row", "b5", Way.up, [("r1", [["b2", "b5"]]), ("r3", [["b4"], []])], ""),
    ("down at the bottom", "b5", Way.down, None, ""),
]


@pytest.mark.parametrize(("id", "way", "expected", "how"), [row[1:] for row in STEPS], ids=[row[0] for row in STEPS])
def test_steps(id: str, way: Way, expected: Any, how: str) -> None:
    document = sample()
    if how == "joins":
        # Into the first column of the row below, and its own row is gone.
        expected = [("r3", [["b2", "b4"], ["b5"]])]
    assert order(moving.step_block(document, id, way)) == (order(document) if expected is None else expected)


def test_two_rows_of_one_block_change_places() -> None:
    document, first = moving.add_block(Document(), BlockKind.text)
    document, second = moving.add_block(document, BlockKind.text)
    assert [block.id for block in moving.step_block(document, second, Way.up).blocks] == [second, first]
    assert len(moving.step_block(document, second, Way.up).rows) == 2


def test_fewer_columns_lose_no_block() -> None:
    document = moving.change_row(sample(), "r3", "1", "#eeeeee")
    assert order(document)[1] == ("r3", [["b4", "b5"]])
    assert order(moving.change_row(document, "r3", "1-1-1", ""))[1] == ("r3", [["b4", "b5"], [], []])


def test_what_is_gone_says_so() -> None:
    for act in (moving.delete_block, moving.duplicate_block, moving.block_of):
        with pytest.raises(Gone):
            act(sample(), "b99")
    with pytest.raises(Gone):
        moving.move_block(sample(), "b2", "r99", 0, 0)
    with pytest.raises(Gone):
        moving.add_block(sample(), BlockKind.text, "r99")


def test_the_last_block_takes_its_row_along_and_no_id_comes_back() -> None:
    document = moving.delete_block(sample(), "b2")
    assert order(document) == [("r3", [["b4"], ["b5"]])]
    document = moving.delete_block(moving.delete_block(document, "b4"), "b5")
    assert order(document) == [("r3", [[], []])]
    assert moving.add_block(document, BlockKind.text, "r3")[1] == "b6"


def test_there_is_a_largest_document() -> None:
    document = Document()
    for _ in range(MOST_ROWS):
        document, row = moving.add_row(document)
    with pytest.raises(NotValid):
        moving.add_row(document)
    for _ in range(MOST_BLOCKS):
        document, _ = moving.add_block(document, BlockKind.divider, row)
    with pytest.raises(NotValid) as refused:
        moving.duplicate_row(document, row)
    assert refused.value.wrong is Wrong.too_many
    for number in range(20):
        document = moving.add_block(moving.delete_block(document, document.blocks[0].id), BlockKind.text, row)[0]
        text = {"text": "字" * 20_000}
        if number < 14:
            document = moving.change_block(document, document.blocks[-1].id, text)
    with pytest.raises(NotValid) as refused:
        moving.change_block(document, document.blocks[-1].id, text)
    assert refused.value.wrong is Wrong.too_long


ACTS = st.sampled_from(
    "block row column change layout move step move-row step-row duplicate duplicate-row delete delete-row".split()
)
NUMBER = st.integers(0, 40)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(ACTS, NUMBER, NUMBER, NUMBER), max_size=40))
def test_any_acts_leave_a_valid_document_and_the_one_before_is_untouched(acts: list[tuple[str, int, int, int]]) -> None:
    document, before = Document(), []
    for name, one, two, three in acts:
        before.append((document, write(document)))
        document = acted(document, name, one, two, three)
        check(document)
        assert read(write(document)) == document
        for row in document.rows:
            assert len(row.columns) == len(LAYOUTS[row.layout])
    for earlier, written in reversed(before):
        assert write(earlier) == written


def acted(document: Document, name: str, one: int, two: int, three: int) -> Document:
    """Return the document after an act on whatever stands at these numbers."""
    kind = list(BlockKind)[one % len(BlockKind)]
    if not document.rows:
        return moving.add_block(document, kind)[0]
    row = document.rows[one % len(document.rows)].id
    if name in ("block", "row", "column", "layout", "move-row", "step-row", "duplicate-row", "delete-row"):
        match name:
            case "block":
                return moving.add_block(document, kind)[0]
            case "row":
                return moving.add_row(document, list(LAYOUTS)[two % len(LAYOUTS)], three)[0]
            case "column":
                return moving.add_block(document, kind, row, two, three)[0]
            case "layout":
                return moving.change_row(document, row, list(LAYOUTS)[two % len(LAYOUTS)], "")
            case "move-row":
                return moving.move_row(document, row, two)
            case "step-row":
                return moving.step_row(document, row, [Way.up, Way.down][two % 2])
            case "duplicate-row" if len(document.rows) < 8:
                return moving.duplicate_row(document, row)[0]
        return moving.delete_row(document, row)
    if not document.blocks:
        return document
    block = document.blocks[two % len(document.blocks)]
    match name:
        case "change":
            text = next((each for each in ("text", "items", "name") if each in FIELDS[block.kind]), None)
            return moving.change_block(document, block.id, {text: "字" * three} if text else {})
        case "move":
            return moving.move_block(document, block.id, row, one, three)
        case "step":
            count = len(document.blocks)
            stepped = moving.step_block(document, block.id, list(Way)[three % 4])
            assert len(stepped.blocks) == count
            return stepped
        case "duplicate":
            return moving.duplicate_block(document, block.id)[0]
    return moving.delete_block(document, block.id)


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", "#ffffff", 21), ("#ffffff", "#ffffff", 1), ("#767676", "#ffffff", 4.54), ("#ff0000", "#ffffff", 4.0)],
)
def test_contrast_as_the_guidelines_count_it(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.01)
    assert contrast(other, one) == contrast(one, other)


def test_what_is_written_on_any_ground_can_be_read() -> None:
    for level in range(0, 256, 5):
        for ground in (f"#{level:02x}{level:02x}{level:02x}", f"#{level:02x}40c0", f"#f0{level:02x}00"):
            assert contrast(written_on(ground), ground) >= 4.17, ground
    assert too_pale(Document().look) == {}
    assert set(too_pale(dict(Document().look) | {"accent": "#ffcc00"})) == {"accent"}
