"""What customers and staff type about contracts."""

from __future__ import annotations

import unicodedata
from typing import Any

from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, RadioField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, Optional

from wem import clock
from wem.contracts import catalogue, rules
from wem.contracts.models import DETAILS
from wem.contracts.rules import SuspensionGround
from wem.contracts.wording import GROUNDS
from wem.lists import blank_addresses
from wem.web.days import Day

NEEDED = DataRequired(_l("This field is required."))
CHOSEN = DataRequired(_l("Please choose one."))


class Tick(BooleanField):
    """A tick whose label is a sentence; `short` is its name where errors are listed."""

    def __init__(self, label: Any, validators: Any = None, *, short: Any, **kwargs: Any) -> None:
        super().__init__(label, validators, **kwargs)
        self.short = short


class OneLine(StringField):
    """A line of text without white space around it."""

    data: str | None

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        self.data = " ".join((self.data or "").split())


def mail_address(_form: FlaskForm, field: Any) -> None:
    """Normalise and check a mail address of a person; full width is taken too."""
    typed = unicodedata.normalize("NFKC", field.data or "").strip()
    try:
        checked = validate_email(typed, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValidationError(gettext("Please enter a valid e-mail address.")) from error
    field.data = checked.normalized.lower()


class DetailsForm(FlaskForm):
    """What every mail shows of the customer, as the owner may change it: the name is the registered one."""

    postal_code = OneLine(_l("Postal code"), [NEEDED])
    postal_address = OneLine(_l("Postal address"), [NEEDED, Length(max=300)])
    contact = OneLine(_l("Contact for questions and complaints"), [NEEDED, Length(max=300)])
    notice_email = EmailField(_l("E-mail address for our notices"), [NEEDED, mail_address])

    def without_mail(self) -> None:
        """Let the notice address be empty: notices go by letter where there is none that works (4-1, A-08)."""
        self.notice_email.validators = [Optional(), mail_address]
        self.notice_email.flags.required = False

    def validate_postal_code(self, field: StringField) -> None:
        code = rules.postal_code(field.data or "")
        if code is None:
            raise ValidationError(gettext("Please enter a postal code of seven digits, like 190-0012."))
        field.data = code

    def validate_contact(self, field: StringField) -> None:
        if not rules.reachable(field.data or ""):
            raise ValidationError(gettext("Please enter a telephone number, an e-mail address or a web address."))

    def details(self) -> dict[str, str]:
        """Return what was typed, by the names of the contract's columns."""
        return {name: self[name].data or "" for name in DETAILS if name in self}


class StaffDetailsForm(DetailsForm):
    sender_name = OneLine(_l("Sender's name"), [NEEDED, Length(max=100)])


class NewContractForm(DetailsForm):
    """A customer, a contract and the owner, as far as staff need them to begin."""

    name = OneLine(_l("Name of the customer"), [NEEDED, Length(max=100)])
    kana = OneLine(_l("Name in kana"), [NEEDED, Length(max=100)])
    slug = OneLine(_l("Name in addresses"), [NEEDED])
    course = SelectField(_l("Course"), [CHOSEN])
    start_date = Day(_l("Start date"), [NEEDED], default=clock.today)
    owner_name = OneLine(_l("Owner's name"), [NEEDED, Length(max=100)])
    owner_email = EmailField(_l("Owner's e-mail address"), [NEEDED, mail_address])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.course.choices = [SelectChoice(code, name) for code, name in catalogue.courses()]

    def validate_kana(self, field: StringField) -> None:
        kana = rules.kana(field.data or "")
        if kana is None:
            raise ValidationError(gettext("Please enter the reading in katakana."))
        field.data = kana

    def validate_slug(self, field: StringField) -> None:
        field.data = unicodedata.normalize("NFKC", field.data or "").lower()
        problem = rules.slug_problem(field.data)
        if problem == "form":
            raise ValidationError(gettext("Use 3 to 40 letters a–z, digits and hyphens."))
        # A name is the local part of a sender address; so is a dedicated address that is lent to a list.
        if problem or blank_addresses.taken(field.data):
            raise ValidationError(gettext("The service itself uses this name. Please choose another one."))


class SuspendForm(FlaskForm):
    """A termination in part is no choice here: it takes two persons (14-1)."""

    ground = RadioField(
        _l("Ground"),
        [CHOSEN],
        choices=[SelectChoice(g.value, t) for g, t in GROUNDS.items() if g is not SuspensionGround.partial_termination],
    )
    note = TextAreaField(_l("Note for the record"), [NEEDED, Length(max=500)])

    @property
    def chosen(self) -> SuspensionGround:
        return SuspensionGround(self.ground.data)


class ResumeForm(FlaskForm):
    note = TextAreaField(_l("Note for the record"), [NEEDED, Length(max=500)])
