"""Readers of every sort with what was sent to them, as rows and as plain values; conditions about them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests import factories
from tests.segments.evaluating import Got, Joined, Reader
from wem.accounts.models import Customer
from wem.db import db
from wem.delivery.models import Delivery, DeliveryState, Dispatch, DispatchKind, DispatchState
from wem.hashing import address_hash
from wem.lists.models import Field, MailingList
from wem.lists.states import FieldKind, SubscriptionState, Way
from wem.lists.subscription_models import Subscriber, Subscription
from wem.segments.rules import Condition, Conditions, Group, condition
from wem.segments.topic_rules import FIELD_TOPICS, SHAPES, WITH_LIST, Match, Op, Shape, Topic
from wem.tracking.models import ANY_LINK, OPEN, FirstHit

TEXTS = ["", "東京都", "Tokyo", "tokyo 東京", "100%", "a_b", "ＡＢＣ", "é", "É", "👍"]
NUMBERS = [-1, 0, 0.1, 0.3, 2.5, 20, 29, 123456789012345]
OPTIONS = ["赤", "青", "Red", "red", "green;blue"]
GROUPS = ["docomo", "gmail", "other"]
WAYS = [Way.form, Way.attested, Way.blank_mail]
GONE = [DeliveryState.bounced, DeliveryState.suppressed, DeliveryState.cancelled, DeliveryState.expired]


@dataclass
class People:
    """A customer's readers by number, its fields and lists, its mailings in the order of their sending."""

    customer: Customer
    at: datetime
    readers: dict[int, Reader]
    fields: dict[Topic, Field]
    lists: list[MailingList]
    mailings: list[int]


def people(at: datetime, how_many: int = 60) -> People:
    """Write readers down; the same at each call."""
    chance = random.Random(17)
    customer = factories.make_customer()
    fields = {
        Topic(kind.value): factories.make_field(customer, f"項目_{kind.value}", kind, options=OPTIONS)
        for kind in FieldKind
    }
    lists = [factories.make_list(customer, name) for name in ("甲", "乙", "丙")]
    mailings = [_mailing(customer, lists[0], at - timedelta(days=back)) for back in (400, 40, 9, 1)]
    # Begun at this moment, by another customer, and a test: none of them counts.
    _mailing(customer, lists[0], at)
    made = People(customer, at, {}, fields, lists, [row.mailing_id for row in mailings])
    for number in range(how_many):
        reader = Reader(_values(chance, at, made), chance.choice(GROUPS))
        row = _row(customer, reader, number)
        _join(chance, row, reader, made)
        _send(chance, row, reader, mailings, at, number)
        made.readers[row.id] = reader
    db.session.commit()
    return made


def _mailing(customer: Customer, mailing_list: MailingList, begun: datetime) -> Dispatch:
    dispatch = Dispatch(
        customer_id=customer.id,
        mailing_id=factories.make_mailing(mailing_list).id,
        kind=DispatchKind.bulk,
        state=DispatchState.done,
        content={},
        created_at=begun,
        expires_at=begun + timedelta(days=2),
    )
    db.session.add(dispatch)
    db.session.flush()
    return dispatch


def _values(chance: random.Random, at: datetime, made: People) -> dict[str, Any]:
    days = [at.date() + timedelta(days=chance.choice([-400, -30, -8, -7, -1, 0, 1, 7, 30])) for _ in range(2)]
    values = {
        Topic.text: chance.choice(TEXTS),
        Topic.number: chance.choice(NUMBERS),
        Topic.date: chance.choice([days[0].isoformat(), "1996-02-29", "1980-03-01", ""]),
        Topic.choice: chance.choice(OPTIONS),
        Topic.choices: chance.sample(OPTIONS, chance.randrange(4)),
        Topic.yes_no: chance.random() < 0.5,
    }
    fields = {made.fields[topic].key: value for topic, value in values.items()}
    for key in list(fields):
        # Not asked, not answered.
        match chance.randrange(5):
            case 0:
                del fields[key]
            case 1:
                fields[key] = None
    return fields


def _row(customer: Customer, reader: Reader, number: int) -> Subscriber:
    address = f"segment{number}@readers.example.com"
    row = Subscriber(
        customer_id=customer.id,
        address=address,
        address_key=address,
        address_hash=address_hash(address),
        domain_group=reader.domain,
        fields=reader.fields,
        active_count=1,
    )
    db.session.add(row)
    db.session.flush()
    return row


def _join(chance: random.Random, row: Subscriber, reader: Reader, made: People) -> None:
    for mailing_list in chance.sample(made.lists, chance.randrange(1, 4)):
        state = chance.choice([SubscriptionState.active, SubscriptionState.active, SubscriptionState.unsubscribed])
        # At midnight in Japan another day begins: 15:00 UTC.
        since = made.at.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(
            days=chance.choice([0, 1, 7, 8, 30]), seconds=chance.choice([0, 1])
        )
        way, confirmed = chance.choice(WAYS), chance.random() < 0.7
        db.session.add(
            Subscription(
                customer_id=made.customer.id,
                list_id=mailing_list.id,
                subscriber_id=row.id,
                state=state,
                way=way,
                created_at=since - timedelta(hours=30) if confirmed else since,
                confirmed_at=since if confirmed else None,
            )
        )
        if state is SubscriptionState.active:
            reader.joined.append(Joined(mailing_list.id, way.value, since))


def _send(
    chance: random.Random, row: Subscriber, reader: Reader, mailings: list[Dispatch], at: datetime, number: int
) -> None:
    for dispatch in mailings:
        if chance.random() < 0.4:
            continue
        state = chance.choice([DeliveryState.accepted, DeliveryState.accepted, DeliveryState.deferred, *GONE])
        key = {"dispatch_id": dispatch.id, "seq": number + 1}
        db.session.add(
            Delivery(
                **key,
                customer_id=row.customer_id,
                subscriber_id=row.id,
                address_hash=row.address_hash,
                batch=1,
                state=state,
            )
        )
        got = Got(dispatch.mailing_id, dispatch.created_at, state not in GONE)
        hit = min(dispatch.created_at + timedelta(days=chance.choice([0, 2])), at - timedelta(minutes=1))
        if chance.random() < 0.4:
            got.opened = hit
            db.session.add(FirstHit(**key, number=OPEN, at=hit, subscriber_id=row.id))
        if chance.random() < 0.3:
            got.clicked = hit
            db.session.add(FirstHit(**key, number=ANY_LINK, at=hit, subscriber_id=row.id))
            db.session.add(FirstHit(**key, number=1, at=hit, subscriber_id=row.id))
        reader.got.append(got)


def some_conditions(made: People) -> st.SearchStrategy[Conditions]:
    """Return segments about these people: of every topic and operator, with values that are there and that are not."""
    match = st.sampled_from(Match)
    groups = st.builds(Group, match, st.lists(_one(made), min_size=1, max_size=3).map(tuple))
    return st.builds(Conditions, match, st.lists(groups, min_size=1, max_size=3).map(tuple))


@st.composite
def _one(draw: st.DrawFn, made: People) -> Condition:
    topic = draw(st.sampled_from(Topic))
    op = draw(st.sampled_from(list(SHAPES[topic])))
    field = made.fields[topic] if topic in FIELD_TOPICS else None
    found = condition(
        topic,
        op,
        draw(_values_for(SHAPES[topic][op], op, made)),
        field=field.id if field else 0,
        key=field.key if field else "",
        list_id=draw(st.sampled_from([0, *(row.id for row in made.lists)])) if topic in WITH_LIST else 0,
    )
    assert isinstance(found, Condition), found
    return found


def _values_for(shape: Shape, op: Op, made: People) -> st.SearchStrategy[list[str]]:
    days = st.sampled_from([made.at.date() + timedelta(days=each) for each in (-30, -8, -1, 0, 1, 30)])
    numbers = st.sampled_from([*NUMBERS, 1, 24.5])

    def some(values: list[str]) -> st.SearchStrategy[list[str]]:
        return st.lists(st.sampled_from(values), min_size=1, max_size=3)

    match shape:
        case Shape.nothing:
            return st.just([])
        case Shape.text:
            return st.sampled_from(["東京都", "TOKYO", "東", "%", "_", "É", "ＡＢＣ", "👍", "京 東"]).map(
                lambda value: [value]
            )
        case Shape.number:
            return numbers.map(lambda value: [str(value)])
        case Shape.numbers:
            return st.tuples(numbers, numbers).map(lambda pair: [str(value) for value in sorted(pair)])
        case Shape.day:
            return days.map(lambda day: [day.isoformat()])
        case Shape.days:
            return st.tuples(days, days).map(lambda pair: [day.isoformat() for day in sorted(pair)])
        case Shape.number_of_days:
            most = 92 if op is Op.birthday else 500
            return st.sampled_from([each for each in (0, 1, 7, 8, 30, 60, 400) if each <= most]).map(lambda n: [str(n)])
        case Shape.month:
            return st.integers(1, 12).map(lambda number: [str(number)])
        case Shape.options:
            return some([*OPTIONS, "黄"])
        case Shape.lists:
            return some([str(row.id) for row in made.lists])
        case Shape.ways:
            return some([way.value for way in Way])
        case Shape.groups:
            return some([*GROUPS, "icloud"])
        case Shape.mailing:
            return st.sampled_from([*made.mailings, 10**9]).map(lambda number: [str(number)])
        case Shape.last:
            return st.sampled_from([1, 2, 4, 50]).map(lambda number: [str(number)])
