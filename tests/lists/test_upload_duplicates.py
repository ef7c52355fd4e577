"""Rows whose address stands in an earlier row are found, however little one turn does."""

from __future__ import annotations

from itertools import islice

import pytest
import sqlalchemy as sa

from tests.factories import World
from tests.lists.uploads import csv_of, received
from wem.db import db
from wem.lists import upload_checking, upload_steps
from wem.lists.states import RowState, UploadState
from wem.lists.upload_models import Upload, UploadRow


@pytest.mark.both_databases
def test_the_search_goes_on_where_the_last_turn_ended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large file takes more than one turn; a search begun anew in each would never end."""
    monkeypatch.setattr(upload_checking, "PART", 2)
    monkeypatch.setattr(upload_checking, "FRAME", 2)
    addresses = [f"{n}@x.example" for n in range(10)]
    upload_id = received(world.ours, csv_of(*addresses, *addresses, *addresses[:5]))
    for _ in range(40):
        turn = upload_steps.take(upload_id, UploadState.reading)
        if turn is None:
            break
        db.session.commit()
        for _ in islice(upload_checking.steps(turn), 3):
            db.session.commit()
        db.session.execute(sa.update(Upload).values(lease_until=None))
        db.session.commit()
    upload = db.session.get_one(Upload, upload_id, populate_existing=True)
    places = db.session.execute(
        sa.select(UploadRow.record, UploadRow.place).where(UploadRow.state == RowState.duplicate)
    ).all()
    assert (upload.state, upload.good, upload.duplicate) == (UploadState.checked, 10, 15)
    assert {record: int(place) for record, place in places} == {n: (n - 1) % 10 + 1 for n in range(11, 26)}
