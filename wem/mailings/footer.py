"""The legal footer of every mailing (特定電子メール法 4条, 規則 9条): the system writes it, no customer takes it away.

It is Liquid, like the texts that it stands under, and uses FOOTER_NAMES.
"""

from __future__ import annotations

import re
from html import escape
from typing import Protocol

from wem.contracts.rules import LegalItem, missing_legal_items
from wem.mailings import footer_look_rules as looks
from wem.mailings.html import clean_html, complete_document
from wem.mailings.wrapping import wrap

# Filled in for each reader; `first-mail` is set for the first mail after an attested upload.
FOOTER_NAMES = frozenset({"list_name", "unsubscribe_url", "first-mail"})

_PROVIDER = "日本IP通信株式会社"
_RULE = "-" * 60
_OPEN = re.compile(r"""<(?:html|body)\b(?:[^<>"']|"[^"]*"|'[^']*')*>""")

_WORDS = {
    "ja": {
        "why": "このメールは「{{ list_name }}」にご登録いただいた方へお送りしています。",
        "first": "{sender}へメールの受け取りに同意いただいた方へ、今回から、この配信システムを使ってお送りします。",
        "stop": "配信停止をご希望の方は、次のページからいつでもお手続きいただけます。",
        "stop_link": "配信停止のお手続き",
        "sender": "送信者",
        "address": "住所",
        "contact": "苦情・お問い合わせ先",
        "system": "配信システム WeM（{provider}）",
        "colon": "：",
        "postal": "〒{code} {address}",
    },
    "en": {
        "why": 'You receive this mail because you subscribed to "{{ list_name }}".',
        "first": "You agreed to receive mail from {sender}. From this mail on, it is sent by this delivery service.",
        "stop": "You can stop these mails at any time on this page:",
        "stop_link": "Stop these mails",
        "sender": "Sender",
        "address": "Postal address",
        "contact": "Complaints and questions",
        "system": "Delivered by WeM ({provider})",
        "colon": ": ",
        "postal": "{address}, {code}, Japan",
    },
}


class LegalDetails(Protocol):
    """What a contract says of the sender; a `Contract` is one."""

    @property
    def sender_name(self) -> str: ...
    @property
    def postal_code(self) -> str: ...
    @property
    def postal_address(self) -> str: ...
    @property
    def contact(self) -> str: ...


def missing_items(details: LegalDetails) -> list[LegalItem]:
    """Return the legal items that the details lack; with any of them nothing may be sent."""
    return missing_legal_items(details.sender_name, details.postal_code, details.postal_address, details.contact)


def append_footer_text(
    text: str,
    details: LegalDetails,
    *,
    language: str = "ja",
    provider: str = _PROVIDER,
    first_mail_note: str | None = None,
    wrap_at: int = 0,
) -> str:
    """Return a text part with the footer under it, its lines broken as the text's are (`wrapping.wrap`).

    `first_mail_note` replaces the note on the first attested mail.
    """
    words = _WORDS.get(language, _WORDS["ja"])
    lines = [
        _RULE[: 2 * wrap_at or None],
        words["why"],
        "{% if first-mail %}" + _plain(_note(words, details, first_mail_note)) + "\n{% endif %}" + words["stop"],
        "{{ unsubscribe_url }}",
        "",
        *(f"{name}{words['colon']}{_plain(value)}" for name, value in _items(words, details)),
        _plain(words["system"].format(provider=provider)),
    ]
    return text.rstrip() + "\n\n" + wrap("\n".join(lines), wrap_at) + "\n"


def append_footer_html(
    html: str,
    details: LegalDetails,
    *,
    language: str = "ja",
    provider: str = _PROVIDER,
    first_mail_note: str | None = None,
    width: int | None = None,
) -> str:
    """Return a whole document, cleaned, with the footer as the last thing in its body.

    `width` is that of the mail's own column in pixels, where it has one: then the footer stands in the same column.

    Cleaning closes whatever the customer left open (comment, style block, element), so nothing swallows the footer; its
    look is written with !important on each element, so no style block changes it. Inline the styles before.
    Raises TemplateProblem as `clean_html` does.
    """
    words = _WORDS.get(language, _WORDS["ja"])
    items = (f"{name}{words['colon']}{_plain(escape(value))}" for name, value in _items(words, details))
    rows = [
        _row(words["why"]),
        "{% if first-mail %}" + _row(_plain(escape(_note(words, details, first_mail_note)))) + "{% endif %}",
        # The statement stands directly before the address that takes the notice (規則 9条).
        _row(f'{words["stop"]}<br>\n<a href="{{{{ unsubscribe_url }}}}" style="{looks.LINK}">{words["stop_link"]}</a>'),
        _row("<br>\n".join(items)),
        _row(_plain(escape(words["system"].format(provider=provider)))),
    ]
    # Lines of its own: one of more than 998 octets would have the whole part written as quoted-printable.
    centred = "" if width is None else ' align="center"'
    footer = (
        f'\n<table role="presentation" width="{width or "100%"}"{centred} cellpadding="0" cellspacing="0" border="0"\n'
        f' bgcolor="#ffffff" style="{looks.table(width)}">\n<tbody style="{looks.ROWS}">\n<tr style="{looks.ROW}">\n'
        f'<td bgcolor="#ffffff" style="{looks.CELL}">'
        + "".join(f"\n{row}" for row in rows)
        + "\n</td></tr></tbody></table>\n"
    )
    document = complete_document(clean_html(html), language)
    end = document.rindex("</body>")
    return _with_open_body(document[:end]) + footer + document[end:]


def _with_open_body(document: str) -> str:
    """Return the beginning of a document in which `html` and `body` say last of all that they hide nothing."""

    def opened(tag: re.Match[str]) -> str:
        before, style, after = tag[0].partition(' style="')
        if style:
            look, quote, rest = after.partition('"')
            return f'{before} style="{look};\n{looks.AROUND}{quote}{rest}'
        return f'{before[:-1]} style="{looks.AROUND}">'

    return _OPEN.sub(opened, document, count=2)


def _items(words: dict[str, str], details: LegalDetails) -> list[tuple[str, str]]:
    postal = words["postal"].format(code=details.postal_code.strip(), address=details.postal_address.strip())
    return [
        (words["sender"], details.sender_name.strip()),
        (words["address"], postal),
        (words["contact"], details.contact.strip()),
    ]


def _note(words: dict[str, str], details: LegalDetails, note: str | None) -> str:
    return words["first"].format(sender=details.sender_name.strip()) if note is None else note


def _row(content: str) -> str:
    return f'<p style="{looks.PARAGRAPH}">\n{content}</p>'


def _plain(text: str) -> str:
    """Return text in which no Liquid tag begins, on one line: the details are words, not a template."""
    return re.sub(r"\{(?=[{%])", '{{ "{" }}', " ".join(text.split()))
