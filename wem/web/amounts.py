"""Numbers that people type: with commas, in full width, and told in words when they cannot be read."""

from __future__ import annotations

import unicodedata
from typing import Any

from flask_babel import gettext
from wtforms import IntegerField
from wtforms.validators import ValidationError


class Whole(IntegerField):
    """A whole number; `14,300` and `１４３００` are read as people mean them."""

    data: Any

    def process_formdata(self, valuelist: list[Any]) -> None:
        if not valuelist:
            return
        self.data, typed = None, unicodedata.normalize("NFKC", valuelist[0]).replace(",", "").strip()
        if not typed:
            return
        # Longer ones fit into no column; Python refuses to read those of thousands of digits.
        if len(typed) > 18 or not typed.removeprefix("-").isdecimal():
            raise ValueError(gettext("Please enter a whole number, as 14300."))
        self.data = int(typed)


class Between:
    """Refuse a number outside of two bounds, saying both as they are read. An empty field is another validator's."""

    def __init__(self, least: int, most: int) -> None:
        self.least, self.most = least, most
        self.field_flags = {"min": least, "max": most}  # the browser keeps to them too

    def __call__(self, form: Any, field: Any) -> None:
        if field.data is not None and not self.least <= field.data <= self.most:
            raise ValidationError(
                gettext(
                    "Please enter a number from %(least)s to %(most)s.", least=f"{self.least:,}", most=f"{self.most:,}"
                )
            )


def in_order(least: Any, most: Any) -> None:
    """Raise ValidationError when the upper bound of a search lies below the lower one; days or numbers."""
    if least is not None and most is not None and most < least:
        raise ValidationError(gettext("The upper bound lies below the lower one."))
