"""Providers by domain."""

from __future__ import annotations

import pytest

from wem.lists.rules import DOMAIN_GROUP_TEXTS, DomainGroup, domain_group, is_carrier

G = DomainGroup


@pytest.mark.parametrize(
    ("domain", "group"),
    [
        ("docomo.ne.jp", G.DOCOMO),
        ("ezweb.ne.jp", G.AU),
        ("x.ezweb.ne.jp", G.AU),
        ("x.biz.ezweb.ne.jp", G.AU),
        ("au.com", G.AU),
        ("biz.au.com", G.AU),
        ("sky.tu-ka.ne.jp", G.AU),
        ("softbank.ne.jp", G.SOFTBANK),
        ("i.softbank.jp", G.SOFTBANK),
        ("q.vodafone.ne.jp", G.SOFTBANK),
        ("jp-t.ne.jp", G.SOFTBANK),
        ("disney.ne.jp", G.SOFTBANK),
        ("ymobile.ne.jp", G.YMOBILE),
        ("wm.pdx.ne.jp", G.YMOBILE),
        ("willcom.com", G.YMOBILE),
        ("uqmobile.jp", G.UQ),
        ("rakuten.jp", G.RAKUTEN),
        ("gmail.com", G.GMAIL),
        ("yahoo.co.jp", G.YAHOO_JP),
        ("yahoo.ne.jp", G.YMOBILE),
        ("outlook.jp", G.MICROSOFT),
        ("hotmail.co.jp", G.MICROSOFT),
        ("icloud.com", G.ICLOUD),
        ("me.com", G.ICLOUD),
        ("mail.example.jp", G.OTHER),
        ("x.gmail.com", G.OTHER),
        ("notdocomo.ne.jp", G.OTHER),
        ("x.vodafone.ne.jp", G.OTHER),
        ("ne.jp", G.OTHER),
        ("", G.OTHER),
    ],
)
def test_group(domain: str, group: DomainGroup) -> None:
    assert domain_group(domain) is group
    assert is_carrier(domain) is (group in (G.DOCOMO, G.AU, G.SOFTBANK, G.YMOBILE, G.UQ, G.RAKUTEN))


def test_each_group_has_a_name_and_fits_its_column() -> None:
    assert set(DOMAIN_GROUP_TEXTS) == set(G)
    assert all(len(group.value) <= 16 for group in G)
