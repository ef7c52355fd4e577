"""What an answer permits, who is asked, who gets a mail; tables (同意3)."""

import pytest

from wem.contracts.state_rules import Illegal, OwnProposal
from wem.privacy.news_models import News
from wem.privacy.news_rules import NewsAction, NewsState, Outcome, left_out
from wem.privacy.purpose_rules import Given, awaits, may_use

YES, NO, OLD = Given(True, 2), Given(False, 2), Given(True, 1)


@pytest.mark.parametrize(
    ("named", "given", "may"),
    [
        (True, None, True),
        (True, NO, False),
        (True, YES, True),
        (False, None, False),
        (False, NO, False),
        (False, YES, True),
        # Agreed to a text that says something else now.
        (False, OLD, False),
    ],
)
def test_named_purposes_hold_until_a_no_and_others_from_a_yes_to_this_text(named, given, may):
    assert may_use(named, given, asks_from=2) is may


@pytest.mark.parametrize(("given", "asked"), [(None, True), (OLD, True), (YES, False), (NO, False)])
def test_who_never_answered_is_asked_and_a_no_stays(given, asked):
    assert awaits(given, asks_from=2) is asked


GOOD = {"may": True, "refused": False, "email": "a@shop.example.jp", "failing": False, "twice": False}


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({}, None),
        ({"refused": True, "may": False, "email": ""}, Outcome.stopped),
        # Another contract's customer with this address said no.
        ({"refused": True}, Outcome.stopped),
        ({"may": False, "email": ""}, Outcome.not_agreed),
        ({"email": "", "failing": True}, Outcome.no_address),
        ({"failing": True, "twice": True}, Outcome.failing),
        ({"twice": True}, Outcome.twice),
    ],
)
def test_why_a_customer_gets_no_mail(changed, outcome):
    assert left_out(**{**GOOD, **changed}) is outcome


def test_nobody_sends_their_own_text():
    row = News(purpose_id=0, subject="x", text="x", written_by=1, state=NewsState.waiting)
    with pytest.raises(OwnProposal):
        row.move(NewsAction.send, by=1)
    row.move(NewsAction.send, by=2)
    with pytest.raises(Illegal):
        row.move(NewsAction.give_back, by=2)
