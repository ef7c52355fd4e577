"""Staff's view of notices: what was told to whom and what became of it; announcements."""

from __future__ import annotations

import sqlalchemy as sa
from flask import flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import audit, clock
from wem.accounts.models import Account, Customer
from wem.accounts.rules import StaffRole
from wem.db import db
from wem.notices import letters, telling
from wem.notices.forms import AnnouncementForm, LetterDayForm
from wem.notices.models import Announcement, Notice
from wem.notices.rules import Channel, NoticeState
from wem.notices.wording import CHANNELS, KINDS, STATES
from wem.web.blueprints import StaffBlueprint
from wem.web.files import file_answer
from wem.web.htmx import see_other
from wem.web.ownership import found_or_404
from wem.web.paging import page_of
from wem.web.session import me

READERS = frozenset({StaffRole.contracts, StaffRole.billing, StaffRole.support})
WRITERS = frozenset({StaffRole.contracts, StaffRole.support})
blueprint = StaffBlueprint("staff_notices", __name__, roles=READERS, url_prefix="/staff/notices")
writing_blueprint = StaffBlueprint("staff_announcements", __name__, roles=WRITERS, url_prefix="/staff/announcements")
Answer = str | tuple[str, int] | Response


@blueprint.get("")
def index() -> Answer:
    only = request.args.get("state", "")
    found = sa.select(Notice)
    if only == "failed":
        found = found.where(Notice.state == NoticeState.failed)
    page = page_of(found, Notice.id)
    ids = {row.customer_id for row in page.rows if row.customer_id is not None}
    names = sa.select(Customer.id, Customer.name).where(Customer.id.in_(ids))
    return render_template(
        "notices/staff/notices.html",
        page=page,
        only=only,
        names={row.id: row.name for row in db.session.execute(names)},
        kinds=KINDS,
        channels=CHANNELS,
        states=STATES,
    )


@blueprint.get("/<int:id>")
def show(id: int) -> Answer:
    notice = found_or_404(Notice, id)
    reader = db.session.get(Account, notice.read_by) if notice.read_by else None
    follower = telling.follower(notice)
    return render_template(
        "notices/staff/notice.html",
        notice=notice,
        kind=KINDS[notice.kind],
        channel=CHANNELS[notice.channel],
        state=STATES[notice.channel][notice.state],
        reader=reader,
        follower=follower,
        undecided=notice.state is NoticeState.failed and follower is None and notice.left_at is None,
        footer=telling.footer_of(notice),
        by_letter=notice.channel is Channel.letter,
        day_form=LetterDayForm(),
    )


@blueprint.get("/<int:id>/pdf")
def pdf(id: int) -> Answer:
    notice = found_or_404(Notice, id)
    content = notice.document.content() if notice.document else letters.pdf([notice])
    return file_answer(content, f"{notice.number}.pdf")


@writing_blueprint.route("", methods=["GET", "POST"])
def announce() -> Answer:
    form = AnnouncementForm()
    if form.validate_on_submit():
        row = Announcement(
            title=(form.title.data or "").strip(),
            body=(form.body.data or "").strip(),
            published_at=clock.now(),
            until=form.until.data,
            created_by=me().id,
        )
        db.session.add(row)
        db.session.flush()
        audit.record("announcement.publish", by=me().id, subject=row)
        db.session.commit()
        flash(gettext("Published. It stands on the public page and on the start pages."), "success")
        return see_other(url_for("staff_announcements.announce"))
    rows = db.session.scalars(sa.select(Announcement).order_by(Announcement.id.desc()).limit(100)).all()
    page = render_template("notices/staff/announcements.html", form=form, rows=rows)
    return page, 422 if form.is_submitted() else 200


@writing_blueprint.post("/<int:id>/withdraw")
def withdraw(id: int) -> Answer:
    row = found_or_404(Announcement, id)
    if row.withdrawn_at is None:
        row.withdrawn_at = clock.now()
        audit.record("announcement.withdraw", by=me().id, subject=row)
        db.session.commit()
    flash(gettext("It is no longer shown."), "success")
    return see_other(url_for("staff_announcements.announce"))
