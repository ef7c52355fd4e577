"""Tells the customer of a case's consequences (Art. 22): in Japanese, the contract's language.

What staff or third parties wrote is shown with every mail address masked: it may be a reader's (17-4).
"""

from __future__ import annotations

from flask_babel import force_locale, gettext

from wem.cases.models import Case, Claim, Deletion
from wem.cases.wording import CODES, DELETION_GROUNDS, PARTS
from wem.contracts import addressing
from wem.contracts.models import Contract
from wem.lists.takedown_models import Takedown
from wem.notices import telling
from wem.notices.masking_rules import masked
from wem.notices.models import Notice
from wem.notices.rules import NoticeKind, Words


def _tell(contract: Contract, kind: NoticeKind, words: Words, by: int) -> Notice:
    return telling.tell(
        addressing.addressee(contract),
        words,
        kind,
        customer_id=contract.customer_id,
        about=addressing.about(contract),
        terms_version=contract.terms_version,
        by=by,
    )


def in_words(codes: list[str]) -> str:
    """Return what is forbidden as the terms count it: 第12条8号 and the words, one a line."""
    return "\n".join(
        gettext("Art. 12, item %(number)s: %(words)s", number=int(code[1:]), words=CODES[code]) for code in codes
    )


def warning(case: Case, text: str, *, by: int) -> Notice:
    """Warn the customer (注意)."""
    with force_locale("ja"):
        facts = [(gettext("Contract number"), case.contract.number)]
        if case.codes:
            facts.append((gettext("Prohibited acts (Art. 12)"), in_words(case.codes)))
        before = gettext("About your use of the service we ask you to mind the following.")
        after = gettext("If it happens again, we may demand a correction, restrict the use or end the contract.")
        words = Words(gettext("Please note: your use of the service"), [before, masked(text)], facts, [after])
        return _tell(case.contract, NoticeKind.warning, words, by)


def claim(row: Claim, *, by: int) -> Notice:
    """Pass a third party's claim on (9-5, 19-4)."""
    with force_locale("ja"):
        facts = [
            (gettext("Contract number"), row.case.contract.number),
            (gettext("Who claims"), masked(row.claimant)),
            (gettext("What is claimed"), masked(row.demand)),
        ]
        before = gettext("A third party has raised the following in connection with your use of the service.")
        after = gettext("Please settle it at your own cost and responsibility (Art. 9-5), and tell us the result.")
        words = Words(gettext("A claim of a third party"), [before], facts, [after])
        return _tell(row.case.contract, NoticeKind.general, words, by)


def taken_down(contract: Contract, row: Takedown, what: str, *, by: int) -> Notice:
    with force_locale("ja"):
        facts = [
            (gettext("Contract number"), contract.number),
            (gettext("What is taken down"), what),
            (gettext("Reason"), masked(row.reason)),
        ]
        before = gettext("We have taken down the following for the time being. Nobody can see or send it.")
        words = Words(gettext("Something of yours is taken down"), [before], facts)
        return _tell(contract, NoticeKind.takedown, words, by)


def lifted(contract: Contract, what: str, *, by: int) -> Notice:
    with force_locale("ja"):
        facts = [(gettext("Contract number"), contract.number), (gettext("What is shown again"), what)]
        before = gettext("The following is available again. A mailing that was held waits for your decision.")
        words = Words(gettext("What was taken down is available again"), [before], facts)
        return _tell(contract, NoticeKind.takedown_lifted, words, by)


def deleting(row: Deletion, what: str, *, by: int) -> Notice:
    """Tell of a deletion once it is approved: the customer's consent is not needed (12登-3)."""
    with force_locale("ja"):
        contract = row.case.contract
        facts = [
            (gettext("Contract number"), contract.number),
            (gettext("On which ground"), str(DELETION_GROUNDS[row.ground])),
            (gettext("What is deleted"), what),
            (gettext("Reason"), masked(row.reason)),
        ]
        before = gettext("We delete the following data of yours from our servers. They cannot be restored.")
        return _tell(contract, NoticeKind.deletion, Words(gettext("Deletion of data"), [before], facts), by)


def parts_in_words(row: Deletion, list_names: list[str]) -> str:
    """Return what a deletion takes, in the language of the moment."""
    said = []
    for part, text in PARTS.items():
        if part.value in row.parts:
            names = gettext(", ").join(list_names) if part.value == "readers" and row.list_ids else ""
            said.append(gettext("%(what)s: %(names)s", what=text, names=names) if names else str(text))
    return str(gettext(", ").join(said))
