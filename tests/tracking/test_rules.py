"""What is kept of a request."""

import pytest

from wem.tracking.rules import agent_of, network_of


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        (None, ""),
        ("", ""),
        ("unknown", ""),
        ("203.0.113.77, 10.0.0.1", ""),
    ],
)
def test_a_part_of_the_net(address: str | None, network: str) -> None:
    assert network_of(address) == network


def test_a_program_is_kept_short_and_printable() -> None:
    assert agent_of("Mozilla/5.0") == "Mozilla/5.0"
    assert agent_of("a\x00b\r\nc\u2028d") == "abcd"
    assert agent_of("x" * 5000) == "x" * 200
