"""A colour as a customer types or picks it."""

from __future__ import annotations

import unicodedata
from typing import Any

from flask_babel import gettext
from wtforms import StringField, ValidationError

from wem.mailings.page_look_rules import colour


class Colour(StringField):
    """A colour; `#rrggbb`, also from `rrggbb`, `#rgb` and full-width letters. Shown with a picker beside it."""

    data: str | None

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        typed = unicodedata.normalize("NFKC", self.data or "").strip().lower()
        self.data = (colour(typed) or typed) if typed else ""

    def pre_validate(self, form: Any) -> None:
        if self.data and colour(self.data) is None:
            raise ValidationError(gettext("Please enter a colour as # followed by six digits, for example #0a5c36."))
