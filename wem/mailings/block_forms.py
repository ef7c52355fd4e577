"""What a customer types about blocks: each block is a small form whose fields its kind says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import format_decimal, gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from wem.mailings.block_colour_rules import DARK, ENOUGH, too_pale, written_on
from wem.mailings.block_editing import digest
from wem.mailings.block_layout_rules import shown
from wem.mailings.block_rules import FIELDS, LOOK, Block, BlockKind, Document, Field, Form, Picture
from wem.mailings.block_wording import CHOICES, FIELD_NAMES, KINDS, LOOK_NAMES
from wem.mailings.colour_forms import Colour
from wem.mailings.forms import Body
from wem.mailings.image_models import Image

_BARE_DOMAIN = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}(?:[/?#].*)?", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class FieldShown:
    """One field of a block's form."""

    id: str
    name: str
    label: str
    form: str
    value: str
    most: int
    choices: tuple[tuple[str, str], ...] = ()
    marked: bool = False  # takes the small markup
    error: str = ""


@dataclass(frozen=True)
class BlockShown:
    """One block with its form; `about` says what it holds in a few words."""

    id: str
    kind: str
    label: str
    about: str
    digest: str
    fields: tuple[FieldShown, ...]
    error: str
    open: bool
    empty: bool
    picture: str
    picture_name: str


def block_shown(
    block: Block,
    images: Sequence[Image],
    pictures: Mapping[str, Picture],
    *,
    open: bool = False,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    seen: str | None = None,
) -> BlockShown:
    """Return a block as the editor shows it, with what was typed in place of what is kept, and what is wrong.

    `seen`: the state that the person goes on from, where it is not the present one.
    """
    errors = errors or {}
    values = dict(block.values) | dict(typed or {})
    fields = tuple(
        FieldShown(
            id=f"{block.id}-{name}",
            name=name,
            label=_label(block.kind, name),
            form=each.form.value,
            value=values[name],
            most=each.most,
            choices=_choices(block.kind, name, each, images, values[name]),
            marked=each.form in (Form.line, Form.lines) and name != "alt",
            error=errors.get(name, ""),
        )
        for name, each in FIELDS[block.kind].items()
    )
    picture = values.get("picture", "")
    names = {str(image.id): image.name for image in images}
    loose = " ".join(text for name, text in errors.items() if name not in FIELDS[block.kind])
    return BlockShown(
        id=block.id,
        kind=block.kind.value,
        label=str(KINDS[block.kind]),
        about=_about(block, pictures),
        digest=digest(block) if seen is None else seen,
        fields=fields,
        error=loose,
        open=open or bool(errors),
        empty=not shown(block, pictures),
        picture=picture if picture in names else "",
        picture_name=names.get(picture) or (gettext("Current image") if picture in pictures else ""),
    )


def _label(kind: BlockKind, name: str) -> str:
    return str(FIELD_NAMES.get((kind, name)) or FIELD_NAMES[name])


def _choices(
    kind: BlockKind, name: str, field: Field, images: Sequence[Image], value: str
) -> tuple[tuple[str, str], ...]:
    if field.form is Form.picture:
        offered = tuple((str(image.id), image.name) for image in images)
        known = {number for number, _ in offered}
        more = ((value, gettext("Current image")),) if value and value not in known else ()
        return (("", gettext("Please choose")), *more, *offered)
    if name == "height":
        return tuple((choice, gettext("%(count)s pixels", count=choice)) for choice in field.choices)
    return tuple((choice, str(CHOICES[name, choice])) for choice in field.choices)


def _about(block: Block, pictures: Mapping[str, Picture]) -> str:
    values = block.values
    text = values.get("name") or values.get("text") or values.get("items") or values.get("alt") or ""
    if not text and values.get("picture") in pictures:
        text = pictures[values["picture"]].alt
    line = " ".join(re.sub(r"\*\*|__", "", text).split())
    return line if len(line) <= 40 else f"{line[:39]}…"


def typed_values(kind: BlockKind, form: Mapping[str, str]) -> dict[str, str]:
    """Return what was typed for a block of this kind; fields that were not sent stay as they are."""
    return {name: tidied(form[name], each) for name, each in FIELDS[kind].items() if name in form}


def tidied(text: str, field: Field) -> str:
    """Return a typed text without what nobody typed on purpose; a bare domain becomes a web address."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _CONTROL.sub("", text)
    if field.form is Form.lines:
        return text.rstrip()
    text = text.replace("\n", " ").replace("\t", " ").strip()
    if field.form is Form.address and _BARE_DOMAIN.fullmatch(text):
        return f"https://{text}"
    return text.lower() if field.form is Form.colour else text


def _colour(name: str) -> Colour:
    message = _l("Please choose a colour.")
    return Colour(LOOK_NAMES[name], [DataRequired(message)], default=LOOK[name].default)


def _sizes() -> list[Any]:
    return [SelectChoice(size, _l("%(size)s pixels", size=size)) for size in LOOK["font_size"].choices]


class LookForm(FlaskForm):
    """How a mail looks as a whole: what is written can be read on its ground."""

    accent = _colour("accent")
    text = _colour("text")
    surface = _colour("surface")
    background = _colour("background")
    font_size = SelectField(LOOK_NAMES["font_size"], default=LOOK["font_size"].default)
    corners = SelectField(LOOK_NAMES["corners"], default=LOOK["corners"].default)

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.font_size.choices = _sizes()
        self.corners.choices = [SelectChoice(name, CHOICES["corners", name]) for name in LOOK["corners"].choices]

    @property
    def look(self) -> dict[str, str]:
        """The values that a document's look has."""
        return {name: self[name].data for name in LOOK}

    def validate(self, extra_validators: Any = None) -> bool:
        if not super().validate(extra_validators):
            return False
        pale = too_pale(self.look)
        for name, ratio in pale.items():
            values = {
                "ratio": format_decimal(int(ratio * 10) / 10, format="0.0"),
                "enough": format_decimal(ENOUGH),
            }
            self[name].errors = [
                gettext(
                    "Hard to read on the email background: the contrast is %(ratio)s:1, at least %(enough)s:1 is "
                    "needed. Please choose a darker colour.",
                    **values,
                )
                if written_on(self.look["surface"]) == DARK
                else gettext(
                    "Hard to read on the email background: the contrast is %(ratio)s:1, at least %(enough)s:1 is "
                    "needed. Please choose a lighter colour.",
                    **values,
                )
            ]
        return not pale


class BrandForm(LookForm):
    """The brand settings of a customer."""

    logo = SelectField(_l("Logo"), default="")
    footer = Body(_l("Footer text"), [Length(max=2000)])
    version = HiddenField()

    def offer(self, images: Iterable[Image]) -> None:
        self.logo.choices = [
            SelectChoice("", _l("No logo")),
            *(SelectChoice(str(image.id), image.name) for image in images),
        ]

    def validate_footer(self, field: Body) -> None:
        if _CONTROL.search(field.data or ""):
            raise ValidationError(gettext("It contains characters that cannot be used in email. Please type it again."))


def look_form(document: Document) -> LookForm:
    """Return the form for a mail's own look, filled in with it."""
    return LookForm(formdata=None, data=dict(document.look))
