"""Sealed secrets open under the same master key, for the same use, unchanged; else they do not."""

from __future__ import annotations

import dataclasses

import pytest
from flask import Flask

from wem import vault


def test_sealed_and_opened(app: Flask) -> None:
    sealed = vault.seal(b"a private key", "dkim", 7)
    assert b"private" not in sealed and sealed != vault.seal(b"a private key", "dkim", 7)
    assert vault.open_sealed(sealed, "dkim", 7) == b"a private key"


@pytest.mark.parametrize("bound", [("dkim", 8), ("smtp", 7), ("dkim",), ("dkim", 7, ""), ("dki", "m7"), ("dkim7",)])
def test_another_use_does_not_open_it(app: Flask, bound: tuple[int | str, ...]) -> None:
    with pytest.raises(vault.CannotOpen):
        vault.open_sealed(vault.seal(b"secret", "dkim", 7), *bound)


def test_what_was_changed_or_cut_does_not_open(app: Flask) -> None:
    sealed = vault.seal(b"secret", "dkim", 7)
    for place in range(len(sealed)):
        with pytest.raises(vault.CannotOpen):
            vault.open_sealed(sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :], "dkim", 7)
        with pytest.raises(vault.CannotOpen):
            vault.open_sealed(sealed[:place], "dkim", 7)


def test_another_master_key_does_not_open_it(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = vault.seal(b"secret", "dkim", 7)
    monkeypatch.setitem(app.config, "WEM", dataclasses.replace(app.config["WEM"], MASTER_KEY="another"))
    with pytest.raises(vault.CannotOpen):
        vault.open_sealed(sealed, "dkim", 7)
