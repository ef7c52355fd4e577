"""The states of an inquiry as a table: nothing moves but along its lines."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from wem.diagram_rules import diagram


class InquiryState(enum.StrEnum):
    received = "received"  # 受付
    working = "working"  # 対応中
    answered = "answered"  # 回答済
    closed = "closed"  # 完了


class InquiryAction(enum.StrEnum):
    take_up = "take up"
    answer = "answer"
    ask_again = "ask again"
    close = "close"
    reopen = "reopen"


S, A = InquiryState, InquiryAction
INQUIRY: Mapping[tuple[InquiryState, InquiryAction], InquiryState] = {
    (S.received, A.take_up): S.working,
    (S.received, A.answer): S.answered,
    (S.received, A.ask_again): S.received,
    (S.received, A.close): S.closed,
    (S.working, A.take_up): S.working,
    (S.working, A.answer): S.answered,
    (S.working, A.ask_again): S.working,
    (S.working, A.close): S.closed,
    (S.answered, A.answer): S.answered,
    (S.answered, A.ask_again): S.working,
    (S.answered, A.close): S.closed,
    (S.answered, A.reopen): S.working,
    (S.closed, A.ask_again): S.working,
    (S.closed, A.reopen): S.working,
}
WAITING = frozenset({S.received, S.working})  # for us

DIAGRAMS = (diagram("Inquiry", INQUIRY, S.received),)
