"""Mails about services and campaigns to customers: their states, who gets one, who does not and why (同意3②)."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from wem.diagram_rules import diagram


class NewsState(enum.StrEnum):
    draft = "draft"
    waiting = "waits for a second look"
    sending = "being sent"
    sent = "sent"
    withdrawn = "withdrawn"


class NewsAction(enum.StrEnum):
    submit = "submit"
    send = "send (by another person)"
    give_back = "give back to its writer"
    withdraw = "withdraw"
    finish = "finish"


S, A = NewsState, NewsAction
NEWS: Mapping[tuple[NewsState, NewsAction], NewsState] = {
    (S.draft, A.submit): S.waiting,
    (S.draft, A.withdraw): S.withdrawn,
    (S.waiting, A.send): S.sending,
    (S.waiting, A.give_back): S.draft,
    (S.waiting, A.withdraw): S.withdrawn,
    (S.sending, A.finish): S.sent,
    (S.sending, A.withdraw): S.withdrawn,
}
DIAGRAMS = (diagram("Mail to customers about services and campaigns", NEWS, S.draft),)


class Outcome(enum.StrEnum):
    """What became of one customer at one mail."""

    queued = "queued"
    stopped = "stopped"  # said no, or somebody with the same address did
    not_agreed = "not_agreed"
    no_address = "no_address"  # gets letters
    failing = "failing"  # mails to the address come back
    twice = "twice"  # the same address has it already, by another contract
    taken_back = "taken_back"  # said no while it waited to leave


def left_out(*, may: bool, refused: bool, email: str, failing: bool, twice: bool) -> Outcome | None:
    """Return why a customer gets no mail; None when it goes out.

    `may`: the purpose is permitted for the customer; `refused`: the customer, or somebody with the same address, said
    no: a stop is one of an address (特定電子メール法 3条3項).
    """
    if refused:
        return Outcome.stopped
    if not may:
        return Outcome.not_agreed
    if not email:
        return Outcome.no_address
    if failing:
        return Outcome.failing
    return Outcome.twice if twice else None
