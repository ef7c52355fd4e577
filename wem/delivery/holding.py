"""The desk of customers' mailings: leases batches, makes parcels of their recipients, looks whether they may leave."""

from __future__ import annotations

import logging
import random
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from wem import clock
from wem.db import db
from wem.delivery import fairness, rules
from wem.delivery.controlling import fail, hold, locked, settle
from wem.delivery.headers import HeaderRefused
from wem.delivery.leasing import Lease, finish, give_back, lease_next
from wem.delivery.message import Features, NotDeliverable
from wem.delivery.models import DeliveryState, Dispatch, DispatchKind, DispatchState, Stage, UncertainPolicy
from wem.delivery.no_send_models import hours_of, in_no_send_hours
from wem.delivery.outcomes import Outcome
from wem.delivery.pace_lanes import PaceKey
from wem.delivery.parcels import Hold, Parcel, place_of
from wem.delivery.recipients import Recipient, recipients_of, still_wanted
from wem.delivery.recording import Ledger, insisting
from wem.delivery.rendering import Letter, letter_of
from wem.delivery.resting import follow_hours
from wem.delivery.rules import Verdict
from wem.delivery.signing import Signer, signer_for
from wem.delivery.smtp import Answer, judge
from wem.delivery.template_nodes import TemplateProblem
from wem.delivery.watching import Watch, looking, may_send, running, taken_over

log = logging.getLogger("wem.delivery")

# So many seconds longer than a thorough look a look at the bell alone is believed. With the age that the last look may
# have at a dot that is a second in all.
BELL_LASTS = 0.2


class BatchHold(Hold):
    """A batch that is ours, with the letter that goes to its recipients."""

    def __init__(
        self,
        lease: Lease,
        letter: Letter,
        signer: Signer | None,
        expires_at: datetime,
        policy: UncertainPolicy,
    ) -> None:
        super().__init__(lease)
        self.letter = letter
        self.signer = signer
        self._pace_keys: dict[str, PaceKey] = {}
        self.expires_at = expires_at
        self.policy = policy
        self.intents = policy is UncertainPolicy.hold
        self.parcels: dict[int, BatchParcel] = {}
        # Whether it keeps to the customer's no-send hours.
        self.rests = False
        # How its dispatch must stand for anything of it to leave.
        self.running = (DispatchState.sending, lease.epoch)

    def pace_key(self, provider: str) -> PaceKey:
        """Return by which key a mail of this batch to a provider is paced."""
        key = self._pace_keys.get(provider)
        if key is None:
            domain = self.letter.content.sender.rpartition("@")[2]
            key = self._pace_keys[provider] = PaceKey(self.lease.customer_id, domain, provider)
        return key


class BatchParcel(Parcel):
    """The mail to one recipient of a batch."""

    __slots__ = ("_features", "hold", "recipient")
    hold: BatchHold

    def __init__(self, hold: BatchHold, recipient: Recipient) -> None:
        super().__init__(hold)
        self.recipient = recipient
        self.pace_key = hold.pace_key(recipient.provider)
        self._features: Features | None = None

    def prepare(self, features: Features) -> Outcome | None:
        """Make the mail; returns the outcome when its reader said no, it is too late, or it cannot be made."""
        recipient, at = self.recipient, clock.now()
        if self.stopped or not recipient.lists:
            return Outcome(recipient.seq, DeliveryState.suppressed, recipient.attempts, at)
        if at >= self.hold.expires_at:
            return Outcome(recipient.seq, DeliveryState.expired, recipient.attempts, at)
        if features == self._features:
            return None
        try:
            mail = self.hold.letter.mail(recipient, at, features)
            if (signer := self.hold.signer) is not None:
                mail = mail._replace(data=signer.header(mail.data) + mail.data)
        except (TemplateProblem, HeaderRefused, NotDeliverable) as error:
            answer = Answer(Stage.local, None, f"{type(error).__name__}: {error}")
            return Outcome(recipient.seq, DeliveryState.bounced, recipient.attempts + 1, at, answer)
        except Exception as error:
            # A fault of ours, tried again in case it is mended. Raised, it would end this run and the next one, and
            # nobody else would get mail either.
            log.error("mail %s of dispatch %s: %s", recipient.seq, self.hold.lease.dispatch_id, place_of(error))
            return self.outcome(Answer(Stage.local, None, type(error).__name__))
        self.made, self._features = mail, features
        return None

    def outcome(self, answer: Answer) -> Outcome:
        """Return what this answer means for the recipient, and when it is tried again."""
        seq, attempt, at = self.recipient.seq, self.recipient.attempts + 1, clock.now()
        found = judge(answer)
        if found is Verdict.accepted:
            return Outcome(seq, DeliveryState.accepted, attempt, at, answer)
        if found is Verdict.bounced:
            return Outcome(seq, DeliveryState.bounced, attempt, at, answer)
        draw = random.random()  # noqa: S311  spreads retries, guards nothing
        expires_at = self.hold.expires_at
        if found is Verdict.uncertain:
            resend = self.hold.policy is UncertainPolicy.resend
            due = rules.after_uncertain(at, expires_at, draw) if resend else None
            return Outcome(seq, DeliveryState.uncertain, attempt, at, answer, due)
        due = rules.next_try(attempt, at, expires_at, draw)
        state = DeliveryState.deferred if due else DeliveryState.expired
        return Outcome(seq, state, attempt, at, answer, due)

    def put_off(self, until: datetime) -> Outcome:
        """Return that it is tried later, which is no try that counts."""
        recipient = self.recipient
        return Outcome(recipient.seq, DeliveryState.deferred, recipient.attempts, clock.now(), None, until)

    def intent(self) -> Outcome | None:
        """Return that it is about to leave (policy hold): should we never hear of it again, nobody sends it again."""
        if not self.hold.intents:
            return None
        return Outcome(self.recipient.seq, DeliveryState.intent, self.recipient.attempts, clock.now())


class BatchDesk:
    """All batches that this run holds. No transaction is open between two calls."""

    def __init__(self, host: str, owner: str) -> None:
        self.ledger = Ledger(host)
        self.owner = owner
        self.watch = Watch()
        self.looked_at = time.monotonic()
        self.holds: list[BatchHold] = []
        with looking():
            self.watch.begin()

    def fetch(self) -> Sequence[BatchParcel] | None:
        """Lease the next batch and read who still gets it; None when none is ready. Commits."""
        lease = lease_next(self.owner)
        if lease is None:
            return None
        try:
            with looking():
                dispatch = db.session.get_one(Dispatch, lease.dispatch_id, populate_existing=True)
                letter = _letter(dispatch)
                if letter is not None:
                    held = BatchHold(
                        lease, letter, signer_for(dispatch.content), dispatch.expires_at, dispatch.uncertain_policy
                    )
                    held.rests = dispatch.kind is DispatchKind.bulk
                    hours = hours_of(dispatch.customer_id) if held.rests else None
                    held.closes_at = hours.next_beginning(clock.now()) if hours else None
                    recipients = recipients_of(lease.dispatch_id, lease.number, letter.list_ids, letter.attested_since)
        except sa.exc.SQLAlchemyError:
            raise
        except Exception:
            # A key that does not open, for example. Somebody will mend it; the others' mail goes on meanwhile.
            log.exception("batch %s of dispatch %s cannot be sent", lease.number, lease.dispatch_id)
            give_back(lease, rules.hand_over_wait(lease.fence))
            return ()
        if letter is None:
            give_back(lease)
            fail(lease.dispatch_id)
            db.session.commit()
            return ()
        self.holds.append(held)
        if not recipients or not self._permitted(held):
            self.close(held, unreachable=False)
            return ()
        parcels = [BatchParcel(held, recipient) for recipient in recipients]
        held.parcels = {parcel.recipient.subscriber_id: parcel for parcel in parcels}
        return parcels

    def round(self, entries: Sequence[tuple[Parcel, Outcome]], holds: Sequence[Hold]) -> None:
        """See Desk. Marks the parcels and holds that may not leave any more."""
        stale = [held.lease for held in self.holds if held.lease.stale]
        if entries or stale:
            outcomes = [(parcel.hold.lease, outcome) for parcel, outcome in entries]
            states = insisting(lambda: self.ledger.commit(outcomes, stale))
            for held in self.holds:
                if states.get(held.lease.dispatch_id, held.running) != held.running or held.lease.lost:
                    held.stopped = True
            insisting(lambda: _put_off(entries))
        insisting(self._look)

    def close(self, held: Hold, unreachable: bool) -> None:
        """See Desk. The last batch ends the dispatch; one that was stopped comes to rest."""
        assert isinstance(held, BatchHold)
        self.holds.remove(held)
        if unreachable:
            give_back(held.lease, rules.hand_over_wait(held.lease.fence), held.intents)
        else:
            finish(held.lease, held.intents)
        if held.stopped or all(other.lease.dispatch_id != held.lease.dispatch_id for other in self.holds):
            settle(held.lease.dispatch_id)

    def leave(self) -> None:
        self.watch.close()
        self.ledger.close()
        db.session.remove()

    def _look(self) -> None:
        at = time.monotonic()
        if self.watch.due or self.watch.rung:
            for customer_id, subscriber_id in self.watch.look():
                for held in self.holds:
                    parcel = held.parcels.get(subscriber_id)
                    if held.lease.customer_id == customer_id and parcel is not None and not parcel.stopped:
                        with looking():
                            parcel.stopped = not still_wanted(
                                held.lease.dispatch_id, subscriber_id, held.letter.list_ids
                            )
            self._look_at_holds()
        # The bell says nothing of leases and days, nor of a stop that was committed after one with a higher number.
        self.looked_at = min(at, self.watch.looked_at + BELL_LASTS)

    def _look_at_holds(self) -> None:
        standing = [held for held in self.holds if not held.stopped]
        taken = taken_over([held.lease for held in standing])
        for held in standing:
            if (held.lease.dispatch_id, held.lease.number) in taken:
                held.lease.lost, held.lease.deadline, held.stopped = True, 0.0, True
        standing = [held for held in standing if not held.stopped]
        states = running({held.lease.dispatch_id for held in standing})
        customers = {held.lease.customer_id for held in standing}
        forbidden = {each for each in customers if not may_send(each)}
        resting = self._resting(customers)
        for held in standing:
            if states.get(held.lease.dispatch_id) != held.running:
                held.stopped = True
            elif held.lease.customer_id in forbidden:
                held.stopped = True
                hold(held.lease.dispatch_id)
                db.session.commit()
            elif held.rests and held.lease.customer_id in resting:
                held.stopped = True
                follow_hours(held.lease.dispatch_id)

    def _permitted(self, held: BatchHold) -> bool:
        """Return whether a batch that was just leased may be sent; holds its dispatch when the contract forbids it."""
        if running({held.lease.dispatch_id}).get(held.lease.dispatch_id) != held.running:
            held.stopped = True
        elif not may_send(held.lease.customer_id):
            held.stopped = True
            hold(held.lease.dispatch_id)
            db.session.commit()
        elif held.rests and self._resting({held.lease.customer_id}):
            held.stopped = True
            follow_hours(held.lease.dispatch_id)
        return not held.stopped

    def _resting(self, customer_ids: set[int]) -> set[int]:
        """Return those of these customers whose no-send hours are on."""
        with looking():
            return in_no_send_hours(customer_ids, clock.now())


def _put_off(entries: Sequence[tuple[Parcel, Outcome]]) -> None:
    """Leave the batches alone whose mails would be put off as well, and do not charge what was not sent. Commits."""
    waits: dict[tuple[int, str, datetime], Counter[int]] = {}
    for parcel, outcome in entries:
        if outcome.answer is None and outcome.due is not None and isinstance(parcel, BatchParcel):
            key = (parcel.hold.lease.dispatch_id, parcel.recipient.provider, outcome.due)
            waits.setdefault(key, Counter())[parcel.hold.lease.customer_id] += 1
    for (dispatch_id, provider, until), customers in sorted(waits.items()):
        locked(dispatch_id)
        fairness.put_off(dispatch_id, provider, until)
        for customer_id, number in customers.items():
            fairness.refund(customer_id, number)
        db.session.commit()


def _letter(dispatch: Dispatch) -> Letter | None:
    """Return the dispatch's letter; None when its content is no template, which starting has ruled out."""
    try:
        return letter_of(dispatch)
    except TemplateProblem:
        log.exception("dispatch %s has no content that can be sent", dispatch.id)
        return None
