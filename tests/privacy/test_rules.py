"""What may be disclosed on which ground."""

import pytest

from wem.privacy.rules import SERVES, Basis, DataClass, What, may_disclose

GROUNDS = [
    (DataClass.customer, Basis.law, True),
    (DataClass.customer, Basis.public_body, True),
    (DataClass.customer, Basis.consent, True),
    # What 2-2 exempts are secrets, not persons.
    (DataClass.customer, Basis.public, False),
    (DataClass.customer, Basis.known, False),
    (DataClass.end_user, Basis.law, True),
    (DataClass.end_user, Basis.public_body, True),
    # The customer cannot agree for readers (17-3).
    (DataClass.end_user, Basis.consent, False),
    (DataClass.end_user, Basis.own, False),
    *[(DataClass.secret, basis, True) for basis in Basis],
]


@pytest.mark.parametrize(("data", "basis", "may"), GROUNDS)
def test_grounds(data, basis, may):
    assert may_disclose(data, basis) is may


def test_every_look_serves_a_purpose_of_the_consent():
    assert set(SERVES) == set(What)
