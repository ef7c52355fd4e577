"""The mails to readers, word for word. After a wanted change run this file with REWRITE_GOLDEN=1, and read them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from wem.lists import emails
from wem.lists.notice import notice_for
from wem.lists.senders import Sender
from wem.outbox import SystemMail

GOLDEN = Path(__file__).parent / "golden"
SENDER = Sender(1, "takahashi", "株式会社髙橋商店", "190-0012", "東京都立川市曙町1-1-1", "042-000-0000", True)
TO = "reader@example.com"
LISTS = ["お得情報", "週末<セール> & more"]
LINK, OUT, OWN = (f"http://localhost:8001/{kind}/token" for kind in "cup")

MAILS: dict[str, Callable[[str, list[str], tuple[str, ...]], SystemMail]] = {
    "confirmation": lambda language, lists, notice: emails.confirmation(TO, lists, SENDER, notice, LINK, language),
    "invitation": lambda language, lists, notice: emails.invitation(TO, lists, SENDER, notice, LINK, language),
    "already_registered": lambda language, lists, _: emails.already_registered(TO, lists, SENDER, OWN, OUT, language),
    "registered": lambda language, lists, _: emails.registered(TO, lists, SENDER, OWN, OUT, language),
    "stopped": lambda language, lists, _: emails.stopped(TO, lists, SENDER, OWN, language),
    "address_change": lambda language, _lists, _notice: emails.address_change(TO, SENDER, LINK, language),
}


def make(kind: str, language: str) -> SystemMail:
    return MAILS[kind](language, LISTS, notice_for(SENDER.name, language).lines)


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("kind", MAILS)
def test_word_for_word(app: Flask, kind: str, language: str) -> None:
    mail = make(kind, language)
    assert mail.html is not None
    whole = f"From: {mail.sender_name}\nTo: {mail.recipient}\nSubject: {mail.subject}\n\n{mail.text}"
    for ending, text in (("txt", whole), ("html", mail.html)):
        path = GOLDEN / f"{kind}.{language}.{ending}"
        if os.environ.get("REWRITE_GOLDEN"):
            path.write_text(text, "utf-8")
        assert text == path.read_text("utf-8"), f"{path.name} differs; read it, then REWRITE_GOLDEN=1"


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("kind", MAILS)
def test_what_every_mail_holds(app: Flask, kind: str, language: str) -> None:
    mail = make(kind, language)
    assert mail.html is not None
    read = BeautifulSoup(mail.html, "html.parser").get_text(" ")
    for text in (mail.text, read):
        # Who sends, where, how to complain, who runs it (特定電子メール法 4条, Art. 17-2).
        for words in (SENDER.name, SENDER.postal_address, SENDER.contact, "日本IP通信株式会社"):
            assert words in text
    # No pictures, nothing loaded, nothing tracked: an answer, not a mailing.
    assert not re.search(r"<(img|link|script|iframe)\b|url\(", mail.html)
    links = set(re.findall(r'(?:href|src)="([^"]+)"', mail.html)) | set(re.findall(r"https?://\S+", mail.text))
    assert links <= {LINK, OUT, OWN}
    assert mail.sender_name == SENDER.name
    assert "\n" not in mail.subject
    if kind in ("confirmation", "invitation"):
        for line in notice_for(SENDER.name, language).lines:
            assert line in mail.text and line in read
    if language == "ja":
        assert not re.search(r"[A-Za-z]{4,} [a-z]{3,} [a-z]{3,}", mail.text.replace("& more", "")), "not translated"


def test_names_of_customers_do_no_harm_in_html(app: Flask) -> None:
    mail = make("registered", "ja")
    assert mail.html is not None and "週末&lt;セール&gt; &amp; more" in mail.html
    assert "週末<セール> & more" in mail.text
