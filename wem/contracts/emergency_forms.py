"""What is typed about an emergency stop: by who cannot sign in, and by staff after a call."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import EmailField, TextAreaField, ValidationError
from wtforms.validators import Length

from wem import clock
from wem.contracts.forms import NEEDED, OneLine, mail_address
from wem.web.days import Moment


class AskForStopForm(FlaskForm):
    word = OneLine(_l("Contract number, or the e-mail address for our notices"), [NEEDED, Length(max=254)])
    email = EmailField(_l("E-mail address with which you sign in"), [NEEDED, mail_address])


class StaffStopForm(FlaskForm):
    received = Moment(_l("Reported at"), [NEEDED], default=clock.now)
    note = TextAreaField(_l("Who reported what, and how you know who it was"), [NEEDED, Length(max=500)])

    def validate_received(self, field: Moment) -> None:
        if field.data.replace(tzinfo=clock.JAPAN) > clock.now():
            raise ValidationError(gettext("The time of receipt lies in the future."))

    @property
    def received_at(self) -> datetime:
        received: datetime = self.received.data
        return received.replace(tzinfo=clock.JAPAN)


class LiftForm(FlaskForm):
    note = TextAreaField(_l("What was found and lent anew"), [NEEDED, Length(max=500)])
