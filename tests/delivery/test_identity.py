"""Delivery ids: short, case-insensitive, bound to one purpose, worthless when one bit is changed."""

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wem.delivery.identity import (
    MAX_DISPATCH,
    MAX_SEQ,
    Purpose,
    delivery_id,
    identity_keys,
    message_id,
    read_delivery_id,
    read_message_id,
    read_return_path,
    return_path,
)

KEYS = identity_keys("first secret")
dispatches = st.integers(0, MAX_DISPATCH)
seqs = st.integers(0, MAX_SEQ)
purposes = st.sampled_from(list(Purpose))


@given(dispatches, seqs, purposes)
def test_what_was_written_is_read_back_in_any_case(dispatch, seq, purpose):
    text = delivery_id(dispatch, seq, purpose, KEYS)
    assert re.fullmatch(r"[a-z2-7]{39}", text)
    assert read_delivery_id(text, purpose, KEYS) == (dispatch, seq)
    assert read_delivery_id(text.upper(), purpose, KEYS) == (dispatch, seq)


@given(dispatches, seqs, st.integers(0, 191))
def test_each_flipped_bit_is_noticed(dispatch, seq, bit):
    raw = bytearray(base64.b32decode(delivery_id(dispatch, seq, Purpose.bounce, KEYS).upper() + "="))
    raw[bit // 8] ^= 1 << bit % 8
    forged = base64.b32encode(bytes(raw)).decode().rstrip("=").lower()
    assert read_delivery_id(forged, Purpose.bounce, KEYS) is None


def test_the_spare_bits_at_the_end_must_be_zero():
    text = delivery_id(1, 2, Purpose.bounce, KEYS)
    alphabet = "abcdefghijklmnopqrstuvwxyz234567"
    others = [alphabet[alphabet.index(text[-1]) ^ spare] for spare in range(1, 8)]
    assert [read_delivery_id(text[:-1] + other, Purpose.bounce, KEYS) for other in others] == [None] * 7


@pytest.mark.parametrize("read_as", [p for p in Purpose if p is not Purpose.click])
def test_another_purpose_reads_nothing(read_as):
    assert read_delivery_id(delivery_id(7, 8, Purpose.click, KEYS), read_as, KEYS) is None


@given(st.text(max_size=60))
def test_any_other_text_is_nobody(text):
    assert read_delivery_id(text, Purpose.bounce, KEYS) is None
    assert read_return_path(text, KEYS) is None
    assert read_message_id(text, KEYS) is None


def test_the_key_before_the_last_change_still_reads():
    old = delivery_id(5, 6, Purpose.bounce, KEYS)
    changed = identity_keys("second secret", "first secret")
    assert read_delivery_id(old, Purpose.bounce, changed) == (5, 6)
    assert read_delivery_id(delivery_id(5, 6, Purpose.bounce, changed), Purpose.bounce, changed) == (5, 6)
    assert read_delivery_id(old, Purpose.bounce, identity_keys("second secret", "third")) is None
    assert read_delivery_id(old, Purpose.bounce, identity_keys("second secret", "")) is None


def test_return_path_and_message_id():
    path = return_path(12, 34, "bounce.mail.wem.example", KEYS)
    assert re.fullmatch(r"b\.[a-z2-7]{39}@bounce\.mail\.wem\.example", path)
    assert read_return_path(path.upper(), KEYS) == (Purpose.bounce, 12, 34)
    assert read_return_path(path.replace("b.", "s.", 1), KEYS) is None
    own = return_path(9, 0, "bounce.mail.wem.example", KEYS, Purpose.system_bounce)
    assert own.startswith("s.")
    assert read_return_path(own, KEYS) == (Purpose.system_bounce, 9, 0)
    identity = message_id(12, 34, "shop.example", KEYS)
    assert identity == message_id(12, 34, "shop.example", KEYS)
    assert read_message_id(f" {identity} ", KEYS) == (12, 34)


@pytest.mark.parametrize(("dispatch", "seq"), [(-1, 0), (MAX_DISPATCH + 1, 0), (0, -1), (0, MAX_SEQ + 1)])
def test_numbers_out_of_range_are_refused(dispatch, seq):
    with pytest.raises(ValueError, match="out of range"):
        delivery_id(dispatch, seq, Purpose.message, KEYS)
