"""Words for the states of uploads and for the reasons of refused rows."""

from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from wem.lists.models import UploadRow
from wem.lists.problems import PROBLEM_TEXTS
from wem.lists.states import RowState, UploadState

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
    UploadState.failed: (_l("Could not be read"), "error"),
}
UNREADABLE_TEXT = "This row cannot be read."
FILE_GONE_TEXT = "The file is no longer there. Please upload it again."


def reason_of(row: UploadRow) -> str:
    """Return in words why a row is refused."""
    if row.state is RowState.duplicate:
        return str(gettext("The same address stands in row %(row)s.", row=row.place))
    return str(gettext(PROBLEM_TEXTS.get(row.problem or "", UNREADABLE_TEXT)))
