"""Forms about bounces: an address to look up, a reason to give."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import EmailField, StringField
from wtforms.validators import InputRequired, Length


class LifeForm(FlaskForm):
    """A whole address; parts of one find nothing."""

    address = EmailField(
        _l("E-mail address"), [InputRequired(_l("Please enter the whole e-mail address.")), Length(max=320)]
    )


class StaffLifeForm(LifeForm):
    """The same for staff, who say why."""

    reason = StringField(
        _l("Reason for the record"), [InputRequired(_l("Please say why you look.")), Length(min=4, max=300)]
    )


class NoteForm(FlaskForm):
    """What staff did or found, kept in the record."""

    note = StringField(
        _l("Note for the record"), [InputRequired(_l("Please say what was done.")), Length(min=2, max=500)]
    )
