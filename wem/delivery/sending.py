"""Sends a batch: one reader after the other over one line, looking before each whether it may still be sent."""

from __future__ import annotations

import logging
import random
import time

import sqlalchemy as sa

from wem import clock, queue
from wem.db import db
from wem.delivery import rules
from wem.delivery.controlling import fail, hold, settle
from wem.delivery.headers import HeaderRefused
from wem.delivery.leasing import Lease, finish, give_back, lease_next, margin, new_owner
from wem.delivery.message import assemble
from wem.delivery.models import Attempt, DeliveryState, Dispatch, Stage, UncertainPolicy
from wem.delivery.personalising import TemplateProblem
from wem.delivery.recipients import Recipient, recipients_of, still_wanted
from wem.delivery.recording import Ledger, Outcome
from wem.delivery.rendering import Letter, letter_of
from wem.delivery.rules import Verdict
from wem.delivery.smtp import Answer, Line, Unreachable
from wem.delivery.watching import Watch, looking, may_send, still_sending
from wem.settings import settings

log = logging.getLogger("wem.delivery")

# A wait for the mail server must be over, and its outcome written down, while the batch is still ours.
PATIENCE = 60.0


def open_line() -> Line:
    """Return a line to the mail server that takes our mail; it is opened by the first mail."""
    loaded = settings()
    seconds = min(PATIENCE, max(loaded.lease_seconds - 2 * margin(), 0.5))
    return Line(loaded.SMTP_HOST, int(loaded.SMTP_PORT), loaded.SERVICE_DOMAIN, seconds)


def send_until(deadline: float) -> bool:
    """Send ready batches until there is none, or until `deadline` (monotonic); returns whether there may be more.

    Commits. A mail server that does not answer ends it; the sweep rings again.
    """
    line, watch, owner = open_line(), Watch(), new_owner()
    try:
        while time.monotonic() < deadline and not queue.stopping.is_set():
            lease = lease_next(owner)
            if lease is None:
                return False
            try:
                Run(lease, line, watch, deadline).send()
            except Unreachable as error:
                log.warning("the mail server does not take mail: %s", error)
                give_back(lease, rules.hand_over_wait(lease.fence))
                return False
        return True
    finally:
        line.close()
        watch.close()


class Run:
    """One batch on its way. No transaction is open while the mail server is spoken to."""

    def __init__(self, lease: Lease, line: Line, watch: Watch, deadline: float) -> None:
        self.lease = lease
        self.line = line
        self.deadline = deadline
        self.watch = watch
        self.ledger = Ledger(lease, f"{line.host}:{line.port}")
        # Readers who stopped after they were read.
        self.gone: set[int] = set()

    def send(self) -> None:
        """Send what is open of the batch and write down what became of it; raises Unreachable."""
        lease = self.lease
        with looking():
            self.watch.begin()
            dispatch = db.session.get_one(Dispatch, lease.dispatch_id, populate_existing=True)
            self.expires_at, self.policy = dispatch.expires_at, dispatch.uncertain_policy
            letter = _letter(dispatch)
            recipients = (
                None
                if letter is None
                else recipients_of(lease.dispatch_id, lease.number, letter.list_ids, letter.attested_since)
            )
        if letter is None or recipients is None:
            give_back(lease)
            fail(lease.dispatch_id)
            db.session.commit()
            return
        self.letter = letter
        try:
            complete = self._look() and self._send_all(recipients)
            self.ledger.commit()
        except Unreachable:
            self.ledger.commit()
            raise
        if complete:
            finish(lease)
        else:
            give_back(lease)
        # The last batch ends the dispatch; one that was stopped comes to rest.
        settle(lease.dispatch_id)

    def _send_all(self, recipients: list[Recipient]) -> bool:
        """Send to each in turn; False when it had to stop before the end."""
        for recipient in recipients:
            if self.ledger.due and not self.ledger.commit():
                return False
            if queue.stopping.is_set() or time.monotonic() >= self.deadline or not self._permitted():
                return False
            if self.lease.over:
                return False
            self._send_one(recipient)
        return True

    def _permitted(self) -> bool:
        """Look at everything that may forbid the next mail: when a stop is there, and every half second in any case."""
        if not self.watch.due and not self.watch.rung:
            return True
        for subscriber_id in self.watch.look(self.lease.customer_id) - self.gone:
            with looking():
                if not still_wanted(self.lease.dispatch_id, subscriber_id, self.letter.list_ids):
                    self.gone.add(subscriber_id)
        return self._look()

    def _look(self) -> bool:
        """Return whether the dispatch still runs and the contract permits it; holds it when the contract does not."""
        if not still_sending(self.lease.dispatch_id, self.lease.epoch):
            return False
        if may_send(self.lease.customer_id):
            return True
        hold(self.lease.dispatch_id)
        db.session.commit()
        return False

    def _send_one(self, recipient: Recipient) -> None:
        at = clock.now()
        attempt = recipient.attempts + 1
        if not recipient.lists or recipient.subscriber_id in self.gone:
            self.ledger.add(Outcome(recipient.seq, DeliveryState.suppressed, recipient.attempts, at))
            return
        if at >= self.expires_at:
            self.ledger.add(Outcome(recipient.seq, DeliveryState.expired, recipient.attempts, at))
            return
        try:
            envelope, message = self.letter.message(recipient, at)
            data = assemble(message)
        except (TemplateProblem, HeaderRefused) as error:
            answer = Answer(Stage.local, None, f"{type(error).__name__}: {error}")
            self.ledger.add(Outcome(recipient.seq, DeliveryState.bounced, attempt, at, answer))
            return
        answer = self.line.send(envelope, message.recipient, data, self.lease.deadline)
        self.ledger.add(self._outcome(recipient.seq, attempt, answer))

    def _outcome(self, seq: int, attempt: int, answer: Answer) -> Outcome:
        at, draw = clock.now(), random.random()  # noqa: S311  spreads retries, guards nothing
        match judge(answer):
            case Verdict.accepted:
                return Outcome(seq, DeliveryState.accepted, attempt, at, answer)
            case Verdict.bounced:
                return Outcome(seq, DeliveryState.bounced, attempt, at, answer)
            case Verdict.uncertain:
                resend = self.policy is UncertainPolicy.resend and not self._uncertain_before(seq)
                due = rules.after_uncertain(at, self.expires_at, draw) if resend else None
                return Outcome(seq, DeliveryState.uncertain, attempt, at, answer, due)
        due = rules.next_try(attempt, at, self.expires_at, draw)
        state = DeliveryState.deferred if due else DeliveryState.expired
        return Outcome(seq, state, attempt, at, answer, due)

    def _uncertain_before(self, seq: int) -> bool:
        """Return whether the end of this mail was unseen once already: it is sent again once, not for ever."""
        before = sa.exists().where(
            Attempt.dispatch_id == self.lease.dispatch_id,
            Attempt.seq == seq,
            Attempt.outcome == DeliveryState.uncertain,
        )
        with looking():
            return bool(db.session.scalar(sa.select(before)))


def _letter(dispatch: Dispatch) -> Letter | None:
    """Return the dispatch's letter; None when its content is no template, which starting has ruled out."""
    try:
        return letter_of(dispatch)
    except TemplateProblem:
        log.exception("dispatch %s has no content that can be sent", dispatch.id)
        return None


def judge(answer: Answer) -> Verdict:
    """Return what an answer means for its recipient.

    A refusal of the sender (MAIL) says nothing about the recipient: it is tried again, and nobody is removed for it.
    """
    if answer.lost:
        return Verdict.uncertain if answer.stage is Stage.after_data else Verdict.deferred
    assert answer.code is not None
    found = rules.verdict(answer.code)
    if answer.stage is Stage.after_data:
        return found
    # Before the mail is handed over nothing is accepted: 354 missing, 2xx to DATA.
    return Verdict.bounced if found is Verdict.bounced and answer.stage is not Stage.mail else Verdict.deferred
