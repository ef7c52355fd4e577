"""An A/B test sent for real: each reader gets exactly one mail, whatever breaks off."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.delivery.dispatches import lose_leases, send_all
from tests.factories import World
from tests.mailings.trials import begun, planned
from wem.db import db
from wem.delivery import recovering
from wem.delivery.leasing import lease_next
from wem.delivery.models import DispatchState
from wem.delivery.progress import progress
from wem.mailbox.client import MailboxClient
from wem.mailings import jobs, trial_deciding
from wem.mailings.models import Mailing
from wem.mailings.states import MailingState, NotPossible
from wem.mailings.trial_models import trial_of
from wem.mailings.trial_rules import Criterion, TrialState


@pytest.mark.both_databases
def test_each_reader_gets_exactly_one_mail(world: World, mailbox: MailboxClient) -> None:
    """Both phases for real, with a worker that dies in each of them and a Redis that says nothing."""
    mailing_id, by = planned(world, readers=40, criterion=Criterion.hand).id, world.ours.owner.id
    dispatches = begun(the(mailing_id))
    assert (dispatches[2].variant, dispatches[2].state) == (0, DispatchState.waiting)
    first, second, rest = (each.total for each in dispatches)
    assert first and second and rest and first + second + rest == 43
    one_dies()
    send_all()
    jobs.follow_trials()
    assert mailbox.count() == first + second, "the rest waits"
    trial = trial_of(mailing_id)
    assert trial and (trial.state, trial.decide_at) == (TrialState.watching, None)
    trial_deciding.choose(the(mailing_id), 2, by=by)
    db.session.rollback()  # the process died before the commit: nothing was decided, nothing leaves
    send_all()
    assert mailbox.count() == first + second
    trial_deciding.choose(the(mailing_id), 2, by=by)
    db.session.commit()
    with pytest.raises(NotPossible):
        trial_deciding.choose(the(mailing_id), 1, by=by)
    db.session.rollback()
    one_dies()
    send_all()
    jobs.follow_trials()
    jobs.sweep()
    mails = mailbox.mails()
    assert len(mails) == len({mail["recipient"] for mail in mails}) == 43
    assert Counter(mail["subject"] for mail in mails) == {"A": first, "B": second + rest}
    counts = progress(mailing_id)
    assert counts and (counts.total, counts.accepted) == (43, 43)
    assert the(mailing_id).state is MailingState.done


def the(mailing_id: int) -> Mailing:
    return db.session.get_one(Mailing, mailing_id, populate_existing=True)


def one_dies() -> None:
    """A worker leases a batch and is gone; the sweep finds it."""
    assert lease_next("gone") is not None
    lose_leases()
    recovering.sweep()
