"""What staff type about debits, payments, refunds and ways of payment."""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from wem import clock
from wem.billing.debit_rules import Decision, Method
from wem.billing.payment_models import Refund
from wem.billing.payment_rules import PaymentWay, RefundGround, RefundState
from wem.billing.wording import DECISIONS, GROUNDS, METHODS, WAYS
from wem.web.amounts import Between, Whole, in_order
from wem.web.days import Day, past

NEEDED = DataRequired(_l("This field is required."))
NUMBER = _l("Number of the contract, or of the application that came to nothing")
CHOSEN = DataRequired(_l("Please choose one."))
YEN = [InputRequired(_l("This field is required.")), Between(1, 9_999_999_999)]
MOST = 999_999_999_999  # yen, in twelve digits as bank files have them
OF_PAYMENTS = [each for each in RefundGround if each is not RefundGround.returned]
WORDS = [NEEDED, Length(max=500)]


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
        NUMBER,
        [Optional(), Length(max=20)],
        description=_l("Empty when you do not know whose it is."),
    )
    way = RadioField(
        _l("Way of payment"),
        [CHOSEN],
        choices=[SelectChoice(each.value, WAYS[each]) for each in (PaymentWay.transfer, PaymentWay.desk)],
        default=PaymentWay.transfer.value,
    )
    amount = Whole(_l("Amount that came in, in yen"), YEN)
    paid_on = Day(_l("Came in on"), [NEEDED, past], default=clock.today)
    payer = StringField(_l("Name of the payer, as the bank writes it"), [Optional(), Length(max=100)])
    note = StringField(_l("Note for the record"), [Optional(), Length(max=500)])


class PaymentsForm(FlaskForm):
    """What the payments are searched for; it changes nothing and comes by GET."""

    class Meta:
        csrf = False

    since = Day(_l("Paid from"), [Optional()], name="from")
    until = Day(_l("Paid until"), [Optional()], name="to")
    least = Whole(_l("At least (yen)"), [Optional(), Between(0, MOST)])
    most = Whole(_l("At most (yen)"), [Optional(), Between(0, MOST)])
    payer = StringField(_l("Payer or customer"), [Optional(), Length(max=100)])

    def validate_until(self, field: Day) -> None:
        in_order(self.since.data, field.data)

    def validate_most(self, field: Whole) -> None:
        in_order(self.least.data, field.data)


class AssignForm(FlaskForm):
    contract = StringField(NUMBER, [NEEDED, Length(max=20)])


class AsideForm(FlaskForm):
    note = TextAreaField(_l("What it is, and why it is nothing of a contract's"), WORDS)


class RefundForm(FlaskForm):
    ground = SelectField(
        _l("Ground"),
        [CHOSEN],
        choices=[SelectChoice(each.value, GROUNDS[each]) for each in OF_PAYMENTS],
    )
    amount = Whole(_l("Amount that goes back, in yen"), YEN)
    reason = TextAreaField(_l("Why, and to which account"), WORDS)

    @property
    def chosen(self) -> RefundGround:
        return RefundGround(self.ground.data)


class ReturnForm(FlaskForm):
    amount = Whole(_l("Amount that goes back, in yen"), YEN)
    reason = TextAreaField(_l("Why, and to which account"), WORDS)


class RefuseForm(FlaskForm):
    note = TextAreaField(_l("Why it is refused"), WORDS)


class PaidOutForm(FlaskForm):
    paid_on = Day(_l("Paid out on"), [NEEDED, past], default=clock.today)


def decision_forms(refunds: Iterable[Refund], given: dict[int, FlaskForm]) -> dict[int, FlaskForm]:
    """Return for each refund, by its number, the form of what comes next; `given`: one that was sent and is wrong.

    Several may stand on one page, so each field has the refund's number in its id.
    """
    forms: dict[int, FlaskForm] = {}
    for row in refunds:
        sent = given.get(row.id)
        if row.state is RefundState.proposed:
            forms[row.id] = sent if isinstance(sent, RefuseForm) else RefuseForm(formdata=None)
        elif row.state is RefundState.approved:
            forms[row.id] = sent if isinstance(sent, PaidOutForm) else PaidOutForm(formdata=None, paid_on=clock.today())
    for id, form in forms.items():
        for field in form:
            field.id = field.label.field_id = f"{field.name}-{id}"
    return forms


class MethodForm(FlaskForm):
    method = SelectField(
        _l("Way of payment"), [CHOSEN], choices=[SelectChoice(each.value, text) for each, text in METHODS.items()]
    )
    receivable = SelectField(_l("For what"), [Optional()], default="")
    reason = TextAreaField(_l("Reason"), WORDS)

    @property
    def chosen(self) -> Method:
        return Method(self.method.data)
