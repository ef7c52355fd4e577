"""What a customer says when asking for a sender's name, and what staff say to it."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import StringField, TextAreaField, ValidationError
from wtforms.validators import DataRequired, Length

from wem.sender_names.rules import LONGEST, name_fault, tidied
from wem.sender_names.wording import FAULTS


class SenderNameField(StringField):
    """A name as it is kept."""

    data: str | None

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        self.data = tidied(self.data or "")


class AskForm(FlaskForm):
    """A name and what it is."""

    name = SenderNameField(
        _l("Name shown to readers"),
        [DataRequired(_l("This field is required.")), Length(max=LONGEST)],
    )
    reason = TextAreaField(
        _l("What the name is and how it relates to you"),
        [DataRequired(_l("Please describe the name: a brand, shop or site of yours.")), Length(min=4, max=1000)],
    )

    def validate_name(self, field: SenderNameField) -> None:
        if fault := name_fault(field.data or ""):
            raise ValidationError(FAULTS[fault])


class NoForm(FlaskForm):
    """Why a name is refused, or holds no longer, as the customer reads it."""

    note = TextAreaField(
        _l("Reason, as the customer reads it"),
        [DataRequired(_l("Please say why, so that the customer knows what to do.")), Length(min=4, max=1000)],
    )
