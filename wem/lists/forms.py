"""What a customer types about lists and fields."""

from __future__ import annotations

import re
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, RadioField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from wem.lists.states import FieldKind

NEEDED = DataRequired(_l("This field is required."))
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?").fullmatch
# Words that stand where a list's name stands in an address of a page.
TAKEN_SLUGS = frozenset({"join", "archive", "rss", "feed"})

KINDS = {
    FieldKind.text: _l("Text"),
    FieldKind.number: _l("Number (value)"),
    FieldKind.date: _l("Date"),
    FieldKind.choice: _l("One of several choices"),
    FieldKind.choices: _l("Several of several choices"),
    FieldKind.yes_no: _l("Yes or no"),
}
WITH_OPTIONS = frozenset({FieldKind.choice, FieldKind.choices})


class TrimmedLine(StringField):
    """A line of text without the white space around it."""

    data: str | None

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        self.data = (self.data or "").strip()


class ListForm(FlaskForm):
    name = TrimmedLine(_l("Name of the list"), [NEEDED, Length(max=100)])
    slug = TrimmedLine(_l("Name in page addresses"), [NEEDED])
    description = TextAreaField(_l("Description for readers"), [Length(max=500)])

    def validate_slug(self, field: StringField) -> None:
        field.data = (field.data or "").lower()
        if not SLUG(field.data):
            raise ValidationError(gettext("Use 1 to 40 letters a–z, digits and hyphens."))
        if field.data in TAKEN_SLUGS:
            raise ValidationError(gettext("This word has a meaning of its own. Please choose another one."))


class EditListForm(FlaskForm):
    name = TrimmedLine(_l("Name of the list"), [NEEDED, Length(max=100)])
    description = TextAreaField(_l("Description for readers"), [Length(max=500)])
    sign_up_open = BooleanField(_l("Readers can sign up"))


class FieldForm(FlaskForm):
    """A new custom field."""

    label = TrimmedLine(_l("Label"), [NEEDED, Length(max=100)])
    kind = RadioField(_l("Kind"), choices=[SelectChoice(k.value, t) for k, t in KINDS.items()], default="text")
    options = TextAreaField(_l("Choices, one per line"))

    def validate_options(self, field: TextAreaField) -> None:
        # What is no kind at all is told at the kind.
        if self.kind.data in {kind.value for kind in WITH_OPTIONS}:
            check_options(lines(field.data))


class EditFieldForm(FlaskForm):
    label = TrimmedLine(_l("Label"), [NEEDED, Length(max=100)])
    options = TextAreaField(_l("Choices, one per line"), [NEEDED])

    def __init__(self, kind: FieldKind, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        if kind not in WITH_OPTIONS:
            del self.options

    def validate_options(self, field: TextAreaField) -> None:
        check_options(lines(field.data))


def lines(text: str | None) -> list[str]:
    """Return the lines that hold something, each once."""
    return list(dict.fromkeys(line.strip() for line in (text or "").splitlines() if line.strip()))


def check_options(options: list[str]) -> None:
    """Raise ValidationError for choices that make no choice."""
    if len(options) < 2:
        raise ValidationError(gettext("Please enter at least two choices, one per line."))
    if len(options) > 200 or any(len(option) > 100 for option in options):
        raise ValidationError(gettext("At most 200 choices of 100 characters each."))
    if any(re.search("[;；、,，|｜]", option) for option in options):
        raise ValidationError(gettext("A choice cannot hold a comma, a semicolon or a vertical bar."))


class SignUpFormForm(FlaskForm):
    """What the sign-up form of a list shows above the fields."""

    sign_up_intro = TextAreaField(_l("Text above the form"), [Length(max=2000)])


class FindForm(FlaskForm):
    address = TrimmedLine(_l("Whole e-mail address"), [NEEDED, Length(max=320)])


class InviteForm(FlaskForm):
    address = TrimmedLine(_l("E-mail address"), [NEEDED, Length(max=320)])
