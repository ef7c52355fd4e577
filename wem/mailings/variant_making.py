"""Makes variants of a draft for an A/B test, and takes them away."""

from __future__ import annotations

from wem import audit
from wem.db import db
from wem.mailings import copying
from wem.mailings.models import Mailing
from wem.mailings.states import MailingState, NotPossible
from wem.mailings.trial_models import Trial, locked_to_edit, trial_of, variants_of
from wem.mailings.trial_rules import MOST_VARIANTS, Criterion, Unclear


class TooMany(Exception):
    """There are as many variants as there can be."""


def add(mailing: Mailing, *, by: int) -> Mailing:
    """Return a new variant that is the same mail as the first one yet, in the session.

    With the first such variant the mailing has an A/B test. Raises NotPossible when it is no draft any more, TooMany.
    """
    main = _main(mailing)
    number = len(variants_of(main)) + 2
    if number > MOST_VARIANTS:
        raise TooMany
    made = copying.same_mail(main, by=by, state=MailingState.variant, variant_of=main.id, variant=number)
    if trial_of(main.id) is None:
        db.session.add(Trial(mailing_id=main.id))
    main.count_change()
    audit.record("mailing.add_variant", by=by, customer_id=main.customer_id, subject=main, variant=number)
    db.session.flush()
    return made


def remove(variant: Mailing, *, by: int) -> None:
    """Take a variant away, and with the last one the A/B test; those behind it move up. Raises NotPossible."""
    main = _main(variant.main)
    if variant.variant_of is None:
        raise NotPossible("delete", variant.state)
    audit.record("mailing.remove_variant", by=by, customer_id=main.customer_id, subject=main, variant=variant.variant)
    db.session.delete(variant)
    db.session.flush()
    rest = variants_of(main)
    for number, each in enumerate(rest, 2):
        each.variant = number
    trial = trial_of(main.id)
    if not rest and trial is not None:
        db.session.delete(trial)
    main.count_change()
    db.session.flush()


def choose(mailing: Mailing, *, share: int, criterion: Criterion, wait: int, unclear: Unclear, by: int) -> None:
    """Say how the A/B test of a draft goes; raises NotPossible when it is none any more."""
    main = _main(mailing)
    trial = trial_of(main.id, lock=True)
    if trial is None:
        raise NotPossible("edit", main.state)
    trial.share, trial.criterion, trial.wait, trial.unclear = share, criterion, wait, unclear
    main.count_change()
    audit.record("mailing.choose_trial", by=by, customer_id=main.customer_id, subject=main)


def _main(mailing: Mailing) -> Mailing:
    # A step of a sequence has no other readers to give the winner to.
    if mailing.variant_of is not None or mailing.is_step:
        raise NotPossible("edit", mailing.state)
    return locked_to_edit(mailing)
