"""What staff decide on a mailing, and the rules by which mailings are looked at."""

from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, TextAreaField, ValidationError
from wtforms.validators import InputRequired, Length, Optional

from wem.mailings.review_rules import LONGEST_WORD, MOST_WORDS, words_of


class RefusalForm(FlaskForm):
    """Why a mailing is not let go, as the customer reads it."""

    note = TextAreaField(
        _l("Reason, as the customer reads it"),
        [InputRequired(_l("Please say what the customer should change.")), Length(min=4, max=1000)],
    )


class PolicyForm(FlaskForm):
    """Which mailings are looked at."""

    first_mailing = BooleanField(_l("The first mailing of a customer"))
    large_audience = BooleanField(_l("Mailings to far more readers than the customer\u2019s last ones"))
    words = TextAreaField(_l("Mailings with one of these words"), [Optional(), Length(max=12_000)])

    def validate_words(self, field: TextAreaField) -> None:
        words = words_of(field.data or "")
        if len(words) > MOST_WORDS:
            raise ValidationError(gettext("Please list at most %(count)s words.", count=MOST_WORDS))
        if any(len(word) > LONGEST_WORD for word in words):
            raise ValidationError(
                gettext("Please write one word in a line, each of at most %(count)s characters.", count=LONGEST_WORD)
            )
