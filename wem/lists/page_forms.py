"""What is typed to have another dedicated URL."""

from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, StringField, ValidationError
from wtforms.validators import DataRequired, Length

from wem.contracts.application_rules import plain
from wem.lists import page_reissuing

NEEDED = DataRequired(_l("This field is required."))


class PageForm(FlaskForm):
    slug = StringField(_l("Name in page addresses"), [NEEDED, Length(max=60)])
    reason = StringField(_l("Why another one is needed"), [NEEDED, Length(max=300)])
    leads_on = BooleanField(_l("The old address says which one serves now"))

    def validate_slug(self, field: StringField) -> None:
        field.data = plain(field.data or "").lower()
        problem = page_reissuing.problem_of(field.data)
        if problem is not None:
            raise ValidationError(_said(problem))

    def refuse(self, problem: str) -> None:
        """Say why the name cannot be lent after all."""
        self.slug.errors = [_said(problem)]


def _said(problem: str) -> str:
    if problem == "form":
        return str(gettext("Use 3 to 40 letters a–z, digits and hyphens."))
    return str(gettext("This name is or was somebody's. Please choose another one."))
