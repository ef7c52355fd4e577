"""What a customer types about a design."""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from wem.mailings.design_models import Design
from wem.mailings.forms import NAME_LENGTH, NEEDED, Name


class DesignForm(FlaskForm):
    name = Name(_l("Template name"), [NEEDED, Length(max=NAME_LENGTH)])


class ReplaceForm(FlaskForm):
    """Which of the customer's designs gives way."""

    design = SelectField(_l("Template to replace"), coerce=int)

    def offer(self, designs: Iterable[Design]) -> None:
        self.design.choices = [SelectChoice(each.id, each.name) for each in designs]
