"""Mailings that wait for our look: approve, refuse with words for the customer; the rules by which they wait."""

from __future__ import annotations

from flask import Response as FlaskResponse
from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem.accounts.rules import StaffRole
from wem.db import db
from wem.delivery.template_nodes import TemplateProblem
from wem.mailings import previewing, review_grounds, reviewing
from wem.mailings.audience import largest_of_late, most_recipients
from wem.mailings.image_using import origin
from wem.mailings.models import Mailing
from wem.mailings.preview_views import SANDBOX
from wem.mailings.previewing import Shown
from wem.mailings.review_forms import PolicyForm, RefusalForm
from wem.mailings.review_models import AlreadyDecided, MailingReview
from wem.mailings.review_rules import Ground
from wem.mailings.starting import lists_of
from wem.mailings.titles import Titles
from wem.mailings.trial_models import variants_of
from wem.mailings.wording import GROUNDS, REVIEWS
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.ownership import found_or_404
from wem.web.paging import page_of
from wem.web.session import me

LOOKERS = frozenset({StaffRole.contracts, StaffRole.support})
blueprint = StaffBlueprint("staff_reviews", __name__, roles=LOOKERS, url_prefix="/staff/reviews")
Answer = str | tuple[str, int] | Response


@blueprint.get("")
def index() -> Answer:
    return render_template(
        "mailings/staff/reviews.html", page=page_of(reviewing.pending(), MailingReview.id), grounds=GROUNDS
    )


@blueprint.route("/rules", methods=["GET", "POST"])
def rules() -> Answer:
    policy = review_grounds.policy()
    form = PolicyForm(obj=policy)
    if form.validate_on_submit():
        review_grounds.set_policy(
            first_mailing=form.first_mailing.data,
            large_audience=form.large_audience.data,
            words=form.words.data or "",
            by=me().id,
        )
        db.session.commit()
        flash(gettext("Saved. It holds for what is sent or scheduled from now on."), "success")
        return see_other(url_for("staff_reviews.index"))
    page = render_template("mailings/staff/review_rules.html", form=form)
    return page, 422 if form.is_submitted() else 200


@blueprint.get("/<int:id>")
def show(id: int) -> Answer:
    return _page(found_or_404(MailingReview, id), RefusalForm(formdata=None), 200)


@blueprint.get("/<int:id>/html")
def html(id: int) -> Answer:
    """The mail alone, for the frame of the page, as an invented reader gets it."""
    review, number = found_or_404(MailingReview, id), request.args.get("variant", 1, type=int)
    shown = next((_shown(each) for each in _variants(review) if each.variant == number), None)
    if shown is None or shown.html is None:
        abort(404)
    request.may_be_framed = True  # type: ignore[attr-defined]
    return FlaskResponse(
        shown.html, mimetype="text/html", headers={"Content-Security-Policy": SANDBOX.format(images=origin())}
    )


@blueprint.post("/<int:id>/approve")
def approve(id: int) -> Answer:
    review = found_or_404(MailingReview, id)
    try:
        reviewing.approve(review, by=me().id)
    except AlreadyDecided:
        return _too_late()
    db.session.commit()
    flash(gettext("Approved. It is sent by itself, at once or at its time."), "success")
    return see_other(url_for("staff_reviews.index"))


@blueprint.post("/<int:id>/refuse")
def refuse(id: int) -> Answer:
    review, form = found_or_404(MailingReview, id), RefusalForm()
    if not form.validate_on_submit():
        return _page(review, form, 422)
    try:
        reviewing.refuse(review, (form.note.data or "").strip(), by=me().id)
    except AlreadyDecided:
        return _too_late()
    db.session.commit()
    flash(
        gettext("Sent back. The mailing is a draft again, and the customer is told why by email."),
        "success",
    )
    return see_other(url_for("staff_reviews.index"))


def _too_late() -> Answer:
    db.session.rollback()
    flash(gettext("Somebody else has decided, or the customer has taken the mailing back."), "info")
    return see_other(url_for("staff_reviews.index"))


def _page(review: MailingReview, form: RefusalForm, status: int) -> Answer:
    mailing = review.mailing
    page = render_template(
        "mailings/staff/review.html",
        review=review,
        mailing=mailing,
        title=Titles(mailing.customer_id).of(mailing),
        state=REVIEWS[review.state],
        grounds=[GROUNDS[Ground(ground)] for ground in review.grounds],
        open=reviewing.waits(mailing) and review.version == mailing.version and review.decided_at is None,
        changed=review.version != mailing.version,
        shown=_shown(mailing),
        variants=[(each, _shown(each)) for each in _variants(review)],
        lists=lists_of(mailing),
        most=most_recipients(mailing),
        usual=largest_of_late(mailing.customer_id),
        form=form,
    )
    return page, status


def _variants(review: MailingReview) -> list[Mailing]:
    """Return the mailing and the other variants of its A/B test: all of them are looked at."""
    return [review.mailing, *variants_of(review.mailing)]


def _shown(mailing: Mailing) -> Shown | None:
    try:
        return previewing.as_sample(mailing, 0)
    except (TemplateProblem, LookupError):
        return None
