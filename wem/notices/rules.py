"""What notices are, by which way they go, and when they count; plain functions (Art. 22, 5-3)."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

IN_A_ROW = 3  # mails that came back; then letters


class NoticeKind(enum.StrEnum):
    """What a notice says (japan-rules 9)."""

    initial_fee = "initial_fee"  # 初回料金のご案内
    supplement = "supplement"  # 補正依頼
    refusal = "refusal"  # 拒絶通知 (4-3)
    fee_reminder = "fee_reminder"  # the first fee has not come
    start_guide = "start_guide"  # 利用開始案内
    start_corrected = "start_corrected"
    request_received = "request_received"
    request_accepted = "request_accepted"
    request_refused = "request_refused"
    request_applied = "request_applied"
    request_withdrawn = "request_withdrawn"
    request_undone = "request_undone"  # entered by us by mistake
    mandate_returned = "mandate_returned"  # 口座振替依頼書の再提出 (6-1)
    details_changed = "details_changed"  # 届出変更受付 (16)
    details_mended = "details_mended"  # our own error in them (16)
    cancellation_received = "cancellation_received"  # 解約受付 (15-1)
    cancellation_withdrawn = "cancellation_withdrawn"
    contract_ended = "contract_ended"  # 解約完了
    erasure = "erasure"  # 消去のお知らせ (同意6)
    non_renewal = "non_renewal"  # 更新拒絶通知 (5-3)
    correction = "correction"  # 是正勧告 (14-2)
    correction_closed = "correction_closed"  # it is corrected, or taken back
    termination = "termination"  # 解除通知 (14-1)
    suspension = "suspension"  # 停止通知 (13-2)
    resumed = "resumed"  # 再開承認
    resume_refused = "resume_refused"
    restriction = "restriction"  # 18
    restriction_lifted = "restriction_lifted"
    warning = "warning"  # 注意 (12禁)
    takedown = "takedown"  # 公開停止 (12登-3)
    takedown_lifted = "takedown_lifted"
    deletion = "deletion"  # 登録情報の削除 (12登-3)
    cost_claim = "cost_claim"  # 費用請求 (12特約)
    arrears = "arrears"  # 振替結果、未納のお知らせ
    dunning = "dunning"  # 督促
    invoice = "invoice"  # 請求書 (22-2)
    terms_changed = "terms_changed"
    fees_changed = "fees_changed"
    maintenance = "maintenance"  # メンテナンス告知 (13-1)
    general = "general"


# What a customer looks for among notices.
ABOUT_MONEY = frozenset(
    {
        NoticeKind.initial_fee,
        NoticeKind.fee_reminder,
        NoticeKind.cost_claim,
        NoticeKind.arrears,
        NoticeKind.dunning,
        NoticeKind.invoice,
    }
)
ABOUT_SERVICE = frozenset(
    {NoticeKind.terms_changed, NoticeKind.fees_changed, NoticeKind.maintenance, NoticeKind.general}
)
GROUPS = {
    "contract": frozenset(NoticeKind) - ABOUT_MONEY - ABOUT_SERVICE,
    "money": ABOUT_MONEY,
    "service": ABOUT_SERVICE,
}
# Their effect hangs on their being there (5-2, 14-2; 民法 97条): what comes back is followed by a letter at once.
MUST_BE_THERE = frozenset({NoticeKind.non_renewal, NoticeKind.correction, NoticeKind.termination})


class Channel(enum.StrEnum):
    mail = "mail"
    letter = "letter"


class NoticeState(enum.StrEnum):
    """Where a notice is. A mail that was sent counts as there as long as nothing came back (民法 97条)."""

    waiting = "waiting"  # mail: in the outbox; letter: to be printed
    printed = "printed"  # letters
    sent = "sent"  # mail: a server took it; letter: posted
    reached = "reached"  # letters of which we know it
    failed = "failed"  # came back, or could not be sent
    withdrawn = "withdrawn"  # before it was sent


class NoticeAction(enum.StrEnum):
    print = "print"
    send = "send"
    reach = "reach"
    fail = "come back"
    withdraw = "withdraw"


S, A = NoticeState, NoticeAction
Moves = Mapping[tuple[NoticeState, NoticeAction], NoticeState]
MOVES: Mapping[Channel, Moves] = {
    Channel.mail: {
        (S.waiting, A.send): S.sent,
        (S.waiting, A.fail): S.failed,
        (S.waiting, A.withdraw): S.withdrawn,
        (S.sent, A.fail): S.failed,
    },
    Channel.letter: {
        (S.waiting, A.print): S.printed,
        (S.waiting, A.withdraw): S.withdrawn,
        (S.printed, A.send): S.sent,
        (S.printed, A.withdraw): S.withdrawn,
        (S.sent, A.reach): S.reached,
        (S.sent, A.fail): S.failed,
    },
}


class IllegalMove(ValueError):
    """A notice in this state does not do this."""


def moved(channel: Channel, state: NoticeState, action: NoticeAction) -> NoticeState:
    """Return the state that an action leads to. Raises IllegalMove."""
    try:
        return MOVES[channel][state, action]
    except KeyError:
        raise IllegalMove(f"a {channel.value} that is {state.value} does not {action.value}") from None


@dataclass(frozen=True)
class Addressee:
    """To whom a notice goes. Without a mail address it goes by letter; 様 for people, 御中 for companies."""

    name: str
    email: str
    postal_code: str
    address: str
    honorific: str = "様"


@dataclass(frozen=True)
class Words:
    """What a notice says: paragraphs before a table of terms and values, and after it.

    `contract`: a document of the contract, which names law, court and terms below.
    """

    title: str
    before: Sequence[str] = ()
    facts: Sequence[tuple[str, str]] = ()
    after: Sequence[str] = ()
    contract: bool = True

    def as_dict(self) -> dict[str, object]:
        return {**asdict(self), "facts": [list(pair) for pair in self.facts]}


def channel(email: str, by_letter: bool) -> Channel:
    """Return the way that a notice takes."""
    return Channel.letter if by_letter or not email else Channel.mail


@dataclass(frozen=True, slots=True)
class Sent:
    """A mail to an address that is over: when, and whether nothing came back so far."""

    at: datetime
    accepted: bool


def failed_in_a_row(mails: Iterable[Sent], at: datetime, settling: timedelta) -> int:
    """Return how many of the last mails to an address did not arrive, up to the first that did; newest first (A-08).

    One that was accepted within the settling time may still come back and says nothing yet.
    """
    number = 0
    for each in mails:
        if not each.accepted:
            number += 1
        elif each.at + settling <= at:
            break
    return number


def needs_letter(kind: NoticeKind, deadline: datetime | None, at: datetime) -> bool:
    """Return whether a mail that came back at a moment goes out again by letter on that day (5-3, 14).

    One that must be there does as long as it can be in time; after its deadline staff decide.
    """
    return kind in MUST_BE_THERE and (deadline is None or at <= deadline)


def counts_since(
    channel: Channel, state: NoticeState, sent_at: datetime | None, reached_at: datetime | None
) -> datetime | None:
    """Return since when a notice counts as there (5-2, 民法 97条); None while it does not.

    A mail counts from when it was sent, unless it came back; a letter from the day that we know of.
    """
    if channel is Channel.letter:
        return reached_at if state is NoticeState.reached else None
    return sent_at if state is NoticeState.sent else None


def certain_since(
    channel: Channel,
    state: NoticeState,
    sent_at: datetime | None,
    reached_at: datetime | None,
    at: datetime,
    settling: timedelta,
) -> datetime | None:
    """Return since when a notice counts, once no bounce is to be expected any more; None until then (5-3)."""
    since = counts_since(channel, state, sent_at, reached_at)
    if since is None or (channel is Channel.mail and at < since + settling):
        return None
    return since
