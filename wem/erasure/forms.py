"""What staff decide about an erasure: to hold it, to let it go on, how long proof of consent is kept."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import RadioField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from wem.erasure.rules import EVIDENCE_MONTHS
from wem.erasure.wording import EVIDENCE

NEEDED = DataRequired(_l("This field is required."))


class HoldForm(FlaskForm):
    reason = StringField(_l("Why it is held"), [NEEDED, Length(max=500)])


class KeepingForm(FlaskForm):
    months = RadioField(
        _l("Proof of consent is kept"),
        [NEEDED],
        choices=lambda: [SelectChoice(str(months), EVIDENCE[months]) for months in EVIDENCE_MONTHS],
    )
    why = StringField(_l("Why for so long (for the record)"), [NEEDED, Length(max=500)])
