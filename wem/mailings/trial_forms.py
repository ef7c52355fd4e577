"""How the A/B test of a mailing goes."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import RadioField, SelectField
from wtforms.fields.choices import SelectChoice

from wem.mailings.trial_rules import SHARES, WAITS, Criterion
from wem.mailings.trial_wording import CRITERIA, UNCLEAR, hours_text, share_text


class TrialForm(FlaskForm):
    """How many are in the test, what decides, after how long, and what if nothing does."""

    share = SelectField(_l("Test share"), coerce=int)
    criterion = RadioField(_l("How the winner is decided"))
    wait = SelectField(_l("Test duration"), coerce=int)
    unclear = RadioField(_l("If there is no winner"))

    def offer(self) -> None:
        """Offer the choices in the language of the person."""
        self.share.choices = [SelectChoice(each, share_text(each)) for each in SHARES]
        self.criterion.choices = [SelectChoice(each.value, CRITERIA[each]) for each in Criterion]
        self.wait.choices = [SelectChoice(each, hours_text(each)) for each in WAITS]
        self.unclear.choices = [SelectChoice(each.value, UNCLEAR[each]) for each in UNCLEAR]
