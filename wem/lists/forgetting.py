"""Erasing what readers entered in a field that its customer deleted."""

from __future__ import annotations

import sqlalchemy as sa

from wem.db import db
from wem.lists.models import Field, Subscriber

AT_ONCE = 5_000


def forget_values(customer_id: int, key: str, after: int = 0) -> int | None:
    """Take a deleted field's values out of the next readers above `after`; returns the last of them, None at the end.

    Does nothing when a field with this key exists again. The caller commits.
    """
    if db.session.scalar(sa.select(Field.id).where(Field.customer_id == customer_id, Field.key == key)):
        return None
    ids = db.session.scalars(
        sa.select(Subscriber.id)
        .where(Subscriber.customer_id == customer_id, Subscriber.id > after)
        .order_by(Subscriber.id)
        .limit(AT_ONCE)
    ).all()
    if not ids:
        return None
    without = (
        Subscriber.fields.op("-")(sa.cast(key, sa.Text))
        if db.engine.dialect.name == "postgresql"
        else sa.func.json_remove(Subscriber.fields, f'$."{key}"')
    )
    db.session.execute(
        sa.update(Subscriber)
        .where(Subscriber.customer_id == customer_id, Subscriber.id > after, Subscriber.id <= ids[-1])
        .values(fields=without)
        .execution_options(synchronize_session=False)
    )
    return int(ids[-1])
