"""The legal footer of every mailing (特定電子メール法 4条, 規則 9条): the system writes it, no customer takes it away.

It is Liquid, like the texts that it stands under, and uses FOOTER_NAMES.
"""

from __future__ import annotations

import re
from html import escape
from typing import Protocol

from wem.contracts.rules import LegalItem, missing_legal_items
from wem.mailings.html import clean_html, complete_document

# Filled in for each reader; `first-mail` is set for the first mail after an attested upload.
FOOTER_NAMES = frozenset({"list_name", "unsubscribe_url", "first-mail"})

_PROVIDER = "日本IP通信株式会社"
_RULE = "-" * 60
# The rule says nothing of sizes, but too small or too pale counts as not displayed: 13 px, near-black on white.
_LOOK = (
    "margin:0 !important;padding:0 0 8px 0 !important;display:block !important;visibility:visible !important;"
    "opacity:1 !important;font-family:sans-serif !important;font-size:13px !important;line-height:1.6 !important;"
    "font-weight:normal !important;letter-spacing:normal !important;text-indent:0 !important;"
    "text-align:left !important;text-transform:none !important;max-height:none !important;overflow:visible !important;"
    "float:none !important;"
    "color:#1a1a1a !important;background-color:#ffffff !important;"
)
_TABLE = (
    "display:table !important;visibility:visible !important;opacity:1 !important;position:static !important;"
    "clear:both !important;width:100% !important;max-width:100% !important;height:auto !important;"
    "margin:24px 0 0 0 !important;border-collapse:collapse !important;background-color:#ffffff !important;"
)
_CELL = (
    "display:table-cell !important;visibility:visible !important;padding:16px !important;"
    "border-top:1px solid #595959 !important;background-color:#ffffff !important;text-align:left !important;"
)
_LINK = (
    "color:#0017c1 !important;background-color:#ffffff !important;text-decoration:underline !important;"
    "font-size:13px !important;"
)

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
) -> str:
    """Return a text part with the footer under it. `first_mail_note` replaces the note on the first attested mail."""
    words = _WORDS.get(language, _WORDS["ja"])
    lines = [
        _RULE,
        words["why"],
        "{% if first-mail %}" + _plain(_note(words, details, first_mail_note)) + "\n{% endif %}" + words["stop"],
        "{{ unsubscribe_url }}",
        "",
        *(f"{name}{words['colon']}{_plain(value)}" for name, value in _items(words, details)),
        _plain(words["system"].format(provider=provider)),
    ]
    return text.rstrip() + "\n\n" + "\n".join(lines) + "\n"


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
        _row(f'{words["stop"]}<br>\n<a href="{{{{ unsubscribe_url }}}}" style="{_LINK}">{words["stop_link"]}</a>'),
        _row("<br>".join(items)),
        _row(_plain(escape(words["system"].format(provider=provider)))),
    ]
    # Lines of its own: one of more than 998 octets would have the whole part written as quoted-printable.
    look, centred = (_TABLE, "") if width is None else (f"{_TABLE}{_column(width)}", ' align="center"')
    footer = (
        f'\n<table role="presentation" width="{width or "100%"}"{centred} cellpadding="0" cellspacing="0" border="0"\n'
        f' bgcolor="#ffffff" style="{look}">\n<tr style="display:table-row !important;">'
        f'<td bgcolor="#ffffff" style="{_CELL}">' + "".join(f"\n{row}" for row in rows) + "\n</td></tr></table>\n"
    )
    document = complete_document(clean_html(html), language)
    end = document.rindex("</body>")
    return document[:end] + footer + document[end:]


def _column(width: int) -> str:
    return f"max-width:{width}px !important;margin:24px auto 0 auto !important;"


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
    return f'<p style="{_LOOK}">{content}</p>'


def _plain(text: str) -> str:
    """Return text in which no Liquid tag begins, on one line: the details are words, not a template."""
    return re.sub(r"\{(?=[{%])", '{{ "{" }}', " ".join(text.split()))
