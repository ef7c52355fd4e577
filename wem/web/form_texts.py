"""What forms say by themselves, in our words: the library's own read as translated, and some have no Japanese."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_babel import gettext
from flask_wtf import FlaskForm

# By the library's text, the singular where it has both.
TEXTS = {
    "This field is required.": "This field is required.",
    "Field must be at least %(min)d character long.": "Please enter at least %(min)d characters.",
    "Field cannot be longer than %(max)d character.": "Please enter at most %(max)d characters.",
    "Field must be exactly %(max)d character long.": "Please enter exactly %(max)d characters.",
    "Field must be between %(min)d and %(max)d characters long.": "Please enter %(min)d to %(max)d characters.",
    "Number must be at least %(min)s.": "Please enter %(min)s or more.",
    "Number must be at most %(max)s.": "Please enter %(max)s or less.",
    "Number must be between %(min)s and %(max)s.": "Please enter a number from %(min)s to %(max)s.",
    "Invalid input.": "This entry cannot be read. Please check it.",
    "Not a valid choice.": "Please choose one of the options shown.",
    "Invalid Choice: could not coerce.": "Please choose one of the options shown.",
    "Invalid choice(s): one or more data inputs could not be coerced.": "Please choose one of the options shown.",
    "'%(value)s' is not a valid choice for this field.": "Please choose one of the options shown.",
    "Not a valid datetime value.": "Please enter a date and time that exist.",
    "Not a valid date value.": "Please enter a date that exists.",
    "Not a valid time value.": "Please enter a time from 0:00 to 23:59.",
    "Not a valid integer value.": "Please enter a whole number, as 14300.",
    "Not a valid decimal value.": "Please enter a number.",
    "Not a valid float value.": "Please enter a number.",
}


class OwnTexts:
    """What the library asks for its texts."""

    def gettext(self, text: str) -> str:
        return gettext(TEXTS[text]) if text in TEXTS else text

    def ngettext(self, one: str, many: str, number: int) -> str:
        return gettext(TEXTS[one]) if one in TEXTS else one if number == 1 else many


OWN_TEXTS = OwnTexts()


def set_up_form_texts(app: Flask) -> None:
    """Give every form our texts; the library knows no setting for it."""

    def get_translations(meta: Any, form: Any) -> OwnTexts:
        return OWN_TEXTS

    FlaskForm.Meta.get_translations = get_translations  # type: ignore[method-assign]
