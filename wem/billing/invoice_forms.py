"""What staff type about invoices: corrections, invoices by hand, claims of costs, what the books are searched for."""

from __future__ import annotations

import unicodedata
from datetime import date

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    FieldList,
    Form,
    FormField,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
)
from wtforms import TextAreaField as Text
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional, ValidationError

from wem import clock
from wem.billing import invoice_rules
from wem.billing.invoice_rules import RATES, STANDARD, ItemKind, Line
from wem.billing.invoice_wording import DOCUMENTS
from wem.billing.rules import InvoiceKind
from wem.web.amounts import Between, Whole, in_order
from wem.web.days import Day, ahead, past

NEEDED = DataRequired(_l("This field is required."))
MOST_YEN = 100_000_000
LARGEST = 2_000_000_000  # of a column
ROWS = 6
EARLIEST = date(2000, 1, 1)  # of a period that is counted


def rate_choices() -> list[SelectChoice]:
    return [SelectChoice(str(rate), f"{rate}%" if rate else _l("Not subject to tax")) for rate in RATES]


class LineForm(Form):
    label = StringField(_l("For what"), [Optional(), Length(max=150)])
    amount = Whole(_l("Yen, net"), [Optional(), Between(-MOST_YEN, MOST_YEN)])
    rate = SelectField(_l("Tax rate"), choices=rate_choices, default=str(STANDARD))

    def validate_amount(self, field: Whole) -> None:
        if (self.label.data or "").strip() and field.data is None:
            raise ValidationError(gettext("Please enter the amount too."))


class LinesForm(FlaskForm):
    lines = FieldList(FormField(LineForm, label=_l("Line")), label=_l("Lines"), min_entries=ROWS, max_entries=40)
    note = Text(_l("Reason, as it stands on the document"), [NEEDED, Length(max=500)])

    def validate_lines(self, field: FieldList) -> None:
        if not self.typed():
            raise ValidationError(gettext("Please enter at least one line."))
        sums = invoice_rules.taxes(self.typed())
        if max(abs(invoice_rules.total(sums)), *(abs(each.net) for each in sums)) > LARGEST:
            raise ValidationError(gettext("This comes to too much."))

    def typed(self) -> list[Line]:
        """Return the lines that were filled in."""
        return [
            Line(ItemKind.other, row.amount.data, name=" ".join(row.label.data.split()), rate=int(row.rate.data))
            for row in (entry.form for entry in self.lines)
            if (row.label.data or "").strip() and row.amount.data
        ]


class CorrectionForm(LinesForm):
    way = RadioField(
        _l("What is done"),
        [NEEDED],
        choices=[
            SelectChoice("replace", _l("Give the whole invoice back and issue another one in its place")),
            SelectChoice("give_back", _l("Give back a part: enter what is given back")),
        ],
        default="replace",
    )
    name = StringField(_l("Made out to"), [NEEDED, Length(max=200)])
    # Of a claim against a third party; of customers it is the declared one.
    postal_code = StringField(_l("Postal code"), [Optional(), Length(max=8)])
    address = StringField(_l("Address of the other person"), [Optional(), Length(max=300)])
    token = HiddenField()


class FirstForm(FlaskForm):
    """The first invoice of a contract that came without an application (4-1)."""

    due_on = Day(_l("To be paid by"), [NEEDED])
    paid_on = Day(_l("Came in on"), [Optional(), past])


class HandForm(LinesForm):
    due_on = Day(_l("To be paid by"), [NEEDED, ahead])
    token = HiddenField()


class CostForm(FlaskForm):
    """A claim of the costs of mails to fictitious addresses (12特約)."""

    since = Day(_l("Mails that came back from"), [NEEDED])
    until = Day(_l("until (including)"), [NEEDED])
    quantity = Whole(_l("Number"), [InputRequired(_l("This field is required.")), Between(1, 10_000_000)])
    unit = Whole(_l("Yen for each, net"), [InputRequired(_l("This field is required.")), Between(1, 1_000_000)])
    rate = SelectField(_l("Tax rate"), choices=rate_choices, default="0")
    due_on = Day(_l("To be paid by"), [NEEDED, ahead])
    to = RadioField(
        _l("Who is charged"),
        choices=[
            SelectChoice("customer", _l("The customer")),
            SelectChoice("third", _l("Somebody else, who caused it")),
        ],
        default="customer",
    )
    name = StringField(_l("Name of the other person"), [Optional(), Length(max=200)])
    postal_code = StringField(_l("Postal code"), [Optional(), Length(max=8)])
    address = StringField(_l("Address of the other person"), [Optional(), Length(max=300)])
    note = Text(_l("Reason, as it stands on the document"), [NEEDED, Length(max=500)])
    token = HiddenField()

    def validate_unit(self, field: Whole) -> None:
        if field.data and self.quantity.data and field.data * self.quantity.data > MOST_YEN:
            raise ValidationError(gettext("This comes to too much."))

    def validate_until(self, field: Day) -> None:
        if self.since.data and field.data and field.data < self.since.data:
            raise ValidationError(gettext("The end lies before the beginning."))
        if (field.data and field.data > clock.today()) or (self.since.data and self.since.data < EARLIEST):
            raise ValidationError(gettext("Please choose a period that ends today at the latest."))

    def validate_to(self, field: RadioField) -> None:
        given = (self.name.data or "").strip() and (self.address.data or "").strip()
        if field.data == "third" and not given:
            raise ValidationError(gettext("Please enter name and address of the other person."))


class SettledForm(FlaskForm):
    settled_on = Day(_l("Came in on"), [NEEDED, past])


class BooksForm(FlaskForm):
    """What the books are searched for; it changes nothing and comes by GET."""

    class Meta:
        csrf = False

    since = Day(_l("Issued from"), [Optional()])
    until = Day(_l("until (including)"), [Optional()])
    least = Whole(_l("Amount from"), [Optional(), Between(0, LARGEST)])
    most = Whole(_l("Amount to"), [Optional(), Between(0, LARGEST)])
    counterparty = StringField(_l("Customer (also in kana), contract or invoice number"), [Optional(), Length(max=200)])
    kind = SelectField(
        _l("Document"),
        choices=lambda: [
            SelectChoice("", _l("All")),
            *(SelectChoice(kind.value, DOCUMENTS[kind]) for kind in InvoiceKind),
        ],
        default="",
    )

    def validate_until(self, field: Day) -> None:
        in_order(self.since.data, field.data)

    def validate_most(self, field: Whole) -> None:
        in_order(self.least.data, field.data)

    def plain_counterparty(self) -> str:
        return " ".join(unicodedata.normalize("NFC", self.counterparty.data or "").split())


class SeenForm(FlaskForm):
    note = StringField(_l("Note for the record"), [NEEDED, Length(max=500)])
