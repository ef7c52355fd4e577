"""No file stays that no upload names, and none goes that one names."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.factories import World
from tests.lists.uploads import STATEMENT, csv_of, received, upload_by_screen, work
from tests.page import Browser
from wem import clock, storage
from wem.contracts.request_models import Termination, TerminationGround, TerminationScope
from wem.db import db
from wem.lists import jobs, upload_columns, uploading
from wem.lists.states import UploadState
from wem.lists.upload_models import Upload
from wem.settings import settings


def age(path: Path) -> None:
    then = (clock.now() - timedelta(days=1, minutes=1)).timestamp()
    os.utime(path, (then, then))


def kept() -> set[Path]:
    return {path for path in (settings().var / "files").rglob("*") if path.is_file()}


@pytest.fixture(autouse=True)
def _empty_store(app: object) -> None:
    for path in kept():
        path.unlink()


@pytest.mark.both_databases
def test_the_sweep_erases_old_files_without_a_name(world: World) -> None:
    upload = db.session.get_one(Upload, received(world.ours, csv_of("a@x.example")))
    evidence, unnamed, young = (storage.keep("evidence", io.BytesIO(b"x"), 9)[0] for _ in range(3))
    upload.statement = {**upload.statement, "evidence": evidence}
    db.session.commit()
    forgotten, elsewhere = (storage.keep(folder, io.BytesIO(b"x"), 9)[0] for folder in ("uploads", "images"))
    unfinished = storage.path_of(forgotten).with_suffix(".part")
    unfinished.touch()
    in_use = {storage.path_of(key) for key in (upload.storage_key or "", evidence, young, elsewhere)}
    for path in kept() - {storage.path_of(young)}:
        age(path)
    jobs.erase_unnamed_files()
    assert kept() == in_use
    assert work(upload.id).state is UploadState.checked


def test_evidence_of_a_termination_is_not_the_sweeps(world: World) -> None:
    """It stood in the same folder once, and was gone after a day."""
    key, _ = storage.keep("evidence", io.BytesIO(b"x"), 9)
    db.session.add(
        Termination(
            contract_id=world.ours.contract.id, ground=TerminationGround.breach, scope=TerminationScope.whole,
            evidence="記録", evidence_key=key, evidence_name="記録.txt", proposed_at=clock.now(), proposed_by=1,
        )
    )  # fmt: skip
    db.session.commit()
    age(storage.path_of(key))
    jobs.erase_unnamed_files()
    assert kept() == {storage.path_of(key)}


def test_evidence_that_is_replaced_goes(world: World, browser_for: Callable[..., Browser], tmp_path: Path) -> None:
    here, browser = handed_in(world, browser_for, tmp_path)
    (evidence,) = kept_evidence()
    assert answer(browser, here, b"another").status == 303
    (other,) = kept_evidence()
    assert other != evidence and other.read_bytes() == b"another"
    # What is not attached anew stays.
    assert answer(browser, here, None).status == 303
    assert kept_evidence() == {other}


def test_evidence_stays_that_another_page_replaced_meanwhile(
    world: World, browser_for: Callable[..., Browser], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever sends the answers without a file keeps what is named by then, not what was when the page was sent."""
    here, browser = handed_in(world, browser_for, tmp_path)
    upload_id, mapping_of = int(here.split("/")[-2]), upload_columns.mapping_of
    other, _ = storage.keep("evidence", io.BytesIO(b"another"), 9)

    def meanwhile(*given: Any) -> Any:
        upload = db.session.get_one(Upload, upload_id)
        storage.erase(upload.statement["evidence"])
        upload.statement = {**upload.statement, "evidence": other}
        db.session.commit()
        return mapping_of(*given)

    monkeypatch.setattr(upload_columns, "mapping_of", meanwhile)
    assert answer(browser, here, None).status == 303
    upload = db.session.get_one(Upload, upload_id, populate_existing=True)
    assert upload.statement["evidence"] == other and kept_evidence() == {storage.path_of(other)}


def test_evidence_of_a_refused_act_goes(
    world: World, browser_for: Callable[..., Browser], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, browser = handed_in(world, browser_for, tmp_path)
    evidence = kept_evidence()

    def refuse(*_: object, **__: object) -> None:
        raise uploading.Refused

    monkeypatch.setattr(uploading, "check", refuse)
    assert answer(browser, here, b"too late").status == 303
    assert kept_evidence() == evidence


def handed_in(world: World, browser_for: Callable[..., Browser], folder: Path) -> tuple[str, Browser]:
    world.ours.contract.attested_uploads = True
    db.session.commit()
    file = folder / "readers.csv"
    file.write_bytes(csv_of("a@x.example"))
    browser, list_id = browser_for(world.ours.owner), world.ours.mailing_list.id
    page = upload_by_screen(browser, list_id, file, "attested")
    here = page.response.request.path
    assert answer(browser, here, b"scan").status == 303
    work(int(here.split("/")[-2]))
    return here, browser


def answer(browser: Browser, here: str, evidence: bytes | None) -> object:
    told = {**STATEMENT, "told": "y", "use-0": "address"}
    files = {} if evidence is None else {"evidence": (io.BytesIO(evidence), "scan.pdf")}
    page = browser.post(here, {**told, **files}, content_type="multipart/form-data")
    page.response.request.environ["wsgi.input"].close()
    return page


def kept_evidence() -> set[Path]:
    return {path for path in kept() if path.parent.parent.name == "evidence"}
