"""Numbers as people type them."""

import pytest
from werkzeug.datastructures import MultiDict
from wtforms import Form

from wem.web.amounts import Between, Whole
from wem.web.days import Day


class Typed(Form):
    amount = Whole("金額", [Between(1, 100_000)])
    day = Day("日付")


@pytest.mark.parametrize(
    ("typed", "read", "said"),
    [
        ("14300", 14300, ""),
        ("14,300", 14300, ""),
        ("１４，３００", 14300, ""),
        ("-5", -5, "1～100,000の数字"),
        ("100001", 100001, "1～100,000の数字"),
        ("abc", None, "整数で入力してください"),
        ("1.5", None, "整数で入力してください"),
        ("9" * 5000, None, "整数で入力してください"),
    ],
)
def test_numbers_are_read_as_they_are_meant(app, typed, read, said):
    with app.test_request_context("/"):
        form = Typed(MultiDict({"amount": typed, "day": "2026-04-01"}))
        form.validate()
        assert form.amount.data == read
        assert said in " ".join(map(str, form.amount.errors)) and bool(said) == bool(form.amount.errors)


def test_a_day_that_there_is_not_is_said_in_words(app):
    with app.test_request_context("/"):
        form = Typed(MultiDict({"amount": "1", "day": "2026-02-30"}))
        form.validate()
        assert "実在する日付" in str(form.day.errors[0])
