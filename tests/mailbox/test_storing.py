"""Finding, paging, deleting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from wem.mailbox.storing import Received, Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path)
    yield made
    made.close()


def keep(store: Store, *recipients: str, subject: str = "test") -> list[int]:
    head = ("2026-01-15T10:00:00.000+09:00", "shop@example.jp", list(recipients), subject)
    return store.keep(Received(*head, "from", "to", f"<{subject}@x>", b"raw " + subject.encode())).result(10)


def test_pages_by_id_in_both_directions(store: Store) -> None:
    ids = [keep(store, "a@example.jp")[0] for _ in range(7)]
    assert [mail["id"] for mail in store.mails(limit=3)] == ids[:3:-1]
    assert [mail["id"] for mail in store.mails(before=ids[4], limit=3)] == ids[3:0:-1]
    assert [mail["id"] for mail in store.mails(after=ids[1], limit=3)] == ids[2:5]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"recipient": "taro@example.jp"}, ["one"]),
        ({"recipient": "TARO@example.jp"}, ["one"]),
        ({"recipient": "aro@example.jp"}, []),
        ({"recipient": "*@docomo.ne.jp"}, ["three", "two_percent%"]),
        ({"subject": "wo"}, ["two_percent%"]),
        ({"subject": "%"}, ["two_percent%"]),
        ({"subject": "_"}, ["two_percent%"]),
        ({"anywhere": "docomo"}, ["three", "two_percent%"]),
        ({"anywhere": "one"}, ["one"]),
        ({"recipient": "a..b@docomo.ne.jp"}, ["three"]),
        ({"recipient": "*@docomo.ne.jp", "subject": "three"}, ["three"]),
    ],
)
def test_finding(store: Store, asked: dict[str, str], found: list[str]) -> None:
    keep(store, "taro@example.jp", subject="one")
    keep(store, "hanako@docomo.ne.jp", subject="two_percent%")
    keep(store, '"a..b"@docomo.ne.jp', subject="three")
    assert [mail["subject"] for mail in store.mails(**asked)] == found  # type: ignore[arg-type]
    assert store.count(**asked) == len(found)


def test_deleting_gives_the_space_back_and_never_an_id_again(store: Store) -> None:
    filled = Received("2026-01-15T10:00:00+09:00", "s", ["a@example.jp"], "", "", "", "", b"x" * 1_000_000)
    last = max(future.result(30)[0] for future in [store.keep(filled) for _ in range(30)])
    assert store.path.stat().st_size + store.path.with_name("mailbox.sqlite3-wal").stat().st_size > 30_000_000
    assert store.delete_all() == 30
    assert store.count() == 0
    assert store.path.stat().st_size < 1_000_000
    assert keep(store, "a@example.jp") == [last + 1]


def test_walking_over_all(store: Store) -> None:
    for n in range(5):
        keep(store, "a@example.jp", "b@example.jp", subject=str(n))
    portions = list(store.walk(step=4))
    assert [len(portion) for portion in portions] == [4, 4, 2]
    assert portions[0][0] == {"id": 1, "recipient": "a@example.jp", "message_id": "<0@x>", "subject": "0"}


def test_a_failure_is_told_to_everyone_in_the_commit_and_the_next_ones_go_on(store: Store) -> None:
    lone_surrogate = Received("2026-01-15T10:00:00+09:00", "\udcff", ["a@example.jp"], "", "", "", "", b"")
    with pytest.raises(UnicodeEncodeError):
        store.keep(lone_surrogate).result(10)
    assert keep(store, "a@example.jp")
    assert store.count() == 1


def test_a_client_that_hangs_up_while_its_mail_is_written_stops_nobody(store: Store) -> None:
    for number in range(200):
        head = ("2026-01-15T10:00:00.000+09:00", "shop@example.jp", [f"r{number}@example.jp"], "gone")
        store.keep(Received(*head, "from", "to", "<gone@x>", b"raw")).cancel()
    keep(store, "next@example.jp")
    assert store.count(subject="gone") == 200
