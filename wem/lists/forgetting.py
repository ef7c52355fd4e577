"""Erasing what readers entered in a field that its customer deleted."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from wem import queue
from wem.db import db
from wem.lists.models import DeletedField, Field, ListField
from wem.lists.subscription_models import Subscriber

AT_ONCE = 5_000


def delete_field(field: Field) -> None:
    """Delete a field at once; its values are erased in the background, also when the queue is lost."""
    db.session.execute(sa.delete(ListField).where(ListField.field_id == field.id))
    db.session.add(DeletedField(customer_id=field.customer_id, key=field.key))
    db.session.delete(field)
    queue.ring(queue.WORK, "wem.lists.jobs.erase_expired")


def taken_keys(customer_id: int) -> set[str]:
    """Return the keys that a new field of this customer cannot have."""
    kept = sa.select(Field.key).where(Field.customer_id == customer_id)
    gone = sa.select(DeletedField.key).where(DeletedField.customer_id == customer_id)
    return set(db.session.scalars(kept.union_all(gone)))


def forget_values() -> int:
    """Take the values of one deleted field out of the next readers; returns how many, 0 when all is done.

    The caller commits, and calls again until nothing is left.
    """
    deleted = db.session.scalar(sa.select(DeletedField).order_by(DeletedField.id).limit(1).with_for_update())
    if deleted is None:
        return 0
    ids = db.session.scalars(
        sa.select(Subscriber.id)
        .where(Subscriber.customer_id == deleted.customer_id, Subscriber.id > deleted.cursor)
        .order_by(Subscriber.id)
        .limit(AT_ONCE)
    ).all()
    if not ids:
        db.session.delete(deleted)
        return 1
    db.session.execute(
        sa.update(Subscriber)
        .where(Subscriber.customer_id == deleted.customer_id, Subscriber.id.between(ids[0], ids[-1]))
        .values(fields=without_value(Subscriber.fields, deleted.key))
        .execution_options(synchronize_session=False)
    )
    deleted.cursor = ids[-1]
    return len(ids)


def without_value(column: Any, key: str) -> Any:
    """Return a column of values by key, in SQL, without this one."""
    if db.engine.dialect.name == "postgresql":
        return column.op("-")(sa.cast(key, sa.Text))
    return sa.func.json_remove(column, f'$."{key}"')
