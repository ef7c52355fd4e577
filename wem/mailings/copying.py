"""Copies a mailing: as a draft of its own, or as one more variant of it."""

from __future__ import annotations

from typing import Any

from wem import audit
from wem.db import db
from wem.mailings import block_keeping, naming, narrowing
from wem.mailings.image_using import note_uses
from wem.mailings.models import BodyKind, Mailing
from wem.mailings.states import MailingState
from wem.mailings.trial_models import Trial, trial_of, variants_of


def same_mail(mailing: Mailing, *, by: int, **values: Any) -> Mailing:
    """Return a new mailing, in the session, with the same subject and body and these other values."""
    copy = Mailing(
        customer_id=mailing.customer_id,
        created_by=by,
        version=1,
        subject=mailing.subject,
        sender_name_id=mailing.sender_name_id,
        body_kind=mailing.body_kind,
        html=mailing.html,
        text=mailing.text,
        text_edited=mailing.text_edited,
        text_outdated=mailing.text_outdated,
        language=mailing.main.language,
        wrap_at=mailing.wrap_at,
        view_line=mailing.view_line,
        **values,
    )
    naming.take_sender_name(copy)
    db.session.add(copy)
    db.session.flush()
    if copy.body_kind is BodyKind.blocks:
        block_keeping.copy(mailing, copy, by=by)
    note_uses(copy)
    return copy


def duplicate(mailing: Mailing, *, name: str, by: int) -> Mailing:
    """Return a new draft with the same mail, lists and variants under a name of its own, narrowed in the same way.

    A segment that is gone is copied as gone: the copy is not to go to more readers either.
    """
    copy = draft_of(mailing, name=name, by=by)
    narrowing.copy(mailing, copy)
    trial = trial_of(mailing.id)
    for variant in variants_of(mailing):
        same_mail(variant, by=by, state=MailingState.variant, variant_of=copy.id, variant=variant.variant)
    if trial is not None:
        same = {"share": trial.share, "criterion": trial.criterion, "wait": trial.wait, "unclear": trial.unclear}
        db.session.add(Trial(mailing_id=copy.id, **same))
    audit.record("mailing.duplicate", by=by, customer_id=mailing.customer_id, subject=copy, source=mailing.id)
    db.session.flush()
    return copy


def draft_of(mailing: Mailing, *, name: str, by: int) -> Mailing:
    """Return a new draft with the mail and the lists of a mailing, or with the mail of a variant, to all readers."""
    copy = same_mail(mailing, by=by, name=name, source_id=mailing.main.id)
    copy.lists = [row for row in mailing.main.lists if row.archived_at is None]
    db.session.flush()
    return copy
