"""Asks a running mailbox over HTTP; for tests, the demo and the benchmarks. Standard library only."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlencode


class MailboxClient:
    """The HTTP interface as methods. `recipient` is a whole address (`*` is anything), `subject` a part of it."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback is never behind a proxy

    def mails(
        self, recipient: str | None = None, subject: str | None = None, after: int | None = None, limit: int = 100
    ) -> list[dict[str, Any]]:
        """Return id, received_at, sender, recipient, subject, from, to, message_id, size of each; newest first,
        but oldest first when `after` (an id, 0 for all) is given. At most 10,000."""
        asked = {"recipient": recipient, "subject": subject, "after": after, "limit": limit}
        found: list[dict[str, Any]] = self._json("/api/mails", **asked)
        return found

    def mail(self, id: int) -> dict[str, Any]:
        """Return one mail with headers (pairs), text, html, links, attachments (number, name, type, size)."""
        found: dict[str, Any] = self._json(f"/api/mails/{id}")
        return found

    def source(self, id: int) -> bytes:
        """Return the mail's bytes as they came, dots unstuffed."""
        return self._call("GET", f"/api/mails/{id}/source")

    def attachment(self, id: int, number: int) -> bytes:
        return self._call("GET", f"/api/mails/{id}/attachments/{number}")

    def count(self, recipient: str | None = None, subject: str | None = None) -> int:
        return int(self._json("/api/count", recipient=recipient, subject=subject)["count"])

    def recipients(self) -> Iterator[dict[str, Any]]:
        """Yield id, recipient, message_id, subject of every mail in the order of arrival, without holding them all."""
        with self._opener.open(f"{self.base_url}/api/recipients", timeout=60) as answer:
            for line in answer:
                yield json.loads(line)

    def delete_mails(self) -> int:
        """Delete every mail; return how many there were."""
        return int(json.loads(self._call("DELETE", "/api/mails"))["deleted"])

    def behaviours(self) -> list[dict[str, Any]]:
        """Return the behaviours still in force, `times` counted down."""
        found: list[dict[str, Any]] = self._json("/api/behaviours")
        return found

    def set_behaviours(self, behaviours: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """Replace the list; raises ValueError with the mailbox's explanation when one cannot be understood."""
        body = json.dumps(list(behaviours)).encode()
        put: list[dict[str, Any]] = json.loads(self._call("PUT", "/api/behaviours", body))
        return put

    def clear_behaviours(self) -> None:
        self._call("DELETE", "/api/behaviours")

    def wait_for(
        self, recipient: str | None = None, subject: str | None = None, count: int = 1, timeout: float = 300
    ) -> list[dict[str, Any]]:
        """Return the matching mails, oldest first, as soon as there are at least `count`.

        Raises TimeoutError after `timeout` seconds, saying what had arrived instead.
        """
        deadline = time.monotonic() + timeout
        pause = 0.02
        while True:
            if self.count(recipient, subject) >= count:
                return self.mails(recipient, subject, after=0, limit=10_000)
            if time.monotonic() > deadline:
                there = [f"{mail['recipient']}: {mail['subject']}" for mail in self.mails(limit=10)]
                found = self.count(recipient, subject)
                asked = f"{found} of {count} mails for recipient={recipient!r} subject={subject!r}"
                raise TimeoutError(f"{asked} after {timeout} s; newest in the mailbox: {there}")
            time.sleep(pause)
            pause = min(pause * 1.5, 0.25)

    def _json(self, path: str, **asked: object) -> Any:
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        return json.loads(self._call("GET", f"{path}?{query}" if query else path))

    def _call(self, method: str, path: str, body: bytes | None = None) -> bytes:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        call = urllib.request.Request(f"{self.base_url}{path}", data=body, method=method, headers=headers)
        try:
            with self._opener.open(call, timeout=130) as answer:
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as error:
            with error:
                told = error.read().decode("utf-8", "replace")
            raise (LookupError if error.code == 404 else ValueError)(f"{method} {path}: {error.code} {told}") from None
