"""Customers' HTML: nothing that acts survives, Liquid does, and no choice that it makes tears the HTML apart."""

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wem.delivery.markup import names_in_links, shield
from wem.delivery.personalising import compile_template
from wem.delivery.template_nodes import Kind, TemplateProblem
from wem.mailings.html import clean_html, complete_document, inline_styles, text_from_html
from wem.mailings.samples import Sample, sample_readers

KNOWN = {"氏名", "年齢", "a", "b", "c", "unsubscribe_url"}

MAIL = """<!DOCTYPE html>
<html lang="en"><head><title>題 {{ a }}</title><meta http-equiv="refresh" content="0;url=https://evil.example">
<style>p{color:red} @media (max-width:600px){p{font-size:20px}} @import url(https://evil.example/x.css);</style></head>
<body bgcolor="#eeeeee" style="margin:0" onload="alert(1)"><!-- note {{ b }} -->
<table role=presentation width="600" cellpadding=0><tr><td background="https://x.example/y.png" onclick=x>
{{ 氏名 | default: "お客様" }}様</td></tr>
{% if 年齢 >= 20 and 年齢 < 65 %}<tr><td><p>大人 > 子供</p></td></tr>{% else %}<tr><td>他</td></tr>{% endif %}</table>
<a href="{{ unsubscribe_url }}" target=_blank>解除</a> <img src="https://x.example/a.png" alt="絵 {{ 氏名 }}" width=10>
<form action="/x"><input name=q><button>押す</button>中身</form></body></html>"""


def filled(source, values=None, escape="html"):
    return compile_template(source, escape=escape, known=KNOWN).render(values or {})


def test_a_mail_keeps_its_markup_and_its_liquid():
    cleaned = clean_html(MAIL)
    assert cleaned.startswith('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">')
    assert '<body bgcolor="#eeeeee" style="margin:0">' in cleaned
    assert '<table role="presentation" width="600" cellpadding="0">' in cleaned
    assert '<td background="https://x.example/y.png">' in cleaned
    assert '{{ 氏名 | default: "お客様" }}様' in cleaned
    assert "{% if 年齢 >= 20 and 年齢 < 65 %}<tr>" in cleaned
    assert "大人 &gt; 子供" in cleaned and "中身" in cleaned
    assert '<a href="{{ unsubscribe_url }}" target="_blank">解除</a>' in cleaned
    assert '<img src="https://x.example/a.png" alt="絵 {{ 氏名 }}" width="10">' in cleaned
    assert "<style>p{color:red} @media (max-width:600px){p{font-size:20px}} </style></head>" in cleaned
    for gone in ("onload", "onclick", "<form", "<input", "<button", "refresh", "@import", "<!-- ", "<title"):
        assert gone not in cleaned
    assert clean_html(cleaned) == cleaned


def test_rows_stand_where_the_condition_puts_them():
    shown = filled(clean_html(MAIL), {"年齢": "30"})
    assert "大人" in shown and "他" not in shown
    assert shown.index("<table") < shown.index("大人") < shown.index("</table>")
    assert "他" in filled(clean_html(MAIL), {"年齢": "70"})


def test_a_part_stays_a_part_and_can_be_completed():
    assert clean_html("<p>x") == "<p>x</p>"
    whole = complete_document("<style>p{}</style><p>{{ a }}</p>")
    assert re.search(r"<style>p\{\}</style></head><body><p>\{\{ a \}\}</p></body></html>\n$", whole)
    assert complete_document(whole) == whole == clean_html(whole)


def test_styles_are_inlined_around_liquid():
    inlined = inline_styles(clean_html(MAIL))
    assert '<p style="color: red;">大人' in inlined
    assert "@media (max-width:600px)" in inlined and "p{color:red}" not in inlined
    assert '{{ 氏名 | default: "お客様" }}様' in inlined
    assert "{% if 年齢 >= 20 and 年齢 < 65 %}" in inlined
    assert filled(inlined, {"氏名": "髙橋"}).count("髙橋") == 2


def test_text_shows_links_pictures_and_liquid():
    text = text_from_html(clean_html(MAIL))
    assert '{{ 氏名 | default: "お客様" }}様' in text
    assert "解除 <{{ unsubscribe_url }}>" in text and "絵 {{ 氏名 }}" in text
    assert "大人 > 子供" in text and "color" not in text
    assert filled(text, {"氏名": "A&B", "unsubscribe_url": "https://x/u/1?a=1&b=2"}, "text").count("A&B") == 2
    assert "\n\n\n" not in text


def test_text_of_conditions_has_no_empty_lines():
    source = "<p>一</p>\n{% if a %}\n<p>二</p>\n{% endif %}\n<p>三</p>"
    text = text_from_html(clean_html(source))
    assert "\n\n\n" not in filled(text, {}, "text") and "\n\n\n" not in filled(text, {"a": "1"}, "text")


def test_text_keeps_lists_and_line_breaks():
    html = "<h1>題</h1><p>一行<br>二行</p><ul><li>甲</li><li>乙</li></ul><a href='#top'>上へ</a>"
    assert text_from_html(html) == "題\n\n一行\n二行\n\n  * 甲\n  * 乙\n上へ\n"


ATTACKS = [
    "<script>alert(1)</script>",
    "<ScRiPt >alert(1)</sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' java\tscript:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "<a href='vbscript:x'>x</a>",
    "<a href='data:text/html,<script>'>x</a>",
    "<iframe src=https://evil.example></iframe>",
    "<object data=x></object>",
    "<embed src=x>",
    "<form action=x><input></form>",
    "<meta http-equiv=refresh content='0;url=x'>",
    "<base href='https://evil.example/'>",
    "<link rel=stylesheet href=x>",
    "<body onload=alert(1)>",
    "<html onclick=alert(1)>",
    "<div style='width:expression(alert(1))'>",
    "<p style='behavior:url(x)'>",
    "<div style='background:url(javascript:alert(1))'>",
    "<style>@import 'https://evil.example/x.css';</style>",
    "<style>p{-moz-binding:url(x)}</style>",
    "<style></style><script>alert(1)</script>",
    "<style><!--</style><script>x</script>-->",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<textarea><img src=x onerror=alert(1)></textarea>",
    "<!--[if mso]><script>alert(1)</script><![endif]-->",
    "<![if !mso]><script>x</script><![endif]>",
    "<?xml x ?><script>x</script>",
    "<template><script>x</script></template>",
    "<a href='x' ping='https://evil.example'>",
    "<img srcset='javascript:x'>",
    "<td background='javascript:x'>",
    "<table background='javascript:alert(1)'>",
    "<input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<x onclick=alert(1)>",
    "<!-->\n<script>x</script>-->",
    "<div style='position:fixed;top:0'>",
    "<div style='positposition:fixed;ion:absolute'>",
    "<a target=x formaction=javascript:x>",
    "{{ a }}<script>{{ b }}</script>",
    "<a href='java{% comment %}x{% endcomment %}script:alert(1)'>x</a>",
]
FORBIDDEN = re.compile(
    r"<\s*(script|iframe|object|embed|form|input|button|meta http|base|link|svg|math|template|textarea|noscript|video)"
    r"|<[^>]*\son\w+\s*=|javascript:|vbscript:|data:|expression\(|@import|behavior|-moz-binding|(?<![\w-])position:\s*(fixed|abs)"
    r"|ping=|srcset|formaction",
    re.IGNORECASE,
)


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("frame", ["{}", "<p title='x'>{}</p>", "<!DOCTYPE html><html><body>{}</body></html>"])
def test_nothing_that_acts_survives(attack, frame):
    try:
        cleaned = clean_html(frame.format(attack))
    except TemplateProblem:
        return
    for html in (cleaned, filled(cleaned), filled(inline_styles(cleaned))):
        assert not FORBIDDEN.search(html), html


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ('<p {% if a %}class="b"{% endif %}>', (1, 4)),
        ("<p {{ a }}>x", (1, 4)),
        ("<style>p{color:{{ a }}}</style>", (1, 16)),
        ('<img alt="{% if a %}">{% endif %} onerror=alert(1) "', (1, 23)),
        ('x\n<p title="{% if a %}" class="{% else %}" lang="{% endif %}">', (2, 30)),
        ('<div style="display:none">{% if a %}</div>{% endif %}', (1, 43)),
        ("<p>{% if a %}<b>x{% endif %}</b>", (1, 18)),
        ("{% case a %}{% when 1 %}<b>{% when 2 %}</b>{% endcase %}", (1, 28)),
        ("<svg>{{ a }}</svg>", (1, 6)),
        ("<a href=\"{{ 'javascript:alert(1)' }}\">", (1, 10)),
        ('<a href="{{ a | prepend: b }}">', (1, 10)),
        ('<a href="java{{ a }}script:x">', (1, 14)),
        ('<a href="{% if a %}javascript:x{% endif %}">', (1, 10)),
        ('<a href="{% if a %}{% endif %}javascript:x">', (1, 10)),
        ('<a href="{{ a }}javascript:x">', (1, 10)),
        ('<img src="{{ a }}mailto:x">', (1, 11)),
        ("<p onclick='{{ a }}'>", (1, 13)),
    ],
)
def test_liquid_where_it_cannot_stand_is_told_with_its_place(source, place):
    with pytest.raises(TemplateProblem) as caught:
        clean_html(source)
    assert (caught.value.kind, (caught.value.line, caught.value.column)) == (Kind.misplaced, place)


@pytest.mark.parametrize(
    "href",
    [
        "{{ unsubscribe_url }}",
        "https://x.example/?a={{ a }}&b={{ b | url_encode }}",
        "{% if a %}https://x.example/{% else %}https://y.example/?q=1{% endif %}",
        "https://x.example/{% if a %}jp{% else %}en{% endif %}/",
        "{{ a | default: 'https://x.example/' }}",
        '{{ a | strip | default: "" }}/path',
        "mailto:x@example.jp?subject={{ a }}",
        "#top",
    ],
)
def test_addresses_with_liquid_pass(href):
    quote = "'" if '"' in href else '"'
    cleaned = clean_html(f"<a href={quote}{href}{quote}>x</a>")
    assert cleaned == '<a href="' + href.replace("&b", "&amp;b").replace("&q", "&amp;q") + '">x</a>'


def test_quoted_texts_in_liquid_are_escaped_when_printed():
    source = """<p title="{{ "x\\" onerror=" }}">{{ "<script>" }}{{ a | default: '<img src=x onerror=y>' }}</p>"""
    shown = filled(clean_html("<p title='{{ \"<b>\" }}'>{{ \"<script>\" }}{{ a | default: '<img onerror=y>' }}</p>"))
    assert shown == '<p title="&lt;b&gt;">&lt;script&gt;&lt;img onerror=y&gt;</p>'
    with pytest.raises(TemplateProblem):
        filled(clean_html(source))


def test_words_that_look_like_stand_ins_are_not_touched():
    source = "<p>_wm0x0_ &#95;wm1x0_ <!--_wm0x0_--> {{ a }}</p>"
    assert clean_html(source) == "<p>_wm0x0_ _wm1x0_  {{ a }}</p>"
    assert shield(source).restore(shield(source).html).count("{{ a }}") == 1


FRAGMENTS = [
    "<p>",
    "</p>",
    "<b>",
    "</b>",
    "<table>",
    "<tr>",
    "<td>",
    "</table>",
    "<div class='",
    "'>",
    '<a href="',
    '">',
    "</a>",
    "<img alt=",
    ">",
    "x",
    " onerror=alert(1) ",
    "{% if a %}",
    "{% else %}",
    "{% endif %}",
    "{{ 氏名 }}",
    "{{ '<i>' }}",
    "<!--",
    "-->",
    "<style>",
    "</style>",
    "<script>",
    "</script>",
    "javascript:",
    "https://x.example/",
    '"',
    "'",
    "<",
    "&lt;",
    "{% comment %}",
    "{% endcomment %}",
    "{% unless b %}",
    "{% endunless %}",
]


class Structure(HTMLParser):
    """What a reader's program sees: tags in order with their attributes' names, and whether all are closed."""

    def __init__(self, html):
        super().__init__()
        self.open, self.odd, self.attributes = [], [], set()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.attributes |= {name for name, _ in attrs}
        if tag not in ("img", "br", "meta", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag == "tbody" and self.open[-1:] != ["tbody"]:
            return  # a row group whose rows were all left out
        if not self.open or self.open.pop() != tag:
            self.odd.append(tag)


@settings(max_examples=400)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join))
def test_whatever_conditions_decide_the_html_stays_whole_and_harmless(source):
    try:
        cleaned = clean_html(source)
        template = compile_template(cleaned, escape="html", known=KNOWN)
    except TemplateProblem:
        return
    assert clean_html(cleaned) == cleaned
    for values in ({}, {"a": "1"}, {"b": "1"}, {"a": "1", "b": "1", "氏名": "\"'><script>"}):
        shown = template.render(values)
        structure = Structure(shown)
        assert not structure.odd and set(structure.open) <= {"tbody"}, shown
        assert structure.attributes <= {"class", "href", "alt"}, shown
        assert "<script" not in shown


def test_names_in_links():
    html = clean_html(
        '<a href="https://x.example/?p={{ a }}{% if b == 1 %}&q=1{% endif %}" title="{{ 氏名 }}">{{ 年齢 }}</a>'
        '<p style="color:{{ c }}">{{ 氏名 }}</p>{% comment %}<a href="{{ zz }}">{% endcomment %}'
    )
    assert names_in_links(html) == {"a", "b", "c"}
    assert names_in_links(
        "<img src={{ a }} alt={{ 氏名 }}><td background='x{{ b }}'><p>{{ 年齢 }} href={{ 年齢 }}</p>"
    ) == {"a", "b"}


@pytest.mark.parametrize(
    "source",
    [
        "<div>" * 90_000,
        "<b>" * 150_000,
        "<table><td>" * 40_000,
        "<a " * 150_000,
        '<body "' * 70_000,
        "<body <body" * 40_000,
        "<a b=1" * 70_000,
        "<style>" * 70_000,
        "<!--" * 120_000,
        "<p>" * 160_000,
        "<b><i>" * 40_000 + "</b>" * 20_000,
        '<a href="' + "{% if a %}" * 40_000 + '">',
        "{% if a %}<p>{% endif %}" * 20_000,
        "x" * 500_001,
    ],
)
def test_cleaning_takes_linear_time(source):
    start = time.process_time()
    try:
        clean_html(source[:500_001])
    except TemplateProblem:
        pass
    assert time.process_time() - start < 8


class Definition:
    def __init__(self, kind, label, key, options=()):
        self.kind, self.label, self.key, self.options = kind, label, key, list(options)


def test_sample_readers_have_a_value_for_every_field():
    definitions = [
        Definition("text", "氏名", "氏名"),
        Definition("text", "備考", "備考"),
        Definition("number", "年齢", "年齢"),
        Definition("date", "誕生日", "誕生日"),
        Definition("choice", "地域", "地域", ["東", "西日本"]),
        Definition("choices", "興味", "興味", ["本", "音楽"]),
        Definition("yes_no", "会員", "会員"),
    ]
    readers = sample_readers(definitions)
    assert [reader.sample for reader in readers] == list(Sample)
    by_sample = {reader.sample: reader for reader in readers}
    keys = {definition.key for definition in definitions}
    assert all(set(reader.fields) == keys for reader in readers)
    assert set(by_sample[Sample.empty].fields.values()) == {None}
    assert all(
        value is not None
        for sample, reader in by_sample.items()
        if sample != "empty"
        for value in reader.fields.values()
    )
    assert (
        by_sample[Sample.longest].fields["興味"] == ["本", "音楽"]
        and by_sample[Sample.longest].fields["地域"] == "西日本"
    )
    assert (
        by_sample[Sample.ordinary].fields["氏名"] == "﨑山 花子" and by_sample[Sample.ordinary].fields["会員"] is True
    )
    assert all(reader.address.endswith(".example") for reader in readers)
    assert ".." in by_sample[Sample.old_phone].address
