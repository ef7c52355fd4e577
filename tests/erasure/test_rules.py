"""When what goes, what holds it, what the log of erasures says: plain functions over dates and numbers."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from wem import documents
from wem.clock import JAPAN
from wem.erasure import backup_rules, log_rules, plan_rules, record_rules, rules
from wem.erasure.log_rules import Line
from wem.erasure.rules import Held, Kept, Phase, Standing

ENDED, FINAL = date(2026, 8, 1), datetime(2026, 8, 1, 0, 5, tzinfo=JAPAN)
KEPT = Kept(hours=6, customer_months=6, evidence_months=1, books_until=date(2034, 6, 1))


@pytest.mark.parametrize(
    ("phase", "due"),
    [
        (Phase.readers, datetime(2026, 8, 1, 6, 5, tzinfo=JAPAN)),
        (Phase.evidence, date(2026, 9, 1)),
        (Phase.customer, date(2027, 2, 1)),
        (Phase.books, date(2034, 6, 1)),
    ],
)
def test_from_when_each_phase_may_run(phase, due):
    assert rules.due_at(phase, ENDED, FINAL, KEPT) == due
    at = due if isinstance(due, datetime) else datetime(due.year, due.month, due.day, tzinfo=JAPAN)
    assert rules.is_due(phase, ENDED, FINAL, KEPT, at)
    assert not rules.is_due(phase, ENDED, FINAL, KEPT, at - timedelta(seconds=1))


def test_readers_go_within_a_day_of_the_final_account():
    assert rules.due_at(Phase.readers, ENDED, FINAL, KEPT) - FINAL <= timedelta(hours=24)


FREE = {phase: Standing(done=frozenset(rules.BEFORE[phase])) for phase in Phase}


@pytest.mark.parametrize(
    ("why", "change", "phases"),
    [
        (Held.account, {"final": False}, set(Phase)),
        (Held.contract, {"other_contract": True}, set(Phase)),
        (Held.staff, {"staff": True}, set(Phase)),
        (Held.sending, {"sending": True}, {Phase.readers}),
        (Held.debts, {"debts": True}, {Phase.customer, Phase.books}),
        (Held.case, {"case": True}, {Phase.customer, Phase.books}),
        (Held.inquiry, {"inquiry": True}, {Phase.customer, Phase.books}),
        (Held.letters, {"letters": True}, {Phase.customer, Phase.books}),
        (Held.before, {"done": frozenset()}, {Phase.evidence, Phase.customer, Phase.books}),
    ],
)
def test_what_holds_which_phase(why, change, phases):
    """Debts keep the customer's own data (同意5), never the readers'."""
    for phase in Phase:
        now = Standing(**{**vars(FREE[phase]), **change})
        assert rules.held(phase, now) == ([why] if phase in phases else []), phase
        assert rules.held(phase, FREE[phase]) == []


def test_the_order_of_tables_puts_who_names_before_who_is_named():
    assert plan_rules.order(["a", "b", "c"], [("b", "a"), ("c", "b"), ("a", "a"), ("x", "a")]) == ["c", "b", "a"]


def texts(*sizes):
    return [{"list": f"{number}", "content": [["x", "a" * size]]} for number, size in enumerate(sizes)]


@pytest.mark.parametrize(
    ("sizes", "parts", "out"),
    [
        ([], [[]], 0),
        ([10], [["0"]], 0),
        # The newest are whole; what is left over makes the first part a short one.
        ([10, 10, 10], [["0"], ["1", "2"]], 0),
        ([150, 150, 10], [["0"], ["1", "2"]], 0),
        ([150, 150, 150], [["0"], ["1"], ["2"]], 0),
        ([500, 10], [["0"], ["1"]], 0),
        ([10] * 7, [["1", "2"], ["3", "4"], ["5", "6"]], 1),
    ],
)
def test_the_record_of_consent_is_cut_into_parts_that_fit(monkeypatch, sizes, parts, out):
    for name, value in {"TEXTS_PER_PART": 2, "BYTES_PER_PART": 300, "MOST_PARTS": 3}.items():
        monkeypatch.setattr(record_rules, name, value)
    found, left = record_rules.portions(texts(*sizes))
    assert ([[each["list"] for each in part] for part in found], left) == (parts, out)


def test_one_text_always_fits_a_part_and_says_that_it_was_cut():
    said = record_rules.bounded("あ" * 10_001)
    assert len(said) < 10_100 and said.endswith("全10,001字）") and record_rules.bounded("あ") == "あ"
    assert 9 * len(said.encode()) < documents.MOST_DATA_BYTES  # so many texts one version has


@pytest.mark.parametrize(
    ("sizes", "number"), [([1], 1), ([8_000_000], 1), ([3_000_000, 3_000_000, 3_000_000], 2), ([8_000_000, 1], 1)]
)
def test_so_many_parts_go_with_the_mail(sizes, number):
    assert record_rules.attached(sizes) == number


RUN = log_rules.Run(5, date(2026, 8, 27), 3, 9_900, datetime(2026, 8, 3, 9, 30, 1, 5, tzinfo=JAPAN), 2)
AT = datetime(2026, 8, 1, 12, tzinfo=JAPAN)


def test_a_line_of_the_log_holds_numbers_and_a_time_and_comes_back_as_it_was():
    lines = [
        Line(AT, 3, phase="readers"), Line(AT, 4, reader=77, on=(1, 2)), Line(AT, 4, reader=78, reason="complaint"),
        Line(AT), Line(AT, year=2026, last=12), Line(AT, run=RUN), Line(AT, run=replace(RUN, withdrawn=True)),
    ]  # fmt: skip
    written = [line.written() for line in lines]
    assert written[1] == '{"at":"2026-08-01T12:00:00+09:00","customer":4,"reader":77,"on":[1,2]}'
    assert list(log_rules.read(written)) == lines
    # The last line was cut short by a crash; in the middle it would be something else.
    assert list(log_rules.read([*written, '{"at":"2026'])) == lines
    with pytest.raises(ValueError, match="log of erasures"):
        list(log_rules.read(["{}", *written]))


@pytest.mark.parametrize(
    ("moments", "why"),
    [
        ([], "missing"),
        ([1], "begins at"),  # somebody began a new one since
        ([-30, -1], "before the backup"),
        ([-1, 10], "is there a newer one"),  # an old copy of it
        ([-1, 10, 60], ""),
        ([0, 60], ""),
    ],
)
def test_a_log_that_cannot_tell_all_is_no_log_to_restore_by(moments, why):
    """Hours from the begin of the backup; restored 72 hours after it."""
    lines = [Line(AT + timedelta(hours=hours)) for hours in moments]
    found = log_rules.lacks(lines, AT, AT + timedelta(hours=72))
    assert bool(found) is bool(why) and why in found


def test_who_left_twice_left_for_the_stronger_reason():
    lines = [
        Line(AT, 4, reader=1, reason="unsubscribed"), Line(AT, 4, phase="readers"), Line(AT, 4, reader=2, on=(7,)),
        Line(AT, 4, reader=1, reason="everything"), Line(AT, 4, reader=2, on=(), reason="tidied"),
        Line(AT, 4, reader=3, reason="tidied"),
    ]  # fmt: skip
    found = [(line.reader, line.on, line.reason) for line in log_rules.readers(lines)]
    assert found == [(1, (), "everything"), (2, (), ""), (3, (), "tidied")]


def test_the_last_numbers_and_files_for_the_bank_are_those_noted_last():
    other = replace(RUN, id=6)
    lines = [
        Line(AT, year=2025, last=9), Line(AT, year=2026, last=2), Line(AT, year=2026, last=12), Line(AT, run=RUN),
        Line(AT, run=other), Line(AT, run=replace(RUN, withdrawn=True)),
    ]  # fmt: skip
    assert log_rules.last_numbers(lines) == {2025: 9, 2026: 12} and log_rules.runs(lines) == [other]


def test_the_log_keeps_what_a_backup_may_not_know():
    old, young = Line(AT - timedelta(days=43), 1, phase="readers"), Line(AT - timedelta(days=41), 2, phase="readers")
    assert log_rules.needed([old, young], AT, 42) == [young]


@pytest.mark.parametrize(("days", "gone"), [(34, False), (35, True), (400, True)])
def test_a_backup_is_over_after_its_days(days, gone):
    begun = AT - timedelta(days=days)
    assert backup_rules.over(begun, 35, AT) is gone
    name = backup_rules.name_of(begun)
    assert backup_rules.made_at(name, AT) == begun
    assert backup_rules.made_at("wem-old.tar", AT) is None
