"""Words for the states of uploads and for the reasons of refused rows."""

from __future__ import annotations

from typing import Any

from flask_babel import format_decimal, gettext
from flask_babel import lazy_gettext as _l

from wem.lists.problems import PROBLEM_TEXTS
from wem.lists.states import RowState, UploadState
from wem.lists.upload_models import Upload

STATES = {
    UploadState.received: (_l("Columns to be chosen"), "warning"),
    UploadState.reading: (_l("Being checked"), "progress"),
    UploadState.checked: (_l("Checked, not applied yet"), "warning"),
    UploadState.waiting: (_l("Waiting for our approval"), "info"),
    UploadState.applying: (_l("Being applied"), "progress"),
    UploadState.applied: (_l("Applied"), "success"),
    UploadState.refused: (_l("Not approved"), "error"),
    UploadState.discarded: (_l("Discarded"), "neutral"),
    UploadState.undoing: (_l("Being undone"), "progress"),
    UploadState.undone: (_l("Undone"), "neutral"),
    UploadState.failed: (_l("Failed"), "error"),
}
UNREADABLE_TEXT = "This row cannot be read."
FILE_GONE_TEXT = "The file is no longer there. Please upload it again."


# Why a step broke off by a fault of ours; what was done before stays.
BROKE_OFF_TEXTS = {
    "checking_broke_off": "A fault on our side kept us from checking this file. Nothing has been changed. "
    "Please upload the file again.",
    "applying_broke_off": "A fault on our side broke the work off. %(applied)s registrations were made or ended "
    "before; they stay so. Please upload the file again for the rest; nothing is done twice.",
    "undoing_broke_off": "A fault on our side broke the undoing off. %(undone)s registrations were taken back "
    "before. Please undo the upload again.",
}


def problem_of(upload: Upload) -> str:
    """Return in words why an upload failed and what to do; nothing for one that did not."""
    if upload.state is not UploadState.failed:
        return ""
    if upload.problem in BROKE_OFF_TEXTS:
        counts = {"applied": format_decimal(upload.applied), "undone": format_decimal(upload.undone)}
        return str(gettext(BROKE_OFF_TEXTS[upload.problem], **counts))
    return str(gettext(PROBLEM_TEXTS.get(upload.problem, FILE_GONE_TEXT)))


def reason_of(row: Any) -> str:
    """Return in words why a row is refused."""
    if row.state is RowState.duplicate:
        return str(gettext("The same address stands in row %(row)s.", row=row.place))
    return reason_of_all(row.state, row.problem)


def reason_of_all(state: RowState, problem: str | None) -> str:
    """Return in words why rows of one kind are refused."""
    if state is RowState.duplicate:
        return str(gettext("The same address stands in an earlier row."))
    return str(gettext(PROBLEM_TEXTS.get(problem or "", UNREADABLE_TEXT)))
