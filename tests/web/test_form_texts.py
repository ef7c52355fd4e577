"""What forms say by themselves: our words in both languages, and none of the library's is left."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import DateField, IntegerField, SelectField, SelectMultipleField, StringField
from wtforms.i18n import messages_path
from wtforms.validators import Length, NumberRange

from wem.web.form_texts import TEXTS


@pytest.fixture(autouse=True)
def _context(app: Flask) -> None:
    """Forms ask for the language of the request."""


WRONG = [
    (StringField(validators=[Length(max=3)]), "株式会社", "3文字以内で入力してください。"),
    (StringField(validators=[Length(min=2, max=3)]), "株", "2～3文字で入力してください。"),
    (IntegerField(validators=[NumberRange(2, 48)]), "49", "2～48の数字で入力してください。"),
    (IntegerField(), "四", "整数で入力してください（例：14300）。"),
    (DateField(), "2026-02-30", "日付が正しくありません。カレンダーにある日を入力してください。"),
    (SelectField(choices=["a"]), "b", "表示されている選択肢から選んでください。"),
    (SelectMultipleField(choices=["a"]), "b", "表示されている選択肢から選んでください。"),
]


@pytest.mark.parametrize(("field", "typed", "said"), WRONG, ids=[said for _, _, said in WRONG])
def test_what_is_said(field: Any, typed: str, said: str) -> None:
    form_class = type("OneField", (FlaskForm,), {"value": field})
    with force_locale("ja"):
        form = form_class(MultiDict({"value": typed}), meta={"csrf": False})
        assert not form.validate()
        assert [str(error) for error in form.errors["value"]] == [said]


def test_the_library_still_has_these_texts() -> None:
    """A text that it words anew would be shown as it stands there."""
    with open(f"{messages_path()}/wtforms.pot", encoding="utf-8") as file:
        theirs = set(re.findall(r'^msgid "(.+)"$', file.read(), re.M))
    assert set(TEXTS) <= theirs
