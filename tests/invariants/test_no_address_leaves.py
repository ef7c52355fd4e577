"""No screen, file, header, notice, log or record gives a readable address of a reader (Art. 17-4, reading A-13)."""

from __future__ import annotations

import base64
import re
from functools import cache
from html import unescape
from urllib.parse import quote, unquote_plus

import pytest

from tests.invariants.crawling import Answer, Crawl
from tests.invariants.stage import DOMAINS

# Pages that only the reader opens, by a link that was mailed to that address: why they are not looked at.
READERS_OWN = {"links", "preferences"}
# A mask keeps the first letter of the part before the @, and the domain.
DOMAIN = re.compile(r"([\w.+!#$%&'*/=?^`{|}~-]{1,80})\s*[@＠]\s*(himitsu-(?:ours|theirs)\.example\.\w+)", re.IGNORECASE)


def leaks(text: str, addresses: tuple[str, ...], typed: tuple[str, ...] = ()) -> set[str]:
    """Return the addresses, or parts before the @, that can be read in a text, however they are written."""
    found = set()
    written, hidden = needles(addresses)
    own = {each.lower() for each in typed} | {each.partition("@")[0] for each in typed}
    for plain in readings(text):
        # Nearly no text holds one, and the pattern tries eighty lengths at every place.
        if "himitsu-" in plain.lower():
            for local, domain in DOMAIN.findall(plain):
                if not re.fullmatch(r".?\*{2,}", local):
                    found.add(f"{local}@{domain}".lower())
        found |= {each for each in written if each in plain}
    return (found | {each for each in hidden if each in text}) - own


@cache
def needles(addresses: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the parts before the @, and what stands in base64 of whole addresses."""
    locals_ = {address.partition("@")[0] for address in addresses}
    base64s = {hidden for address in addresses for hidden in in_base64(address)}
    return frozenset(local for local in locals_ if len(local) > 6), frozenset(base64s)


def readings(text: str) -> set[str]:
    """Return a text as it stands and as a browser, a script or a mail program would read it."""
    found = {text}
    if "&" in text:
        found.add(unescape(text))
    if "%" in text or "+" in text:
        found.add(unquote_plus(text))
    if "\\u" in text:
        found.add(re.sub(r"\\u([0-9a-fA-F]{4})", lambda hit: chr(int(hit[1], 16)), text))
    if re.search("=[0-9A-F]{2}", text):
        found.add(re.sub(r"=([0-9A-F]{2})", lambda hit: chr(int(hit[1], 16)), text))
    return found


def in_base64(address: str) -> list[str]:
    """Return what stands in any base64 text that holds the address, by its three possible places in it."""
    found = []
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + address.encode()).decode().rstrip("=")
        # The ends depend on the neighbours.
        found.append(whole[4 if shift else 0 : len(whole) - 4])
    return found


def looked_at(answer: Answer) -> bool:
    return answer.route.partition(".")[0] not in READERS_OWN and answer.audience not in ("staff", "partner")


def test_answers(crawl: Crawl) -> None:
    wrong: list[str] = []
    seen: set[tuple[tuple[str, ...], bytes]] = set()
    for answer in crawl.answers:
        if not looked_at(answer) or (answer.typed, answer.body) in seen:
            continue
        seen.add((answer.typed, answer.body))
        headers = "\n".join(f"{name}: {value}" for name, value in answer.headers)
        # Not what a stranger types: an address of a reader in the very request is shown back as a person typed it.
        for where, text in (("body", answer.text), ("headers", headers), ("address of the page", answer.path)):
            if found := leaks(text, crawl.addresses, answer.typed):
                wrong.append(f"{answer} [{where}]: {sorted(found)}")
    assert not wrong, "\n".join(wrong)


def test_addresses_were_typed(crawl: Crawl) -> None:
    """The look-ups found somebody; else the answers above prove little."""
    asked = {answer.route: answer for answer in crawl.of("POST") if answer.typed}
    assert not [str(answer) for answer in asked.values() if answer.header("Location").startswith("/login")]
    assert "/subscribers/" in asked["subscribers.find"].header("Location")


def test_what_is_typed_is_not_kept_in_addresses_of_pages(crawl: Crawl) -> None:
    """Addresses of pages stand in logs, histories and referrers."""
    wrong = [
        str(answer)
        for answer in crawl.answers
        if leaks(answer.header("Location") + answer.header("HX-Redirect"), crawl.addresses)
    ]
    assert not wrong, wrong


def test_messages(crawl: Crawl) -> None:
    wrong = [message for message in crawl.flashed if leaks(message, crawl.addresses)]
    assert not wrong, wrong
    assert crawl.flashed, "no form was posted"


def test_logs(crawl: Crawl) -> None:
    wrong = [line for line in crawl.logged if leaks(line, crawl.addresses)]
    assert not wrong, wrong


def test_the_audit_trail(crawl: Crawl) -> None:
    """The trail outlives the reader: it knows ids."""
    wrong = [line for line in crawl.audited if leaks(line, crawl.addresses)]
    assert not wrong, wrong
    assert crawl.audited


def test_mails_to_people_who_sign_in(crawl: Crawl) -> None:
    wrong = [mail for mail in crawl.mailed if leaks(mail, crawl.addresses)]
    assert not wrong, wrong
    assert crawl.mailed, "no form led to a mail"


def test_partners_see_no_readers(crawl: Crawl) -> None:
    wrong = [str(answer) for answer in crawl.answers if answer.who == "partner" and leaks(answer.text, crawl.addresses)]
    assert not wrong, wrong


def test_staff_see_no_readers_either(crawl: Crawl) -> None:
    """Staff open an end user's data with a reason only, and no screen for that exists yet."""
    wrong = [
        str(answer) for answer in crawl.answers if answer.audience == "staff" and leaks(answer.text, crawl.addresses)
    ]
    assert not wrong, "\n".join(wrong)


def test_files_hold_none(crawl: Crawl) -> None:
    """Downloads were among the answers, or there is none."""
    kinds = {answer.mimetype for answer in crawl.of("GET") if answer.audience == "customer"}
    assert "image/png" in kinds, "the crawl follows links to files"


SECRET = f"active.kakushita@{DOMAINS['ours']}"


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        SECRET.upper(),
        quote(SECRET),
        quote(SECRET, safe=""),
        SECRET.replace("@", "&#64;").replace("k", "&#107;"),
        SECRET.replace("@", "\\u0040"),
        SECRET.replace("@", "=40"),
        f'{{"to":"{SECRET}"}}',
        f"mailto:{SECRET}",
        "Benutzer active.kakushita unbekannt",
        *(base64.b64encode(b"x" * n + SECRET.encode() + b"yz").decode() for n in range(4)),
        SECRET.replace("@", " @ "),
    ],
)
def test_a_leak_would_be_found(text: str) -> None:
    assert leaks(text, (SECRET,))


@pytest.mark.parametrize(
    "text", ["", "a****@himitsu-ours.example.com", "**@himitsu-ours.example.com", "owner@shop.example.jp"]
)
def test_a_mask_is_no_leak(text: str) -> None:
    assert not leaks(text, (SECRET,))
