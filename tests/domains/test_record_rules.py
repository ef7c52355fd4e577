"""What a record that is found says, with the mistakes that people make."""

from __future__ import annotations

import pytest

from wem.domains.record_rules import (
    Finding,
    dkim_record,
    dmarc_record,
    judge_dkim,
    judge_dmarc,
    judge_return_path,
    read_tags,
    return_path_record,
)
from wem.domains.rules import KeyKind

KEY = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A" + "x" * 350 + "IDAQAB"
RIGHT = f"v=DKIM1; k=rsa; p={KEY}"


@pytest.mark.parametrize(
    ("texts", "finding"),
    [
        ([RIGHT], Finding.right),
        ([f"v=DKIM1;k=rsa;p={KEY};"], Finding.right),
        ([f"v = DKIM1 ; p = {KEY}"], Finding.right),  # k=rsa is what a record without k means
        ([f"p={KEY}"], Finding.right),
        ([f"v=DKIM1; k=rsa; t=s; n=key of the shop; p={KEY}"], Finding.right),
        ([f"v=DKIM1; k=rsa; t=y; p={KEY}"], Finding.right),
        ([f"v=DKIM1; h=sha1:sha256; s=email; x=unknown; p={KEY}"], Finding.right),
        ([f"v=DKIM1; k=rsa; p={KEY[:200]} {KEY[200:]}"], Finding.right),  # blanks between the parts
        ([], Finding.missing),
        ([RIGHT, RIGHT], Finding.several),
        ([RIGHT, "v=spf1 -all"], Finding.several),
        (["v=DKIM1; k=rsa; p=MIIBother"], Finding.other_key),
        ([f"v=DKIM1; k=rsa; p={KEY[:237]}"], Finding.cut),
        (["v=DKIM1; k=rsa; p="], Finding.revoked),
        ([f"v=DKIM1; k=ed25519; p={KEY}"], Finding.unusable),
        ([f"v=DKIM1; k=rsa; h=sha1; p={KEY}"], Finding.unusable),
        ([f"v=DKIM1; k=rsa; s=other; p={KEY}"], Finding.unusable),
        ([f"v=DKIM2; k=rsa; p={KEY}"], Finding.unreadable),
        ([f"k=rsa; v=DKIM1; p={KEY}"], Finding.unreadable),  # the version comes first
        ([f"v=DKIM1; p={KEY}; p={KEY}"], Finding.unreadable),
        ([f'"v=DKIM1; k=rsa; p={KEY}"'], Finding.unreadable),  # with quotation marks of its own
        (["v=spf1 include:example.jp -all"], Finding.unreadable),
        (["v=DKIM1; k=rsa"], Finding.unreadable),
        ([""], Finding.unreadable),
    ],
)
def test_dkim(texts: list[str], finding: Finding) -> None:
    assert judge_dkim(KeyKind.rsa, KEY, texts) is finding


def test_dkim_of_the_other_kind() -> None:
    public = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    assert judge_dkim(KeyKind.ed25519, public, [f"v=DKIM1; k=ed25519; p={public}"]) is Finding.right
    assert judge_dkim(KeyKind.ed25519, public, [f"v=DKIM1; p={public}"]) is Finding.unusable


@pytest.mark.parametrize(
    ("texts", "finding"),
    [
        (["v=DMARC1; p=none"], Finding.right),
        (["v=DMARC1;p=reject;rua=mailto:x@example.jp;"], Finding.right),
        (["v=DMARC1; p=Quarantine; adkim=s"], Finding.right),
        (["v=DMARC1; p=none", "something else"], Finding.right),
        ([], Finding.missing),
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], Finding.several),
        (["v=DMARC1"], Finding.unreadable),
        (["v=DMARC1; p=maybe"], Finding.unreadable),
        (["p=none; v=DMARC1"], Finding.unreadable),
        (["v=spf1 -all"], Finding.unreadable),
    ],
)
def test_dmarc(texts: list[str], finding: Finding) -> None:
    assert judge_dmarc(texts) is finding


@pytest.mark.parametrize(
    ("chain", "others", "finding"),
    [
        (["bounce.mail.wem.example"], False, Finding.right),
        (["Bounce.Mail.WeM.example."], False, Finding.right),
        (["other.example.jp", "bounce.mail.wem.example", "mx.wem.example"], False, Finding.right),
        (["bounce.mail.wem.example.shop.example.jp"], False, Finding.other_target),
        ([], False, Finding.missing),
        ([], True, Finding.not_an_alias),
    ],
)
def test_return_path(chain: list[str], others: bool, finding: Finding) -> None:
    assert judge_return_path("bounce.mail.wem.example", chain, others) is finding


def test_what_is_to_be_published() -> None:
    record = dkim_record("shop.example.jp", "wem1", KeyKind.rsa, KEY)
    assert (record.name, record.type) == ("wem1._domainkey.shop.example.jp", "TXT")
    assert record.host("shop.example.jp") == "wem1._domainkey"
    assert [len(piece) for piece in record.pieces] == [255, len(record.value) - 255]
    assert "".join(record.pieces) == record.value == RIGHT
    assert dmarc_record("shop.example.jp").name == "_dmarc.shop.example.jp"
    assert return_path_record("shop.example.jp", "bounce.mail.wem.example").host("shop.example.jp") == "bounce"


def test_tags() -> None:
    assert read_tags(" a=1 ; b = x=y ;") == {"a": "1", "b": "x=y"}
    assert read_tags("a=1;;b=2") is None
    assert read_tags("no tags") is None
