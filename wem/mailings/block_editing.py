"""Changes a mail made of blocks: what was done is checked, compiled and kept at once; nobody's work is lost."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping

from wem import audit, clock
from wem.delivery.personalising import compile_template
from wem.delivery.template_nodes import TemplateProblem
from wem.mailings import block_keeping, composing
from wem.mailings.block_compiling import html_of, pictures_of, text_of
from wem.mailings.block_moving_rules import block_of, change_block
from wem.mailings.block_rules import FIELDS, PREHEADER, Block, Document, Field, Form, NotValid, Row, Wrong
from wem.mailings.composing import PersonalLink, Refused
from wem.mailings.image_using import note_uses
from wem.mailings.models import BodyKind, Mailing
from wem.mailings.states import NotPossible
from wem.mailings.trial_models import locked_to_edit


class Meanwhile(Exception):
    """Somebody else changed the block since this person saw it; `theirs` is what holds now."""

    def __init__(self, theirs: Block) -> None:
        super().__init__(theirs.id)
        self.theirs = theirs


def digest(block: Block) -> str:
    """Return what tells one state of a block from another."""
    return hashlib.sha256(json.dumps(dict(block.values), sort_keys=True).encode()).hexdigest()[:16]


def edit(mailing: Mailing, change: Callable[[Document], Document], act: str, *, by: int) -> None:
    """Change the document that holds now, whoever changed it last, and make the mail of it anew.

    Raises NotPossible when it is no draft any more, and what `change` raises; Refused where the mail cannot be made.
    """
    locked = _locked(mailing)
    document = block_keeping.document_of(locked)
    changed = change(document)
    if changed == document:
        return
    locked.count_change()
    if block_keeping.keep(locked, changed, act, by=by):
        audit.record("mailing.change", by=by, customer_id=locked.customer_id, subject=locked)
    fill(locked, changed)


class SteppedMeanwhile(Exception):
    """Somebody else changed the mail since this person saw it."""


def step(mailing: Mailing, steps: int, seen: int, *, by: int) -> str | None:
    """Undo the last step (-1) or do the next one again (1); returns the act, None when there is none.

    Raises SteppedMeanwhile when somebody else changed it after version `seen`, and as `edit` does.
    """
    locked = _locked(mailing)
    if block_keeping.changed_by_others(locked, seen, by):
        raise SteppedMeanwhile
    stepped = block_keeping.step(locked, steps, by=by)
    if stepped is None:
        return None
    document, act = stepped
    locked.count_change()
    audit.record("mailing.change", by=by, customer_id=locked.customer_id, subject=locked)
    fill(locked, document)
    return act


def changing(
    block_id: str, values: Mapping[str, str], mailing: Mailing, seen: str | None
) -> Callable[[Document], Document]:
    """Return the change of one block for `edit`; `seen` is the digest of what the person had before them.

    It raises Gone, Meanwhile, NotValid with the name of the field, Refused by the names of the fields.
    """

    def change(document: Document) -> Document:
        before = block_of(document, block_id)
        if seen is not None and seen != digest(before) and dict(before.values) != dict(before.values) | dict(values):
            raise Meanwhile(before)
        changed = change_block(document, block_id, values)
        look_over(block_of(changed, block_id), mailing)
        return changed

    return change


def look_over(block: Block, mailing: Mailing) -> None:
    """Look at the texts and links of one block; raises Refused, NotValid where an image is not the customer's."""
    problems = _problems(block.values, FIELDS[block.kind], mailing)
    if not problems:
        alone = Document(rows=(Row("r1", columns=((block,),)),))
        pictures = pictures_of(alone, mailing.customer_id)
        if (number := block.values.get("picture")) and number not in pictures:
            raise NotValid("picture", Wrong.picture)
        problems = _in_html(block, alone, pictures, mailing)
    if problems:
        raise Refused(problems)


def look_over_line(text: str, mailing: Mailing) -> None:
    """Look at the line beside the subject; raises Refused."""
    if problems := _problems({"preheader": text}, {"preheader": PREHEADER}, mailing):
        raise Refused(problems)


def _problems(values: Mapping[str, str], fields: Mapping[str, Field], mailing: Mailing) -> dict[str, composing.Fault]:
    names = composing.known_names(mailing.customer_id)
    found: dict[str, composing.Fault] = {}
    for name, field in fields.items():
        if field.form not in (Form.line, Form.lines, Form.address) or "{" not in values[name]:
            continue
        try:
            used = compile_template(values[name], escape="html", known=names, language=mailing.language).names
        except TemplateProblem as problem:
            found[name] = problem
            continue
        if field.form is Form.address and (personal := composing.personal(used, mailing.customer_id)):
            found[name] = PersonalLink(tuple(personal))
    return found


def _in_html(
    block: Block, alone: Document, pictures: Mapping[str, object], mailing: Mailing
) -> dict[str, composing.Fault]:
    """Return what is wrong with a block's texts once they are HTML: tags across paragraphs, fields in written links."""
    place = "items" if "items" in block.values else "text"
    try:
        html = html_of(alone, pictures, mailing.language)  # type: ignore[arg-type]
    except TemplateProblem as problem:
        # Told by its place in what was typed, not in the HTML.
        place = next((name for name, value in block.values.items() if problem.name in value), place)
        source = block.values.get(place, "")
        return {place: TemplateProblem(source, source.find(problem.name), problem.kind, problem.name)}
    found = composing.personal_names_in_links(html, mailing.customer_id)
    return {place: PersonalLink(tuple(found))} if found else {}


def begin(mailing: Mailing, document: Document, *, by: int) -> None:
    """Give a new mailing, in the session, the document that it begins with."""
    block_keeping.keep(mailing, document, "begin", by=by)
    fill(mailing, document)


def fill(mailing: Mailing, document: Document) -> None:
    """Make HTML and text of the document; a text that was written by hand stays, and is marked. Raises Refused."""
    pictures = pictures_of(document, mailing.customer_id)
    try:
        html = html_of(document, pictures, mailing.language)
    except TemplateProblem as problem:
        raise Refused({"": problem}) from problem
    text = text_of(document, pictures)
    if not mailing.text_edited:
        mailing.text, mailing.text_outdated = text, False
    elif html != mailing.html:
        mailing.text_outdated = True
    mailing.html, mailing.changed_at = html, clock.now()
    note_uses(mailing)


def to_html(mailing: Mailing, *, by: int) -> None:
    """Make it a mail of raw HTML for good: the blocks and their steps are gone. Raises NotPossible."""
    locked = _locked(mailing)
    locked.body_kind = BodyKind.html
    locked.count_change()
    block_keeping.forget(locked)
    audit.record("mailing.change", by=by, customer_id=locked.customer_id, subject=locked)


def _locked(mailing: Mailing) -> Mailing:
    """Return the mailing as it is now, for this transaction alone to change."""
    locked = locked_to_edit(mailing)
    if locked.body_kind is not BodyKind.blocks:
        raise NotPossible("edit", locked.state)
    return locked
