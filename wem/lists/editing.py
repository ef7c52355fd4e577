"""Changes a reader's fields for a customer, from a page that may have stood open while others changed them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from wem.lists.subscription_models import Subscriber


class ChangedMeanwhile(Exception):
    """Somebody changed the fields since the page was opened; `keys` are those that differ from what was typed."""

    def __init__(self, keys: list[str]) -> None:
        super().__init__(", ".join(keys))
        self.keys = keys


def seen(reader: Subscriber) -> str:
    """Return a mark of the values as they are now, for a page to bring back."""
    values = json.dumps(reader.fields, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(values.encode()).hexdigest()[:16]


def change_fields(reader: Subscriber, values: Mapping[str, Any], mark: str) -> None:
    """Keep the values typed over those that `mark` stands for (None empties one).

    Raises ChangedMeanwhile when others stand there now; then nothing is changed.
    """
    differing = [key for key, value in values.items() if reader.fields.get(key) != value]
    if differing and mark != seen(reader):
        raise ChangedMeanwhile(differing)
    merged = {**reader.fields, **values}
    reader.fields = {key: value for key, value in merged.items() if value is not None}
