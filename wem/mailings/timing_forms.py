"""What a customer types about times: the hours without sending, and in how many portions a mailing goes."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Form, RadioField, SelectField, TimeField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional

from wem.delivery.no_send_rules import LEAST_OPEN, OFFERED_BEGINS, OFFERED_ENDS, open_hours
from wem.delivery.portion_rules import INTERVALS, MOST, allowed, portions_for
from wem.mailings.wording import PORTION_INTERVALS
from wem.web.amounts import Between, Whole
from wem.web.filters import number

NONE, SOME = "none", "some"
ONCE, PORTIONS, HOURLY = "once", "portions", "hourly"
HOUR = 60


class HoursForm(FlaskForm):
    """The hours of the day in which mailings do not leave; none, or from one time to another."""

    kind = RadioField(
        _l("Quiet hours"),
        choices=[
            SelectChoice(NONE, _l("None (send at any time)")),
            SelectChoice(SOME, _l("Do not send during these hours each day")),
        ],
        default=NONE,
    )
    begins = TimeField(_l("Start time"), [Optional()], default=OFFERED_BEGINS)
    ends = TimeField(_l("End time"), [Optional()], default=OFFERED_ENDS)

    def validate(self, extra_validators: Any = None) -> bool:
        if not super().validate(extra_validators):
            return False
        if self.kind.data != SOME:
            return True
        missing = [field for field in (self.begins, self.ends) if field.data is None]
        for field in missing:
            field.errors = [gettext("This field is required.")]
        if missing:
            return False
        if open_hours(self.begins.data, self.ends.data) < LEAST_OPEN:
            least = number(int(LEAST_OPEN.total_seconds() // 3600))
            self.ends.errors = [gettext("Please leave at least %(count)s hours of the day for sending.", count=least)]
            return False
        return True


class PortionFields(Form):
    """To everybody at once, in so many portions, or so many readers an hour."""

    split = RadioField(
        _l("Sending pace"),
        choices=[
            SelectChoice(ONCE, _l("All readers at once")),
            SelectChoice(PORTIONS, _l("In batches")),
            SelectChoice(HOURLY, _l("Limit per hour")),
        ],
        default=ONCE,
    )
    portions = Whole(_l("Number of batches"), [Optional(), Between(2, MOST)])
    interval = SelectField(
        _l("Interval"),
        coerce=int,
        choices=[SelectChoice(each, PORTION_INTERVALS[each]) for each in INTERVALS],
        default=HOUR,
    )
    per_hour = Whole(_l("Readers per hour"), [Optional(), Between(1, 10_000_000)])

    def plan(self, readers: int) -> tuple[int, int]:
        """Return in how many portions a mailing to so many readers goes, and how many minutes apart; (0, 0) where it
        would take too long."""
        if self.split.data == PORTIONS:
            return self.portions.data, self.interval.data
        if self.split.data == HOURLY:
            portions = portions_for(readers, self.per_hour.data)
            return (portions, HOUR) if allowed(portions, HOUR) else (0, 0)
        return 1, HOUR

    def portions_chosen(self) -> bool:
        """Return whether what is needed for the choice is there, and nothing is entered for another."""
        typed = [field for field in (self.portions, self.per_hour) if field.data is not None]
        wanted = {PORTIONS: self.portions, HOURLY: self.per_hour}.get(self.split.data)
        if [field for field in typed if field is not wanted]:
            # Whoever entered a number and forgot the mark must not send to everybody at once.
            self.split.errors = [gettext("A number is entered that does not apply to this option. Please choose one.")]
            return False
        if wanted is not None and wanted.data is None:
            wanted.errors = [gettext("This field is required.")]
            return False
        if self.split.data == PORTIONS and not allowed(self.portions.data, self.interval.data):
            self.portions.errors = [
                gettext(
                    "The last batch would be sent more than 72 hours after the first. Use fewer batches or a shorter "
                    "interval."
                )
            ]
            return False
        return True
