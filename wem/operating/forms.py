"""What staff enter about a customer's order."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import RadioField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from wem import clock
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState
from wem.db import db
from wem.operating.rules import order_problem
from wem.operating.wording import PROBLEMS, WAYS
from wem.web.days import Moment

NEEDED = DataRequired(_l("This field is required."))


def _stripped(text: str | None) -> str:
    return (text or "").strip()


class OrderForm(FlaskForm):
    contract = StringField(_l("Contract number"), [NEEDED, Length(max=20)], filters=[_stripped])
    ordered_by = StringField(_l("Who of the customer ordered it"), [NEEDED, Length(max=100)], filters=[_stripped])
    ordered_at = Moment(_l("When it was ordered"), [NEEDED], default=clock.now)
    way = RadioField(
        _l("How it came"),
        [DataRequired(_l("Please choose one."))],
        choices=[SelectChoice(way.value, text) for way, text in WAYS.items()],
    )
    scope = TextAreaField(_l("Work that is ordered"), [NEEDED, Length(max=1000)], filters=[_stripped])
    begins_at = Moment(_l("From when"), [NEEDED], default=clock.now)
    ends_at = Moment(_l("Until when"), [NEEDED])

    def validate_contract(self, field: StringField) -> None:
        self.found = db.session.scalar(
            sa.select(Contract).where(
                Contract.number == (field.data or "").upper(), Contract.state != ContractState.ended
            )
        )
        if self.found is None:
            raise ValidationError(gettext("There is no contract of this number."))

    def validate_ends_at(self, field: Moment) -> None:
        if not (self.ordered_at.data and self.begins_at.data and field.data):
            return
        times = (self.moment(self.ordered_at), self.moment(self.begins_at), self.moment(field))
        if problem := order_problem(*times, clock.now()):
            raise ValidationError(str(PROBLEMS[problem]))

    def moment(self, field: Moment) -> datetime:
        """Return a time as it was typed in Japan."""
        typed: datetime = field.data
        return typed.replace(tzinfo=clock.JAPAN)
