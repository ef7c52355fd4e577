"""One running service for the proofs, with a customer whose contract permits everything."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests import factories
from tests.service import Service, running_service
from wem import clock
from wem.db import db
from wem.running.browsing import Browser

DATA = Path(__file__).resolve().parent.parent / "data" / "lists"
WORK = 400  # seconds that a step of the workers may take


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    with running_service(folder, BATCH_SIZE="200", LEASE_SECONDS="20", SEND_WORKERS="2") as service:
        yield service


@pytest.fixture(scope="module")
def world(service: Service) -> factories.World:
    with service.app.app_context():
        world = factories.world("-proof")
        world.ours.contract.attested_uploads = True
        db.session.commit()
        # The tests read plain numbers and names of it, long after this transaction.
        for row in list(db.session):
            db.session.refresh(row)
        db.session.expunge_all()
    return world


@pytest.fixture(scope="module")
def owner(service: Service, world: factories.World) -> Browser:
    return service.sign_in(world.ours.owner)


@pytest.fixture(scope="module")
def staff(service: Service, world: factories.World) -> Browser:
    return service.sign_in(world.admin)


class Office:
    """What people do on the screens, as steps of the proofs."""

    def __init__(self, service: Service, owner: Browser, staff: Browser) -> None:
        self.service, self.owner, self.staff = service, owner, staff

    def make_list(self, name: str, slug: str) -> int:
        form = self.owner.get(f"{self.service.portal}/lists/new").form("name", "slug")
        form.fill("name", name)
        form.fill("slug", slug)
        return int(self.owner.submit(form).url.rsplit("/", 1)[1])

    def upload(self, list_id: int, file: str, kind: str) -> str:
        """Upload a file and answer the questions about it; returns the address of the upload's page."""
        form = self.owner.get(f"{self.service.portal}/lists/{list_id}/imports/new").form("kind")
        form.fill("kind", kind)
        page = self.owner.submit(form, files={"file": (file, (DATA / file).read_bytes())})
        form = page.form("how", "when")
        form.fill("how", "店頭の申込書")
        form.fill("when", "2024年4月から2025年3月まで")
        if kind == "attested":
            form.fill("wording", "メールマガジンを受け取ることに同意します。")
            form.fill("told", "y")
        evidence = {"evidence": ("form.txt", "申込書の文面の写し".encode())} if kind == "attested" else None
        page = self.owner.submit(form, files=evidence)
        self.wait_for_page(page.url, "/apply")
        return page.url

    def enter_what_is_owed(self, contract_id: int) -> None:
        form = self.staff.get(f"{self.service.portal}/staff/contracts/{contract_id}/receivables").form(
            "label", "due_on"
        )
        form.fill("label", "先月分の利用料金")
        form.fill("amount", "11000")
        form.fill("due_on", (clock.today() - timedelta(days=1)).isoformat())
        self.staff.submit(form)

    def apply(self, url: str) -> None:
        page = self.owner.get(url)
        self.owner.submit(page.form(action="/apply"))

    def wait_for_page(self, url: str, form_action: str) -> None:
        deadline = time.monotonic() + WORK
        while not any(form_action in form.url for form in self.owner.get(url).forms):
            assert time.monotonic() < deadline, f"{url} never offered {form_action}\n{self.service.log()}"
            time.sleep(0.1)

    def compose(self, subject: str, html: str, list_id: int) -> int:
        form = self.owner.get(f"{self.service.portal}/mailings/new?kind=html").form("subject", "html", "lists")
        form.fill("subject", subject)
        form.fill("html", html)
        form.fill("body_kind", "html")
        form.fill("lists", str(list_id))
        page = self.owner.submit(form)
        number = next(part for part in page.url.split("?")[0].split("/") if part.isdigit())
        return int(number)

    def send(self, mailing_id: int) -> None:
        page = self.owner.get(f"{self.service.portal}/mailings/{mailing_id}/check")
        page = self.owner.submit(page.form("when"))
        self.owner.submit(page.form(action="/send"))


@pytest.fixture(scope="module")
def office(service: Service, owner: Browser, staff: Browser) -> Office:
    return Office(service, owner, staff)
