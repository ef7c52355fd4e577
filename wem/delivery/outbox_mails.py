"""One mail of the outbox on its way: made, judged by the server's answer, and what is then written of it."""

from __future__ import annotations

import logging
import random
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from wem import clock, storage
from wem.contracts.models import customer_may
from wem.contracts.rules import Use
from wem.delivery import identity, rules
from wem.delivery.headers import HeaderRefused
from wem.delivery.identity import Purpose, identity_keys
from wem.delivery.message import AUTO_SUBMITTED, Features, Mail, Message, assemble
from wem.delivery.models import Stage
from wem.delivery.parcels import Hold, Parcel, place_of
from wem.delivery.rules import Verdict
from wem.delivery.signing import Signer
from wem.delivery.smtp import Answer, judge
from wem.lists.address_rules import wire_address
from wem.outbox import OutboxState
from wem.settings import Settings

log = logging.getLogger("wem.delivery")

# Kinds that ask for what the contract's other rights cover; what speaks of a subscription asks for sign-up.
USES = {"test_copy": Use.compose, "reader_answer": Use.compose}
# Kinds that come from the help desk's own address, where it is on the domain that we sign for.
FROM_HELP_DESK = frozenset({"inquiry_receipt", "inquiry_answer"})
STANDSTILL = timedelta(minutes=10)  # how long a mail waits before its contract is asked again


class OutboxParcel(Parcel):
    """One mail of the outbox; `row` as it stood when it was taken. `withdrawn`: it was taken back since."""

    __slots__ = ("_loaded", "_signer", "row", "withdrawn")

    def __init__(self, hold: Hold, row: sa.Row[Any], loaded: Settings, signer: Signer | None) -> None:
        super().__init__(hold)
        self.row = row
        self.withdrawn = row.withdrawn_at is not None
        self._loaded = loaded
        self._signer = signer

    def prepare(self, features: Features) -> dict[str, Any] | None:
        """Make the mail; returns what is written down when it is too late, may not leave, or cannot be made."""
        row, at = self.row, clock.now()
        if self.withdrawn:
            return _over(OutboxState.withdrawn, at)
        if self.stopped:
            # The service may be resumed before the mail's time is over.
            return {"state": OutboxState.waiting, "not_before": at + STANDSTILL}
        if at >= row.expires_at:
            return _over(OutboxState.expired, at)
        try:
            self.made = self._mail(at)
        except (HeaderRefused, ValueError) as error:
            answer = Answer(Stage.local, None, f"{type(error).__name__}: {error}")
            return _over(OutboxState.failed, at) | self._told(answer)
        except Exception as error:
            # A fault of ours, tried again in case it is mended; raised, it would keep all others waiting too.
            log.error("mail %s of the outbox: %s", row.id, place_of(error))
            return self.outcome(Answer(Stage.local, None, type(error).__name__))
        return None

    def outcome(self, answer: Answer) -> dict[str, Any]:
        """Return what is written down after this answer."""
        row, at, draw = self.row, clock.now(), random.random()  # noqa: S311
        attempt, told = row.attempts + 1, self._told(answer)
        match judge(answer):
            case Verdict.accepted:
                return _over(OutboxState.accepted, at) | told
            case Verdict.bounced:
                return _over(OutboxState.failed, at) | told
            case Verdict.uncertain if attempt == 1:
                # Nobody saw whether it was taken; a second confirmation does less harm than none.
                return {"state": OutboxState.waiting, "not_before": at} | told
            case _:
                due = rules.next_try(attempt, at, row.expires_at, draw, rules.CONFIRM_MINUTES)
                if due is None:
                    return _over(OutboxState.expired, at) | told
                return {"state": OutboxState.waiting, "not_before": due} | told

    def put_off(self, until: datetime) -> dict[str, Any]:
        """Return that it waits until then, which is no try that counts."""
        return {"state": OutboxState.waiting, "not_before": until}

    def intent(self) -> None:
        """Nothing is written down before: one that nobody heard of again goes a second time, see `outcome`."""

    def permitted(self) -> bool:
        """Return whether the customer's contract still permits a mail that only a running service sends."""
        row = self.row
        use = USES.get(row.kind) or (Use.sign_up if (row.about or "").startswith("subscription ") else None)
        return use is None or row.customer_id is None or customer_may(row.customer_id, use)

    def _told(self, answer: Answer) -> dict[str, Any]:
        return {
            "attempts": self.row.attempts + 1,
            "code": answer.code,
            "reply": rules.without_addresses(answer.text),
        }

    def _mail(self, at: datetime) -> Mail:
        row, domain = self.row, self._loaded.SERVICE_DOMAIN
        keys = identity_keys(self._loaded.SECRET_KEY, self._loaded.SECRET_KEY_PREVIOUS or None)
        recipient = wire_address(row.recipient or "")
        message = Message(
            sender=row.sender or _sender(row.kind, self._loaded),
            sender_name=row.sender_name or self._loaded.PROVIDER_NAME,
            recipient=recipient,
            subject=row.subject or "",
            text=row.text or "",
            html=row.html,
            message_id=identity.message_id(row.id, 0, domain, keys, Purpose.system_message),
            date=at,
            reply_to=row.reply_to,
            files=tuple((each["name"], storage.path_of(each["key"]).read_bytes()) for each in row.files or ()),
            # A kind may say it more exactly: an automatic answer, or a person's letter.
            headers=(*(() if "Auto-Submitted" in row.headers else AUTO_SUBMITTED), *row.headers.items()),
        )
        sender = identity.return_path(row.id, 0, self._loaded.bounce_domain, keys, Purpose.system_bounce)
        data = assemble(message)
        if self._signer is not None:
            data = self._signer.header(data) + data
        return Mail(sender, recipient, data)


def _sender(kind: str, loaded: Settings) -> str:
    own = loaded.SUPPORT_EMAIL.lower()
    if kind in FROM_HELP_DESK and own.endswith(f"@{loaded.SERVICE_DOMAIN.lower()}"):
        return own
    return f"no-reply@{loaded.SERVICE_DOMAIN}"


def _over(state: OutboxState, at: datetime) -> dict[str, Any]:
    """Return what is written of a mail that is over: it keeps neither address nor text."""
    cleared = dict.fromkeys(("recipient", "reply_to", "subject", "text", "html", "files"))
    return {"state": state, "finished_at": at, "headers": {}, **cleared}
