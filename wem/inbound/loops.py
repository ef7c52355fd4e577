"""Mail that is our own and has come back to us: answering it would go on for ever."""

from __future__ import annotations

from wem.delivery.identity import Purpose, identity_keys, read_message_id
from wem.inbound.addresses import route_for
from wem.inbound.rules import loop_marks, message_id_of
from wem.settings import settings


def is_ours(raw: bytes) -> bool:
    """Say whether a mail carries a Message-ID that only we can have made, or an X-Loop of one of our addresses.

    A bounce or a complaint has a Message-ID of its own; ours stands in the part that it returns.
    """
    loaded = settings()
    keys = identity_keys(loaded.SECRET_KEY, loaded.SECRET_KEY_PREVIOUS or None)
    message_id = message_id_of(raw)
    if any(read_message_id(message_id, keys, purpose) for purpose in (Purpose.message, Purpose.system_message)):
        return True
    return any(route_for(mark) for mark in loop_marks(raw))
