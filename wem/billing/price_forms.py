"""What staff type when a price is agreed on."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length

from wem.web.amounts import Between, Whole

MOST_ADDRESSES, MOST_YEN = 100_000_000, 100_000_000
NEEDED = _l("This field is required.")


class PriceForm(FlaskForm):
    """A monthly fee for a count that no tier holds; `seen` is what was shown of its effect."""

    up_to = Whole(_l("Holds up to how many addresses"), [InputRequired(NEEDED), Between(1, MOST_ADDRESSES)])
    fee = Whole(_l("Monthly fee of the course, yen, net"), [InputRequired(NEEDED), Between(0, MOST_YEN)])
    holds = RadioField(
        _l("Holds for"),
        [InputRequired(_l("Please choose one."))],
        choices=[
            SelectChoice("month", _l("this month alone")),
            SelectChoice(
                "onwards", _l("this month and those after it, until the course changes or another is agreed on")
            ),
        ],
        default="month",
    )
    reason = TextAreaField(_l("Reason, and with whom it was agreed on"), [DataRequired(NEEDED), Length(max=500)])
    seen = HiddenField()

    @property
    def onwards(self) -> bool:
        return str(self.holds.data) == "onwards"

    @property
    def now(self) -> str:
        """Return what `seen` holds once the effect of what is typed was shown."""
        return f"{self.up_to.data} {self.fee.data} {self.holds.data}"
