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
    NameFault.invisible: _l("The name contains invisible characters. Please type it again instead of pasting it."),
    NameFault.address: _l(
        "Please enter a name without “@” or a domain name: readers could mistake it for the sender's address."
    ),
    NameFault.unfolds: _l(
        "The name contains characters that stand for whole phrases and is too long. Please use ordinary characters."
    ),
    NameFault.scripts: _l(
        "One word mixes letters of several alphabets, such as Latin and Cyrillic. Please use one alphabet."
    ),
}
