"""Signatures of mails, verified by another implementation (dkimpy) over messages of every shape."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Callable

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from wem.delivery.signing import OVERSIGNED, SIGNED_HEADERS, Signer, SigningKey, relaxed_body

# `WEM_DKIM_MESSAGES=10000 pytest tests/delivery/test_signing.py` for the long proof.
MESSAGES = int(os.environ.get("WEM_DKIM_MESSAGES", "200"))
RSA = rsa.generate_private_key(65537, 2048)
ED25519 = ed25519.Ed25519PrivateKey.generate()
RSA_KEY = SigningKey("shop.example.jp", "wem1", RSA)
ED25519_KEY = SigningKey("shop.example.jp", "wem2", ED25519)
SERVICE_KEY = SigningKey("mail.wem.example", "wem1", rsa.generate_private_key(65537, 2048))


def record(key: SigningKey) -> bytes:
    """Return the TXT record of a key, made here by hand."""
    if isinstance(key.key, rsa.RSAPrivateKey):
        public = key.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return b"v=DKIM1; k=rsa; p=" + b64encode(public)
    return b"v=DKIM1; k=ed25519; p=" + b64encode(key.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))


RECORDS = {
    f"{key.selector}._domainkey.{key.domain}.".encode(): record(key) for key in (RSA_KEY, ED25519_KEY, SERVICE_KEY)
}


def dns(name: bytes, timeout: int = 5) -> bytes | None:
    return RECORDS.get(name)


def verified(mail: bytes, place: int = 0) -> bool:
    """Return whether the other implementation finds the signature at this place (0: on top) good."""
    try:
        return bool(dkim.DKIM(mail).verify(idx=place, dnsfunc=dns))
    except dkim.ValidationError:
        return False


blanks = st.sampled_from([b"", b" ", b"  ", b"\t", b" \t "])
words = st.sampled_from(
    [b"a", b"news", b"=?UTF-8?B?5qCq5byP?=", b"<b@example.jp>", b"x" * 60, b":", b";", b"caf\xc3\xa9"]
)
values = st.lists(st.tuples(st.sampled_from([b" ", b"  ", b"\t", b"\r\n ", b"\r\n\t", b" \r\n  "]), words), max_size=6)
names = st.sampled_from([*SIGNED_HEADERS, b"received", b"x-other", b"List-ID", b"REPLY-TO", b"cc", b"Comments"])
lines = st.one_of(
    st.just(b""),
    st.binary(max_size=40).map(lambda raw: raw.replace(b"\r", b"").replace(b"\n", b"")),
    st.tuples(words, blanks, words, blanks).map(b"".join),
    blanks,
)


@st.composite
def mails(draw: Callable[..., object]) -> bytes:
    """A mail with CRLF lines: fields in any order, folded, twice; a body that is empty or ends in any way."""
    fields = [(b"From", b" news@shop.example.jp"), (b"Subject", b" hi")]
    fields += [(name, b"".join(map(b"".join, value))) for name, value in draw(st.lists(st.tuples(names, values)))]  # type: ignore[misc, attr-defined]
    order = draw(st.permutations(fields))
    # A field of nothing but blank lines is no field for anybody (RFC 5322 section 3.2.2).
    head = b"".join(name + b":" + (value if value.strip() else b" x") + b"\r\n" for name, value in order)  # type: ignore[attr-defined]
    body = b"\r\n".join(draw(st.lists(lines, max_size=12)))  # type: ignore[arg-type]
    # A mail is complete: its last line has its end. Or there is no line at all.
    end = draw(st.sampled_from([b"\r\n", b"\r\n\r\n\r\n", b" \r\n", b"\t\r\n \r\n"]))
    return head + b"\r\n" + (body + end if body else draw(st.sampled_from([b"", end])))  # type: ignore[operator, no-any-return]


@given(mail=mails())
@settings(max_examples=MESSAGES, deadline=None)
def test_another_implementation_verifies_every_message(mail: bytes) -> None:
    """T15, with dkimpy."""
    signed = Signer([ED25519_KEY, RSA_KEY]).header(mail) + mail
    assert verified(signed, 0) and verified(signed, 1), signed


MAIL = (
    b"From: =?UTF-8?B?5qCq?= <news@shop.example.jp>\r\nTo: reader@readers.example.com\r\nSubject: hello\r\n"
    b"List-Unsubscribe: <https://m.wem.example/u/x>,\r\n <mailto:u@bounce.wem.example>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nList-Id: <1.shop.mail.wem.example>\r\n"
    b"Feedback-ID: 1:2:shop:wem-mail\r\nCFBL-Address: fbl@wem.example; report=arf\r\nCFBL-Feedback-ID: x\r\n"
    b"\r\nhello  \r\n\r\nworld\r\n\r\n\r\n"
)


def test_two_domains_sign_one_mail() -> None:
    field = Signer([RSA_KEY, SERVICE_KEY]).header(MAIL)
    assert field.count(b"DKIM-Signature:") == 2
    assert b"d=mail.wem.example" in field.partition(b"\r\nDKIM-Signature:")[0]
    assert verified(field + MAIL, 0) and verified(field + MAIL, 1)


def test_lines_are_short_and_end_as_they_must() -> None:
    for keys in ([RSA_KEY], [ED25519_KEY], [RSA_KEY, ED25519_KEY, SERVICE_KEY]):
        field = Signer(keys).header(MAIL)
        assert field.endswith(b"\r\n")
        assert all(len(line) <= 78 and line == line.rstrip() for line in field.split(b"\r\n"))
        assert b"\n" not in field.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    "name",
    [
        "From", "To", "Subject", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "Feedback-ID", "CFBL-Address",
        "CFBL-Feedback-ID",
    ],
)  # fmt: skip
def test_what_matters_is_signed(name: str) -> None:
    signed = Signer([RSA_KEY]).header(MAIL) + MAIL
    start = signed.index(name.encode() + b": ", signed.index(b"b="))
    changed = signed[: start + len(name) + 2] + b"changed " + signed[start + len(name) + 2 :]
    assert verified(signed) and not verified(changed)


@pytest.mark.parametrize("name", sorted(OVERSIGNED))
def test_a_second_field_of_the_kind_breaks_it(name: bytes) -> None:
    signed = Signer([RSA_KEY]).header(MAIL) + MAIL
    assert not verified(name + b": other <other@evil.example>\r\n" + signed)


def test_what_relays_add_breaks_nothing() -> None:
    signed = Signer([RSA_KEY]).header(MAIL) + MAIL
    assert verified(b"Return-Path: <x@y>\r\nReceived: from a by b;\r\n Mon, 1 Jan 2026 00:00:00 +0900\r\n" + signed)
    assert verified(signed.replace(b"hello  \r\n", b"hello \t \r\n") + b"\r\n\r\n"), "blanks at the end may change"
    assert not verified(signed.replace(b"world", b"w orld"))


@pytest.mark.parametrize(
    ("body", "canonical"),
    [
        # RFC 6376 section 3.4.5 and erratum: an empty body stays empty in relaxed form.
        (b"", b""),
        (b"\r\n", b""),
        (b" \r\n\r\n", b""),
        (b"\t", b""),
        (b" C \r\nD \t E\r\n\r\n\r\n", b" C\r\nD E\r\n"),
        (b"no end", b"no end\r\n"),
        (b"no end \t", b"no end\r\n"),
        (b"a\r\n", b"a\r\n"),
        (b"a\r\n\r\n", b"a\r\n"),
        (b"a\n\r\n\r\n", b"a\n\r\n"),
        (b"     deep\t\t \tin\r\n", b" deep in\r\n"),
    ],
)
def test_the_canonical_body(body: bytes, canonical: bytes) -> None:
    assert relaxed_body(body) == canonical
