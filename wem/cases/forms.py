"""What anybody types into a report of abuse, and staff about cases."""

from __future__ import annotations

import unicodedata
from typing import Any

import sqlalchemy as sa
from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import (
    HiddenField,
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
from wem.accounts.models import Account
from wem.accounts.rules import StaffRole
from wem.cases.models import TalkWay
from wem.cases.rules import DeletionGround, Part
from wem.cases.wording import CODES, DELETION_GROUNDS, PARTS, TAKEN_DOWN, TALK_WAYS
from wem.contracts.models import Contract
from wem.contracts.request_models import TerminationGround
from wem.contracts.rules import Restriction
from wem.contracts.wording import RESTRICTIONS, TERMINATION_GROUNDS
from wem.db import db
from wem.lists.models import MailingList
from wem.lists.takedown_models import TakenDown
from wem.mailings.models import Mailing
from wem.web.amounts import Between, Whole
from wem.web.days import Day

NEEDED = DataRequired(_l("This field is required."))
CHOSEN = DataRequired(_l("Please choose one."))
WORDS = [NEEDED, Length(max=500)]
LONG = [NEEDED, Length(max=4000)]
MAILINGS_SHOWN = 200


class Boxes(SelectMultipleField):
    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


def _stripped(text: str | None) -> str:
    return (text or "").strip()


class ReportForm(FlaskForm):
    """A report of abuse; the address is the reporter's own, and not needed."""

    what = TextAreaField(_l("What happened"), [NEEDED, Length(max=4000)], filters=[_stripped])
    page = StringField(_l("Which page or mail"), [Optional(), Length(max=500)], filters=[_stripped])
    mail = FileField(_l("The mail itself"))
    email = StringField(
        _l("Your e-mail address"),
        [Optional(), Length(max=254)],
        render_kw={"inputmode": "email", "autocomplete": "email", "autocapitalize": "none"},
    )
    website = StringField(_l("Please leave this empty"))
    shown = HiddenField()

    def validate_email(self, field: StringField) -> None:
        typed = unicodedata.normalize("NFKC", field.data or "").strip()
        try:
            checked = validate_email(typed, check_deliverability=False, test_environment=True)
        except EmailNotValidError as error:
            raise ValidationError(gettext("Please enter a valid e-mail address.")) from error
        field.data = checked.normalized.lower()


class CaseForm(FlaskForm):
    title = StringField(_l("In one line"), [NEEDED, Length(max=200)], filters=[_stripped])
    codes = Boxes(_l("Prohibited acts (Art. 12)"))
    deadline = Day(_l("Next step by"), [Optional()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.codes.choices = [SelectChoice(code, f"{code} {text}") for code, text in CODES.items()]


class NewCaseForm(CaseForm):
    contract = StringField(_l("Contract number"), [NEEDED, Length(max=20)], filters=[_stripped])
    what = TextAreaField(_l("What we know"), LONG, filters=[_stripped])

    def validate_contract(self, field: StringField) -> None:
        self.found = db.session.scalar(sa.select(Contract).where(Contract.number == (field.data or "").upper()))
        if self.found is None:
            raise ValidationError(gettext("There is no contract of this number."))


class ChangeForm(CaseForm):
    deadline = Day(_l("Next step by"), [NEEDED])
    assignee = SelectField(_l("In charge"), [Optional()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = db.session.scalars(
            sa.select(Account)
            .where(
                Account.ended_at.is_(None),
                Account.staff_role.in_((StaffRole.admin, StaffRole.contracts, StaffRole.support)),
            )
            .order_by(Account.name)
        )
        self.assignee.choices = [
            SelectChoice("", gettext("Nobody yet")),
            *(SelectChoice(str(row.id), row.name) for row in people),
        ]


class NoteForm(FlaskForm):
    note = TextAreaField(_l("Note for the record"), WORDS, filters=[_stripped])


class EvidenceForm(FlaskForm):
    note = TextAreaField(_l("Note"), LONG, filters=[_stripped])
    file = FileField(_l("A file of evidence"))


class TakeUpForm(FlaskForm):
    case = StringField(_l("Number of the case"), [NEEDED, Length(max=12)], filters=[_stripped])


class ClaimForm(FlaskForm):
    claimant = StringField(_l("Who claims"), [NEEDED, Length(max=200)], filters=[_stripped])
    demand = TextAreaField(_l("What is claimed"), LONG, filters=[_stripped])
    amount = Whole(_l("Sum claimed, in yen"), [Optional(), Between(0, 1_000_000_000)])
    raised_on = Day(_l("Raised on"), [NEEDED], default=clock.today)

    def validate_raised_on(self, field: Day) -> None:
        not_ahead(field)


def not_ahead(field: Day) -> None:
    if field.data and field.data > clock.today():
        raise ValidationError(gettext("This day lies ahead."))


class TalkForm(FlaskForm):
    held_on = Day(_l("Held on"), [NEEDED], default=clock.today)
    way = RadioField(_l("How"), [CHOSEN], choices=[SelectChoice(way.value, text) for way, text in TALK_WAYS.items()])
    people = StringField(_l("Who took part"), [NEEDED, Length(max=300)], filters=[_stripped])
    matter = TextAreaField(_l("What it was about"), LONG, filters=[_stripped])
    result = TextAreaField(_l("What came of it"), [Optional(), Length(max=4000)], filters=[_stripped])

    def validate_held_on(self, field: Day) -> None:
        not_ahead(field)

    @property
    def chosen(self) -> TalkWay:
        return TalkWay(self.way.data)


# -- consequences


class WarningForm(FlaskForm):
    text = TextAreaField(_l("What the customer is to mind, as it is read there"), LONG, filters=[_stripped])


class DemandForm(FlaskForm):
    breach = TextAreaField(_l("What is wrong, and by which clause"), LONG, filters=[_stripped])
    demand = TextAreaField(_l("What is to be done"), LONG, filters=[_stripped])
    deadline = Day(_l("Deadline"), [NEEDED])

    def validate_deadline(self, field: Day) -> None:
        if field.data <= clock.today():
            raise ValidationError(gettext("The deadline must lie ahead."))


class RestrictForm(FlaskForm):
    restriction = RadioField(
        _l("What is closed"), [CHOSEN], choices=[SelectChoice(each.value, text) for each, text in RESTRICTIONS.items()]
    )
    note = TextAreaField(_l("Reason, as the customer reads it"), WORDS, filters=[_stripped])

    @property
    def chosen(self) -> Restriction:
        return Restriction(self.restriction.data)


class TerminateForm(FlaskForm):
    ground = RadioField(
        _l("On which ground"),
        [CHOSEN],
        choices=[
            SelectChoice(ground.value, text)
            for ground, text in TERMINATION_GROUNDS.items()
            if ground is not TerminationGround.uncorrected
        ],
        default=TerminationGround.breach.value,
    )
    evidence = TextAreaField(_l("Facts and evidence"), LONG, filters=[_stripped])

    @property
    def chosen(self) -> TerminationGround:
        return TerminationGround(self.ground.data)


class TakedownForm(FlaskForm):
    """What is taken down: all pages, one list's, or one mailing; `target` is "pages", "list 5", "mailing 7"."""

    target = SelectField(_l("What is taken down"), [CHOSEN])
    reason = TextAreaField(_l("Reason, as the customer reads it"), WORDS, filters=[_stripped])

    def __init__(self, customer_id: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lists = db.session.scalars(_lists(customer_id)).all()
        mailings = db.session.scalars(
            sa.select(Mailing).where(Mailing.customer_id == customer_id, Mailing.variant_of.is_(None))
            .order_by(Mailing.id.desc())
            .limit(MAILINGS_SHOWN)
        ).all()  # fmt: skip
        self.target.choices = [
            SelectChoice("", gettext("Please choose")),
            SelectChoice("pages 0", str(TAKEN_DOWN[TakenDown.pages])),
            *(SelectChoice(f"list {row.id}", f"{TAKEN_DOWN[TakenDown.list]}: {row.name}") for row in lists),
            *(
                SelectChoice(f"mailing {row.id}", f"{TAKEN_DOWN[TakenDown.mailing]}: {row.name or row.subject}")
                for row in mailings
            ),
        ]

    @property
    def chosen(self) -> tuple[TakenDown, int]:
        kind, _, number = self.target.data.partition(" ")
        return TakenDown(kind), int(number)


def _lists(customer_id: int) -> sa.Select[Any]:
    return (
        sa.select(MailingList)
        .where(MailingList.customer_id == customer_id, MailingList.archived_at.is_(None))
        .order_by(MailingList.id)
    )


class DeletionForm(FlaskForm):
    ground = RadioField(
        _l("On which ground"),
        [CHOSEN],
        choices=[SelectChoice(each.value, text) for each, text in DELETION_GROUNDS.items()],
    )
    parts = Boxes(
        _l("What is deleted"),
        [DataRequired(_l("Please choose at least one."))],
        choices=[SelectChoice(part.value, text) for part, text in PARTS.items()],
    )
    lists = Boxes(_l("Readers of these lists only"), coerce=int)
    reason = TextAreaField(_l("Reason, as the customer reads it"), [NEEDED, Length(max=1000)], filters=[_stripped])

    def __init__(self, customer_id: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lists.choices = [(row.id, row.name) for row in db.session.scalars(_lists(customer_id))]

    @property
    def chosen(self) -> list[Part]:
        return [Part(value) for value in self.parts.data or []]

    @property
    def why(self) -> DeletionGround:
        return DeletionGround(self.ground.data)
