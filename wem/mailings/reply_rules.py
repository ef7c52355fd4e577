"""The rules of readers' replies: which words are the person's own, and what they wish."""

from __future__ import annotations

import re

MOST_TEXT = 20_000  # characters
MOST_ANSWER = 5_000
MOST_PASSAGE = 200
MOST_ANSWERS_IN_A_ROW = 3  # then it is the person's turn
MOST_MAILS_A_DAY = 50  # of one conversation; more is a machine
KEEP_CHOICES = (30, 90, 180, 365)  # days

# Each part with a bound, and no two that can share out the same characters: anybody may write 20,000 hyphens.
_QUOTED_LINE = re.compile(r"[ \t]{0,40}[>＞|]")
# What stands below is another mail.
_BELOW = re.compile(
    r"[ \t]{0,40}(?:--[ -]{0,40}[^\n-]{0,80}?(?:original|元の|転送|forwarded)[^\n-]{0,80}--|_{10,}[ \t]{0,40}$)|"
    r"(?:from|差出人|送信元)[ \t]*[:：]",
    re.IGNORECASE,
)
# Who wrote what is quoted then.
_WROTE = re.compile(
    r"on .{4,200} wrote:|.{0,200}(?:のメール|書きました|wrote|さんは書き.{0,40})[ \t]*[:：][ \t]*$|"
    r"20\d\d[年/-].{4,120}[:：][ \t]*$",
    re.IGNORECASE,
)


def own_words(text: str) -> str:
    """Return what a person wrote, without the mail that is quoted: below, above, or line by line."""
    lines = text.split("\n")
    kept: list[str] = []
    place = 0
    while place < len(lines) and not _BELOW.match(lines[place]):
        said = _who_wrote(lines[place : place + 2])
        if said:
            follows = next((each for each in lines[place + said :] if each.strip()), "")
            if not _QUOTED_LINE.match(follows):
                break
        elif not _QUOTED_LINE.match(lines[place]):
            kept.append(lines[place])
        place += said or 1
    return "\n".join(kept).strip()


def _who_wrote(lines: list[str]) -> int:
    """Return how many of two lines say who wrote what comes then: some programs break that line."""
    if _WROTE.match(lines[0]):
        return 1
    return 2 if lines[0][:3].lower() == "on " and _WROTE.match(" ".join(lines)) else 0


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
