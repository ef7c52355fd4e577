"""What a customer types about blank mail: the name of the address, when it is open, own words for the answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, TextAreaField, ValidationError
from wtforms.validators import Length, Optional

from wem import clock
from wem.lists.blank_emails import Answer
from wem.lists.blank_mail_models import BlankMail
from wem.lists.blank_rules import MOST_TEXT, TextProblem, text_problem
from wem.lists.forms import NEEDED, TrimmedLine
from wem.web.days import Day

PROBLEMS = {
    TextProblem.long: _l("At most 400 characters."),
    TextProblem.link: _l("No page or mail addresses here: the only link of the answer is ours."),
    TextProblem.markup: _l("Plain words only: no < >, no {{ }}."),
    TextProblem.control: _l("There is an invisible character in the text. Please type it again."),
}


def plain_words(_form: FlaskForm, field: TextAreaField) -> None:
    """Raise ValidationError for words that cannot stand in an answer."""
    field.data = "\n".join(line.rstrip() for line in (field.data or "").splitlines()).strip()
    if problem := text_problem(field.data):
        raise ValidationError(PROBLEMS[problem])


def own_words(label: Any) -> TextAreaField:
    return TextAreaField(label, [plain_words], render_kw={"maxlength": MOST_TEXT})


class CodeForm(FlaskForm):
    code = TrimmedLine(_l("Name before the @"), [NEEDED, Length(max=40)])

    def validate_code(self, field: TrimmedLine) -> None:
        field.data = (field.data or "").lower().partition("@")[0]


class BlankMailForm(FlaskForm):
    """Whether and when sign-ups by mail are taken, and own words for each answer."""

    on = BooleanField(_l("Readers can sign up by mail"))
    first_day = Day(_l("First day"), [Optional()])
    last_day = Day(_l("Last day"), [Optional()])
    link = own_words(_l("Answer with the link"))
    already = own_words(_l("Answer to who is registered already"))
    closed = own_words(_l("Answer while it is closed"))
    stopped = own_words(_l("Answer to who stops the mails"))

    def show(self, row: BlankMail) -> None:
        """Fill it with what is stored."""
        self.on.data = row.on
        self.first_day.data = row.opens_at.date() if row.opens_at else None
        self.last_day.data = (row.closes_at - timedelta(days=1)).date() if row.closes_at else None
        for answer in Answer:
            self[answer.value].data = row.texts.get(answer.value, "")

    def keep(self, row: BlankMail) -> None:
        """Store it; days are those of Japan, the last one included."""
        row.on = bool(self.on.data)
        row.opens_at = _midnight(self.first_day.data)
        last = self.last_day.data
        row.closes_at = _midnight(last + timedelta(days=1) if last else None)
        row.texts = self.texts

    @property
    def texts(self) -> dict[str, str]:
        """The words that were typed, by answer."""
        return {answer.value: self[answer.value].data for answer in Answer if self[answer.value].data}

    def validate(self, extra_validators: Any = None) -> bool:
        if not super().validate(extra_validators):
            return False
        first, last = self.first_day.data, self.last_day.data
        if first and last and last < first:
            self.last_day.errors = [gettext("The last day lies before the first.")]
            return False
        return True


def _midnight(day: Any) -> datetime | None:
    combined: Callable[..., datetime] = datetime.combine
    return combined(day, time(), clock.JAPAN) if day else None
