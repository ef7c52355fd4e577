"""Files by key: kept whole or not at all, never outside their folder."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from flask import Flask

from wem import storage


def files(app: Flask) -> list[Path]:
    return [path for path in (app.config["WEM"].var / "files").rglob("*") if path.is_file()]


@pytest.mark.parametrize("content", [b"", b"x", b"\0" * (1 << 20), bytes(range(256)) * 5000])
def test_what_is_kept_is_there(app: Flask, content: bytes) -> None:
    key, size = storage.keep("uploads", io.BytesIO(content), 1 << 24)
    assert size == len(content)
    assert storage.path_of(key).read_bytes() == content
    storage.erase(key)
    assert not storage.path_of(key).exists()
    storage.erase(key)  # twice is as good


def test_keys_say_nothing_and_differ(app: Flask) -> None:
    keys = {storage.keep("images", io.BytesIO(b"same"), 10)[0] for _ in range(50)}
    assert len(keys) == 50
    assert all(len(key.partition("/")[2]) == 32 for key in keys)


def test_too_large_leaves_nothing(app: Flask) -> None:
    before = files(app)
    with pytest.raises(storage.TooLarge):
        storage.keep("uploads", io.BytesIO(b"x" * 101), 100)
    assert files(app) == before
    assert storage.keep("uploads", io.BytesIO(b"x" * 100), 100)[1] == 100


def test_a_stream_that_breaks_leaves_nothing(app: Flask) -> None:
    class Breaking(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise ConnectionResetError

    before = files(app)
    with pytest.raises(ConnectionResetError):
        storage.keep("uploads", Breaking(), 100)
    assert files(app) == before


@pytest.mark.parametrize(
    "key",
    ["", "uploads", "uploads/", "uploads/../keys", "../keys/secret_key", "/etc/passwd", "a/b/c", "a/..", "a/b.txt"],
)
def test_a_key_leads_nowhere_else(app: Flask, key: str) -> None:
    with pytest.raises(ValueError):
        storage.path_of(key)
    with pytest.raises(ValueError):
        storage.erase(key)
