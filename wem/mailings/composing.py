"""Writes a mailing: what was typed is checked, cleaned and kept; nobody overwrites another's work unasked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from wem import audit, clock
from wem.db import db
from wem.delivery.markup import names_in_links
from wem.delivery.personalising import Escape, compile_template
from wem.delivery.rendering import SYSTEM_NAMES
from wem.delivery.template_nodes import TemplateProblem
from wem.lists.models import Field, MailingList
from wem.lists.states import FieldKind
from wem.mailings import block_keeping, earlier, narrowing
from wem.mailings.auto_links import names_in_body_addresses, names_in_text_addresses
from wem.mailings.block_compiling import pictures_of, text_of
from wem.mailings.cleaning_rules import removed
from wem.mailings.earlier_rules import Earlier
from wem.mailings.html import clean_html, text_from_html
from wem.mailings.image_using import note_uses
from wem.mailings.models import BodyKind, Mailing
from wem.mailings.naming import take_sender_name
from wem.mailings.segment_models import SegmentUse
from wem.mailings.states import NotPossible
from wem.mailings.trial_models import locked_to_edit
from wem.mailings.wrapping import USUAL

# Only these may stand in links and addresses of images: others would name the reader to whoever is asked (17-4).
HARMLESS_KINDS = (FieldKind.choice, FieldKind.choices, FieldKind.yes_no)
TEXT_ONLY = "email"


@dataclass(frozen=True)
class PersonalLink:
    """Fields that stand in a link or in the address of an image and must not."""

    names: tuple[str, ...]


Fault = TemplateProblem | PersonalLink


class Conflict(Exception):
    """Somebody else saved the mailing since this person opened it; `parts` are the names of what differs."""

    def __init__(self, parts: Sequence[str]) -> None:
        super().__init__(", ".join(parts))
        self.parts = list(parts)


class Refused(Exception):
    """Something in the texts cannot stand; by field what is wrong: a TemplateProblem, or names that are in links."""

    def __init__(self, problems: dict[str, Fault]) -> None:
        super().__init__(", ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Draft:
    """What a person typed."""

    name: str
    subject: str
    body_kind: BodyKind
    html: str
    text: str
    language: str
    list_ids: Sequence[int] = field(default=())
    # Segments: it goes to whom one of `only` fits, and to nobody whom one of `without` fits. None: as they are.
    only: Sequence[int] | None = None
    without: Sequence[int] | None = None
    # What becomes of those who got an earlier mailing. None: as it is.
    earlier: Earlier | None = None
    # The text is to be made from the HTML whatever was typed.
    derive: bool = False
    wrap_at: int = USUAL
    view_line: bool = False
    # An approved name; None: the registered one.
    sender_name_id: int | None = None


@dataclass(frozen=True)
class Cleaned:
    """What may be kept of a draft; `removed` names what was taken out of the HTML."""

    draft: Draft
    html: str
    removed: tuple[str, ...]


def known_names(customer_id: int) -> list[str]:
    """Return the names that the customer's texts may use, fields first."""
    keys = db.session.scalars(
        sa.select(Field.key).where(Field.customer_id == customer_id).order_by(Field.position, Field.id)
    )
    return [*keys, *SYSTEM_NAMES]


def clean(draft: Draft, customer_id: int, mailing: Mailing | None = None) -> Cleaned:
    """Return the draft ready to be kept, in place of `mailing`; raises Refused with the first problem of each text."""
    draft = replace(draft, derive=_derives(draft, mailing))
    names = known_names(customer_id)
    problems: dict[str, Fault] = {}
    html = ""
    for part, source, escape, known in (
        ("subject", draft.subject, "header", names),
        ("html", draft.html, "html", names),
        ("text", draft.text, "text", [*names, TEXT_ONLY]),
    ):
        # What is not sent may wait: HTML behind a plain text, a text that is made anew.
        if (part == "html" and draft.body_kind is not BodyKind.html) or (part == "text" and draft.derive):
            continue
        try:
            compile_template(source, escape=_ESCAPES[escape], known=known, language=draft.language)
            if part == "html":
                html = clean_html(source)
        except TemplateProblem as problem:
            problems[part] = problem
    if draft.body_kind is BodyKind.text:
        html = _clean_or_nothing(draft.html)
    elif draft.body_kind is BodyKind.blocks:
        # Looked over and made when the blocks were saved.
        html = mailing.html if mailing is not None else ""
    elif "html" not in problems and (personal := personal_names_in_links(html, customer_id)):
        problems["html"] = PersonalLink(tuple(personal))
    if not draft.derive and "text" not in problems and (personal := personal_names_in_text(draft.text, customer_id)):
        problems["text"] = PersonalLink(tuple(personal))
    if problems:
        raise Refused(problems)
    return Cleaned(draft, html, removed(draft.html, html) if draft.body_kind is BodyKind.html else ())


def _derives(draft: Draft, mailing: Mailing | None) -> bool:
    """Return whether the text follows the HTML: asked for, left empty, or left as it was made."""
    if draft.body_kind is BodyKind.text:
        return False
    untouched = mailing is not None and not mailing.text_edited and draft.text.strip() == mailing.text.strip()
    return draft.derive or not draft.text.strip() or untouched


_ESCAPES: dict[str, Escape] = {"header": "header", "html": "html", "text": "text"}


def _clean_or_nothing(source: str) -> str:
    try:
        return clean_html(source)
    except TemplateProblem:
        return ""


def personal_names_in_links(html: str, customer_id: int) -> list[str]:
    """Return the names in links, image addresses and written-out addresses that would carry a reader's data away."""
    return personal(names_in_links(html) | names_in_body_addresses(html), customer_id)


def personal_names_in_text(text: str, customer_id: int) -> list[str]:
    """Return the names in addresses of a text part, of which mail programs make links, that would do the same."""
    return personal(names_in_text_addresses(text), customer_id)


def personal(used: Collection[str], customer_id: int) -> list[str]:
    """Return those of these names that may stand in no address: all but choice and yes/no fields, and the system's."""
    if not used:
        return []
    harmless = set(SYSTEM_NAMES) | set(
        db.session.scalars(sa.select(Field.key).where(Field.customer_id == customer_id, Field.kind.in_(HARMLESS_KINDS)))
    )
    return sorted(set(used) - harmless)


def create(customer_id: int, cleaned: Cleaned, *, by: int) -> Mailing:
    """Return a new draft, in the session."""
    mailing = Mailing(customer_id=customer_id, created_by=by, version=1)
    _fill(mailing, cleaned)
    db.session.add(mailing)
    db.session.flush()
    _narrow(mailing, cleaned.draft)
    note_uses(mailing)
    audit.record("mailing.create", by=by, customer_id=customer_id, subject=mailing)
    return mailing


def save(mailing: Mailing, cleaned: Cleaned, version: int, *, by: int) -> None:
    """Keep what was typed over the version that the person had before them.

    Raises NotPossible when it is no draft any more, Conflict when somebody else saved it since; then nothing changes.
    """
    locked = locked_to_edit(mailing)
    if locked.version != version and (parts := differing(locked, cleaned)):
        raise Conflict(parts)
    _fill(locked, cleaned)
    _narrow(locked, cleaned.draft)
    locked.count_change()
    note_uses(locked)
    audit.record("mailing.change", by=by, customer_id=locked.customer_id, subject=locked)


def differing(mailing: Mailing, cleaned: Cleaned) -> list[str]:
    """Return which parts of a mailing differ from what was typed: name, subject, lists, segments, language, …"""
    draft = cleaned.draft
    pairs: dict[str, tuple[object, object]] = {
        "name": (mailing.name, draft.name),
        "subject": (mailing.subject, draft.subject),
        "sender_name": (mailing.sender_name_id, draft.sender_name_id),
        "lists": (sorted(row.id for row in mailing.lists), sorted(draft.list_ids)),
        "language": (mailing.language, draft.language),
        "body_kind": (mailing.body_kind, draft.body_kind),
        "html": (mailing.html, cleaned.html),
        "wrap_at": (mailing.wrap_at, draft.wrap_at),
        "view_line": (mailing.view_line, draft.view_line),
        "text": (mailing.text.strip(), mailing.text.strip() if draft.derive else draft.text.strip()),
    }
    if mailing.sequence_id is not None:
        del pairs["lists"]
    for use, typed in ((SegmentUse.only, draft.only), (SegmentUse.without, draft.without)):
        if typed is not None:
            pairs[use.value] = (narrowing.chosen(mailing.id, use), sorted(typed))
    if draft.earlier is not None:
        pairs["earlier"] = (earlier.chosen(mailing.id), draft.earlier)
    return [part for part, (kept, typed) in pairs.items() if kept != typed]


def _narrow(mailing: Mailing, draft: Draft) -> None:
    if draft.only is not None and draft.without is not None:
        narrowing.choose(mailing, draft.only, draft.without)
    if draft.earlier is not None:
        earlier.choose(mailing, draft.earlier)


def _fill(mailing: Mailing, cleaned: Cleaned) -> None:
    draft = cleaned.draft
    mailing.sender_name_id = draft.sender_name_id
    take_sender_name(mailing)
    mailing.name = draft.name
    mailing.subject, mailing.language, mailing.body_kind = draft.subject, draft.language, draft.body_kind
    mailing.wrap_at, mailing.view_line = draft.wrap_at, draft.view_line
    if mailing.variant_of is None and mailing.sequence_id is None:
        mailing.lists = _lists(mailing.customer_id, draft.list_ids)
    _fill_text(mailing, cleaned)
    mailing.html = cleaned.html
    mailing.changed_at = clock.now()


def _lists(customer_id: int, numbers: Collection[int]) -> list[MailingList]:
    theirs = sa.select(MailingList).where(
        MailingList.customer_id == customer_id, MailingList.archived_at.is_(None), MailingList.id.in_(numbers)
    )
    return list(db.session.scalars(theirs))


def _fill_text(mailing: Mailing, cleaned: Cleaned) -> None:
    """Keep the text as typed, or make it from the HTML; remember whether it still follows the HTML."""
    draft = cleaned.draft
    if draft.body_kind is BodyKind.text:
        mailing.text, mailing.text_edited, mailing.text_outdated = draft.text, True, False
        return
    if draft.derive:
        mailing.text, mailing.text_edited, mailing.text_outdated = _derived(mailing, cleaned), False, False
    elif draft.text.strip() != (mailing.text or "").strip():
        mailing.text, mailing.text_edited, mailing.text_outdated = draft.text, True, False
    elif cleaned.html != mailing.html:
        mailing.text_outdated = True


def _derived(mailing: Mailing, cleaned: Cleaned) -> str:
    if cleaned.draft.body_kind is not BodyKind.blocks:
        return text_from_html(cleaned.html)
    document = block_keeping.document_of(mailing)
    return text_of(document, pictures_of(document, mailing.customer_id))


def delete(mailing: Mailing, *, by: int) -> None:
    """Delete a draft for good, its variants too; raises NotPossible for anything that is more than a draft, and for the
    mail of a step."""
    if mailing.variant_of is not None or mailing.is_step:
        raise NotPossible("delete", mailing.state)
    mailing = locked_to_edit(mailing)
    audit.record("mailing.delete", by=by, customer_id=mailing.customer_id, subject=mailing)
    db.session.delete(mailing)


def in_words(names: Collection[str]) -> str:
    """Return names as they stand in a text: `{{ 氏名 }}`."""
    return ", ".join(f"{{{{ {name} }}}}" for name in names)
