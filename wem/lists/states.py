"""The words of lists: states, ways in, reasons."""

from __future__ import annotations

import enum


class SubscriptionState(enum.StrEnum):
    pending = "pending"  # 仮登録
    active = "active"  # 登録中
    unsubscribed = "unsubscribed"  # 解除
    removed = "removed"  # 自動削除


class Way(enum.StrEnum):
    """How a subscription came about."""

    form = "form"
    embedded = "embedded"
    blank_mail = "blank_mail"
    invitation = "invitation"
    attested = "attested"
    api = "api"


class ConsentKind(enum.StrEnum):
    requested = "requested"
    invited = "invited"
    attested = "attested"
    confirmed = "confirmed"
    changed = "changed"
    withdrawn = "withdrawn"
    removed = "removed"
    expired = "expired"


class SuppressionReason(enum.StrEnum):
    unsubscribed = "unsubscribed"
    everything = "everything"
    complaint = "complaint"
    removed = "removed"
    stop_list = "stop_list"
    staff = "staff"


class FieldKind(enum.StrEnum):
    text = "text"
    number = "number"
    date = "date"
    choice = "choice"
    choices = "choices"
    yes_no = "yes_no"


class UploadKind(enum.StrEnum):
    invitation = "invitation"
    attested = "attested"
    stop_list = "stop_list"
    ending = "ending"  # ends many subscriptions at once


class UploadState(enum.StrEnum):
    received = "received"  # the file is kept; columns are to be chosen
    reading = "reading"  # rows are being checked
    checked = "checked"  # the preview stands; waits for the customer's yes
    waiting = "waiting"  # attested: waits for staff
    applying = "applying"
    applied = "applied"
    refused = "refused"  # by staff
    discarded = "discarded"  # by the customer
    undoing = "undoing"
    undone = "undone"
    failed = "failed"  # the file cannot be read


class RowState(enum.IntEnum):
    """What becomes of one row of an upload."""

    good = 0
    bad = 1
    duplicate = 2  # of an earlier row of the same file
    known = 3  # on the list already
    opted_out = 4  # said no, or was removed: never revived
    applied = 5
    elsewhere = 6  # a reader of another list of the customer


# Of uploads with consent gathered elsewhere: handed in, and decided by staff.
DECIDED = (
    UploadState.applying,
    UploadState.applied,
    UploadState.refused,
    UploadState.undoing,
    UploadState.undone,
    UploadState.failed,
)
