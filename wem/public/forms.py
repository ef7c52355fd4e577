"""What staff type to publish a version of the terms, the consent clauses or the manual."""

from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, TextAreaField, ValidationError
from wtforms.validators import DataRequired, Length

from wem import clock
from wem.public import manual_reading
from wem.web.days import Day

NEEDED = DataRequired(_l("This field is required."))


class TextForm(FlaskForm):
    text = TextAreaField(_l("The whole text"), [NEEDED, Length(max=200_000)])
    summary = TextAreaField(_l("What is different, as customers read it"), [NEEDED, Length(max=2_000)])
    effective_from = Day(_l("In force from"), [NEEDED])
    adverse = BooleanField(_l("Some of it is worse for customers"), default=True)

    cleans = False  # whether the text is HTML

    def validate_text(self, field: Field) -> None:
        """Take out of HTML what a page of ours must not hold, and want the chapter that Art. 19-5 speaks of."""
        if not self.cleans:
            return
        field.data = manual_reading.cleaned(field.data)
        if 'id="environment"' not in field.data:
            raise ValidationError(gettext('The manual needs the chapter on what people need: id="environment".'))

    def validate_effective_from(self, field: Field) -> None:
        if field.data < clock.today():
            raise ValidationError(gettext("It cannot hold from a day that has passed."))
