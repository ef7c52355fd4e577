"""The rules of readers' replies: what of them a customer may see, which words are the person's own, what they wish."""

from __future__ import annotations

import re
from collections.abc import Collection

from wem.lists.address_rules import mask_address

MOST_TEXT = 20_000  # characters
MOST_ANSWER = 5_000
SHORTEST_PASSAGE = 5
MOST_ANSWERS_IN_A_ROW = 3  # then it is the person's turn
MOST_MAILS_A_DAY = 50  # of one conversation; more is a machine
KEEP_CHOICES = (30, 90, 180, 365)  # days

# Of the same length, so that what is found can be replaced in the text as it stands.
_HALF_WIDTH = {0xFF01 + number: 0x21 + number for number in range(94)} | {0x3000: 0x20}
_AT = r"(?:\s{0,2}@\s{0,2}|\s?%40\s?|\s?[(\[<{](?:at|アット|あっと)[)\]>}]\s?|\s?(?:アットマーク|あっとまーく)\s?)"
_LOCAL = r"(?:\"[^\"\n]{1,64}\"|[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64})"
_NOT_IN_DOMAIN = r"\s<>()\[\]{}\"',;:@、。，．「」（）【】《》|\\/"
_ADDRESS = re.compile(
    rf"(?P<local>{_LOCAL}){_AT}(?P<domain>(?:[A-Za-z0-9-]+\.)+[A-Za-z]{{2,}}|[^{_NOT_IN_DOMAIN}.]+(?:\.[^{_NOT_IN_DOMAIN}.]+)+)",
    re.IGNORECASE,
)
# Whoever has such a link acts as the reader: quoted mails carry them.
_READERS_LINK = re.compile(r"(/(?:u|p|p/new|c|l|o|v)/)[A-Za-z0-9._~%=-]{8,}")


def masked(text: str, known: Collection[str] = (), *, but: str = "") -> str:
    """Return a text as a customer may see it (17-4, A-13): every mail address masked, readers' links cut.

    Of `known` addresses the part before the @ is masked also where it stands alone. Telephone numbers stay: they are
    the person's own words, shown one person at a time on a screen. The address `but` stays readable.
    """
    plain = text.translate(_HALF_WIDTH)
    pieces, place = [], 0
    for found in _ADDRESS.finditer(plain):
        address = f"{found['local'].strip(chr(34))}@{found['domain']}"
        shown = address if but and address.lower() == but.lower() else mask_address(address)
        pieces += [text[place : found.start()], shown]
        place = found.end()
    whole = "".join([*pieces, text[place:]])
    for local in sorted({address.rpartition("@")[0] for address in known}, key=len, reverse=True):
        # Beside a masked address even a word such as a name would give the whole of it.
        if len(local) >= 3:
            alone = rf"(?<![A-Za-z0-9]){re.escape(local)}(?![A-Za-z0-9])"
            whole = re.sub(alone, f"{local[:1]}****", whole, flags=re.IGNORECASE)
    return _READERS_LINK.sub(r"\1…", whole)


_PHONE = re.compile(r"(?<![0-9])[+0][0-9][0-9 ()\-‐－]{7,16}[0-9](?![0-9])")


def without_phones(text: str) -> str:
    """Return a text with telephone numbers masked, for lists in which many people stand."""
    return _PHONE.sub("****", text)


_QUOTED = re.compile(
    # Each part with a bound, and no two that can share out the same characters: anybody may write 20,000 hyphens.
    r"^[ \t]{0,40}(?:[>＞|]|--[ -]{0,40}[^\n-]{0,80}?(?:original|元の|転送|forwarded)[^\n-]{0,80}--|_{10,}[ \t]{0,40}$|"
    r"on .{4,200} wrote:|"
    r"(?:from|差出人|送信元)[ \t]*[:：]|.{0,200}(?:のメール|書きました|wrote|さんは書き.*)[ \t]*[:：][ \t]*$|"
    r"20\d\d[年/-].{4,120}[:：][ \t]*$)",
    re.IGNORECASE | re.MULTILINE,
)


def own_words(text: str) -> str:
    """Return what a person wrote, without the mail that is quoted below."""
    found = _QUOTED.search(text)
    return (text[: found.start()] if found else text).strip()


_STOP = re.compile(
    r"(?:配信|送信|メール|メルマガ|購読|登録|案内)(?:は|を|の|も)?(?:停止|中止|解除|不要|拒否|止め|やめ|取り?消)|退会|"
    r"(?:解除|停止)(?:を?(?:希望|お願い)|して(?:下さい|ください|欲し|ほし)|$)|"
    r"(?:送|配信)(?:ら|って|信)?(?:し)?(?:ないで|こないで|来ないで)|"
    r"unsubscribe|opt[- ]?out|remove me|stop (?:sending|these|mail)|no more (?:e-?)?mails?",
    re.IGNORECASE | re.MULTILINE,
)
_LONG = 600  # a long letter that speaks of 解除 somewhere asks for more than that


def asks_to_stop(subject: str, text: str) -> bool:
    """Return whether a reply reads like a wish to get no more mails. A person decides; nothing stops by this."""
    words = own_words(text)
    own_subject = "" if re.match(r"\s*(?:re|fw|fwd|返信)\s*[:：]", subject, re.IGNORECASE) else subject
    return bool(_STOP.search(own_subject) or (len(words) <= _LONG and _STOP.search(words)))


_AUTOMATIC = re.compile(
    r"自動(?:応答|返信|送信)|不在(?:の|に|通知|連絡|届|です|に?つき)|外出中|休暇(?:中|の)|out of (?:the )?office|"
    r"auto(?:matic)?[- ]?(?:reply|response|responder)|vacation|autoreply|abwesen|away from",
    re.IGNORECASE,
)


def automatic_subject(subject: str) -> bool:
    """Return whether a subject is that of an answer that a machine writes."""
    return bool(_AUTOMATIC.search(subject))


def storable(text: str) -> str:
    """Return a text that every database takes: no NUL, no lone surrogates; line ends as LF."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return plain.encode("utf-8", "replace").decode("utf-8")


_MESSAGE_ID = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{3,240}>").fullmatch


def good_message_id(text: str) -> bool:
    """Return whether a Message-ID of somebody else can stand in a header of ours."""
    return bool(_MESSAGE_ID(text))


def answer_subject(subject: str) -> str:
    """Return the subject of an answer."""
    bare = re.sub(r"^(?:\s*(?:re|返信)\s*[:：]\s*)+", "", subject, flags=re.IGNORECASE).strip()
    return f"Re: {bare}"[:200]
