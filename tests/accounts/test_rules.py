"""Who may do what, what a password must be, when guessing ends."""

import pytest

from wem.accounts.rules import Role, StaffRole, guesses_left, may_write, password_problem, staff_may


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("correct horse battery", None),
        ("twelve chars", None),
        ("eleven char", "short"),
        ("", "short"),
        ("x" * 129, "long"),
        ("passwordpassword", "plain"),
        ("PasswordPassword", "plain"),
        ("aaaaaaaaaaaaaa", "plain"),
        ("tanakatanaka", "plain"),
        ("田中さんの長い合い言葉です", None),
    ],
)
def test_password(password, problem):
    assert password_problem(password, "tanaka@shop.example.jp") == problem


@pytest.mark.parametrize(
    ("here", "email", "ip", "left"),
    [
        (0, 0, 0, True),
        (4, 4, 4, True),
        (5, 5, 5, False),  # one place guesses one person's password
        (0, 19, 0, True),  # others' guesses do not lock the owner out yet
        (0, 20, 0, False),  # attacked from everywhere
        (0, 0, 50, False),  # one place tries many people
    ],
)
def test_guesses(here, email, ip, left):
    assert guesses_left(here, email, ip) is left


def test_roles():
    assert [role for role in Role if may_write(role)] == [Role.owner, Role.editor, Role.delegate]
    assert staff_may(StaffRole.admin, frozenset())
    assert not staff_may(StaffRole.support, frozenset({StaffRole.billing}))
    assert staff_may(StaffRole.billing, frozenset({StaffRole.billing}))
