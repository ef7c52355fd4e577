"""What people type to apply: on the web, or for them from paper."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    EmailField,
    Field,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from wem import clock
from wem.contracts import application_rules, applying, catalogue, describing, fee_table, places, rules
from wem.contracts.account_forms import AccountForm
from wem.contracts.application_rules import Applicant
from wem.contracts.application_wording import APPLICANTS
from wem.contracts.catalogue_models import Campaign, samples_on
from wem.contracts.forms import CHOSEN, NEEDED, OneLine, Tick, mail_address
from wem.domain_rules import is_carrier
from wem.privacy.consenting import open_purposes
from wem.web.amounts import Between, Whole
from wem.web.days import Day

AGREED = DataRequired(_l("Please read and agree."))


# The fields as the page shows them; those of papers stand first.
ORDER = (
    "handed_on", "arrived_on", "scan", "debit_form",
    "kind", "name", "kana", "corporate_number", "representative", "person",
    "postal_code", "address", "phone", "email",
    "course", "options", "campaign", "own_initial", "own_tiers",
    "bank", "branch", "account_type", "account_number", "account_holder",
    "partner_code", "terms", "consent", "no_news", "uses",
)  # fmt: skip


class ApplicationForm(AccountForm):
    """The application form (申込書) and the account for direct debit (Art. 4-1, 6-1)."""

    kind = RadioField(_l("You apply as"), [CHOSEN], choices=[SelectChoice(k.value, t) for k, t in APPLICANTS.items()])
    name = OneLine(_l("Name of the company or person"), [NEEDED, Length(max=100)])
    kana = OneLine(_l("Name in kana"), [NEEDED, Length(max=100)])
    corporate_number = OneLine(_l("Corporate number"))
    representative = OneLine(_l("Representative"), [Length(max=100)])
    person = OneLine(_l("Person in charge of WeM"), [Length(max=100)])
    postal_code = OneLine(_l("Postal code"), [NEEDED])
    address = OneLine(_l("Postal address"), [NEEDED, Length(max=300)])
    phone = OneLine(_l("Telephone"), [NEEDED])
    email = EmailField(_l("E-mail address"), [Optional(), mail_address])
    course = RadioField(_l("Course"), [CHOSEN])
    campaign = SelectField(_l("Campaign"), [Optional()])
    options = SelectMultipleField(_l("Options"), widget=ListWidget(prefix_label=False), option_widget=CheckboxInput())
    partner_code = OneLine(_l("Partner code"), [Length(max=16)])
    terms = Tick(_l("I agree to the terms of service."), [AGREED], short=_l("Terms of service"))
    consent = Tick(
        _l("I agree to the consent clauses on personal data."), [AGREED], short=_l("Consent clauses on personal data")
    )
    no_news = BooleanField(_l("I want no mails about services and campaigns."))
    uses = SelectMultipleField(
        _l("My data may also be used for"), widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )
    # Whoever fills this in is a machine: people do not see it.
    website = StringField(_l("Please leave this empty"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for each in (self.representative, self.person):
            each.flags.required = True  # of companies, who alone see them
        self.samples = samples_on(clock.today())
        self.fees = fee_table.fees_on(clock.today())
        self.course.choices = [SelectChoice(code, each.name) for code, each in self.fees.items()]
        self.campaign.choices = [
            SelectChoice("", gettext("No campaign")),
            *(
                SelectChoice(
                    each.code,
                    gettext("%(name)s (apply by %(day)s)", name=each.name, day=describing.as_read(each.last_day)),
                )
                for each in self.campaigns()
            ),
        ]
        self.options.choices = [
            SelectChoice(
                option.code,
                gettext(
                    "%(name)s: %(fee)s yen a month (tax included)", name=option.name, fee=f"{rules.with_tax(yen):,}"
                ),
            )
            for option, yen in catalogue.offered_options(clock.today())
        ]
        self.uses.choices = [
            SelectChoice(f"{each.id}.{each.current.number}", f"{each.current.title}: {each.current.text}")
            for each in open_purposes()
        ]

    def __iter__(self) -> Iterator[Field]:
        """Yield the fields as the page shows them: the summary of errors follows it."""
        places_of = {name: place for place, name in enumerate(ORDER)}
        return iter([self._fields[name] for name in sorted(self._fields, key=lambda name: places_of.get(name, -1))])

    @property
    def applied(self) -> date:
        """Return the day of application: of a paper that on which it was handed over or posted (4-2)."""
        return clock.today()

    def campaigns(self) -> list[Campaign]:
        """Return what can be chosen."""
        return catalogue.campaigns_on(clock.today())

    def validate_campaign(self, field: Field) -> None:
        good = {each.code for each in catalogue.campaigns_for(self.course.data or "", self.applied)}
        if field.data and field.data not in good:
            raise ValidationError(gettext("This campaign does not hold for this course and day."))

    def validate_name(self, field: Field) -> None:
        field.data = application_rules.plain(field.data)

    def validate_kana(self, field: Field) -> None:
        kana = rules.kana(field.data or "")
        if kana is None:
            raise ValidationError(gettext("Please enter the reading in katakana."))
        field.data = kana

    def validate_corporate_number(self, field: Field) -> None:
        field.data = application_rules.plain(field.data or "").replace("-", "").replace(" ", "")
        if self.kind.data != Applicant.company.value:
            field.data = ""
        elif field.data and not application_rules.is_corporate_number(field.data):
            raise ValidationError(gettext("This is no corporate number: 13 digits, and the first checks the others."))

    def validate_representative(self, field: Field) -> None:
        if self.kind.data == Applicant.person.value:
            field.data = ""
        elif not field.data:
            raise ValidationError(gettext("A company names its representative."))

    def validate_person(self, field: Field) -> None:
        """An individual is the person whom we ask; the page shows them no such field."""
        if self.kind.data == Applicant.person.value:
            field.data = self.name.data
        elif not field.data:
            raise ValidationError(gettext("A company names the person in charge."))

    def validate_partner_code(self, field: Field) -> None:
        field.data = application_rules.plain(field.data or "")
        if field.data and applying.partner_of(field.data) is None:
            raise ValidationError(gettext("We know no partner of this code. Please check it, or leave it empty."))

    def validate_postal_code(self, field: Field) -> None:
        code = rules.postal_code(field.data or "")
        if code is None:
            raise ValidationError(gettext("Please enter a postal code of seven digits, like 190-0012."))
        field.data = code

    def validate_address(self, field: Field) -> None:
        field.data = application_rules.plain(field.data)
        known = places.address_of(rules.postal_code(self.postal_code.data or "") or "")
        if known and field.data in (known, ""):
            raise ValidationError(gettext("Please add the house number and the building."))

    def validate_phone(self, field: Field) -> None:
        number = application_rules.phone(field.data or "")
        if number is None:
            raise ValidationError(gettext("Please enter a telephone number, like 042-123-4567."))
        field.data = number

    @property
    def only_phone_mail(self) -> bool:
        """Return whether the only mail address is a phone carrier's (4-1)."""
        return bool(self.email.data) and is_carrier(self.email.data.rpartition("@")[2])

    def fill_address(self) -> None:
        """Put the town of the postal code into the address, as far as it is known."""
        code = rules.postal_code(self.postal_code.data or "")
        found = places.address_of(code) if code else None
        if found is None:
            self.postal_code.errors = [gettext("No address is known for this postal code. Please type the address.")]
        elif not (self.address.data or "").startswith(found):
            self.address.data = found

    def entries(self) -> dict[str, Any]:
        """Return what was typed, with the codes of bank and branch; only after the form was found good."""
        left_out = ("csrf_token", "website", "terms", "consent", *PAPER)
        typed = {field.name: field.data for field in self if field.name not in left_out}
        titles = {choice.value: choice.label for choice in self.uses.choices or ()}
        chosen = [str(titles[each]) for each in self.uses.data or ()]
        return {**typed, **self.account(), "use_titles": chosen, "uses_asked": bool(titles)}


class PapersForm(FlaskForm):
    """What proves that who opens the mailed link is the applicant."""

    phone = OneLine(_l("Telephone"), [NEEDED])


PAPER = ("handed_on", "arrived_on", "scan", "debit_form", "own_initial", "own_tiers")
PAPER_CAMPAIGNS = timedelta(days=60)  # how long after its end a campaign is offered for papers that come late


class PartnerApplicationForm(ApplicationForm):
    """What a partner copies from the paper that was handed over."""

    handed_on = Day(_l("Handed over or posted on"), [NEEDED], default=clock.today)

    def validate_handed_on(self, field: Field) -> None:
        not_to_come(field.data)

    @property
    def applied(self) -> date:
        return self.handed_on.data or clock.today()

    def campaigns(self) -> list[Campaign]:
        return catalogue.campaigns_between(clock.today() - PAPER_CAMPAIGNS, clock.today())


class StaffApplicationForm(PartnerApplicationForm):
    """What staff copy from the paper that arrived, with its scan and the price that may be written on it (7-1)."""

    arrived_on = Day(_l("Received by us on"), [NEEDED], default=clock.today)
    scan = FileField(_l("Scan of the form"))
    debit_form = BooleanField(_l("The sealed request for direct debit came with it"))
    own_initial = Whole(_l("Special price: initial fee in yen, net"), [Optional(), Between(0, 100_000_000)])
    own_tiers = TextAreaField(_l("Special price: tiers"), [Length(max=2000)])

    def validate_own_tiers(self, field: Field) -> None:
        if (self.own_initial.data is None) != (not (field.data or "").strip()):
            raise ValidationError(gettext("A special price has an initial fee and tiers, or neither."))
        if field.data and rules.tiers_of(field.data) is None:
            raise ValidationError(
                gettext("Write one tier a line: addresses, a space, yen a month. The addresses rise from line to line.")
            )

    def entries(self) -> dict[str, Any]:
        tiers = rules.tiers_of(self.own_tiers.data or "")
        own = None if tiers is None else {"initial": self.own_initial.data, "tiers": tiers}
        return {**super().entries(), "own_price": own}

    def validate_arrived_on(self, field: Field) -> None:
        not_to_come(field.data)
        if self.handed_on.data and field.data < self.handed_on.data:
            raise ValidationError(gettext("It cannot be here before it was handed over."))


def not_to_come(on: date) -> None:
    """Raise ValidationError for a day that has not come."""
    if on > clock.today():
        raise ValidationError(gettext("This day has not come yet."))
