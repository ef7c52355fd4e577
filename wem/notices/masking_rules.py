"""What of a text that people wrote a customer may see (17-4, A-13): mail addresses masked however they are spelt.

Staff's own words too: every notice, and every page of customers that repeats them, asks `masked`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

# Characters that nobody sees and everybody can copy along (Unicode's default ignorable ones beside categories Cf, Cc).
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]")
_QUOTE_MARKS = ">|"
_AT = r"(?:\s{0,2}@\s{0,2}|\s?%40\s?|\s?[(\[<{](?:at|アット|あっと)[)\]>}]\s?|\s?(?:アットマーク|あっとまーく)\s?)"
_AT_JOINED = r"(?:@|%40|[(\[<{](?:at|アット|あっと)[)\]>}]|アットマーク|あっとまーく)"
_APART = r"\s<>()\[\]{}\"',;:@、。「」【】《》|\\/"
# Letters of any script (RFC 6531) where the one before the @ is not ASCII; else 宛先は would belong to the address.
_LOCAL = rf"(?:\"[^\"\n]{{1,64}}\"|[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~.-]{{1,64}}|[^{_APART}]{{0,63}}[^{_APART}\x00-\x7f])"
_LABEL = r"[A-Za-z0-9-]{1,63}(?:\n[A-Za-z0-9-]{1,63})?"
_ASCII_DOMAIN = rf"(?:{_LABEL}\s?[.。]\s?){{1,8}}[A-Za-z]{{2,24}}"
_ANY_DOMAIN = rf"[^{_APART}.]{{1,63}}(?:\.[^{_APART}.]{{1,63}}){{0,8}}\.(?![0-9])[^{_APART}.]{{1,63}}"
_ADDRESS = re.compile(
    rf"(?P<local>{_LOCAL}){_AT}(?P<domain>(?:{_ASCII_DOMAIN}|{_ANY_DOMAIN})(?![\w.%+-]*@))", re.IGNORECASE
)
_OF_A_LOCAL = re.compile(r"[A-Za-z0-9._+-]")
_MASKED = re.compile(r".?\*{4}").fullmatch
# Whoever has such a link acts as the reader: quoted mails carry them.
_READERS_LINK = re.compile(r"(/(?:u|p|p/new|c|l|o|v)/)[A-Za-z0-9._~%=-]{8,}")
_PHONE = re.compile(r"(?<![0-9])[+0][0-9][0-9 ()\-‐－]{7,16}[0-9](?![0-9])")


def mask_address(address: str) -> str:
    """Return an address as a customer may see it: `t****@docomo.ne.jp`, four stars whatever its length."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1] if len(local) > 1 else ''}****@{domain}"


def masked(text: str, known: Collection[str] = (), *, but: str = "") -> str:
    """Return a text as a customer may see it (17-4, A-13): every mail address masked, readers' links cut.

    Of `known` addresses the part before the @ is masked also where it stands alone, and they are found with line ends
    or characters that nobody sees inside. Telephone numbers stay: they are the person's own words, shown one person at
    a time on a screen. The address `but` stays readable.
    """
    if but:
        return _masked_around(text, but, known)
    whole = _replaced(text, _of_known(text, known))
    whole = _replaced(whole, _any(whole))
    for local in sorted({address.rpartition("@")[0] for address in known}, key=len, reverse=True):
        # Beside a masked address even a word such as a name would give the whole of it.
        if len(local) >= 3:
            whole = _replaced(whole, _alone(local, whole))
    return _READERS_LINK.sub(r"\1…", whole)


def without_phones(text: str) -> str:
    """Return a text with telephone numbers masked, for lists in which many people stand."""
    return _PHONE.sub("****", text)


@dataclass(frozen=True)
class _Span:
    """A piece of a text, and what is shown in its place."""

    begins: int
    ends: int
    shown: str


@dataclass(frozen=True)
class _Plain:
    """A text as it reads, half-width and without what nobody sees; and where in it each letter stands."""

    text: str
    letters: str
    places: list[int]

    def span(self, begins: int, ends: int, shown: str) -> _Span:
        return _Span(self.places[begins], self.places[ends - 1] + 1, shown)

    def follows(self, at: int) -> bool:
        """Return whether a letter follows the one before with no space or line end between."""
        return not any(each.isspace() for each in self.text[self.places[at - 1] + 1 : self.places[at]])


def _plain(text: str, *, joined: bool = False) -> _Plain:
    """Return a text as it reads; `joined` without spaces, line ends and the marks of quoted lines."""
    letters: list[str] = []
    places: list[int] = []
    line_begins = True
    for place, character in enumerate(text):
        forms = _forms(character)
        if joined:
            line_begins = line_begins or character == "\n"
            forms = "".join(forms.split())
            if not forms or (line_begins and forms in _QUOTE_MARKS):
                continue
            line_begins = False
        letters += forms
        places += [place] * len(forms)
    return _Plain(text, "".join(letters), places)


def _forms(character: str) -> str:
    if character.isascii():
        return "" if (character < " " and character not in "\t\n\r") or character == "\x7f" else character
    if unicodedata.category(character) in ("Cf", "Cc") or _UNSEEN.match(character):
        return ""
    return unicodedata.normalize("NFKC", character)


def _any(text: str) -> Iterator[_Span]:
    """Find whatever is spelt as an address."""
    plain = _plain(text)
    for found in _ADDRESS.finditer(plain.letters):
        local = found["local"].strip('"')
        if not _MASKED(local):
            yield plain.span(found.start(), found.end(), mask_address(f"{local}@{found['domain']}"))


def _places_of(address: str, plain: _Plain) -> Iterator[tuple[int, int, int]]:
    """Find one address in a joined text: where what belongs to it begins, where itself begins and ends."""
    for found in _spellings(address).finditer(plain.letters):
        begins = found.start()
        # The end of a longer address is masked with all of it.
        while begins and _OF_A_LOCAL.match(plain.letters[begins - 1]) and plain.follows(begins):
            begins -= 1
        yield begins, found.start(), found.end()


def _spellings(address: str) -> re.Pattern[str]:
    local, _, domain = address.rpartition("@")
    domains = {domain, _as_read(domain)}
    either = "|".join(re.escape(each).replace(r"\.", "[.。]") for each in sorted(domains))
    name = re.escape(unicodedata.normalize("NFKC", local))
    return re.compile(rf"\"?{name}\"?{_AT_JOINED}(?:{either})", re.IGNORECASE)


def _as_read(domain: str) -> str:
    """Return a domain in its own script (RFC 5890); as it is where it has none."""
    try:
        return unicodedata.normalize("NFKC", domain.encode("ascii").decode("idna"))
    except UnicodeError:
        return domain


def _of_known(text: str, known: Collection[str]) -> Iterator[_Span]:
    plain = _plain(text, joined=True)
    for address in known:
        for begins, itself, ends in _places_of(address, plain):
            yield plain.span(begins, ends, mask_address(plain.letters[begins:itself] + address))


def _alone(local: str, text: str) -> Iterator[_Span]:
    plain = _plain(text)
    name = rf"(?<![A-Za-z0-9]){re.escape(local)}(?![A-Za-z0-9])"
    for found in re.finditer(name, plain.letters, re.IGNORECASE):
        yield plain.span(found.start(), found.end(), f"{local[:1]}****")


def _replaced(text: str, spans: Iterable[_Span]) -> str:
    pieces, place = [], 0
    for span in sorted(spans, key=lambda each: (each.begins, -each.ends)):
        if span.begins >= place:
            pieces += [text[place : span.begins], span.shown]
            place = span.ends
    return "".join([*pieces, text[place:]])


def _masked_around(text: str, but: str, known: Collection[str]) -> str:
    plain, pieces, place = _plain(text, joined=True), [], 0
    for begins, itself, ends in _places_of(but, plain):
        if begins == itself:
            kept = plain.span(itself, ends, "")
            pieces += [masked(text[place : kept.begins], known), text[kept.begins : kept.ends]]
            place = kept.ends
    return "".join([*pieces, masked(text[place:], known)])
