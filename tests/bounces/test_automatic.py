"""Automatic answers and ordinary mail, Japanese and English, by invented people: none of them is a bounce."""

from __future__ import annotations

import base64

import pytest

from wem.bounces.reading import read
from wem.bounces.states import Kind


def mail(subject: str, text: str, headers: str = "", charset: str = "utf-8", sender: str = "山田花子") -> bytes:
    """Return a mail from hanako@shop.example as phones and offices write it."""

    def word(value: str) -> str:
        return f"=?{charset}?B?{base64.b64encode(value.encode(charset)).decode()}?="

    head = (
        f"From: {word(sender)} <hanako@shop.example>\nTo: news@list.example\nSubject: {word(subject)}\n"
        f"Message-ID: <1@shop.example>\nMIME-Version: 1.0\nContent-Type: text/plain; charset={charset}\n{headers}\n"
    )
    return head.encode() + text.encode(charset)


ANSWERS = [
    ("【自動返信】お問い合わせありがとうございます", "お問い合わせを受け付けました。", ""),
    ("自動応答: 6月のお知らせ", "このメールは自動的に送信しています。", ""),
    ("不在通知: 6月のお知らせ", "出張のため、6月10日まで返信が遅れます。", ""),
    ("Re: 6月のお知らせ", "ただいま夏季休暇をいただいております。8月17日より通常どおりです。", ""),
    (
        "Re: 6月のお知らせ",
        "山田は3月末をもちまして退職いたしました。後任は佐藤です。",
        "In-Reply-To: <m@list.example>\n",
    ),
    ("Re: 6月のお知らせ", "本日は終日外出しております。後ほどご連絡いたします。", ""),
    ("6月のお知らせ", "メールを受け付けました。", "Auto-Submitted: auto-replied\n"),
    ("6月のお知らせ", "ありがとうございました。", "X-Autoreply: yes\n"),
    ("6月のお知らせ", "ありがとうございました。", "Precedence: auto_reply\n"),
    ("Out of Office: News in June", "I am back on Monday.", ""),
    ("Automatic reply: News in June", "I am travelling. If this cannot wait, call the office.", ""),
    ("Re: News in June", "I am currently out of the office with no access to mail.", ""),
    ("Re: News in June", "Hanako has left the company. Her mailbox is no longer in use.", "Return-Path: <>\n"),
    ("Abwesenheit: News", "Ich bin bis Montag nicht im Haus.", ""),
    ("Réponse automatique : News", "Je suis absente jusqu'au 10 juin.", ""),
]


@pytest.mark.parametrize(("subject", "text", "headers"), ANSWERS)
def test_automatic_answers(subject: str, text: str, headers: str) -> None:
    found = read(mail(subject, text, headers))
    assert found.kind is Kind.autoreply and not found.recipients


@pytest.mark.parametrize("charset", ["iso-2022-jp", "shift_jis", "euc-jp"])
def test_automatic_answers_of_older_programs(charset: str) -> None:
    assert read(mail("自動返信: お知らせ", "ただいま不在です。", charset=charset)).kind is Kind.autoreply
    assert read(mail("Re: お知らせ", "ただいま休暇中です。", charset=charset)).kind is Kind.autoreply


ORDINARY = [
    ("Re: 6月のお知らせ", "いつも楽しく読んでいます。次号も楽しみです。", ""),
    ("メールが届きません", "御社からのメールが届きません。user unknown と返ってきました: taro@shop.example", ""),
    (
        "Re: Undelivered Mail Returned to Sender",
        "何でしょうか。\n> <taro@shop.example>: 550 User unknown",
        "",
    ),
    ("Fwd: failure notice", "<taro@shop.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n", ""),
    ("転送: エラーメール", "お客様に送信できません: taro@shop.example 550 User unknown", ""),
    ("Mailbox full?", "My mailbox was full last week, was your mail returned? taro@shop.example", ""),
    ("ご注文の配送状況", "商品をお届けできませんでした。お問い合わせ: help@shop.example", ""),
    ("Meeting", "I was on vacation last week. Shall we meet on Monday?", ""),
    ("休み明けの打ち合わせ", "来週よろしくお願いいたします。", ""),
    ("June news", "How to read a bounce: 550 5.1.1 User unknown means that the address is dead.", "List-Id: <a.b>\n"),
]


@pytest.mark.parametrize(("subject", "text", "headers"), ORDINARY)
def test_ordinary_mail_is_normal(subject: str, text: str, headers: str) -> None:
    found = read(mail(subject, text, headers))
    assert found.kind is Kind.normal and not found.recipients


@pytest.mark.parametrize(
    "quoted",
    [
        "> ただいま夏季休暇をいただいております。\n> メールを受け付けました。",
        "2026年8月1日(土) 12:00 髙橋商店 <shop@list.example>:\n> 休業のお知らせ：以下の期間はお休みをいただきます。",
        "-----Original Message-----\nFrom: shop\n\nI am out of the office. This is an automated response.",
        "On Sat, Aug 1, 2026 at 12:00 Shop <shop@list.example> wrote:\n> We are on holiday until Monday.",
    ],
)
def test_what_is_quoted_makes_no_machine_of_who_answers(quoted: str) -> None:
    answers = "In-Reply-To: <m@list.example>\n"
    for text in (f"楽しみにしています。\n\n{quoted}", f"{quoted}\n"):
        assert read(mail("Re: 夏の営業", text, answers)).kind is Kind.normal
    own = f"ただいま休暇中です。\n\n{quoted}"
    assert read(mail("Re: 夏の営業", own, answers)).kind is Kind.autoreply


def test_a_read_receipt_is_automatic() -> None:
    raw = (
        b"From: hanako@shop.example\nSubject: Read: June news\nContent-Type: multipart/report;"
        b' report-type=disposition-notification; boundary="b"\n\n--b\nContent-Type: text/plain\n\nIt was read.\n'
        b"--b\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; hanako@shop.example\n"
        b"Disposition: manual-action/MDN-sent-manually; displayed\n\n--b--\n"
    )
    assert read(raw).kind is Kind.autoreply
