"""Writing a mailing: new, edit, duplicate, delete."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import flash, render_template, request, url_for
from flask_babel import get_locale, gettext
from werkzeug.wrappers import Response

from wem.accounts.rules import WRITERS
from wem.contracts.models import contract_in_force
from wem.contracts.rules import Use
from wem.contracts.wording import LEGAL_ITEMS
from wem.db import db
from wem.delivery.template_nodes import TemplateProblem
from wem.domains.choosing import sender_address
from wem.domains.models import list_senders
from wem.lists.models import MailingList
from wem.mailings import (
    block_editing,
    block_keeping,
    branding,
    composing,
    copying,
    design_keeping,
    design_using,
    earlier,
    naming,
    narrowing,
)
from wem.mailings.block_wording import fault_text
from wem.mailings.composing import Conflict, Draft, Refused
from wem.mailings.design_wording import OFFERED
from wem.mailings.earlier import TooOften
from wem.mailings.earlier_rules import Earlier
from wem.mailings.forms import NAME_LENGTH, MailingForm
from wem.mailings.inserting import snippets
from wem.mailings.models import BodyKind, Mailing
from wem.mailings.reply_choosing import reply_address_for
from wem.mailings.segment_models import SegmentUse
from wem.mailings.states import NotPossible
from wem.mailings.titles import Titles
from wem.mailings.wording import BODY_KINDS, PARTS
from wem.segments.keeping import of_customer as segments_of
from wem.sender_names.asking import approved, registered_name
from wem.web.blueprints import CustomerBlueprint, for_roles
from wem.web.htmx import see_other
from wem.web.numbers import HIGHEST
from wem.web.ownership import owned_or_404
from wem.web.session import ours

blueprint = CustomerBlueprint("composing", __name__, use=Use.compose)
Answer = str | tuple[str, int] | Response
writers_only = for_roles(WRITERS)
# What a mail made of blocks is changed to has a page of its own; nothing is changed to blocks.
BLOCKS_ALONE, WRITTEN = (BodyKind.blocks,), (BodyKind.html, BodyKind.text)


@blueprint.route("/mailings/new", methods=["GET", "POST"])
@writers_only
def new() -> Answer:
    """Choose a kind of mail or a design, then write its head, and its body where it is not made of blocks."""
    customer, account = ours()
    key, wanted = request.args.get("design", ""), request.args.get("kind", "")
    design = design_using.chosen(key, customer.id) if key else None
    if key and design is None:
        flash(gettext("This template no longer exists. Please choose another one."), "warning")
        return see_other(url_for("composing.new"))
    if design is not None:
        wanted = design.body_kind.value
    if request.method == "GET" and wanted not in list(BodyKind):
        return render_template(
            "mailings/kinds.html",
            list=request.args.get("list", type=int),
            own=design_keeping.of_customer(customer.id, design_keeping.FIRST),
            ours=OFFERED,
            kinds=BODY_KINDS,
        )
    blocks = (request.form.get("body_kind") or wanted) == BodyKind.blocks
    form = _form(customer.id, kinds=BLOCKS_ALONE if blocks else WRITTEN)
    if request.method == "GET":
        form.lists.data, form.body_kind.data = _lists_wanted(form), wanted
        if design is not None:
            form.begin_with(design)
    if not form.validate_on_submit():
        return _page(form, None, 422 if form.is_submitted() else 200)
    try:
        cleaned = composing.clean(_draft(form), customer.id)
    except Refused as refused:
        return _refused(form, refused, None)
    mailing = composing.create(customer.id, cleaned, by=account.id)
    if blocks:
        document = design.document if design else None
        document = document or branding.beginning(branding.brand_of(customer.id))
        try:
            block_editing.begin(mailing, document, by=account.id)
        except Refused as refused:
            db.session.rollback()
            return _refused(form, refused, None)
    db.session.commit()
    return _saved(mailing, cleaned.removed)


@blueprint.route("/mailings/<int:id>/edit", methods=["GET", "POST"])
@writers_only
def edit(id: int) -> Answer:
    customer, account = ours()
    mailing = owned_or_404(Mailing, id)
    if not mailing.editable:
        flash(gettext("Only drafts can be edited. Cancel the schedule first, or duplicate the mailing."), "warning")
        return see_other(url_for("mailings.show", id=id))
    made_of_blocks = mailing.body_kind is BodyKind.blocks
    form = _form(customer.id, mailing, kinds=BLOCKS_ALONE if made_of_blocks else WRITTEN)
    if not form.validate_on_submit():
        return _page(form, mailing, 422 if form.is_submitted() else 200)
    typed = str(form.version.data or "")
    version = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else 0
    try:
        cleaned = composing.clean(_draft(form), customer.id, mailing)
        composing.save(mailing, cleaned, version, by=account.id)
        if made_of_blocks:
            # The mail's language stands in its HTML.
            block_editing.fill(mailing, block_keeping.document_of(mailing))
    except Refused as refused:
        return _refused(form, refused, mailing)
    except TooOften:
        db.session.rollback()
        form.earlier.errors = [gettext("It has been resent so often that recipients can no longer be told apart.")]
        return _page(form, mailing, 422)
    except Conflict as conflict:
        db.session.rollback()
        # Saving again from this page is the person's own decision.
        form.version.data = str(mailing.version)
        return _page(form, mailing, 409, conflict=[str(PARTS[name]) for name in conflict.parts])
    except NotPossible:
        db.session.rollback()
        flash(gettext("The mailing's status has changed in the meantime. Please check it again."), "warning")
        return see_other(url_for("mailings.show", id=id))
    db.session.commit()
    return _saved(mailing, cleaned.removed)


@blueprint.post("/mailings/<int:id>/duplicate")
def duplicate(id: int) -> Answer:
    _, account = ours()
    mailing = owned_or_404(Mailing, id)
    name = name_for_own_use(mailing, gettext("Copy of %(title)s"))
    copy = copying.duplicate(mailing, name=name, by=account.id)
    db.session.commit()
    flash(gettext("This is a copy with the same subject. Change whatever should be different."), "success")
    return see_other(url_for("blocks.show" if copy.body_kind is BodyKind.blocks else "composing.edit", id=copy.id))


@blueprint.post("/mailings/<int:id>/delete")
def delete(id: int) -> Answer:
    _, account = ours()
    mailing = owned_or_404(Mailing, id)
    try:
        composing.delete(mailing, by=account.id)
    except NotPossible:
        db.session.rollback()
        flash(gettext("Only drafts can be deleted."), "warning")
        return see_other(url_for("mailings.show", id=id))
    db.session.commit()
    flash(gettext("Deleted."), "success")
    return see_other(url_for("mailings.index"))


def name_for_own_use(mailing: Mailing, words: str) -> str:
    """Return these words about its title as the name of what is made of it; no name where it has no title.

    It says there what it is, and nowhere that a reader sees.
    """
    if not mailing.name and not mailing.subject:
        return ""
    room = NAME_LENGTH - len(words % {"title": ""})
    return words % {"title": Titles(mailing.customer_id).of(mailing)[:room]}


def _form(customer_id: int, mailing: Mailing | None = None, *, kinds: tuple[BodyKind, ...]) -> MailingForm:
    form = MailingForm(obj=mailing)
    form.offer(
        db.session.scalars(
            sa.select(MailingList)
            .where(MailingList.customer_id == customer_id, MailingList.archived_at.is_(None))
            .order_by(MailingList.id)
        ),
        segments_of(customer_id),
        kinds,
    )
    form.offer_names(
        registered_name(customer_id),
        approved(customer_id),
        naming.lost([mailing]) if mailing is not None else [],
    )
    if mailing is not None and not form.is_submitted():
        form.lists.data = [row.id for row in mailing.lists]
        form.only.data = narrowing.chosen(mailing.id, SegmentUse.only)
        form.without.data = narrowing.chosen(mailing.id, SegmentUse.without)
        form.body_kind.data, form.version.data = mailing.body_kind.value, str(mailing.version)
        form.earlier.data = earlier.chosen(mailing.id).value
    before = earlier.of(mailing) if mailing is not None else None
    if before is not None:
        form.follow(Titles(customer_id).of(before), before.body_kind.has_html)
    else:
        del form.earlier
    return form


def _lists_wanted(form: MailingForm) -> list[int]:
    """Return what is ticked on a new mailing: the only list, or the one that the link named."""
    offered = [int(choice.value) for choice in form.lists.choices or ()]
    wanted = request.args.get("list", type=int)
    if wanted is not None and wanted in offered:
        return [wanted]
    return offered if len(offered) == 1 else []


def _draft(form: MailingForm) -> Draft:
    narrows = request.form.get("narrows") == "1"
    return Draft(
        name=form.name.data or "",
        subject=form.subject.data or "",
        body_kind=BodyKind(form.body_kind.data),
        html=form.html.data or "",
        text=form.text.data or "",
        language=form.language.data,
        list_ids=form.lists.data or (),
        wrap_at=form.wrap_at.data,
        # A form that does not show them leaves them as they are.
        only=(form.only.data or ()) if narrows else None,
        without=(form.without.data or ()) if narrows else None,
        view_line=form.view_line.data,
        sender_name_id=form.sender_name_id.data or None,
        earlier=Earlier(form.earlier.data) if form.earlier and "earlier" in request.form else None,
        derive=request.form.get("derive") == "1",
    )


def _refused(form: MailingForm, refused: Refused, mailing: Mailing | None) -> Answer:
    for part, problem in refused.problems.items():
        if part in form:
            form[part].errors = [fault_text(problem)]
        else:
            form.form_errors.append(fault_text(problem))
    faults = {part: each.excerpt for part, each in refused.problems.items() if isinstance(each, TemplateProblem)}
    return _page(form, mailing, 422, faults=faults)


def _saved(mailing: Mailing, removed: tuple[str, ...]) -> Answer:
    flash(gettext("Saved."), "success")
    if removed:
        what = ", ".join(removed)
        flash(gettext("Removed from the HTML because it is not allowed in email: %(what)s", what=what), "warning")
    pages = {"preview": "previews.show", "check": "sending.check", "trial": "trials.show"}
    otherwise = "blocks.show" if mailing.body_kind is BodyKind.blocks else "composing.edit"
    return see_other(url_for(pages.get(request.form.get("next", ""), otherwise), id=mailing.id))


def _page(form: MailingForm, mailing: Mailing | None, status: int, **values: Any) -> Answer:
    customer, _ = ours()
    contract = contract_in_force(customer.id)
    missing = [str(LEGAL_ITEMS[item]) for item in contract.missing_legal_items] if contract else []
    page = render_template(
        "mailings/compose.html",
        form=form,
        mailing=mailing,
        title=Titles(customer.id).of(mailing) if mailing else "",
        reply_to=reply_address_for(customer.id),
        registered=registered_name(customer.id),
        from_=sender_address(customer, mailing.main.lists if mailing else _ticked(form)),
        own_senders=list_senders([int(choice.value) for choice in form.lists.choices or ()]),
        missing=missing,
        lost=narrowing.lost(mailing) if mailing else [],
        snippets=snippets(customer.id, mailing.language if mailing else str(get_locale())),
        **values,
    )
    return page, status


def _ticked(form: MailingForm) -> list[MailingList]:
    """Return the lists that a new mailing begins with."""
    chosen = [number for number in form.lists.data or () if number <= HIGHEST]
    owned = sa.select(MailingList).where(MailingList.customer_id == ours()[0].id, MailingList.id.in_(chosen))
    return list(db.session.scalars(owned))
