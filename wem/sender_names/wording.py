"""The words of sender's names, as screens show them."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from wem.sender_names.rules import NameFault, NameState

# Words and the badge's kind.
STATES = {
    NameState.asked: (_l("Waits for our answer"), "warning"),
    NameState.approved: (_l("Approved"), "success"),
    NameState.refused: (_l("Not approved"), "error"),
    NameState.taken_back: (_l("Taken back"), "neutral"),
    NameState.withdrawn: (_l("No longer approved"), "error"),
}
FAULTS = {
    NameFault.invisible: _l("The name holds characters that nobody sees. Please type it anew instead of pasting it."),
    NameFault.address: _l(
        "Please write a name without “@” and without the name of a site: readers would take it for the address that "
        "the mail comes from."
    ),
    NameFault.scripts: _l(
        "Letters of several alphabets stand in one word, such as Latin and Cyrillic ones. Please use one alphabet."
    ),
}
