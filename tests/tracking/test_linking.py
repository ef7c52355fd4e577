"""Counted links: each leads where it led, nothing else of the HTML changes, WeM's own pages are left alone."""

import html as entities
import re

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from tests.tracking.mailed import links
from wem.delivery.personalising import MAX_SOURCE, compile_template
from wem.delivery.template_nodes import TemplateProblem
from wem.mailings.html import clean_html, complete_document, inline_styles
from wem.tracking.addresses import filled, location, trimmed
from wem.tracking.linking import counted, uncounted
from wem.tracking.models import LinkKind

PUBLIC = "https://r.wem.example"
FIELDS = ("会員", "地域")
VALUES = {"会員": "はい", "地域": "北 海&道"}
KNOWN = {*FIELDS, "氏名", "unsubscribe_url", "link-token", "open-token"}
SLOT = re.compile(r'"https://r\.wem\.example/l/(\d+)\.\{\{ link-token \}\}"')
PICTURE = '<img src="https://r.wem.example/o/{{ open-token }}.gif" alt="" width="1" height="1" border="0">'


def finished(part: str) -> str:
    return inline_styles(complete_document(clean_html(part)))


def read(html: str, **values: str) -> str:
    return compile_template(html, escape="html", known=KNOWN).render(VALUES | {"氏名": "髙橋"} | values)


@pytest.mark.parametrize(
    ("href", "kind"),
    [
        ("https://shop.example.jp/", LinkKind.fixed),
        ("HTTP://Shop.example.jp", LinkKind.fixed),
        ("https://shop.example.jp/?a=1&amp;b=2#top", LinkKind.fixed),
        ("https://日本語.example/道?題=本", LinkKind.fixed),
        ("https://shop.example.jp:8443/a b", LinkKind.fixed),
        ("  https://shop.example.jp/x\n ", LinkKind.fixed),
        ("https://shop.example.jp/{{ 会員 }}", LinkKind.filled),
        ("https://shop.example.jp/?area={{ 地域 | url_encode }}&amp;x=1", LinkKind.filled),
        ("https://shop.example.jp/{% if 会員 %}in{% else %}out{% endif %}", LinkKind.filled),
        ("https://{{ 地域 }}.example.jp/", None),
        ("https://shop.example.jp{{ 地域 }}", None),
        ("https://shop.example.jp\\@evil.example/", None),
        ("{{ unsubscribe_url }}", None),
        ("https://shop.example.jp/?back={{ unsubscribe_url }}", None),
        ("https://r.wem.example/h/shop/join", None),
        ("HTTPS://R.WEM.EXAMPLE/p/x", None),
        ("mailto:info@shop.example.jp", None),
        ("tel:0312345678", None),
        ("#top", None),
        ("/here", None),
        ("https://shop.example.jp/&#123;{ 会員 }}", None),
        ("", None),
        ("https://", None),
        ("https://[::1/", None),
        ("https://shop.example.jp:port/", None),
    ],
)
def test_what_is_counted(href: str, kind: LinkKind | None) -> None:
    found = counted(f'<p><a href="{href}">x</a></p>', FIELDS, PUBLIC)
    assert [target.kind for target in found.targets] == ([kind] if kind else [])
    assert bool(SLOT.search(found.html)) is bool(kind)
    if kind is None:
        assert found.html == f'<p><a href="{href}">x</a></p>{PICTURE}'


def test_one_address_has_one_number() -> None:
    mail = '<a href="https://a.example/">1</a><a href="https://b.example/">2</a><a href="https://a.example/">3</a>'
    found = counted(mail, FIELDS, PUBLIC + "/")
    assert SLOT.findall(found.html) == ["1", "2", "1"]
    assert [(each.number, each.address) for each in found.targets] == [
        (1, "https://a.example/"),
        (2, "https://b.example/"),
    ]


def test_the_picture_is_the_last_thing_in_the_body() -> None:
    assert counted(finished("<p>本文</p>"), FIELDS, PUBLIC).html.rstrip().endswith(f"{PICTURE}</body></html>")


def test_who_is_no_reader_sees_the_mail_as_it_was() -> None:
    mail = finished('<a href="https://a.example/?x=&quot;1&quot;&amp;y=&lt;{{ 会員 }}&nbsp;">1</a>{{ 氏名 }}')
    found = counted(mail, FIELDS, PUBLIC)
    assert len(found.targets) == 1
    assert uncounted(found.html, {target.number: target.address for target in found.targets}) == mail


def test_what_only_looks_like_a_link_stays() -> None:
    mail = '<p title="<a href=" class="https://x.example/">&lt;a href="https://y.example/"&gt;</p>'
    assert counted(mail, FIELDS, PUBLIC).html == mail + PICTURE
    mail = '<a title=" href=" href="https://x.example/">x</a>'
    assert counted(mail, FIELDS, PUBLIC).targets[0].address == "https://x.example/"


def test_html_that_would_grow_too_large_is_sent_as_it_is() -> None:
    one = '<a href="http://a.jp">x</a>'
    mail = one * ((MAX_SOURCE - 100) // len(one))
    assert counted(mail, FIELDS, PUBLIC).html == mail


def test_fields_are_filled_in_and_made_fit_for_an_address() -> None:
    address = "https://shop.example.jp/{% if 会員 %}in{% endif %}?area={{ 地域 }}"
    assert location(filled(address, VALUES, "ja")) == "https://shop.example.jp/in?area=%E5%8C%97%20%E6%B5%B7&%E9%81%93"
    assert location(filled(address, {}, "ja")) == "https://shop.example.jp/?area="
    hostile = filled(address, {"地域": "x\r\nSet-Cookie: a=b\x00\u2028"}, "ja")
    made = location(hostile)
    assert made is not None and made.isprintable() and made.startswith("https://shop.example.jp/?area=xSet-Cookie")


HOSTS = st.sampled_from(["https://shop.example.jp", "http://a.example:8080", "https://日本.example", PUBLIC, "ftp://x"])
PLAIN = st.text(alphabet="ab/?=&%.~ #;'\"<>\\()[]{}題\u3000\t", max_size=20).filter(lambda text: "{{" not in text)
TAGS = st.sampled_from(
    ["{{ 会員 }}", "{{ 地域|url_encode }}", "{% if 会員 %}m{% else %}n&amp;{% endif %}", "{{ unsubscribe_url }}"]
)
HREFS = st.builds(
    lambda host, parts: host + "".join(parts),
    st.one_of(HOSTS, st.sampled_from(["", "#", "mailto:a@b.example", "{{ unsubscribe_url }}"])),
    st.lists(st.one_of(PLAIN.map(entities.escape), TAGS), max_size=4),
)
PARTS = st.one_of(
    HREFS.map(lambda href: f'<a class=x title="a < b" href="{href}" style="color:red">本</a>'),
    HREFS.map(lambda href: f'<map><area href="{href}" alt=""></map>'),
    st.sampled_from(
        [
            '<p title="<a href=">x</p>',
            "{% if 会員 %}<p>{{ 氏名 }}</p>{% endif %}",
            "&lt;a href=&quot;https://x.example/&quot;&gt;",
            "<style>@media print{a{color:red}}</style>",
            "\n\n<br>\xa0",
            '<img src="https://shop.example.jp/a.png" alt="{{ 氏名 }}">',
        ]
    ),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(PARTS, max_size=8))
def test_every_link_leads_where_it_led_and_all_else_stays(parts: list[str]) -> None:
    try:
        mail = finished("".join(parts))
        before = links(read(mail, unsubscribe_url="https://r.wem.example/u/x"))
    except TemplateProblem:
        reject()  # cannot be sent at all
    found = counted(mail, FIELDS, PUBLIC)
    addresses = {target.number: target.address for target in found.targets}
    assert found.html.count(PICTURE) == 1

    # Byte for byte the same but for the addresses of counted links.
    texts = SLOT.split(found.html.replace(PICTURE, ""))[::2]
    at = 0
    for text in texts:
        place = mail.find(text, at)
        assert place >= at and (at == 0 or mail[at] == '"')
        at = place + len(text)
    assert at == len(mail)
    undone = links(read(uncounted(found.html, addresses), unsubscribe_url="https://r.wem.example/u/x"))
    assert [*map(trimmed, undone)] == [*map(trimmed, before)]

    # As a reader sees it: each counted link goes to what stood there, each other is what stood there.
    rendered = {"unsubscribe_url": "https://r.wem.example/u/x", "link-token": "TOKEN", "open-token": "OPEN"}
    after = links(read(found.html, **rendered))
    assert len(before) == len(after)
    for was, now in zip(before, after, strict=True):
        counts = re.fullmatch(r"https://r\.wem\.example/l/(\d+)\.TOKEN", now)
        if counts is None:
            assert now == was
            continue
        assert location(filled(addresses[int(counts[1])], VALUES, "ja")) == location(was)
