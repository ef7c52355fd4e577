"""What staff type about arrived mail: why they open it, what they answer."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import StringField, TextAreaField, ValidationError
from wtforms.validators import DataRequired, Length

NEEDED = DataRequired(_l("This field is required."))
LEAST_REASON, MOST_REASON, MOST_ANSWER = 5, 200, 10_000


class ReasonForm(FlaskForm):
    reason = StringField(_l("Why do you open it?"), [NEEDED])

    def validate_reason(self, field: Any) -> None:
        field.data = " ".join((field.data or "").split())
        if not LEAST_REASON <= len(field.data) <= MOST_REASON:
            raise ValidationError(
                gettext("Please write %(least)s to %(most)s characters.", least=LEAST_REASON, most=MOST_REASON)
            )
        # It is kept for good, and the address is not to be.
        if "@" in field.data or "＠" in field.data:
            raise ValidationError(gettext("Please name no e-mail address here: the audit trail keeps it for good."))


class MailAnswerForm(FlaskForm):
    text = TextAreaField(_l("Your reply"), [NEEDED, Length(max=MOST_ANSWER)])

    def validate_text(self, field: Any) -> None:
        field.data = "\n".join(line.rstrip() for line in (field.data or "").splitlines()).strip()
        if not field.data or "\0" in field.data:
            raise ValidationError(gettext("This field is required."))
