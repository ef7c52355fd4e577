"""Which fields stand in addresses that are written out as text."""

from __future__ import annotations

import time

import pytest

from wem.mailings.auto_links import names_in_body_addresses, names_in_text_addresses

TEXTS = [
    ("https://x.example/?m={{ email }}", {"email"}),
    ("詳しくはhttps://x/?m={{ email }}", {"email"}),
    ("https://x/{{ email | upcase }}です", {"email"}),
    ('https://x/?n={{ 氏名 | default: "お客様" }}', {"氏名"}),
    ("https://x/をご覧ください、{{ 氏名 }}様", {"氏名"}),
    ("https://x/" + "あ" * 1000 + "{{ 氏名 }}", {"氏名"}),
    ("www.x.example/{{ 氏名 }}", {"氏名"}),
    ("x.example/?m={{ email }}", {"email"}),
    ("{{ 店 }}?m={{ email }}", {"email"}),
    ("https://{{ 氏名 }}.x.example/", {"氏名"}),
    ("{{ 氏名 }}.x.example/", {"氏名"}),
    ("https://x/?m= {{- email }}", {"email"}),
    ("https://x/?m={{ 地域 -}} {{ email }}", {"地域", "email"}),
    ("https://x/{% if 地域 %} {% else %}{{ email }}{% endif %}", {"地域", "email"}),
    ("{% if 地域 %}https://x/{% endif %}{{ email }}", {"email"}),
    ('{{ "https://x/" }}{{ email }}', {"email"}),
    ("{{ unsubscribe_url }}{{ email }}", {"email"}),
    ("https://x/?u={{ unsubscribe_url }}", {"unsubscribe_url"}),
    ("{{ 氏名 }}様 https://x/", set()),
    ("{{ 氏名 }}様はhttps://x/ へ", set()),
    ("https://x/\n{{ 氏名 }}様", set()),
    ("https://x/　{{ 氏名 }}様", set()),
    ("見る <https://x/>{{ 氏名 }}様", set()),
    ("{{ 姓 }}/{{ 名 }}", set()),
    ("登録アドレス：{{ email }}", set()),
    ("{% if 氏名 %}https://x/{% endif %} {{ 氏名 }}様", set()),
    ("{{ 氏名 }}様。ありがとう", set()),
    ("http://x/?m={{ email }}", {"email"}),
    ("x.example:8080/{{ 氏名 }}", {"氏名"}),
    ("例え.jp/?m={{ email }}", {"email"}),
    ("例え.xn--wgv71a119e/?m={{ email }}", {"email"}),
    ("192.0.2.1/?m={{ email }}", {"email"}),
    ("x.example{{ 店 }}{{ email }}", {"email"}),
    ("mailto:info@x.example?body={{ 氏名 }}", {"氏名"}),
    ("ID={{ 会員番号 }}", set()),
    ("会員番号={{ 会員番号 }}&ランク={{ ランク }}", set()),
    ("会員ID:{{ 会員番号 }}", set()),
    ("No.{{ 会員番号 }}", set()),
    ("ID?={{ 会員番号 }}", set()),
    ("A/{{ 会員番号 }}", set()),
    ("TEL:{{ 電話番号 }}", set()),
    ("件名 Ver.2/{{ 会員番号 }}", set()),
    ("https://x/ ID={{ 会員番号 }}", set()),
    ("https://x/?ID={{ 会員番号 }}", {"会員番号"}),
]
BODIES = [
    ("<p>https://x/?m={{ 氏名 }}</p>", {"氏名"}),
    ("<p>https://x/?m=<b>{{ 氏名 }}</b></p>", {"氏名"}),
    ("<p>https:&#47;&#47;x/{{ 氏名 }}</p>", {"氏名"}),
    ("<p>https://x/</p><p>{{ 氏名 }}様</p>", set()),
    ("<p>https://x/<br>{{ 氏名 }}様</p>", set()),
    ('<p><a href="https://x/">見る</a>{{ 氏名 }}様</p>', set()),
    ("<p>{{ 氏名 }}様 https://x/</p>", set()),
    ("<p>ID={{ 会員番号 }}</p>", set()),
]


@pytest.mark.parametrize(("text", "names"), TEXTS)
def test_names_in_addresses_of_a_text(text: str, names: set[str]) -> None:
    assert names_in_text_addresses(text) - {"店"} == names


@pytest.mark.parametrize(("html", "names"), BODIES)
def test_names_in_addresses_between_the_tags(html: str, names: set[str]) -> None:
    assert names_in_body_addresses(html) == names


def test_long_texts_take_linear_time() -> None:
    begun = time.process_time()
    for text in ("https://x/" * 5_000, "{{ email }}." * 2_000, "a." * 100_000, " " * 200_000 + "x"):
        names_in_text_addresses(text)
    assert time.process_time() - begun < 10
