"""Uploads for tests: by the screens as a person does it, or straight from a file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from tests.factories import Side
from tests.page import Browser, Page
from wem.db import db
from wem.lists import jobs, upload_columns, uploading
from wem.lists.reading import FileShape
from wem.lists.states import UploadKind, UploadState
from wem.lists.upload_models import Upload
from wem.storage import path_of

DATA = Path(__file__).parent.parent / "data" / "lists"
STATEMENT = {
    "how": "店頭の申込書",
    "when": "2024年4月から2025年3月",
    "wording": "お知らせのメールを希望します",
    "told": True,
}


def work(upload_id: int, turns: int = 50) -> Upload:
    """Run the jobs that the queue would have run until the upload stands still."""
    for _ in range(turns):
        db.session.rollback()
        upload = db.session.get_one(Upload, upload_id, populate_existing=True)
        job = jobs.JOBS.get(upload.state)
        if job is None:
            break
        getattr(jobs, job.rpartition(".")[2])(upload_id)
    jobs.erase_upload(upload_id)
    db.session.rollback()
    return db.session.get_one(Upload, upload_id, populate_existing=True)


def received(side: Side, content: bytes | Path, kind: UploadKind = UploadKind.attested, **mapping: Any) -> int:
    """Have a file received and its columns chosen as they suggest themselves; it waits to be checked."""
    data = content.read_bytes() if isinstance(content, Path) else content
    side.contract.attested_uploads = True
    key, size, shape = uploading.store(io.BytesIO(data))
    upload = uploading.receive(side.mailing_list, kind, "readers.csv", key, size, shape, by=side.owner.id)
    return choose(upload, side.owner.id, **mapping)


def choose(upload: Upload, by: int, **mapping: Any) -> int:
    """Choose the columns that suggest themselves."""
    path, shape = path_of(upload.storage_key or ""), FileShape.from_dict(upload.shape)
    labels = uploading.field_labels(upload.customer_id)
    bare = upload.kind not in uploading.OF_READERS
    choices = upload_columns.guessed(path, shape, labels, address_only=bare)
    chosen = upload_columns.mapping_of(choices, path, shape, list(labels))
    uploading.check(upload, {**chosen, **mapping}, dict(STATEMENT), by=by)
    db.session.commit()
    return upload.id


def checked(side: Side, content: bytes | Path, kind: UploadKind = UploadKind.attested, **mapping: Any) -> Upload:
    """Have a file checked; the preview stands."""
    upload = work(received(side, content, kind, **mapping))
    assert upload.state is UploadState.checked, (upload.state, upload.problem)
    return upload


def begin_applying(upload: Upload, by: int, approver: int) -> None:
    """Say yes, and staff's yes where it is asked; nothing is applied yet."""
    uploading.apply(upload, by=by)
    if upload.kind is UploadKind.attested:
        uploading.approve(upload, "", by=approver)
    db.session.commit()


def applied(side: Side, content: bytes | Path, kind: UploadKind = UploadKind.attested, **mapping: Any) -> Upload:
    """Have a file go the whole way."""
    upload = checked(side, content, kind, **mapping)
    begin_applying(upload, side.owner.id, side.owner.id)
    upload = work(upload.id)
    assert upload.state is UploadState.applied, (upload.state, upload.problem)
    return upload


def csv_of(*addresses: str) -> bytes:
    """Return a file with nothing but addresses."""
    return ("メールアドレス\n" + "\n".join(addresses) + "\n").encode()


def upload_by_screen(browser: Browser, list_id: int, file: Path, kind: str) -> Page:
    """Choose a file and a kind, and open the page of its columns."""
    page = browser.post(
        f"/lists/{list_id}/imports/new",
        {"kind": kind, "file": (io.BytesIO(file.read_bytes()), file.name)},
        content_type="multipart/form-data",
    )
    # The client leaves the body that it wrote to disk open.
    page.response.request.environ["wsgi.input"].close()
    assert page.status == 303, page.text
    return browser.get(page.location)
