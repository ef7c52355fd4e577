"""Paging by key: every row once in both directions, also when rows come and go between two pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.factories import make_customer, make_list
from wem.db import db
from wem.lists.models import MailingList
from wem.web.paging import Page, page_of


@pytest.fixture
def lists(app: Flask) -> list[int]:
    """The ids of eleven lists, oldest first."""
    customer = make_customer()
    return [make_list(customer).id for _ in range(11)]


@pytest.fixture
def ask(app: Flask) -> Callable[..., Page[Any]]:
    def page(query: str = "", per_page: int = 4, where: Any = sa.true()) -> Page[Any]:
        with app.test_request_context(f"/{query}"):
            return page_of(sa.select(MailingList).where(where), MailingList.id, per_page)

    return page


def ids(page: Page[Any]) -> list[int]:
    return [row.id for row in page.rows]


@pytest.mark.both_databases
def test_from_the_newest_to_the_oldest_and_back(lists: list[int], ask: Callable[..., Page[Any]]) -> None:
    pages = [ask()]
    while pages[-1].older is not None:
        pages.append(ask(f"?before={pages[-1].older}"))
    assert [number for page in pages for number in ids(page)] == lists[::-1]
    assert [len(page.rows) for page in pages] == [4, 4, 3]
    assert pages[0].newer is None
    back = [pages[-1]]
    while back[-1].newer is not None:
        back.append(ask(f"?after={back[-1].newer}"))
    assert [ids(page) for page in back] == [ids(page) for page in pages[::-1]]


def test_the_same_page_from_both_sides_knows_the_same_neighbours(
    lists: list[int], ask: Callable[..., Page[Any]]
) -> None:
    second = ask(f"?before={ask().older}")
    from_below = ask(f"?after={ask(f'?before={second.older}').newer}")
    assert (ids(second), second.older, second.newer) == (ids(from_below), from_below.older, from_below.newer)


@pytest.mark.parametrize(("count", "older"), [(0, False), (1, False), (4, False), (5, True)])
def test_at_the_edges(app: Flask, ask: Callable[..., Page[Any]], count: int, older: bool) -> None:
    customer = make_customer()
    for _ in range(count):
        make_list(customer)
    page = ask()
    assert (len(page.rows), page.older is not None, page.newer) == (min(count, 4), older, None)


def test_beyond_the_ends_there_is_nothing(lists: list[int], ask: Callable[..., Page[Any]]) -> None:
    assert ids(ask(f"?before={lists[0]}")) == []
    assert ids(ask(f"?after={lists[-1]}")) == []
    assert ids(ask(f"?before={lists[1]}")) == [lists[0]]
    assert ids(ask(f"?after={lists[-2]}")) == [lists[-1]]


def test_the_newest_page_reached_from_below_has_no_newer_one(lists: list[int], ask: Callable[..., Page[Any]]) -> None:
    page = ask(f"?after={lists[-5]}")
    assert (ids(page), page.newer) == (lists[-4:][::-1], None)


@pytest.mark.parametrize("typed", ["x", "-1", "", "1.5", "９", "99999999999999999999", "1;DROP", "%00", "²"])
def test_what_is_no_key_is_ignored(lists: list[int], ask: Callable[..., Page[Any]], typed: str) -> None:
    assert ids(ask(f"?before={typed}"))[:1] in ([lists[-1]], [])
    ask(f"?after={typed}")


def test_rows_that_come_in_between_shift_nothing(lists: list[int], ask: Callable[..., Page[Any]]) -> None:
    older = ask().older
    make_list(make_customer())
    assert ids(ask(f"?before={older}")) == lists[3:7][::-1]


def test_rows_that_go_in_between_shift_nothing(lists: list[int], ask: Callable[..., Page[Any]]) -> None:
    older = ask().older
    db.session.execute(sa.delete(MailingList).where(MailingList.id.in_(lists[-3:])))
    assert ids(ask(f"?before={older}")) == lists[3:7][::-1]


def test_conditions_hold_on_every_page(lists: list[int], ask: Callable[..., Page[Any]]) -> None:
    odd = MailingList.id % 2 == lists[0] % 2
    first = ask(where=odd)
    assert ids(first) + ids(ask(f"?before={first.older}", where=odd)) == lists[::2][::-1]
