"""Mailings with counted links, started and written down, and what their readers' programs ask for."""

from __future__ import annotations

import re
import time

import sqlalchemy as sa
from bs4 import BeautifulSoup

from tests.factories import Side
from wem.db import db
from wem.delivery.identity import Purpose, delivery_id, identity_keys
from wem.delivery.models import Delivery, Dispatch
from wem.delivery.recipients import Recipient, recipients_of
from wem.delivery.rendering import letter_of
from wem.lists.subscription_models import Subscriber
from wem.mailings import expanding, starting
from wem.settings import settings
from wem.tracking import counting
from wem.tracking.models import FirstHit, Hit, Tally

HTML = (
    '<p>{{ 氏名 }}様</p><p><a href="https://shop.example.jp/new?a=1&amp;b=2">新商品</a>'
    '<a href="https://shop.example.jp/sale">特売</a><a href="https://shop.example.jp/new?a=1&amp;b=2">もう一度</a>'
    '<a href="mailto:info@shop.example.jp">メール</a><a href="{{ preferences_url }}">登録内容</a></p>'
)


def start(side: Side, html: str = HTML) -> Dispatch:
    """Return the dispatch of the side's mailing with this HTML, its audience written down. Commits."""
    side.mailing.html = html
    db.session.commit()
    dispatch = starting.start(side.mailing, by=side.owner.id)
    db.session.commit()
    expanding.expand_until(dispatch.id, time.monotonic() + 30)
    return dispatch


def seq_of(dispatch: Dispatch, reader: Subscriber) -> int:
    return db.session.scalars(
        sa.select(Delivery.seq).where(Delivery.dispatch_id == dispatch.id, Delivery.subscriber_id == reader.id)
    ).one()


def recipients(dispatch: Dispatch) -> list[Recipient]:
    """Return who gets the mail, as a sender would read it."""
    batches = db.session.scalars(sa.select(Delivery.batch).where(Delivery.dispatch_id == dispatch.id).distinct()).all()
    lists = letter_of(dispatch).list_ids
    return [each for batch in batches for each in recipients_of(dispatch.id, batch, lists)]


def token(dispatch: Dispatch, seq: int, purpose: Purpose = Purpose.click) -> str:
    dispatch_id = dispatch.id
    db.session.commit()  # on SQLite an open transaction of ours would keep the hits waiting
    return delivery_id(dispatch_id, seq, purpose, identity_keys(settings().SECRET_KEY))


def click(dispatch: Dispatch, seq: int, number: int = 1) -> str:
    return f"/l/{number}.{token(dispatch, seq)}"


def picture(dispatch: Dispatch, seq: int) -> str:
    return f"/o/{token(dispatch, seq, Purpose.open)}.gif"


def links(html: str) -> list[str]:
    """Return where the links of a mail lead."""
    return [str(link["href"]) for link in BeautifulSoup(html, "html.parser").find_all(["a", "area"], href=True)]


def on_public(address: str) -> str:
    """Return the path of an address of the public origin."""
    assert address.startswith(settings().PUBLIC_URL)
    return re.sub(r"^https?://[^/]+", "", address)


def count() -> None:
    """Count as one run of the job would."""
    assert not counting.count_until(time.monotonic() + 30)


def tallies(dispatch: Dispatch) -> dict[int, tuple[int, int]]:
    """Return (hits, readers) by number."""
    rows = db.session.execute(
        sa.select(Tally.number, Tally.hits, Tally.readers).where(Tally.dispatch_id == dispatch.id)
    )
    return {number: (hits, readers) for number, hits, readers in rows}


def firsts(dispatch: Dispatch) -> set[tuple[int, int]]:
    """Return (seq, number) of the first hits."""
    rows = db.session.execute(sa.select(FirstHit.seq, FirstHit.number).where(FirstHit.dispatch_id == dispatch.id))
    return {(seq, number) for seq, number in rows}


def hits() -> int:
    db.session.rollback()  # what was there before the request is not what is there now
    return db.session.scalar(sa.select(sa.func.count()).select_from(Hit)) or 0
