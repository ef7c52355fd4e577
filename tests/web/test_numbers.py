"""Numbers that no row can have are not found; they are no error of ours."""

import pytest

from wem.web.numbers import row_number


@pytest.mark.parametrize("path", ["/mailings/{}", "/lists/{}", "/lists/{}/subscribers", "/fields/{}"])
@pytest.mark.parametrize("number", ["99999999999999999999", "9223372036854775808", "9223372036854775807"])
def test_too_long(world, browser_for, path, number):
    assert browser_for(world.ours.owner).get(path.format(number)).status == 404


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", 7),
        ("9" * 18, int("9" * 18)),
        ("9" * 19, None),
        ("9" * 5000, None),
        ("²", None),
        ("-1", None),
        ("", None),
        (None, None),
    ],
)
def test_row_number(text, number):
    assert row_number(text) == number
