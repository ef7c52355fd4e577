"""Applying on the web: enter, confirm, complete, then print, seal and hand over (Art. 4-1)."""

from __future__ import annotations

from flask import flash, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem.contracts import application_facts, application_papers, applying
from wem.contracts.account_forms import AccountForm
from wem.contracts.application_forms import ApplicationForm, PapersForm
from wem.contracts.application_models import Application
from wem.contracts.application_rules import PAPERS_DAYS, ApplicationState, Way, same_phone
from wem.contracts.applying import Typed
from wem.contracts.text_models import in_force
from wem.contracts.text_rules import TextKind
from wem.db import db
from wem.web.blueprints import OpenBlueprint
from wem.web.files import file_answer
from wem.web.htmx import see_other
from wem.web.limits import limiter

blueprint = OpenBlueprint("apply", __name__)
Answer = str | tuple[str, int] | Response
KEY = "application"  # in the session: what is typed stays with us


def _kept() -> Application | None:
    """Return the application of this browser."""
    number = session.get(KEY)
    return db.session.get(Application, number) if isinstance(number, int) else None


def _draft() -> Application | None:
    found = _kept()
    return found if found is not None and found.state is ApplicationState.draft else None


def _filled() -> Application | None:
    found = _kept()
    return found if found is not None and found.state is not ApplicationState.draft else None


@blueprint.get("/apply")
def enter() -> Answer:
    kept = _draft()
    form = ApplicationForm(data={**kept.entries, "account_number": kept.account_number} if kept else None)
    return _page(form)


def _page(form: ApplicationForm, status: int = 200) -> tuple[str, int]:
    versions = {"terms": in_force(TextKind.terms), "consent": in_force(TextKind.consent)}
    return render_template("contracts/applying/enter.html", form=form, versions=versions), status


@blueprint.post("/apply")
@limiter.limit("60/hour")
def entered() -> Answer:
    form = ApplicationForm()
    # By POST, with JavaScript too: the whole form comes along, and an account number must stand in no address.
    if request.form.get("act") == "address":
        form.fill_address()
        return _page(form)
    if not form.validate_on_submit() or form.website.data:
        return _page(form, 422)
    kept = applying.write_down(Typed(form.entries(), Way.web, form.only_phone_mail), _draft())
    db.session.commit()
    session[KEY] = kept.id
    return see_other(url_for("apply.confirm"))


@blueprint.get("/apply/<any(banks,branches):what>")
@limiter.limit("240/minute")
def places_found(what: str) -> Answer:
    """Answer with the banks, or the branches of the bank, that what was typed so far may mean."""
    form = AccountForm(request.args)
    form.search()
    name = "bank" if what == "banks" else "branch"
    found = form.found_banks if what == "banks" else form.found_branches
    return render_template("contracts/_places.html", name=name, found=found, typed=form[name].data)


@blueprint.get("/apply/confirm")
def confirm() -> Answer:
    kept = _draft()
    if kept is None:
        return see_other(url_for("apply.enter"))
    # The account number whole: this browser typed it, and it is to be looked at once more.
    facts = {**application_facts.shown(kept), "account_number": kept.account_number}
    return render_template("contracts/applying/confirm.html", **facts)


@blueprint.post("/apply/confirm")
@limiter.limit("10/hour")
def confirmed() -> Answer:
    kept = _draft()
    if kept is None:
        flash(gettext("Please enter your application again."), "warning")
        return see_other(url_for("apply.enter"))
    applying.fill(kept, by=None)
    db.session.commit()
    return see_other(url_for("apply.done"))


@blueprint.get("/apply/done")
def done() -> Answer:
    found = _filled()
    if found is None:
        return see_other(url_for("apply.enter"))
    return render_template(
        "contracts/applying/done.html",
        application=found,
        partner=application_facts.partner(found) if found.partner else "",
        days=PAPERS_DAYS,
    )


@blueprint.route("/apply/papers/<token>", methods=["GET", "POST"])
@limiter.limit("10/hour", methods=["POST"])
def papers(token: str) -> Answer:
    """Lead who has the mailed link back to the papers, on whatever device.

    The mail address was typed, not proven, and one of the papers shows an account number: who opens the link says the
    telephone number of the application first.
    """
    found, form = applying.named_by(token), PapersForm()
    if found is None:
        return render_template("contracts/applying/papers_gone.html"), 410
    if form.validate_on_submit():
        if same_phone(form.phone.data or "", found.entries["phone"]):
            session[KEY] = found.id
            return see_other(url_for("apply.done"))
        form.phone.errors = [gettext("This is not the telephone number of the application.")]
    return render_template("contracts/applying/papers.html", form=form, application=found), (
        422 if form.is_submitted() else 200
    )


@blueprint.get("/apply/application.pdf")
@limiter.limit("20/minute")
def form_pdf() -> Answer:
    found = _filled()
    if found is None:
        return see_other(url_for("apply.enter"))
    content = application_papers.application_form(found)
    return file_answer(content, f"{found.number}-application.pdf")


@blueprint.get("/apply/debit.pdf")
@limiter.limit("20/minute")
def debit_pdf() -> Answer:
    found = _filled()
    if found is None:
        return see_other(url_for("apply.enter"))
    content = application_papers.debit_request(found)
    return file_answer(content, f"{found.number}-debit.pdf")
