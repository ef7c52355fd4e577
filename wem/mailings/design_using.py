"""What a mailing begins with when somebody chose a design: one that comes with WeM, or one of the customer's own."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from wem.contracts.models import contract_in_force
from wem.db import db
from wem.mailings import block_editing, design_rules, previewing, starting
from wem.mailings.block_compiling import html_of, pictures_of, text_of
from wem.mailings.block_models import Brand
from wem.mailings.block_reading_rules import read
from wem.mailings.block_rules import Document
from wem.mailings.design_models import Design
from wem.mailings.design_rules import Ours
from wem.mailings.html import text_from_html
from wem.mailings.image_using import note_uses
from wem.mailings.inserting import snippets
from wem.mailings.models import BodyKind, Mailing
from wem.mailings.naming import take_sender_name
from wem.mailings.previewing import Shown
from wem.mailings.wrapping import USUAL

_FILES = Path(__file__).parent / "designs"
_NUMBER = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


@dataclass(frozen=True)
class Beginning:
    """What a new mailing holds: a document for one of blocks, else HTML or text in `source`."""

    body_kind: BodyKind
    subject: str
    language: str = "ja"
    document: Document | None = None
    source: str = ""


@cache
def as_written(name: Ours) -> Beginning:
    """Return a design of ours as its file says; all of them are in Japanese."""
    data = json.loads((_FILES / f"{name.value}.json").read_text("utf-8"))
    document = read(json.dumps(data["document"]))
    return Beginning(BodyKind.blocks, data["subject"], document=document)


def chosen(key: str, customer_id: int) -> Beginning | None:
    """Return the design that an address names, `newsletter` or the number of an own one; None when there is none."""
    if key in list(Ours):
        return of_ours(Ours(key), customer_id)
    design = db.session.get(Design, int(key)) if _NUMBER.fullmatch(key) else None
    return of_own(design) if design is not None and design.customer_id == customer_id else None


def of_ours(name: Ours, customer_id: int) -> Beginning:
    """Return a design of ours with the customer's colours, logo, last words and greeting.

    Before there are brand settings it keeps its own colours.
    """
    design = as_written(name)
    document = design.document
    assert document is not None
    brand = db.session.get(Brand, customer_id)
    if brand is not None:
        document = design_rules.in_colours(document, brand.look)
        if brand.logo_id is not None:
            document = design_rules.with_logo(document, str(brand.logo_id))
        document = design_rules.with_last_words(document, brand.footer)
    greeting = next((each.code for each in snippets(customer_id, design.language) if each.greets), "")
    document = design_rules.addressed(document, greeting)
    return Beginning(design.body_kind, design.subject, document=document)


def of_own(design: Design) -> Beginning:
    """Return a design of the customer's own, without images that are gone since."""
    if design.body_kind is not BodyKind.blocks:
        return Beginning(design.body_kind, design.subject, design.language, source=design.source)
    document = read(design.source)
    document = design_rules.without_pictures(document, pictures_of(document, design.customer_id))
    return Beginning(design.body_kind, design.subject, design.language, document)


def begin(mailing: Mailing, beginning: Beginning, *, by: int) -> None:
    """Give a new mailing what a design holds; raises Refused where blocks speak of a field that is gone since.

    What is written as HTML or text is looked over when it is saved, and before it is sent.
    """
    mailing.subject, mailing.language = beginning.subject, beginning.language
    if beginning.document is not None:
        block_editing.begin(mailing, beginning.document, by=by)
        return
    mailing.html, mailing.text = _bodies(beginning, mailing.customer_id)
    mailing.text_edited = beginning.body_kind is BodyKind.text
    note_uses(mailing)


def shown(beginning: Beginning, customer_id: int) -> Shown:
    """Return a mail that begins so as an invented reader gets it, the legal block included; raises TemplateProblem."""
    contract = contract_in_force(customer_id)
    if contract is None:
        raise LookupError(f"customer {customer_id} has no contract")
    html, text = _bodies(beginning, customer_id)
    mailing = Mailing(
        customer_id=customer_id,
        body_kind=beginning.body_kind,
        subject=beginning.subject,
        html=html,
        text=text,
        language=beginning.language,
        wrap_at=USUAL,
    )
    take_sender_name(mailing)
    letter = starting.letter(mailing, starting.make(mailing, contract))
    return previewing.filled(letter, previewing.samples_of(customer_id)[0])


def _bodies(beginning: Beginning, customer_id: int) -> tuple[str, str]:
    document = beginning.document
    if document is not None:
        pictures = pictures_of(document, customer_id)
        return html_of(document, pictures, beginning.language), text_of(document, pictures)
    if beginning.body_kind is BodyKind.html:
        return beginning.source, text_from_html(beginning.source)
    return "", beginning.source
