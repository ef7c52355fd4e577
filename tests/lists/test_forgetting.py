"""What readers entered in a deleted field is erased, also when nobody rings."""

import pytest
import sqlalchemy as sa

from tests.factories import make_field
from wem.db import db
from wem.lists import forgetting, jobs
from wem.lists.models import DeletedField, Field
from wem.lists.subscription_models import Subscriber

pytestmark = pytest.mark.both_databases


def test_values_of_a_deleted_field_are_erased(world):
    make_field(world.ours.customer, "電話")
    for reader in world.ours.readers:
        reader.fields = {**reader.fields, "電話": "042-000-0000"}
    db.session.commit()
    forgetting.delete_field(db.session.scalar(sa.select(Field).where(Field.key == "電話")))
    db.session.commit()
    assert "電話" in forgetting.taken_keys(world.ours.customer.id)  # nobody inherits the old values
    jobs.erase_expired()
    db.session.expire_all()
    assert [set(db.session.get(Subscriber, r.id).fields) for r in world.ours.readers] == [{"氏名"}] * 3
    assert [set(db.session.get(Subscriber, r.id).fields) for r in world.theirs.readers] == [{"氏名"}] * 3
    assert db.session.scalar(sa.select(DeletedField.id)) is None
    assert forgetting.taken_keys(world.ours.customer.id) == {"氏名"}
