"""Every setting has a text, stands in docs/settings.md and is used; production refuses to start without its keys."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import fields
from pathlib import Path

import pytest

from tests.invariants.settings_page import COMMAND, PAGE, page
from tests.invariants.sources import module_files, templates
from wem.settings import ROOT, Settings, SettingsError, load

NAMES = [field.name for field in fields(Settings)]
# Read from the environment by something that is no part of the application.
NO_SETTINGS = {
    "PORT": "bin/run's own: the first of the ports from which it makes PORTAL_URL and its neighbours",
    "WEM_ENV": "the built-in mailbox looks at it without an application, to refuse production",
}


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_is_for(name: str) -> None:
    field = next(each for each in fields(Settings) if each.name == name)
    assert re.fullmatch(r"[A-Z][A-Z0-9_]+", name)
    assert len(field.metadata.get("what", "")) > 10
    assert isinstance(field.default, str), "settings are text, as the environment gives them"


def test_the_page_is_up_to_date() -> None:
    written = PAGE.read_text("utf-8") if PAGE.exists() else ""
    assert written == page(), f"type: {COMMAND}"


def test_every_setting_is_used() -> None:
    words: Counter[str] = Counter()
    for path in [*(path for _, path in module_files()), *templates()]:
        words.update(re.findall(r"\w+", path.read_text("utf-8")))
    unused = []
    for name in NAMES:
        # Either by its name, or by the property that gives its type.
        places = words[name] + words[name.lower()]
        if places < 2:
            unused.append(name)
    assert not unused, f"nobody asks for {unused}"


def test_the_environment_is_read_in_one_place() -> None:
    """A setting read past `Settings` is one that no page tells of."""
    reads = re.compile(r"""os\.(?:environ\.get\(|environ\[|getenv\()\s*["']([A-Z_]+)""")
    found = [
        (name, f"{path.relative_to(ROOT)}: {name}")
        for _, path in module_files()
        for name in reads.findall(path.read_text("utf-8"))
    ]
    wrong = [place for name, place in found if name not in NO_SETTINGS]
    assert not wrong, wrong
    assert set(NO_SETTINGS) <= {name for name, _ in found}, "exceptions that are none any more"


def production(**changed: str) -> dict[str, str]:
    return {
        "WEM_ENV": "production",
        "SECRET_KEY": "k" * 64,
        "MASTER_KEY": "m" * 64,
        "ERASURE_LOG": "/srv/log/erasures.log",
        "PORTAL_URL": "https://wem.example",
        "PUBLIC_URL": "https://m.wem.example",
    } | changed


def test_production_starts_with_its_keys() -> None:
    assert load(production()).production


@pytest.mark.parametrize("name", ["SECRET_KEY", "MASTER_KEY"])
def test_production_refuses_a_missing_key(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        load(production(**{name: ""}))
    given = production()
    del given[name]
    with pytest.raises(SettingsError, match=name):
        load(given)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEM_ENV", "staging"),
        ("SMTP_PORT", "smtp"),
        ("BATCH_SIZE", "-1"),
        ("DNS_SERVERS", "ns1.example.jp"),  # an address, for nobody is there to look up its name
        ("DKIM_ED25519", "yes"),
        ("PUBLIC_URL", "https://wem.example"),  # the portal's
        ("ERASURE_LOG", ""),
        ("ERASURE_LOG", str(ROOT / "var" / "erasures.log")),  # goes with what it is to outlive
    ],
)
def test_what_cannot_be_is_refused_with_its_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        load(production(**{name: value}))


def test_development_makes_its_keys_once(tmp_path: Path) -> None:
    given = {"WEM_ENV": "development", "VAR_DIR": str(tmp_path)}
    first, second = load(given), load(given)
    assert first.SECRET_KEY and first.MASTER_KEY and first.SECRET_KEY != first.MASTER_KEY
    assert (first.SECRET_KEY, first.MASTER_KEY) == (second.SECRET_KEY, second.MASTER_KEY)
    for key in (tmp_path / "keys").iterdir():
        assert key.stat().st_mode & 0o077 == 0, "nobody else reads a key"
