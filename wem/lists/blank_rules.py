"""The rules of blank mail (空メール): which addresses may be lent, whose mail is answered, what a subject orders."""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from wem.contracts.rules import TAKEN_SLUGS
from wem.domain_rules import DomainGroup, domain_group
from wem.lists.address_rules import Address, read_address

STOP = "-stop"
# With -stop behind it a local part has at most 64 characters (RFC 5321 4.5.3.1.1); old phones' fields are short.
_CODE = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,28}[a-z0-9])").fullmatch
# Local parts of the service's own that are nobody's page name.
_OURS = frozenset(
    "course course-change dmarc dmarc-reports fbl feedback inquiries nobody order orders receive replies stop "
    "subscribe unsubscribe".split()
)
# Without 0 o 1 l i: people copy a code from a poster.
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
MADE_LENGTH = 6


class CodeProblem(enum.StrEnum):
    """Why a word cannot be the name of a dedicated address."""

    form = "form"
    taken = "taken"


def code_problem(code: str) -> CodeProblem | None:
    """Return what is wrong with a lower-case name that is to stand before the @; None when it will do.

    Names have 3 to 30 letters, digits and hyphens, no dot: `b.`, `r.`, `u.` and `s.` are the service's own forms.
    """
    if not _CODE(code) or code.endswith(STOP):
        return CodeProblem.form
    return CodeProblem.taken if code in TAKEN_SLUGS | _OURS else None


class Order(enum.StrEnum):
    """What a mail to a dedicated address asks for."""

    sign_up = "sign_up"
    stop = "stop"


# Whole subjects only, and never the body: a mail that speaks of 解除 orders nothing.
_STOP_ORDER = re.compile(
    r"(?:(?:読者)?(?:登録|配信|メール|メルマガ|購読)?の?(?:解除|退会|停止|中止)|unsubscribe|stop|remove)"
    r"(?:を?(?:希望|申請|依頼|お願い)?(?:します|いたします|致します|して(?:下さい|ください)|希望)?)"
)
_MARKS = re.compile(r"[\s。.!！、,「」【】\[\]()（）]+")


def order_of(subject: str) -> Order:
    """Return what the subject of a mail to a list's sign-up address orders; anything unknown is a sign-up."""
    plain = _MARKS.sub("", unicodedata.normalize("NFKC", subject)).casefold()
    return Order.stop if _STOP_ORDER.fullmatch(plain) else Order.sign_up


# RFC 3834 section 5, and the headers of lists (RFC 2369, 2919) and of what programs send.
_BULK = frozenset(("bulk", "list", "junk", "auto_reply", "auto-reply"))
_LIST_HEADERS = (
    "list-id", "list-post", "list-help", "list-subscribe", "list-unsubscribe", "list-owner", "list-archive",
    "mailing-list", "x-mailing-list", "x-ml-name", "x-loop", "x-autoreply", "x-autorespond", "x-failed-recipients",
    "feedback-id",
)  # fmt: skip
_PROGRAMS = re.compile(
    r"(?:mailer-?daemon|postmaster|no-?reply|do-?not-?reply|bounces?|listserv|majordomo|daemon|owner-.*|"
    r".*-(?:request|owner|bounces?))"
).fullmatch


def automatic(headers: Mapping[str, Sequence[str]]) -> bool:
    """Return whether a machine wrote a mail, by its headers (names in lower case): nothing answers it (RFC 3834)."""
    submitted = _first(headers, "auto-submitted").partition(";")[0].strip().lower()
    if submitted and submitted != "no":
        return True
    if _first(headers, "precedence").strip().lower() in _BULK:
        return True
    if _first(headers, "return-path").strip() == "<>":
        return True
    if "report" in _first(headers, "content-type").lower().partition(";")[0]:
        return True
    return any(name in headers for name in _LIST_HEADERS)


def from_program(local_part: str) -> bool:
    """Return whether an address names a program or a list, not a person."""
    return bool(_PROGRAMS(local_part.lower()))


def of_ours(domain: str, ours: Iterable[str]) -> bool:
    """Return whether a domain is one of our own or below it."""
    return any(domain == each or domain.endswith("." + each) for each in ours)


def author(headers: Mapping[str, Sequence[str]]) -> Address | None:
    """Return the one address in the header From as it stands on the wire; None when there is none, or several.

    The last angle brackets count: a name before them may hold anything. Addresses with `..` of old phones are taken.
    """
    written = headers.get("from", ())
    if len(written) != 1:
        return None
    line = re.sub(r"\s+", " ", written[0]).strip()
    angles = re.findall(r"<([^<>]*)>", line)
    if len(angles) > 1:
        return None
    found = read_address(angles[0] if angles else re.sub(r"\([^()]*\)", "", line))
    return found if isinstance(found, Address) else None


def plausible(author: Address, sender: str | None) -> bool:
    """Return whether a mail with this envelope sender can come from its author: the same mailbox, domain or carrier.

    A forwarder writes the author's domain into the envelope (SRS), Gmail the author's own mailbox with `+caf_`. One
    that nobody wrote down (None) speaks against no author.
    """
    if sender is None:
        return True
    envelope = read_address(sender)
    if not isinstance(envelope, Address):
        return False
    if envelope.domain == author.domain or _below(envelope.domain, author.domain):
        return True
    group = domain_group(author.domain)
    if group is not DomainGroup.OTHER and group is domain_group(envelope.domain):
        return True
    local = envelope.address.rpartition("@")[0].lower()
    return local.startswith(("srs0=", "srs0+", "srs1=", "srs1+")) and f"={author.domain}=" in local


def taking(on: bool, opens_at: datetime | None, closes_at: datetime | None, at: datetime) -> bool:
    """Return whether sign-ups by mail are taken at a moment; the period holds its start and not its end."""
    return on and (opens_at is None or opens_at <= at) and (closes_at is None or at < closes_at)


MOST_TEXT = 400  # characters
_ADDRESS_OR_LINK = re.compile(
    r"https?:|www\.|[@＠]|(?:[a-z0-9-]+\.)+(?:[a-z]{2,}|xn--[a-z0-9-]+)\b|://|mailto:|tel:", re.IGNORECASE
)
_MARKUP = re.compile(r"[<>＜＞]|\{\{|\{%|&#?\w+;")
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


class TextProblem(enum.StrEnum):
    """Why a customer's own words cannot stand in an answer."""

    long = "long"
    link = "link"
    markup = "markup"
    control = "control"


def text_problem(text: str) -> TextProblem | None:
    """Return what is wrong with a customer's words for an answer; None when they will do.

    The one link of such a mail is ours: a second one, or an address, would turn the answer into advertising.
    """
    if len(text) > MOST_TEXT:
        return TextProblem.long
    if _CONTROL.search(text):
        return TextProblem.control
    if _MARKUP.search(text):
        return TextProblem.markup
    return TextProblem.link if _ADDRESS_OR_LINK.search(unicodedata.normalize("NFKC", text)) else None


def _below(one: str, other: str) -> bool:
    return one.endswith("." + other) or other.endswith("." + one)


def _first(headers: Mapping[str, Sequence[str]], name: str) -> str:
    return next(iter(headers.get(name, ())), "")
