"""What a customer types about replies: an answer, the words by which a person asks, where replies go."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import RadioField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from wem.mailings.reply_rules import KEEP_CHOICES, MOST_ANSWER

NEEDED = DataRequired(_l("This field is required."))
WEM, OWN = "wem", "own"


class AnswerForm(FlaskForm):
    text = TextAreaField(_l("Your reply"), [NEEDED, Length(max=MOST_ANSWER)])

    def validate_text(self, field: TextAreaField) -> None:
        field.data = "\n".join(line.rstrip() for line in (field.data or "").splitlines()).strip()
        if not field.data or "\0" in field.data:
            raise ValidationError(gettext("This field is required."))


class ReplySettingForm(FlaskForm):
    """Where replies go, and how long WeM keeps those that it takes."""

    where = RadioField(
        _l("Reply-to"),
        choices=[SelectChoice(WEM, _l("WeM (read and reply here)")), SelectChoice(OWN, _l("Your own address"))],
    )
    address = StringField(_l("Your reply-to address"), [Length(max=254)])
    keep_days = SelectField(_l("Keep replies for"), coerce=int)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.keep_days.choices = [SelectChoice(days, gettext("%(days)s days", days=days)) for days in KEEP_CHOICES]

    def validate_address(self, field: StringField) -> None:
        field.data = (field.data or "").strip()
        if self.where.data == OWN and not field.data:
            raise ValidationError(gettext("This field is required."))
