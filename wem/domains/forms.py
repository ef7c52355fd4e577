"""What a customer types about sender domains and the address of a list."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from wem.domains.models import SenderDomain
from wem.domains.rules import local_part

SERVICE = 0


class DomainForm(FlaskForm):
    name = StringField(_l("Domain"), [DataRequired(_l("This field is required.")), Length(max=300)])


class ListSenderForm(FlaskForm):
    """Which address a list sends from."""

    domain = SelectField(_l("Domain of the sender"), coerce=int)
    local = StringField(_l("Before the @"), [Length(max=64)])

    def offer(self, service_address: str, domains: Sequence[SenderDomain]) -> None:
        """Offer the service's address and the proven domains."""
        ours = gettext("%(address)s (the service's)", address=service_address)
        self.domain.choices = [
            SelectChoice(SERVICE, ours),
            *(SelectChoice(row.id, f"@{row.shown}") for row in domains),
        ]

    def validate_local(self, field: StringField) -> None:
        if self.domain.data == SERVICE:
            field.data = ""
            return
        found = local_part(field.data or "")
        if found is None:
            raise ValidationError(gettext("Use letters a–z, digits and . _ - + before the @, for example news."))
        field.data = found
