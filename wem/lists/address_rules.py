"""What counts as a mail address, how it is keyed and quoted."""

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

MAX_LOCAL = 64  # octets, RFC 5321 4.5.3.1.1
MAX_ADDRESS = 254  # octets, RFC 5321 4.5.3.1.3 less the angle brackets
MAX_DOMAIN = 253
MAX_RAW = 1_000  # characters looked at; longer cells are no address


class Address(NamedTuple):
    """A mail address that can be sent to.

    `address` is what mail is sent to (local part as received, unquoted; domain as lower-case A-labels), `key`
    is what two spellings of one mailbox share, `domain` is the part after the @.
    """

    address: str
    key: str
    domain: str


class AddressProblem(StrEnum):
    """Why a text is no address that we can send to; the value is stored with the refused row."""

    MISSING = "missing"
    NO_AT_SIGN = "no_at_sign"
    NOT_AN_ADDRESS = "not_an_address"
    TWO_ADDRESSES = "two_addresses"
    SPACE_INSIDE = "space_inside"
    LINE_BREAK = "line_break"
    CONTROL_CHARACTER = "control_character"
    FORMULA = "formula"
    NOT_ASCII_LOCAL = "not_ascii_local"
    CONSECUTIVE_DOTS = "consecutive_dots"
    DOT_AT_EDGE = "dot_at_edge"
    HYPHEN_FIRST = "hyphen_first"
    LOCAL_TOO_LONG = "local_too_long"
    TOO_LONG = "too_long"
    BAD_DOMAIN = "bad_domain"


# English msgids; their Japanese stands in list_rules.po.
ADDRESS_PROBLEM_TEXTS: dict[AddressProblem, str] = {
    AddressProblem.MISSING: "The address is missing. Enter a mail address.",
    AddressProblem.NO_AT_SIGN: "The address has no @. Check the spelling.",
    AddressProblem.NOT_AN_ADDRESS: "This is not a mail address. Check the spelling.",
    AddressProblem.TWO_ADDRESSES: "There are two or more addresses. Enter only one.",
    AddressProblem.SPACE_INSIDE: "There is a space inside the address. Remove it.",
    AddressProblem.LINE_BREAK: "There is a line break inside the address. Remove it.",
    AddressProblem.CONTROL_CHARACTER: "There is an invisible character inside the address. Type the address again.",
    AddressProblem.FORMULA: "The address begins with =, like a formula. Enter the address itself.",
    AddressProblem.NOT_ASCII_LOCAL: "The part before the @ holds characters other than half-width letters and digits. "
    "Check the spelling.",
    AddressProblem.CONSECUTIVE_DOTS: "There are two dots in a row before the @. Check the spelling.",
    AddressProblem.DOT_AT_EDGE: "The part before the @ begins or ends with a dot. Check the spelling.",
    AddressProblem.HYPHEN_FIRST: "The address begins with a hyphen. Check the spelling.",
    AddressProblem.LOCAL_TOO_LONG: "The part before the @ is longer than 64 characters. Check the spelling.",
    AddressProblem.TOO_LONG: "The address is longer than 254 characters. Check the spelling.",
    AddressProblem.BAD_DOMAIN: "The part after the @ is not a domain that mail can be sent to. Check the spelling.",
}

_ATEXT = r"A-Za-z0-9!#$%&'*+/=?^_`{|}~\-"
_DOT_ATOM = re.compile(rf"[{_ATEXT}]+(?:\.[{_ATEXT}]+)*").fullmatch
_ORDINARY = re.compile(rf"(?![=\-])[{_ATEXT}]+(?:\.[{_ATEXT}]+)*@[A-Za-z0-9.\-]+").fullmatch
_LOCAL_CHARACTERS = re.compile(rf"[{_ATEXT}.]+").fullmatch
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?").fullmatch
_NAMED = re.compile(r"([^<>]*)<([^<>]*)>").fullmatch
_BREAK = re.compile("[\r\n\v\f\x85\u2028\u2029]").search
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff0-\ufffd]"
).search
_SEPARATORS = re.compile(r"[\s;,、；，/|]+")
_EDGES = " \t\r\n\v\f\x85\xa0\u3000\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u2028\u2029"
# Full-width forms only, not all of NFKC: a ligature or ① in an address is an error, not another spelling of it.
_HALF_WIDTH = {0xFF01 + i: 0x21 + i for i in range(94)} | {0x3000: 0x20, 0xA0: 0x20}
# ß ς ZWJ ZWNJ name other domains in IDNA 2003 (the codec in Python) than in IDNA 2008, so no one can say
# which is meant.
_AMBIGUOUS_IN_DOMAINS = re.compile("[\xdf\u1e9e\u03c2\u200c\u200d]").search

_JAPANESE = re.compile("[\u3005\u3007\u3041-\u3096\u30a1-\u30fa\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]").search


def read_address(raw: str) -> Address | AddressProblem:
    """The address in a cell or form field, or why there is none.

    Takes off space around it, `mailto:`, angle brackets with a name before them, and full-width forms. The key
    is the lower-case address. Local parts that RFC 5321 forbids (`..`, a dot at the edge) or that mail servers
    refuse (a hyphen first) are taken only for the old docomo and au domains, which once gave them out.
    """
    if _ORDINARY(raw):
        local, _, written = raw.rpartition("@")
        domain = mail_domain(written)
        if domain and len(local) <= MAX_LOCAL and len(local) + len(domain) < MAX_ADDRESS:
            return Address(f"{local}@{domain}", f"{local.lower()}@{domain}", domain)
    return _read_unusual(raw)


@lru_cache(maxsize=20_000)
def mail_domain(written: str) -> str:
    """The domain as lower-case A-labels (RFC 5890), or "" when mail cannot go there.

    That is a single label, an IP address, or a label that DNS or IDNA forbids.
    """
    domain = written.lower()
    if not domain.isascii():
        domain = _a_labels(domain)
    labels = domain.split(".")
    if len(domain) > MAX_DOMAIN or len(labels) < 2 or not labels[-1][-1:].isalpha():
        return ""
    for label in labels:
        if not _LABEL(label):
            return ""
        if label[2:4] == "--" and not _is_a_label(label):
            return ""
    return domain


def _a_labels(domain: str) -> str:
    if _AMBIGUOUS_IN_DOMAINS(domain):
        return ""
    # An IME types 。 for the dot.
    labels = re.split("[.\u3002\uff0e\uff61]", domain)
    try:
        encoded = ".".join(label.encode("idna").decode("ascii") for label in labels)
    except UnicodeError:
        return ""
    return encoded.lower()


def _is_a_label(label: str) -> bool:
    try:
        unicode = label.encode("ascii").decode("idna")
    except UnicodeError:
        return False
    if not label.startswith("xn--") or unicode[:1] == "-" or unicode[-1:] == "-" or unicode[2:4] == "--":
        return False
    if "・" in unicode and not _JAPANESE(unicode):
        return False  # RFC 5892 A.7
    # Letters, digits, marks: the codec checks only mapping, and lets symbols and emoji through (RFC 5892).
    return all(unicodedata.category(c)[0] in "LNM" or c in "-・" for c in unicode)


def _read_unusual(raw: str) -> Address | AddressProblem:
    text = raw.strip(_EDGES)
    if not text:
        return AddressProblem.MISSING
    if _BREAK(text):
        return AddressProblem.LINE_BREAK
    if _INVISIBLE(text):
        return AddressProblem.CONTROL_CHARACTER
    if len(text) > MAX_RAW:
        return AddressProblem.TOO_LONG
    text = text.translate(_HALF_WIDTH).strip()
    if text.startswith("="):
        return AddressProblem.FORMULA
    if named := _NAMED(text):
        name, text = named[1].strip(" \"'"), _without_mailto(named[2].strip())
        if "@" in name and name.lower() != text.lower():
            return AddressProblem.TWO_ADDRESSES
    text = _without_mailto(text)
    if not text:
        return AddressProblem.MISSING
    if text.count("@") > 1 and sum("@" in part.strip("@") for part in _SEPARATORS.split(text)) > 1:
        return AddressProblem.TWO_ADDRESSES
    if "@" not in text:
        return AddressProblem.NO_AT_SIGN
    local, _, written = text.rpartition("@")
    return _read_parts(local, written)


def _without_mailto(text: str) -> str:
    return text[7:].partition("?")[0].strip() if text[:7].lower() == "mailto:" else text


def _read_parts(local: str, written: str) -> Address | AddressProblem:
    if not local or not written:
        return AddressProblem.NOT_AN_ADDRESS
    domain = mail_domain(written)
    odd = is_old_carrier(domain)
    if odd and len(local) > 2 and local[0] == local[-1] == '"':
        local = re.sub(r"\\(.)", r"\1", local[1:-1])
    if " " in local or " " in written:
        return AddressProblem.SPACE_INSIDE
    if not local.isascii():
        return AddressProblem.NOT_ASCII_LOCAL
    if not _LOCAL_CHARACTERS(local):
        return AddressProblem.NOT_AN_ADDRESS
    if local[0] == "=":
        return AddressProblem.FORMULA
    if not odd and (problem := _dot_problem(local)):
        return problem
    if not domain:
        return AddressProblem.BAD_DOMAIN
    if len(local) > MAX_LOCAL:
        return AddressProblem.LOCAL_TOO_LONG
    if len(local) + len(domain) >= MAX_ADDRESS:
        return AddressProblem.TOO_LONG
    return Address(f"{local}@{domain}", f"{local.lower()}@{domain}", domain)


def _dot_problem(local: str) -> AddressProblem | None:
    if ".." in local:
        return AddressProblem.CONSECUTIVE_DOTS
    if local[0] == "." or local[-1] == ".":
        return AddressProblem.DOT_AT_EDGE
    if local[0] == "-":
        return AddressProblem.HYPHEN_FIRST  # Postfix refuses it by default (allow_min_user)
    return None


def is_old_carrier(domain: str) -> bool:
    """Whether addresses at this domain may break RFC 5321: docomo and au gave out `a..b@` until April 2009."""
    return domain in _OLD_CARRIERS or domain.endswith(_OLD_CARRIER_SUBDOMAINS)


_OLD_CARRIERS = frozenset(("docomo.ne.jp", "ezweb.ne.jp"))
_OLD_CARRIER_SUBDOMAINS = (".docomo.ne.jp", ".ezweb.ne.jp")


def wire_address(address: str) -> str:
    """The address as it stands in RCPT TO and To: the local part in quotes when it is no dot-atom (RFC 5321 4.1.2)."""
    local, _, domain = address.rpartition("@")
    if _DOT_ATOM(local):
        return address
    escaped = local.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"@{domain}'
