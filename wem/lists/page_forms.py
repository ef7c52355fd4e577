"""What is typed to have another dedicated URL."""

from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, StringField, ValidationError
from wtforms.validators import DataRequired, Length

from wem.accounts.models import Customer
from wem.contracts.application_rules import plain
from wem.contracts.emergency_models import EmergencyStop
from wem.contracts.models import Contract
from wem.lists import page_reissuing
from wem.lists.page_reissuing import Unsuitable

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

    def begin(self, customer: Customer, *, leads_on: bool) -> None:
        """Offer a name that is free, before anything is typed."""
        if not self.is_submitted():
            self.slug.data, self.leads_on.data = page_reissuing.suggested(customer), leads_on

    def lend(self, contract: Contract, *, by: int, stop: EmergencyStop | None = None) -> bool:
        """Lend what was typed; False, said beside the field, when it is wrong or somebody had it in between."""
        if not self.validate_on_submit():
            return False
        slug, reason, leads_on = self.slug.data or "", self.reason.data or "", bool(self.leads_on.data)
        try:
            page_reissuing.reissue(contract, slug, leads_on=leads_on, reason=reason, by=by, stop=stop)
        except Unsuitable as error:
            self.slug.errors = [_said(error.problem)]
            return False
        return True


def _said(problem: str) -> str:
    if problem == "form":
        return str(gettext("Use 3 to 40 letters a–z, digits and hyphens."))
    return str(gettext("This name is or was somebody's. Please choose another one."))
