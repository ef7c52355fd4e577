"""Reports, cases, claims and deletions along their tables."""

from datetime import date

import pytest

from wem.cases import rules
from wem.cases.rules import (
    CASE,
    CLAIM,
    CODES,
    DELETION,
    REPORT,
    CaseAction,
    CaseState,
    ClaimAction,
    ClaimState,
    DeletionAction,
    DeletionState,
    Part,
    ReportAction,
    ReportState,
)
from wem.contracts.state_rules import Illegal, after


def test_codes_are_the_items_of_the_terms():
    assert len(CODES) == 23
    assert CODES[0] == "P01" and CODES[-1] == "P24"
    assert "P20" not in CODES  # the terms have no item 20


MOVES = [
    (CASE, CaseState.received, CaseAction.look_into, CaseState.investigating),
    (CASE, CaseState.investigating, CaseAction.act, CaseState.acting),
    (CASE, CaseState.acting, CaseAction.act, CaseState.acting),
    (CASE, CaseState.acting, CaseAction.look_again, CaseState.investigating),
    (CASE, CaseState.closed, CaseAction.reopen, CaseState.investigating),
    # No consequence before anybody has looked, none once it is closed.
    (CASE, CaseState.received, CaseAction.act, None),
    (CASE, CaseState.closed, CaseAction.act, None),
    (CASE, CaseState.closed, CaseAction.close, None),
    (REPORT, ReportState.waiting, ReportAction.dismiss, ReportState.dismissed),
    (REPORT, ReportState.dismissed, ReportAction.take_up, ReportState.taken_up),
    (REPORT, ReportState.taken_up, ReportAction.take_up, None),
    (REPORT, ReportState.taken_up, ReportAction.dismiss, None),
    (CLAIM, ClaimState.raised, ClaimAction.pass_on, ClaimState.passed_on),
    (CLAIM, ClaimState.passed_on, ClaimAction.settle, ClaimState.settled),
    (CLAIM, ClaimState.settled, ClaimAction.drop, None),
    (DELETION, DeletionState.proposed, DeletionAction.approve, DeletionState.running),
    (DELETION, DeletionState.proposed, DeletionAction.finish, None),
    (DELETION, DeletionState.running, DeletionAction.withdraw, None),
    (DELETION, DeletionState.done, DeletionAction.approve, None),
]


@pytest.mark.parametrize(("table", "state", "action", "to"), MOVES)
def test_moves(table, state, action, to):
    if to is None:
        with pytest.raises(Illegal):
            after(table, state, action)
    else:
        assert after(table, state, action) is to


def test_mailings_stop_before_their_readers_go():
    assert rules.ordered([Part.readers, Part.mailings]) == [Part.mailings, Part.readers]


@pytest.mark.parametrize(
    ("wanted", "by"),
    [(None, date(2026, 3, 4)), (date(2026, 3, 1), date(2026, 3, 1)), (date(2026, 5, 1), date(2026, 5, 1))],
)
def test_the_first_look(wanted, by):
    assert rules.first_deadline(date(2026, 3, 1), wanted) == by


def test_codes_stand_in_the_order_of_the_terms():
    assert rules.in_order(["P24", "P08", "P08", "P20", "<b>"]) == ["P08", "P24"]
