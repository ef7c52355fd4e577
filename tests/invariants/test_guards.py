"""Who may open what: said once, where a blueprint is made, and true of every route there is and will be."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.conftest import PORTAL, PUBLIC
from tests.factories import make_account, make_customer, make_member
from tests.invariants.crawling import Crawl
from tests.invariants.database import Watch
from tests.invariants.routes import Route, paths, people, routes, values_for
from tests.invariants.stage import Stage
from tests.page import Browser
from wem import clock
from wem.accounts.models import Account, Membership
from wem.accounts.rules import Role, StaffRole
from wem.audit import AuditEvent
from wem.contracts.models import Contract
from wem.contracts.rules import ALWAYS
from wem.db import db
from wem.web.blueprints import AccountBlueprint, CustomerBlueprint, OpenBlueprint, PartnerBlueprint, StaffBlueprint
from wem.web.origins import Origin

pytestmark = pytest.mark.usefixtures("no_error_pages")

GUARDED = {
    "public": OpenBlueprint,
    "account": AccountBlueprint,
    "customer": CustomerBlueprint,
    "staff": StaffBlueprint,
    "partner": PartnerBlueprint,
}
# Endpoints that change something by GET: why they must.
CHANGES_BY_GET: dict[str, str] = {}
# Customer endpoints where a viewer may post: why.
VIEWER_MAY_POST: dict[str, str] = {}
# Pages for everybody that stand on both origins.
ON_BOTH_ORIGINS = {
    "health.alive": "what watches over WeM asks any process",
    "health.ready": "the same",
    "robots.robots": "machines ask it of every host",
}
# Customer pages that not everybody of a customer may open: who may.
FOR_SOME = {
    "team.show": {"owner"},
    "team.sign_ins": {"owner"},
    "credentials.show": {"owner"},
    "page_reissue.reissue": {"owner"},
    "inquiries.new": {"owner", "editor", "delegate"},
    "contract_filing.details": {"owner"},
    "contract_filing.name": {"owner"},
    "contract_filing.bank": {"owner"},
    "contract_filing.mandate_paper": {"owner"},
    "contract_requests.cancel": {"owner"},
    "contract_requests.early_exit": {"owner"},
    "contract_requests.course": {"owner"},
    "contract_requests.options": {"owner"},
    "contract_requests.resume": {"owner"},
    "composing.new": {"owner", "editor", "delegate"},
    "composing.edit": {"owner", "editor", "delegate"},
    "resending.resend": {"owner", "editor", "delegate"},
    "moving.show": {"owner", "editor", "delegate"},
    "blocks.show": {"owner", "editor", "delegate"},
    "brands.show": {"owner", "editor", "delegate"},
    "brands.preview": {"owner", "editor", "delegate"},
    "images.describe": {"owner", "editor", "delegate"},
    "designs.keep": {"owner", "editor", "delegate"},
    "pictures.pick": {"owner", "editor", "delegate"},
    "pictures.take": {"owner", "editor", "delegate"},
    "pictures.taken": {"owner", "editor", "delegate"},
    "segments.new": {"owner", "editor", "delegate"},
    "sequences.new": {"owner", "editor", "delegate"},
    "sequences.settings": {"owner", "editor", "delegate"},
    "sequence_steps.new": {"owner", "editor", "delegate"},
    "sequence_steps.edit": {"owner", "editor", "delegate"},
    "sequence_control.start": {"owner", "editor", "delegate"},
}

Make = Callable[..., Browser]


def of(app: Flask, *audiences: str) -> list[Route]:
    return [route for route in routes(app) if route.audience in audiences]


def request_all(browser: Browser, route: Route, path: str) -> list[tuple[str, int, str]]:
    """Return (method, status, location) of the path by every method that the route knows."""
    found = []
    for method in sorted(route.methods):
        page = browser.post(path) if method == "POST" else browser.get(path)
        found.append((method, page.status, page.location))
    return found


def test_every_route_belongs_to_a_guarded_blueprint(app: Flask) -> None:
    for route in routes(app):
        name = route.endpoint.rpartition(".")[0]
        blueprint = app.blueprints.get(name)
        assert isinstance(blueprint, OpenBlueprint), f"{route} stands on no guarded blueprint"
        assert type(blueprint) is GUARDED[route.audience], f"{route} says {route.audience} and is guarded otherwise"


def test_addresses_show_the_audience(app: Flask) -> None:
    for route in routes(app):
        assert route.rule.startswith("/staff/") == (route.audience == "staff"), route
        assert route.rule.startswith("/partner/") == (route.audience == "partner"), route


def test_only_known_methods_are_answered(app: Flask) -> None:
    """PUT and DELETE pass by what guards a POST."""
    assert [str(route) for route in routes(app) if not route.methods <= {"GET", "POST"}] == []


def test_every_argument_is_known(stage: Stage, app: Flask) -> None:
    for route in routes(app):
        values_for(route, stage.ours, stage)


def test_a_stranger_is_sent_to_sign_in(stage: Stage, app: Flask, browser_for: Make) -> None:
    stranger = browser_for(None)
    for route in of(app, "account", "customer", "staff", "partner"):
        for path in paths(route, stage.ours, stage)[:1]:
            for method, status, location in request_all(stranger, route, path):
                # Also a POST with a token of an honest session without a sign-in.
                assert (status, location.partition("?")[0]) == (303, "/login"), f"{method} {route}: {status} {location}"


@pytest.mark.parametrize(
    ("audience", "others", "allowed"),
    [
        ("customer", ("staff", "partner"), (403, 404)),
        ("staff", ("owner", "partner"), (404,)),
        ("partner", ("owner", "staff"), (404,)),
    ],
)
def test_pages_are_not_there_for_others(
    stage: Stage, app: Flask, browser_for: Make, audience: str, others: tuple[str, ...], allowed: tuple[int, ...]
) -> None:
    accounts = {"owner": stage.ours.person("owner"), "staff": stage.admin, "partner": stage.partner}
    browsers = {who: browser_for(accounts[who]) for who in others}
    for route in of(app, audience):
        for path in paths(route, stage.ours, stage)[:1]:
            for who, browser in browsers.items():
                for method, status, _ in request_all(browser, route, path):
                    assert status in allowed, f"{who}: {method} {route}: {status}"


def test_staff_need_the_role_that_the_blueprint_names(stage: Stage, app: Flask, browser_for: Make) -> None:
    browsers = {
        role: browser_for(db.session.get_one(Account, number))
        for role, number in stage.staff_ids.items()
        if role is not StaffRole.admin
    }
    for route in of(app, "staff"):
        blueprint = app.blueprints[route.endpoint.rpartition(".")[0]]
        assert isinstance(blueprint, StaffBlueprint)
        path = paths(route, stage.ours, stage)[0]
        for role, browser in browsers.items():
            if role in blueprint.roles:
                continue
            for method, status, _ in request_all(browser, route, path):
                assert status == 403, f"{role.value}: {method} {route}: {status}"


def test_a_viewer_reads_only(stage: Stage, app: Flask, browser_for: Make, watch: Watch) -> None:
    viewer = browser_for(stage.ours.person("viewer"))
    watch.changed()
    for route in of(app, "customer"):
        if "POST" not in route.methods or route.endpoint in VIEWER_MAY_POST:
            continue
        for path in paths(route, stage.ours, stage)[:1]:
            assert viewer.post(path).status == 403, route
    # Nothing but the trace of the attempts.
    assert watch.changed(but={"audit_event"}) == []
    tried = sa.select(AuditEvent.account_id).where(AuditEvent.action == "access.not_permitted")
    assert stage.ours.people["viewer"] in set(db.session.scalars(tried))


def test_exceptions_are_still_some(app: Flask) -> None:
    endpoints = {route.endpoint for route in routes(app)}
    assert {*CHANGES_BY_GET, *VIEWER_MAY_POST, *ON_BOTH_ORIGINS, *FOR_SOME, *REFUSES} <= endpoints


def test_who_works_for_two_customers_chooses_first(stage: Stage, app: Flask, browser_for: Make) -> None:
    both = stage.ours.person("delegate")
    db.session.add(Membership(account=both, customer_id=stage.theirs.customer_id, role=Role.delegate))
    db.session.commit()
    browser = browser_for(both)
    for route in of(app, "customer"):
        for path in paths(route, stage.ours, stage)[:1]:
            for method, status, location in request_all(browser, route, path):
                assert (status, location) == (303, "/account/customers"), f"{method} {route}: {status} {location}"


def test_a_person_without_a_customer_finds_nothing(stage: Stage, app: Flask, browser_for: Make) -> None:
    browser = browser_for(make_account())
    for route in of(app, "customer", "staff", "partner"):
        for path in paths(route, stage.ours, stage)[:1]:
            for method, status, _ in request_all(browser, route, path):
                assert status == 404, f"{method} {route}: {status}"


@pytest.mark.parametrize("standing", ["suspended", "no contract"])
def test_without_a_contract_in_force_only_the_contract_stays_open(
    stage: Stage, app: Flask, browser_for: Make, watch: Watch, standing: str
) -> None:
    if standing == "suspended":
        owner = stage.ours.person("owner")
        db.session.get_one(Contract, stage.ours.contract_id).suspended_at = clock.now()
    else:
        owner = make_member(make_customer("契約のない店"))
    db.session.commit()
    browser = browser_for(owner)
    watch.changed()
    for route in of(app, "customer"):
        blueprint = app.blueprints[route.endpoint.rpartition(".")[0]]
        assert isinstance(blueprint, CustomerBlueprint)
        if blueprint.use in ALWAYS:
            continue
        for path in paths(route, stage.ours, stage)[:1]:
            for method, status, _ in request_all(browser, route, path):
                assert status == 403, f"{method} {route}: {status}"
    assert watch.changed() == []


def test_each_origin_is_404_for_the_others_addresses(stage: Stage, app: Flask, browser_for: Make) -> None:
    browsers = {
        Origin.portal: browser_for(stage.ours.person("owner"), origin=PORTAL),
        Origin.public: browser_for(origin=PUBLIC),
    }
    other = {Origin.portal: Origin.public, Origin.public: Origin.portal}
    for route in routes(app):
        if route.origin is Origin.both:
            assert route.endpoint in ON_BOTH_ORIGINS, route
            continue
        for path in paths(route, stage.ours, stage)[:1]:
            for method, status, _ in request_all(browsers[other[route.origin]], route, path):
                assert status == 404, f"{method} {route} on the {other[route.origin]} origin: {status}"


def test_the_public_origin_sets_no_cookie(crawl: Crawl) -> None:
    wrong = [str(answer) for answer in crawl.answers if answer.base_url == PUBLIC and answer.header("Set-Cookie")]
    assert not wrong, wrong
    assert any(answer.base_url == PUBLIC and answer.method == "POST" for answer in crawl.answers)


def test_nothing_changes_by_looking(crawl: Crawl) -> None:
    """GET and HEAD: what a scanner, a prefetch or a second tab does (RFC 9110 section 9.2.1)."""
    assert not crawl.changed, "\n".join(crawl.changed)


def test_every_page_opens(crawl: Crawl, app: Flask) -> None:
    """Each route that the right person opens by GET answers with a page, a file or a way on."""
    wrong = []
    for answer in crawl.of("GET", "HEAD"):
        if answer.audience == "customer" and answer.who not in FOR_SOME.get(answer.route, {answer.who}):
            good = answer.status == 403
        else:
            good = answer.status < 400 or answer.status in REFUSES.get(answer.route, ())
        if not good:
            wrong.append(str(answer))
    assert not wrong, "\n".join(wrong)


# endpoint: the refusals that a GET with an existing row may meet.
REFUSES = {
    "images.picture": (404,),  # of a file that waits or was refused there is none
    "previews.html": (404,),  # a mailing in plain text has no HTML
    "designs.preview": (404,),  # neither has such a design
    "staff_application_papers.scan": (404,),  # nothing was scanned
    "contract_filing.mandate_paper": (404,),  # only until the sealed form is here
    "staff_receipts.show": (404,),  # what was not paid at our own desk has none
}


def test_every_route_was_opened(crawl: Crawl, app: Flask) -> None:
    opened = {answer.route for answer in crawl.of("GET")}
    missing = [str(route) for route in routes(app) if route.reads and route.endpoint not in opened]
    assert not missing, missing


def test_nothing_breaks_by_wrong_input(crawl: Crawl) -> None:
    wrong = [str(answer) for answer in crawl.of("POST") if answer.status >= 500]
    assert not wrong, "\n".join(wrong)


def test_the_right_people_are_known_for_every_route(app: Flask, stage: Stage) -> None:
    for route in routes(app):
        assert people(route, stage)
