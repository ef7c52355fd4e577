"""Another customer's row does not exist: 404 whoever asks by whatever method, and nothing of it changes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from flask import Flask

from tests.invariants.crawling import names_of
from tests.invariants.database import Watch
from tests.invariants.routes import Route, paths, routes, values_for
from tests.invariants.stage import Stage
from tests.page import Browser
from wem.audit import AuditEvent
from wem.db import Base, db
from wem.mailings.models import Mailing

pytestmark = pytest.mark.usefixtures("no_error_pages")

Make = Callable[..., Browser]

# endpoint: why its argument is not one customer's.
NOT_ONE_CUSTOMERS: dict[str, str] = {
    "designs.of_ours": "a design that comes with WeM, named by a word",
    "designs.frame": "the same",
}


def mixtures(route: Route, stage: Stage) -> Iterator[tuple[str, Sequence[Any]]]:
    """Yield (address, arguments) with at least one argument that is theirs; the others are ours, or theirs too."""
    ours, theirs = values_for(route, stage.ours, stage), values_for(route, stage.theirs, stage)
    for sides in itertools.product((0, 1), repeat=len(route.keys)):
        if not any(sides):
            continue
        firsts = [(theirs if side else ours)[place][:1] for place, side in enumerate(sides)]
        # Rows in several states in the last place: one may open a door that another keeps shut.
        if sides[-1]:
            firsts[-1] = theirs[-1][:: max(1, len(theirs[-1]) // 6)]
        for chosen in itertools.product(*firsts):
            yield route.fill(chosen), chosen


def signed_in_routes(app: Flask) -> list[Route]:
    return [
        route
        for route in routes(app)
        if route.audience in ("customer", "account") and route.keys and route.endpoint not in NOT_ONE_CUSTOMERS
    ]


def test_their_rows_are_404_by_every_method(stage: Stage, app: Flask, browser_for: Make, watch: Watch) -> None:
    owner = browser_for(stage.ours.person("owner"))
    token = owner.csrf_token()
    targets = [(route, path) for route in signed_in_routes(app) for path, _ in mixtures(route, stage)]
    assert targets
    watch.changed()
    for route, path in targets:
        for method in sorted(route.methods):
            data = {"csrf_token": token, "confirm": "1"} if method == "POST" else None
            options: dict[str, Any] = {"headers": {"HX-Request": "true"}} if "progress" in path else {}
            page = owner.post(path, data, **options) if method == "POST" else owner.get(path, **options)
            assert page.status == 404, f"{method} {path} ({route.endpoint}): {page.status} {page.location}"
    # Nothing but the trace of the attempts.
    assert watch.changed(but={"audit_event"}) == []
    tried = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "access.denied")).all()
    assert tried and {event.account_id for event in tried} == {stage.ours.people["owner"]}
    assert {event.customer_id for event in tried} == {stage.ours.customer_id}


def test_there_is_one_row_of_theirs_for_every_argument(stage: Stage, app: Flask) -> None:
    """What is tested above must be rows that exist, and that their own owner may open."""
    for route in signed_in_routes(app):
        ours, theirs = values_for(route, stage.ours, stage), values_for(route, stage.theirs, stage)
        for (key, _), mine, other in zip(route.keys, ours, theirs, strict=True):
            assert not set(mine) & set(other), f"{route}: {key} names the same row on both sides"


def test_every_model_of_a_customer_has_rows_on_both_sides(stage: Stage) -> None:
    empty = []
    for table in Base.metadata.sorted_tables:
        if "customer_id" not in table.columns:
            continue
        for half in (stage.ours, stage.theirs):
            query = sa.select(sa.func.count()).select_from(table).where(table.c.customer_id == half.customer_id)
            if not db.session.scalar(query) and table.name not in NO_ROWS:
                empty.append(table.name)
    assert not empty, f"give the stage rows of {sorted(set(empty))}"


# table: why the stage needs none.
NO_ROWS = {
    "shown_text": "no page names one; made by the first consent",
    "customer_turn": "no page names one; made when a batch of the customer is taken",
}


def test_forms_that_name_their_rows_join_nothing(stage: Stage, app: Flask, browser_for: Make) -> None:
    """A number in a form is as good as one in an address: choose their list, their field, their person."""
    owner = browser_for(stage.ours.person("owner"))
    theirs = {
        str(number)
        for rows in (
            stage.theirs.list_ids,
            stage.theirs.field_ids,
            stage.theirs.subscriber_ids,
            stage.theirs.tester_ids,
            stage.theirs.domain_ids,
        )
        for number in rows
    } | {str(stage.theirs.customer_id)}
    before = crossed()
    assert before == []
    tried = 0
    for route in routes(app):
        if route.audience not in ("customer", "account") or not route.reads:
            continue
        page = owner.get(paths(route, stage.ours, stage)[0])
        if page.response.mimetype != "text/html":
            continue
        for form in BeautifulSoup(page.html, "html.parser").find_all("form"):
            action = str(form.get("action") or paths(route, stage.ours, stage)[0])
            if str(form.get("method", "")).lower() != "post" or "logout" in action or "sign-ins" in action:
                continue
            numbered = {name for name in names_of(form) if numbers_in(form, name)}
            if not numbered:
                continue
            values = page.form(str(form.get("action") or ""))
            tried += 1
            owner.post(action, {**values, **{name: sorted(theirs) for name in numbered}})
    assert tried
    assert crossed() == []


def numbers_in(form: Any, name: str) -> bool:
    """Return whether a field of the form carries numbers of rows: a choice, or a hidden value."""
    fields = form.find_all(["input", "select", "button"], {"name": name})
    for each in fields:
        if each.name == "select":
            if any(str(option.get("value", "")).isdigit() for option in each.find_all("option")):
                return True
        elif each.get("type") in ("checkbox", "radio", "hidden") and str(each.get("value", "")).isdigit():
            return True
    return False


def crossed() -> list[str]:
    """Return the rows that point to rows of two customers."""
    found = []
    for table in Base.metadata.sorted_tables:
        owners = []
        if "customer_id" in table.columns:
            owners.append(table.c.customer_id)
        query = sa.select(table)
        joined: Any = table
        for key in sorted(table.foreign_key_constraints, key=lambda each: str(each.name)):
            parent = key.referred_table
            if "customer_id" not in parent.columns:
                continue
            other = parent.alias()
            on = sa.and_(*[table.c[one.parent.name] == other.c[one.column.name] for one in key.elements])
            joined = joined.join(other, on)
            owners.append(other.c.customer_id)
        if len(owners) < 2:
            continue
        query = sa.select(*owners).select_from(joined).where(sa.or_(*[owners[0] != each for each in owners[1:]]))
        found += [f"{table.name}: {tuple(row)}" for row in db.session.execute(query)]
    db.session.rollback()
    return found


def test_what_joins_two_customers_would_be_found(stage: Stage) -> None:
    db.session.get_one(Mailing, stage.ours.mailing_ids[0]).lists = [stage.theirs.mailing_list]
    db.session.commit()
    assert len(crossed()) == 1
