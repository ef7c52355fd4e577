"""What staff type about debits, payments, refunds and ways of payment."""

from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import DateField, Field, IntegerField, RadioField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from wem import clock
from wem.billing.debit_rules import Decision, Method
from wem.billing.payment_rules import PaymentWay, RefundGround
from wem.billing.wording import DECISIONS, GROUNDS, METHODS, WAYS

NEEDED = DataRequired(_l("This field is required."))
CHOSEN = DataRequired(_l("Please choose one."))
YEN = [InputRequired(_l("This field is required.")), NumberRange(1, 9_999_999_999)]
WORDS = [NEEDED, Length(max=500)]


def _past(field: Field) -> None:
    if field.data and field.data > clock.today():
        raise ValidationError(gettext("This day lies ahead."))


class FileForm(FlaskForm):
    file = FileField(_l("File"), [FileRequired(_l("Please choose a file."))])


class WithdrawForm(FlaskForm):
    note = TextAreaField(_l("Why the file is not handed in"), WORDS)


class DecideForm(FlaskForm):
    decision = RadioField(
        _l("What is to be done?"),
        [CHOSEN],
        choices=[SelectChoice(each.value, text) for each, text in DECISIONS.items()],
    )
    note = TextAreaField(_l("What the bank said, or why"), WORDS)

    @property
    def chosen(self) -> Decision:
        return Decision(self.decision.data)


class PaymentForm(FlaskForm):
    contract = StringField(
        _l("Number of the contract, or of the refused application"),
        [Optional(), Length(max=20)],
        description=_l("Empty when you do not know whose it is."),
    )
    way = RadioField(
        _l("Way of payment"),
        [CHOSEN],
        choices=[SelectChoice(each.value, WAYS[each]) for each in (PaymentWay.transfer, PaymentWay.desk)],
        default=PaymentWay.transfer.value,
    )
    amount = IntegerField(_l("Amount that came in, in yen"), YEN)
    paid_on = DateField(_l("Came in on"), [NEEDED], default=clock.today)
    payer = StringField(_l("Name of the payer, as the bank writes it"), [Optional(), Length(max=100)])
    note = StringField(_l("Note for the record"), [Optional(), Length(max=500)])

    def validate_paid_on(self, field: Field) -> None:
        _past(field)


class AssignForm(FlaskForm):
    contract = StringField(_l("Number of the contract, or of the refused application"), [NEEDED, Length(max=20)])


class AsideForm(FlaskForm):
    note = TextAreaField(_l("What it is, and why it is nothing of a contract's"), WORDS)


class RefundForm(FlaskForm):
    ground = SelectField(
        _l("Ground"), [CHOSEN], choices=[SelectChoice(each.value, text) for each, text in GROUNDS.items()]
    )
    amount = IntegerField(_l("Amount that goes back, in yen"), YEN)
    reason = TextAreaField(_l("Why, and to which account"), WORDS)

    @property
    def chosen(self) -> RefundGround:
        return RefundGround(self.ground.data)


class RefuseForm(FlaskForm):
    note = TextAreaField(_l("Why it is refused"), WORDS)


class PaidOutForm(FlaskForm):
    paid_on = DateField(_l("Paid out on"), [NEEDED], default=clock.today)

    def validate_paid_on(self, field: Field) -> None:
        _past(field)


class MethodForm(FlaskForm):
    method = SelectField(
        _l("Way of payment"), [CHOSEN], choices=[SelectChoice(each.value, text) for each, text in METHODS.items()]
    )
    receivable = SelectField(_l("For what"), [Optional()], default="")
    reason = TextAreaField(_l("Reason"), WORDS)

    @property
    def chosen(self) -> Method:
        return Method(self.method.data)
