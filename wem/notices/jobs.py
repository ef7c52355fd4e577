"""What workers do for notices: follow their mails, keep their documents."""

from __future__ import annotations

import logging

import sqlalchemy as sa

from wem import clock
from wem.db import db, let_others_write
from wem.documents import NotMade
from wem.notices import letters, telling
from wem.notices.models import Notice
from wem.notices.rules import Channel, NoticeState
from wem.outbox import OutboxMail, OutboxState

MOST = 200
PORTION = 20
log = logging.getLogger("wem.notices")


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


def keep_document(notice_id: int) -> None:
    """Keep the document of a notice by mail as it was sent; a letter's is kept when it is printed."""
    notice = db.session.get(Notice, notice_id)
    if notice is None or notice.channel is not Channel.mail or notice.document_id is not None:
        return
    # Setting it takes a second; nobody else's writing waits for it.
    db.session.rollback()
    try:
        content = letters.pdf([db.session.get_one(Notice, notice_id)])
    except NotMade:
        log.exception("the document of notice %s could not be made", notice_id)
        return
    db.session.rollback()
    letters.keep(db.session.get_one(Notice, notice_id, with_for_update=True, populate_existing=True), content)
    db.session.commit()


def keep_documents() -> None:
    """Find mails whose document is not kept yet."""
    unkept = sa.select(Notice.id).where(Notice.channel == Channel.mail, Notice.document_id.is_(None))
    ids = db.session.scalars(unkept.order_by(Notice.id.desc()).limit(PORTION)).all()
    db.session.rollback()
    for notice_id in ids:
        keep_document(notice_id)
        let_others_write()
