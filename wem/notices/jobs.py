"""What workers do for notices: follow their mails."""

from __future__ import annotations

import sqlalchemy as sa

from wem import clock
from wem.db import db
from wem.notices import telling
from wem.notices.models import Notice
from wem.notices.rules import Channel, NoticeState
from wem.outbox import OutboxMail, OutboxState

MOST = 200


def follow_mails() -> None:
    """Write down what became of the mails of notices: taken by a server, refused, or given up."""
    over = (OutboxState.accepted, OutboxState.failed, OutboxState.expired)
    found = db.session.execute(
        sa.select(Notice, OutboxMail)
        .join(OutboxMail, OutboxMail.id == Notice.outbox_id)
        .where(Notice.channel == Channel.mail, Notice.state == NoticeState.waiting, OutboxMail.state.in_(over))
        .order_by(Notice.id)
        .limit(MOST)
    ).all()
    for notice, mail in found:
        at = mail.finished_at or clock.now()
        if mail.state is OutboxState.accepted:
            telling.mark_sent(notice, at)
        else:
            telling.mark_not_arrived(mail.id, at)
        db.session.commit()
