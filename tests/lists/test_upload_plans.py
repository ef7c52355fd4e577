"""Questions that are asked for millions of rows go by an index, on SQLite, which has no statistics."""

from __future__ import annotations

import sqlalchemy as sa

from tests.factories import World
from tests.lists.uploads import applied, csv_of, work
from wem.db import db
from wem.lists import uploading
from wem.lists.states import UploadKind


def test_no_step_reads_all_rows_for_each_row(world: World) -> None:
    asked: dict[str, object] = {}

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
        if "upload_row" in statement and not statement.startswith(("PRAGMA", "EXPLAIN")):
            asked.setdefault(statement, parameters)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        upload = applied(world.ours, csv_of("a@x.example", "b@x.example", "a@x.example"), update_known=True)
        applied(world.ours, csv_of("c@x.example"), UploadKind.invitation)
        applied(world.ours, csv_of("a@x.example"), UploadKind.stop_list, everywhere=True)
        uploading.undo(upload, by=world.ours.owner.id)
        db.session.commit()
        work(upload.id)
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    assert len(asked) > 10
    for statement, parameters in asked.items():
        given = parameters[0] if isinstance(parameters, list) else parameters
        plan = [row[3] for row in db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)]
        inner = plan[1:]
        assert not any(step.startswith(("SCAN subscri", "SCAN suppression", "SCAN consent")) for step in plan), (
            statement
        )
        for step in inner:
            assert "upload_row_1 USING PRIMARY KEY" not in step, (statement, plan)
            assert "subscriber USING INDEX sqlite_autoindex_subscriber_2 (customer_id=?)" not in step, (statement, plan)
