"""What staff write about purposes of use and to customers about services."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from wem.contracts.models import Contract
from wem.db import db
from wem.privacy.consenting import open_purposes
from wem.privacy.purpose_models import NEWS
from wem.privacy.rules import Purpose
from wem.privacy.wording import PURPOSES

NEEDED = DataRequired(_l("This field is required."))


def _line(text: str | None) -> str:
    return " ".join((text or "").replace("\0", "").split())


def _lines(text: str | None) -> str:
    return "\n".join(line.rstrip() for line in (text or "").replace("\0", "").splitlines()).strip()


def purpose_choices() -> list[SelectChoice]:
    """Return the purposes that mail can be sent for."""
    return [
        SelectChoice(NEWS, str(PURPOSES[Purpose.news])),
        *(SelectChoice(row.id, f"{row.number} {row.current.title}") for row in open_purposes()),
    ]


class PurposeForm(FlaskForm):
    title = StringField(_l("Purpose in one line"), [NEEDED, Length(max=100)], filters=[_line])
    text = TextAreaField(_l("What it means, as customers read it"), [NEEDED, Length(max=4000)], filters=[_lines])


class PurposeChangeForm(PurposeForm):
    asks = BooleanField(
        _l("It says something else: every consent so far is over, and all are asked anew"), default=True
    )


class NewsForm(FlaskForm):
    purpose = SelectField(_l("Purpose"), coerce=int)
    subject = StringField(_l("Subject"), [NEEDED, Length(max=150)], filters=[_line])
    text = TextAreaField(_l("Text"), [NEEDED, Length(max=20_000)], filters=[_lines])

    def __init__(self, **given: object) -> None:
        super().__init__(**given)
        self.purpose.choices = purpose_choices()


class StopForm(FlaskForm):
    """A stop that came by telephone, mail or letter (特定電子メール法 3条3項: by whatever means)."""

    contract = StringField(_l("Contract number"), [NEEDED, Length(max=20)], filters=[_line])
    purpose = SelectField(_l("Purpose"), coerce=int)

    def __init__(self, **given: object) -> None:
        super().__init__(**given)
        self.purpose.choices = purpose_choices()

    def validate_contract(self, field: StringField) -> None:
        self.found = db.session.scalar(sa.select(Contract).where(Contract.number == (field.data or "").upper()))
        if self.found is None:
            raise ValidationError(gettext("There is no contract of this number."))
