"""One arrived mail as staff read it: as text only, headers in words, attachments by name."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import getaddresses

from inscriptis import get_text

from wem.bounces.states import Kind
from wem.inbound.rules import message_id_of
from wem.lists.address_rules import Address, read_address
from wem.mail_reading import Mail, read_mail

MOST_TEXT = 100_000  # characters
MOST_FILES = 50
SHOWN_FIRST = ("from", "reply-to", "to", "cc", "subject", "date")


@dataclass(frozen=True)
class Shown:
    """What a mail says. `writer` is whom an answer goes to; None when nobody can or should be answered."""

    headers: list[tuple[str, str]]
    all_headers: list[tuple[str, str]]
    text: str
    cut: bool
    files: list[tuple[str, str, int]]  # name, type, bytes
    subject: str
    message_id: str
    writer: str | None


def shown(raw: bytes, kind: str, own_domains: tuple[str, ...]) -> Shown:
    """Return a mail for reading; broken mail gives what can be made out of it."""
    mail = read_mail(raw)
    text = _clean(mail.text or (get_text(mail.html) if mail.html.strip() else ""))
    headers = [(_clean(name), _clean(value)) for name, value in mail.headers]
    first = [(name, value) for wanted in SHOWN_FIRST for name, value in headers if name.lower() == wanted]
    return Shown(
        headers=first,
        all_headers=headers,
        text=text[:MOST_TEXT],
        cut=len(text) > MOST_TEXT,
        files=[(_clean(part.name), part.type, len(part.content)) for part in mail.parts[:MOST_FILES]],
        subject=_header(mail, "subject"),
        message_id=message_id_of(raw),
        writer=_writer(mail, own_domains) if kind in ("", Kind.normal.value) else None,
    )


def _writer(mail: Mail, own_domains: tuple[str, ...]) -> str | None:
    """Return who wants the answer (RFC 5322 section 3.6.2); never a program, never ourselves."""
    if _header(mail, "auto-submitted").lower() not in ("", "no") or _header(mail, "precedence").lower() in _BULK:
        return None
    for name in ("reply-to", "from"):
        for _, written in getaddresses([_header(mail, name)]):
            address = read_address(written)
            if isinstance(address, Address) and address.domain.lower() not in own_domains:
                return address.address
    return None


_BULK = ("bulk", "list", "junk")


def _header(mail: Mail, wanted: str) -> str:
    return next((" ".join(_clean(value).split()) for name, value in mail.headers if name.lower() == wanted), "")


def _clean(text: str) -> str:
    """Without what no page can hold: control characters, lone surrogates."""
    kept = "".join(each for each in text if each in "\n\t" or each.isprintable() or each == "\u3000")
    return kept.encode("utf-8", "replace").decode("utf-8")
