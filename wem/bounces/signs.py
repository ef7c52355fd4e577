"""Whether a mail is a report at all, told by who writes it, what it is called and how it begins."""

from __future__ import annotations

import binascii
import re

from wem.bounces.mail_parts import Part

_WORD = re.compile(r"=\?([\w-]{1,30})(?:\*[\w-]{1,10})?\?([bq])\?([^?\s]{0,400})\?=", re.I)
_DAEMON = re.compile(
    r"mailer[-_ ]?daemon|mail-?daemon|post[-_]?master|mail(?:er)? deliver|mail administrator|system administrator|"
    r"mail system|mdaemon|delivery (?:sub)?system|daemon@|mailadmin|maildelivery|mail\.delivery|@bounce|"
    r"microsoft outlook|microsoftexchange|exchange|smtp_mail_service|mailmarshal|mail gateway|content-filter|"
    r"no-?reply@\S*(?:dion|kddi)|virusscan|antivirus|mimesweeper|mail service|mail server|undeliver|bounce",
    re.I,
)
_SUBJECT = re.compile(
    r"\s*(?:\[[^\]]{0,40}\]\s*|\*+\s*|\(\w+\)\s*)?(?:"
    r"(?:re: )?undeliver|un-?deliverable|non-?deliver|not delivered|returned (?:mail|message|e-?mail|to sender)|"
    r"return to sender|"
    r"(?:e-?mail |mail |message |permanent |temporary )*(?:deliver\w*|dispatch|transport|sending|send)[ :-]*"
    r"(?:status|fail|error|problem|report|notif|delay|subsys|system|incomplete|impossible|unsuccess|was)|"
    r"failure (?:notice|delivery|notification)|(?:fail|error) (?:deliver|notice|in deliver|sending)|"
    r"failed (?:mail|message|to deliver|delivery)|"
    r"(?:warning|attention)?:? ?(?:could not send|message (?:has )?(?:not yet|still|delayed|undeliver))|"
    r"mail (?:system error|failed|failure|returned|could not|not)|message (?:not|could not|from mail deliver|"
    r"undeliver|status)|"
    r"delayed mail|postmaster notify|rejected(?: mail|:)|automatically rejected|bounced? (?:mail|message)|"
    r"mail delivery|delivery|nondeliver|your (?:message|mail|e-?mail)\b.{0,40}(?:not|could|fail|reject|"
    r"undeliver|block|delay)|"
    r"considered unsolicited|e?mail (?:bounce|reject)|could not (?:be )?deliver|cannot deliver|unable to deliver|"
    r"unzustellbar|nicht zustellbar|échec|echec|non remis|avviso|mancata consegna|onbestelbaar|no se puede entregar|"
    r"配信不能|配信(?:に)?失敗|配信できません|配信エラー|送信エラー|送信(?:に)?失敗|送信できません|エラーメール|不達|未達|"
    r"配達不能|配信状況|配信状態|宛先不明|メールを送信できません"
    r")",
    re.I,
)
_WORDS = (
    "could not be delivered", "couldn't be delivered", "cannot be delivered", "can not be delivered",
    "not be delivered",
    "unable to deliver", "able to deliver", "not delivered to", "did not reach", "delivery to the following",
    "delivery of the following", "delivery has failed", "delivery failed", "undeliverable", "undelivered",
    "permanent fatal error",
    "fatal errors", "transcript of session", "addresses had", "returned to you", "returned mail", "has been delayed",
    "not yet been delivered", "delivery status notification", "failed recipient", "failed addresses",
    "failure reasons",
    "error occurred while trying to deliver", "error delivering your mail", "was rejected", "delivery errors",
    "delivery problems",
    "could not deliver", "was not delivered", "not reach", "wasn't delivered", "mail delivery", "could not send",
    "bounce",
    "unknown user", "user unknown", "address not found", "no such user", "mailbox is full", "cannot deliver",
    "can't be delivered",
    "invalid final delivery", "deliver your message", "attempting to deliver", "error was detected",
    "affected recipient",
    "error message below", "did not accept", "couldn't be found", "diagnostic information for administrators",
    "account is disabled", "over quota", "invalid user", "delivery error", "recipient:", "delivering",
    "generated response",
    "generated following response", "not accepted", "blocked", "message not delivered", "delivery failure", "quota",
    "送信できません", "送信に失敗", "配信できません", "配信に失敗", "お届けできません", "届けることができません",
    "エラーのため",
    "zugestellt werden", "pas pu être", "n'a pas pu", "no pudo ser entregado", "non è stato possibile",
)  # fmt: skip
_LATE = (
    "warning message only", "warning only", "do not need to resend", "still being retried", "will be retried",
    "has been delayed", "(delay)", "(delayed)", "has not yet been delivered", "not yet been",
    "will continue to attempt",
    "could not send message for past", "will continue to try", "will keep trying", "delivery is delayed",
    "this is just a warning", "is delayed for", "配信が遅れ", "再送を試み",
)  # fmt: skip
_QUOTED = re.compile(r"\s*(?:re|fwd?|aw|wg|sv|vs|tr|rv|返信|転送)(?:\[\d+\])?\s*[:：]", re.I)


def subject_of(mail: Part) -> str:
    """Return a mail's subject with its encoded words (RFC 2047) read; what cannot be read is left as it is."""
    subject = mail.field(b"subject")[:1000]
    return words_read(subject) if "=?" in subject else _of_bytes(subject)


def words_read(value: str) -> str:
    """Return a header's text with its encoded words read."""
    return _WORD.sub(_word, value.replace("?= =?", "?==?"))


def is_daemon(mail: Part) -> bool:
    """Return whether a mail server or a gateway writes."""
    return bool(_DAEMON.search(mail.field(b"from")))


def is_quoting(subject: str) -> bool:
    """Return whether a subject answers or passes on another mail."""
    return bool(_QUOTED.match(subject))


def names_a_report(subject: str) -> bool:
    """Return whether a subject is one of those that reports have."""
    return bool(_SUBJECT.match(subject)) and not is_quoting(subject)


def speaks_of_failure(text: str) -> bool:
    """Return whether the beginning of a text speaks of a mail that did not arrive."""
    low = text[:4000].lower()
    return any(words in low for words in _WORDS)


def is_late_only(subject: str, text: str) -> bool:
    """Return whether a report says only that a mail is late and that its server goes on trying."""
    low = (subject + "\n" + text[:3000]).lower()
    return any(words in low for words in _LATE)


def has_null_sender(mail: Part) -> bool:
    """Return whether the mail's return path is empty, as that of reports must be (RFC 5321 4.5.5)."""
    return mail.field(b"return-path").replace(" ", "") in ("<>", "<mailer-daemon>", "<MAILER-DAEMON>")


def _word(found: re.Match[str]) -> str:
    charset, coding, text = found.groups()
    try:
        raw = binascii.a2b_base64(text) if coding in "bB" else binascii.a2b_qp(text, header=True)
        return _of_bytes(raw.decode("latin-1"), charset)
    except ValueError:
        return found.group()


def _of_bytes(text: str, charset: str = "") -> str:
    if text.isascii() and "\x1b" not in text:
        return text
    raw = text.encode("latin-1", "replace")
    codec = {"iso-2022-jp": "iso2022_jp_ext", "shift_jis": "cp932", "euc-jp": "euc_jp"}.get(charset.lower(), "utf-8")
    if b"\x1b$" in raw:
        codec = "iso2022_jp_ext"
    try:
        return raw.decode(codec)
    except UnicodeDecodeError:
        return text
