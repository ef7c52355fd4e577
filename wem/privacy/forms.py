"""What staff type about disclosures."""

from __future__ import annotations

import sqlalchemy as sa
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import RadioField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, Optional

from wem import clock
from wem.contracts.models import Contract
from wem.db import db
from wem.privacy.rules import Basis, DataClass, may_disclose
from wem.privacy.wording import BASES, DATA
from wem.web.days import Day

NEEDED = DataRequired(_l("This field is required."))
CHOSEN = DataRequired(_l("Please choose one."))


def stripped(text: str | None) -> str:
    return (text or "").strip()


class DisclosureForm(FlaskForm):
    contract = StringField(_l("Contract number"), [NEEDED, Length(max=20)], filters=[stripped])
    whose = RadioField(
        _l("Whose data"), [CHOSEN], choices=[SelectChoice(each.value, text) for each, text in DATA.items()]
    )
    basis = RadioField(
        _l("On which ground"), [CHOSEN], choices=[SelectChoice(each.value, text) for each, text in BASES.items()]
    )
    requester = StringField(_l("Who asks for it"), [NEEDED, Length(max=200)], filters=[stripped])
    reference = StringField(_l("Clause, or number of their paper"), [Optional(), Length(max=200)], filters=[stripped])
    items = TextAreaField(_l("What is to be given"), [NEEDED, Length(max=4000)], filters=[stripped])
    reason = TextAreaField(_l("Why it may be given"), [NEEDED, Length(max=4000)], filters=[stripped])
    paper = FileField(_l("Their paper, or the customer's consent"))

    def validate_contract(self, field: StringField) -> None:
        self.found = db.session.scalar(sa.select(Contract).where(Contract.number == (field.data or "").upper()))
        if self.found is None:
            raise ValidationError(gettext("There is no contract of this number."))

    def validate_basis(self, field: RadioField) -> None:
        chosen = self.whose.data and not (self.whose.errors or field.errors)
        if chosen and not may_disclose(DataClass(self.whose.data), Basis(field.data)):
            raise ValidationError(gettext("These data cannot be given on this ground (Art. 2, 17-3)."))


class PaperForm(FlaskForm):
    paper = FileField(_l("File"), [FileRequired(_l("Please choose a file."))])


class NoteForm(FlaskForm):
    note = TextAreaField(_l("Note for the record"), [NEEDED, Length(max=500)], filters=[stripped])


class GivenForm(FlaskForm):
    given_on = Day(_l("Given on"), [NEEDED], default=clock.today)
    how = StringField(_l("How and to whom"), [NEEDED, Length(max=300)], filters=[stripped])

    def validate_given_on(self, field: Day) -> None:
        if field.data and field.data > clock.today():
            raise ValidationError(gettext("This day lies ahead."))
