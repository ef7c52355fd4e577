"""The notice of Art. 17-2 and the proof of consent: fixed, versioned, append-only."""

from __future__ import annotations

import hashlib

import pytest
import sqlalchemy as sa
from flask import Flask

from tests.factories import World
from wem.db import db
from wem.hashing import address_hash
from wem.lists import consent
from wem.lists.consent import Trace
from wem.lists.notice import LANGUAGES, VERSION, notice_for
from wem.lists.states import ConsentKind, Way
from wem.lists.subscription_models import ConsentEvent, ShownText
from wem.settings import ROOT

NOTICES = ROOT / "templates/lists/notices"
# What was shown once stays readable as it was: a text that changes is a new version, with new files.
DIGESTS = {
    "1.en.txt": "f4247d67d844d412b58d21a25ba277f418b41b3c2c1bfa571d33e6fcc9d25313",
    "1.ja.txt": "2e8dca6342bd631b6d4c670fa6ecc15fd7d0748758d505a65a7b218d7e3d7b2c",
}


def test_a_version_never_changes() -> None:
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in NOTICES.iterdir()}
    assert found == DIGESTS


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_present_version_stands_in_every_language(app: Flask, language: str) -> None:
    notice = notice_for("有限会社山田花店", language)
    assert (notice.version, notice.language) == (VERSION, language)
    text = "\n".join(notice.lines)
    assert "有限会社山田花店" in text and "日本IP通信株式会社" in text
    assert "{{" not in text


@pytest.mark.parametrize(
    "words",
    [
        "日本IP通信株式会社が「WeMサービス」で運営",  # by whom
        "（送信者）のために",  # for whom
        "広告・宣伝を含むメール",  # that it is advertising (特定電子メール法 3条)
        "登録項目、登録・変更・解除の日時と方法",  # what is stored
        "開封とリンクのクリック",
        "渡すことはありません",  # 17-4
        "いつでも停止できます",
        "消去します",
    ],
)
def test_what_the_notice_must_say(app: Flask, words: str) -> None:
    assert words in "\n".join(notice_for("有限会社山田花店", "ja").lines)


def test_another_language_gets_the_japanese(app: Flask) -> None:
    assert notice_for("山田", "fr").language == "ja"


def test_the_senders_name_is_text(app: Flask) -> None:
    assert "{{ 7 * 7 }}<b>" in notice_for("{{ 7 * 7 }}<b>", "ja").lines[0]


@pytest.mark.both_databases
def test_a_shown_text_is_kept_once(world: World) -> None:
    news, flowers = world.ours.mailing_list, world.theirs.mailing_list
    notice = notice_for("株式会社髙橋商店", "ja")

    def keep(*labels: str, way: Way = Way.form, name: str = "株式会社髙橋商店") -> int:
        return consent.keep_shown_text(news, name, notice, way, labels)

    first = keep("氏名")
    assert keep("氏名") == first
    others = {keep("お名前"), keep("氏名", way=Way.embedded), keep("氏名", name="髙橋")}
    others.add(consent.keep_shown_text(flowers, "株式会社髙橋商店", notice, Way.form, ["氏名"]))
    news.form_version += 1
    others.add(keep("氏名"))
    assert len(others) == 5 and first not in others
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ShownText)) == 6


@pytest.mark.both_databases
def test_events_know_the_hash_only(world: World) -> None:
    hashed = address_hash("tanaka@readers.example.com")
    trace = Trace("192.0.2.1", "x" * 1000, 7, 8)
    consent.note(ConsentKind.requested, world.ours.customer.id, 5, hashed, way=Way.form, trace=trace, shown_text_id=3)
    consent.note(ConsentKind.confirmed, world.ours.customer.id, 5, hashed, way=Way.form)
    consent.note(ConsentKind.confirmed, world.theirs.customer.id, 5, hashed, way=Way.form, shown_text_id=9)
    db.session.commit()
    latest, first = consent.events_about(world.ours.customer.id, hashed)
    assert (first.kind, latest.kind) == (ConsentKind.requested, ConsentKind.confirmed)
    assert (first.ip, len(first.user_agent or ""), first.account_id, first.mailing_id) == ("192.0.2.1", 300, 7, 8)
    assert consent.text_last_shown(world.ours.customer.id, hashed, 5) == 3
    assert consent.text_last_shown(world.ours.customer.id, hashed, 6) is None
    columns = set(ConsentEvent.__table__.columns.keys())
    assert not columns & {"address", "address_key", "email", "subscriber_id"}
