"""The product's own mails: written with what they speak of, gone with it when it is taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from wem import clock, outbox
from wem.db import db
from wem.outbox import OutboxMail, OutboxState, SystemMail

pytestmark = pytest.mark.both_databases


def post(about: str | None = "subscription 1", **values: object) -> OutboxMail:
    mail = SystemMail("reader_confirmation", "hanako@example.jp", "ご確認", "本文", **values)  # type: ignore[arg-type]
    return outbox.post(mail, customer_id=1, about=about)


def waiting() -> list[str | None]:
    return list(db.session.scalars(sa.select(OutboxMail.about).order_by(OutboxMail.id)))


def test_it_stands_in_the_same_transaction(app: Flask) -> None:
    post()
    db.session.rollback()
    assert waiting() == []
    post()
    db.session.commit()
    assert waiting() == ["subscription 1"]


def test_what_is_written_down(app: Flask) -> None:
    row = post(
        html="<p>本文</p>", sender_name="髙橋商店", lifetime=timedelta(hours=48), headers={"Auto-Submitted": "auto"}
    )
    db.session.commit()
    db.session.refresh(row)
    assert (row.state, row.attempts, row.kind, row.recipient) == (
        OutboxState.waiting, 0, "reader_confirmation", "hanako@example.jp",
    )  # fmt: skip
    assert (row.subject, row.text, row.html, row.sender_name) == ("ご確認", "本文", "<p>本文</p>", "髙橋商店")
    assert row.headers == {"Auto-Submitted": "auto"}
    assert row.not_before <= clock.now()
    assert row.expires_at - row.created_at == timedelta(hours=48)


def test_it_rings_once_however_many_there_are(app: Flask) -> None:
    for _ in range(3):
        post()
    assert list(db.session.info["rings"]) == [("hi", "wem.delivery.jobs.drain_outbox", ())]


def test_taken_back_with_its_subject(app: Flask) -> None:
    post("subscription 1")
    post("subscription 2")
    post("subscription 10")
    post(None)
    outbox.take_back("subscription 1")
    assert waiting() == ["subscription 2", "subscription 10", None]


@pytest.mark.parametrize("state", [state for state in OutboxState if state is not OutboxState.waiting])
def test_what_is_on_its_way_is_not_taken_back(app: Flask, state: OutboxState) -> None:
    post("subscription 1").state = state
    db.session.flush()
    outbox.take_back("subscription 1")
    assert waiting() == ["subscription 1"]
