"""What mailings are called on screens: internal name first, then the subject, without its code."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.factories import World
from tests.page import Browser
from wem.db import db
from wem.mailings.models import Mailing
from wem.mailings.titles import Titles

SUBJECTS = [
    ('{{ 氏名 | default: "お客" }}様へ 新茶', "﨑山 花子様へ 新茶"),
    ("{% if 氏名 %}{{ 氏名 }}様{% endif %} {{ list_name }}", "﨑山 花子様 お得情報"),
    ("新茶", "新茶"),
    ("{{ 消えた }}", "{{ 消えた }}"),
    (" ", "（件名なし）"),
]


def named(world: World, **values: str) -> Mailing:
    mailing = db.session.get_one(Mailing, world.ours.mailing.id)
    for name, value in values.items():
        setattr(mailing, name, value)
    db.session.commit()
    return mailing


@pytest.mark.parametrize(("subject", "shown"), SUBJECTS)
def test_a_subject_without_its_code(world: World, app: object, subject: str, shown: str) -> None:
    mailing = named(world, subject=subject)
    titles = Titles(mailing.customer_id)
    assert titles.of(mailing) == titles.subject(mailing) == shown


@pytest.mark.parametrize("path", ["/dashboard", "/mailings"])
def test_the_name_comes_first_everywhere(world: World, browser_for: Callable[..., Browser], path: str) -> None:
    named(world, name="秋の第一号", subject='{{ 氏名 | default: "お客" }}様へ 新茶')
    text = browser_for(world.ours.editor).get(path).text
    assert text.index("秋の第一号") < text.index("﨑山 花子様へ 新茶")
    assert "{{" not in text
