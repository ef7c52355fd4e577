"""DNS records of a sender domain: what is to be published, and what the one that is found says (RFC 6376, 7489)."""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass

from wem.domains.rules import KeyKind


class RecordKind(enum.StrEnum):
    dkim = "dkim"
    dmarc = "dmarc"
    return_path = "return_path"


class Finding(enum.StrEnum):
    """What a look at one record came to."""

    right = "right"
    missing = "missing"
    doubled = "doubled"  # stands at name.domain.domain
    several = "several"
    other_key = "other_key"
    cut = "cut"  # the key breaks off
    revoked = "revoked"  # an empty p=
    unusable = "unusable"  # right key, but its tags forbid our use
    unreadable = "unreadable"
    other_target = "other_target"  # a CNAME to somewhere else
    not_an_alias = "not_an_alias"  # A, MX or TXT where a CNAME belongs
    no_answer = "no_answer"
    unchecked = "unchecked"


@dataclass(frozen=True)
class Record:
    """One record to publish."""

    kind: RecordKind
    name: str  # whole, without the last dot
    type: str
    value: str

    def host(self, domain: str) -> str:
        """Return the name as forms of DNS providers want it: without the domain."""
        return self.name.removesuffix(f".{domain}")

    @property
    def pieces(self) -> list[str]:
        """The value in strings of at most 255 characters, as a zone file holds it (RFC 1035 section 3.3)."""
        return [self.value[at : at + 255] for at in range(0, len(self.value), 255)]


def dkim_record(domain: str, selector: str, kind: KeyKind, public: str) -> Record:
    """Return the record of a public key (its p=)."""
    return Record(RecordKind.dkim, f"{selector}._domainkey.{domain}", "TXT", f"v=DKIM1; k={kind.value}; p={public}")


def dmarc_record(domain: str) -> Record:
    """Return the least that a domain that sends in bulk must say (RFC 7489)."""
    return Record(RecordKind.dmarc, f"_dmarc.{domain}", "TXT", "v=DMARC1; p=none")


def return_path_record(domain: str, bounce_domain: str) -> Record:
    """Return the alias that lets bounces come to us and SPF pass at the customer's own domain."""
    return Record(RecordKind.return_path, return_path(domain), "CNAME", bounce_domain)


def return_path(domain: str) -> str:
    """Return the domain of the return path below a customer's domain."""
    return f"bounce.{domain}"


def judge_dkim(kind: KeyKind, public: str, texts: Sequence[str]) -> Finding:
    """Compare the TXT records found (each with its strings joined) with the public key that is expected.

    RFC 6376 section 3.6.1; several records at one selector have no defined meaning (3.6.2.2).
    """
    if not texts:
        return Finding.missing
    if len(texts) > 1:
        return Finding.several
    tags = read_tags(texts[0])
    if tags is None or "p" not in tags or tags.get("v", "DKIM1") != "DKIM1" or _misplaced_version(texts[0], tags):
        return Finding.unreadable
    found = re.sub(r"\s+", "", tags["p"])
    if not found:
        return Finding.revoked
    if found != public:
        return Finding.cut if public.startswith(found) else Finding.other_key
    hashes = tags.get("h", "sha256").replace(" ", "").split(":")
    services = tags.get("s", "*").replace(" ", "").split(":")
    usable = tags.get("k", "rsa") == kind.value and "sha256" in hashes and bool({"*", "email"} & set(services))
    return Finding.right if usable else Finding.unusable


def judge_dmarc(texts: Sequence[str]) -> Finding:
    """Return whether exactly one DMARC policy stands there; any policy will do (RFC 7489 section 6.6.3)."""
    policies = [text for text in texts if re.match(r"v\s*=\s*DMARC1\s*(;|$)", text)]
    if not policies:
        return Finding.unreadable if texts else Finding.missing
    if len(policies) > 1:
        return Finding.several
    tags = read_tags(policies[0])
    if tags is None or tags.get("p", "").lower() not in ("none", "quarantine", "reject"):
        return Finding.unreadable
    return Finding.right


def judge_return_path(target: str, chain: Sequence[str], other_records: bool) -> Finding:
    """Return whether the aliases found, one after the other, come to the service's bounce domain."""
    names = [name.rstrip(".").lower() for name in chain]
    if not names:
        return Finding.not_an_alias if other_records else Finding.missing
    return Finding.right if target.lower() in names else Finding.other_target


def read_tags(text: str) -> dict[str, str] | None:
    """Return the tags of a record (RFC 6376 section 3.2); None when it is no list of tags or names one twice."""
    tags: dict[str, str] = {}
    for part in text.strip().rstrip(";").split(";"):
        name, equals, value = part.partition("=")
        name = name.strip()
        if not equals or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or name in tags:
            return None
        tags[name] = value.strip()
    return tags


def _misplaced_version(text: str, tags: dict[str, str]) -> bool:
    """A version that is there must be the first tag (RFC 6376 section 3.6.1)."""
    return "v" in tags and not re.match(r"\s*v\s*=", text)
