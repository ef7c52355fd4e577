"""Numbers that no row can have are not found; they are no error of ours."""

import pytest


@pytest.mark.parametrize("path", ["/mailings/{}", "/lists/{}", "/lists/{}/subscribers", "/fields/{}"])
@pytest.mark.parametrize("number", ["99999999999999999999", "9223372036854775808", "9223372036854775807"])
def test_too_long(world, browser_for, path, number):
    assert browser_for(world.ours.owner).get(path.format(number)).status == 404
