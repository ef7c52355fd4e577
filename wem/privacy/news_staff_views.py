"""Mail to customers about services and campaigns: written, looked at with its recipients, sent by a second person."""

from __future__ import annotations

import sqlalchemy as sa
from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import audit
from wem.accounts.models import Account
from wem.accounts.rules import StaffRole
from wem.contracts.models import Contract
from wem.contracts.state_rules import Illegal, OwnProposal
from wem.contracts.wording import ASKED
from wem.db import db
from wem.privacy import news_emails, news_sending
from wem.privacy.news_models import News, NewsRecipient
from wem.privacy.news_rules import NewsAction, NewsState, Outcome
from wem.privacy.news_sending import Changed, Reach
from wem.privacy.purpose_models import NEWS, UsePurpose
from wem.privacy.rules import Purpose
from wem.privacy.use_forms import NewsForm
from wem.privacy.wording import NEWS_STATES, OUTCOMES, PURPOSES
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.ownership import found_or_404
from wem.web.paging import page_of
from wem.web.session import current_account

blueprint = StaffBlueprint("staff_news", __name__, roles=frozenset({StaffRole.contracts}), url_prefix="/staff/news")
Answer = str | tuple[str, int] | Response
SHOWN = 200
GOES_OUT = frozenset({NewsState.draft, NewsState.waiting})
SAMPLE = 0  # a customer that there is not: the link of a preview stops nobody


def _me() -> int:
    account = current_account()
    if account is None:
        abort(404)
    return account.id


def _titles() -> dict[int, str]:
    return {NEWS: str(PURPOSES[Purpose.news])} | {
        row.id: row.current.title for row in db.session.scalars(sa.select(UsePurpose))
    }


@blueprint.get("")
def index() -> Answer:
    page = page_of(sa.select(News), News.id)
    return render_template("privacy/staff/news.html", page=page, titles=_titles(), states=NEWS_STATES)


@blueprint.route("/new", methods=["GET", "POST"])
def new() -> Answer:
    return _write(None)


@blueprint.route("/<int:id>/edit", methods=["GET", "POST"])
def edit(id: int) -> Answer:
    row = found_or_404(News, id)
    return _write(row) if row.state is NewsState.draft else see_other(url_for("staff_news.show", id=id))


def _write(row: News | None) -> Answer:
    form = NewsForm(obj=row, purpose=row.purpose_id) if row else NewsForm()
    if form.validate_on_submit():
        kept = db.session.get_one(News, row.id, with_for_update=True, populate_existing=True) if row else None
        try:
            made = news_sending.write(
                form.purpose.data, form.subject.data or "", form.text.data or "", by=_me(), kept=kept
            )
        except Illegal:
            db.session.rollback()
            return see_other(url_for("staff_news.index"))
        db.session.commit()
        return see_other(url_for("staff_news.show", id=made.id))
    page = render_template("privacy/staff/news_write.html", form=form, row=row)
    return page, 422 if form.is_submitted() else 200


@blueprint.get("/<int:id>")
def show(id: int) -> Answer:
    """The mail as it will be, to how many, who is left out and why; once sent, the record of it."""
    row = found_or_404(News, id)
    reach = news_sending.reach(row.purpose_id, SHOWN) if row.state in GOES_OUT else _record(row)
    people = db.session.execute(
        sa.select(Account.id, Account.name).where(Account.id.in_({row.written_by, row.decided_by or 0}))
    )
    mail = news_emails.news(row, "", str(gettext("Name of the customer")), SAMPLE)
    return render_template(
        "privacy/staff/news_one.html",
        row=row,
        title=_titles().get(row.purpose_id, ""),
        state=NEWS_STATES[row.state],
        mail=mail,
        reach=reach,
        outcomes=OUTCOMES,
        people={each.id: each.name for each in people},
        goes_out=row.state in GOES_OUT,
        mine=row.written_by == _me(),
        shown=SHOWN,
    )


def _record(row: News) -> Reach:
    counted = news_sending.outcomes(row)
    who = db.session.execute(
        sa.select(Contract, NewsRecipient.outcome)
        .join(NewsRecipient, NewsRecipient.customer_id == Contract.customer_id)
        .where(NewsRecipient.news_id == row.id, NewsRecipient.outcome != Outcome.queued)
        .order_by(Contract.id)
        .limit(SHOWN)
    ).all()
    return Reach(counted.pop(Outcome.queued, 0), counted, [(contract, outcome) for contract, outcome in who])


@blueprint.post("/<int:id>")
def decide(id: int) -> Answer:
    found_or_404(News, id)
    chosen = request.form.get("decision", "")
    if chosen not in NewsAction.__members__:
        abort(404)
    row = db.session.get_one(News, id, with_for_update=True, populate_existing=True)
    try:
        news_sending.decide(row, NewsAction[chosen], by=_me(), read=request.form.get("read", ""))
    except Changed:
        db.session.rollback()
        flash(gettext("The mail was changed after you opened it, and was not sent. Please read it again."), "warning")
        return see_other(url_for("staff_news.show", id=id))
    except OwnProposal:
        return _denied(id, gettext("Another person looks at it before it is sent."))
    except Illegal:
        return _denied(id, gettext("This is not possible any more, or not allowed."))
    db.session.commit()
    said = {
        NewsAction.submit: str(ASKED),
        NewsAction.send: gettext("The mail is on its way to those who may get it."),
        NewsAction.give_back: gettext("It is a draft again."),
        NewsAction.withdraw: gettext("It is withdrawn. What had not left is taken back."),
    }
    flash(said[NewsAction[chosen]], "success")
    return see_other(url_for("staff_news.show", id=id))


def _denied(id: int, said: str) -> Response:
    db.session.rollback()
    audit.record("news.denied", by=_me(), subject=db.session.get_one(News, id))
    db.session.commit()
    flash(said, "error")
    return see_other(url_for("staff_news.show", id=id))
