"""Where customers ask for something about their contract: cancellation, course, options, resumption."""

from __future__ import annotations

from datetime import date

from flask import render_template, request
from flask_babel import gettext

from wem import clock
from wem.billing import arrears
from wem.contracts import agreed, costing, date_rules, describing, parting, requesting
from wem.contracts.describing import Facts
from wem.contracts.models import Contract
from wem.contracts.request_forms import ApplyToResumeForm, CancelForm, CourseForm, EarlyExitForm, OptionsForm
from wem.contracts.request_models import RequestKind, open_requests
from wem.contracts.rules import Use
from wem.contracts.stepping_views import Answer, Page, sent_already, stepped, who
from wem.lists import counting
from wem.settings import settings
from wem.web.blueprints import CustomerBlueprint, owners_only

blueprint = CustomerBlueprint("contract_requests", __name__, use=Use.contract)


@blueprint.route("/contract/cancel", methods=["GET", "POST"])
@owners_only
def cancel() -> Answer:
    contract, account = who()
    form = CancelForm()
    outlook = costing.leaving_today(contract, clock.now(), counting.month_peak(contract.customer_id))
    if again := sent_already(contract):
        return again
    if outlook is None:
        return render_template("contracts/no_request.html", title=gettext("Cancel the contract"), contract=contract)
    form.offer_months(outlook.effective)

    def facts() -> Facts:
        chosen = costing.leaving_today(contract, clock.now(), counting.month_peak(contract.customer_id), form.month)
        assert chosen is not None
        return [
            (gettext("Holds from"), chosen.effective),
            (gettext("Last day of service"), chosen.last_day),
            *chosen.costs(),
        ]

    return stepped(
        contract,
        account,
        Page(
            gettext("Cancel the contract"),
            form,
            lambda way, _: requesting.cancel(contract, way, form.month, form.note.data or ""),
            label=gettext("Cancel the contract"),
            kind="danger",
            facts=facts,
            notes=[
                outlook.why,
                gettext(
                    "The cancellation holds from the 1st of a month; what counts is when we receive it (Art. 15-1)."
                ),
                gettext("Until that day you can use the service, and withdraw the cancellation."),
                gettext("Fees until then are due, and fees that were paid are not returned (Art. 15-3)."),
                gettext("Lists, readers, mailings and images are not returned and are erased for good (Art. 15-4)."),
            ],
        ),
    )


@blueprint.route("/contract/early-exit", methods=["GET", "POST"])
@owners_only
def early_exit() -> Answer:
    """Ask to be let go within the minimum term, once the contract is cancelled (A-04)."""
    contract, account = who()
    form, title = EarlyExitForm(), gettext("Ask to leave within the minimum term")
    if again := sent_already(contract):
        return again
    months = early_months(contract)
    if not months:
        return render_template("contracts/no_request.html", title=title, contract=contract)
    form.offer(months)
    peak = counting.month_peak(contract.customer_id)
    rest = (
        gettext("The rest of the minimum term is owed under your course, campaign or application (Art. 5-4).")
        if contract.rest_owed
        else gettext("The rest of the minimum term is not owed.")
    )
    return stepped(
        contract,
        account,
        Page(
            title,
            form,
            lambda way, words: requesting.leave_early(
                contract, form.month, way, agreed=words, note=form.note.data or ""
            ),
            label=gettext("Send the request"),
            facts=lambda: [
                (gettext("Holds from"), form.month),
                (gettext("Last day of service"), form.month - date_rules.DAY),
                *costing.leaving_early(contract, clock.now(), peak, form.month).costs(),
            ],
            agreed=lambda: costing.early_sentence(contract, clock.now(), peak, form.month),
            notes=[
                gettext("Your cancellation holds after the minimum term (Art. 5-1). We may let you go earlier."),
                gettext("The fees until then are due in any case (Art. 15-3)."),
                rest,
                gettext("We look into it and tell you the result by a notice."),
            ],
        ),
    )


def early_months(contract: Contract) -> list[date]:
    """Return the months from which the customer may ask to be let go: none before the cancellation."""
    exit_on = contract.life.first_exit
    if exit_on is None or contract.leaves_on is None or open_requests(contract.id, RequestKind.early_exit):
        return []
    return [month for month in date_rules.early_exits(clock.now(), exit_on) if month < contract.leaves_on]


@blueprint.route("/contract/course", methods=["GET", "POST"])
@owners_only
def course() -> Answer:
    contract, account = who()
    form = CourseForm()
    first = date_rules.change_effective(clock.now(), None, contract.start_date)
    if request.method in ("GET", "HEAD") and _too_late(contract, first):
        return render_template("contracts/no_request.html", title=gettext("Change the course"), contract=contract)
    form.offer(contract, first)
    form.offer_months(first, contract.life.over_on)
    peak = counting.month_peak(contract.customer_id)
    return stepped(
        contract,
        account,
        Page(
            gettext("Change the course"),
            form,
            lambda way, words: requesting.change_course(
                contract,
                form.course.data,
                way,
                overdue=arrears.before_change(contract.id, clock.today()),
                agreed=words,
                wanted=form.month,
            ),
            label=gettext("Apply for this change"),
            facts=lambda: [
                *describing.wish(RequestKind.course, {"course": form.course.data, "from": contract.course.code}),
                (gettext("Holds from"), form.month),
                *costing.course_fees(contract, form.course.data, form.month, peak),
                (gettext("All fees of the new course"), costing.all_fees(form.course.data, form.month)),
            ],
            agreed=lambda: costing.course_sentence(contract, form.course.data, form.month, peak),
            notes=_change_notes(contract),
        ),
    )


@blueprint.route("/contract/options", methods=["GET", "POST"])
@owners_only
def options() -> Answer:
    contract, account = who()
    form = OptionsForm()
    first = date_rules.change_effective(clock.now(), None, contract.start_date)
    if request.method in ("GET", "HEAD") and _too_late(contract, first):
        return render_template("contracts/no_request.html", title=gettext("Change the options"), contract=contract)
    form.offer(contract)
    form.offer_months(first, contract.life.over_on)
    has = [option.code for option in contract.options_on(clock.today())]
    if request.method in ("GET", "HEAD"):
        form.options.data = has

    def parts() -> tuple[list[str], list[str]]:
        wished = form.options.data or []
        return [code for code in wished if code not in has], [code for code in has if code not in wished]

    return stepped(
        contract,
        account,
        Page(
            gettext("Change the options"),
            form,
            lambda way, words: requesting.change_options(
                contract,
                *parts(),
                way,
                overdue=arrears.before_change(contract.id, clock.today()),
                agreed=words,
                wanted=form.month,
            ),
            label=gettext("Apply for this change"),
            facts=lambda: [
                *describing.wish(RequestKind.options, dict(zip(("add", "remove"), parts(), strict=True))),
                (gettext("Holds from"), form.month),
                (gettext("Options a month"), costing.options_text(form.options.data or [], form.month)),
            ],
            agreed=lambda: costing.options_sentence(form.options.data or [], form.month),
            notes=_change_notes(contract),
        ),
    )


def _too_late(contract: Contract, first: date) -> bool:
    """Return whether the contract is over before a change could hold."""
    over = contract.life.over_on
    return over is not None and over <= first


def _change_notes(contract: Contract) -> list[str]:
    notes = [
        *(describing.pending(row) for row in agreed.coming(contract)),
        *(
            gettext("Our termination of the option %(name)s holds: it cannot be chosen (Art. 14-1).", name=name)
            for name in parting.ended_options(contract.id).values()
        ),
        gettext("What we receive by the 10th holds from the next month, later ones a month after (Art. 11-1)."),
        gettext("We look into it and tell you the result by a notice."),
    ]
    overdue = arrears.before_change(contract.id, clock.today())
    if overdue:
        notes.insert(
            0,
            gettext(
                "%(amount)s yen are unpaid. They must be settled before you can apply (Art. 11-2). "
                "To pay now, transfer to: %(account)s",
                amount=f"{overdue:,}",
                account=settings().PROVIDER_ACCOUNT,
            ),
        )
    return notes


@blueprint.route("/contract/resume", methods=["GET", "POST"])
@owners_only
def resume() -> Answer:
    contract, account = who()
    form = ApplyToResumeForm()
    found = arrears.conditions(contract, clock.today())
    if again := sent_already(contract):
        return again
    if found is None:
        return render_template("contracts/no_request.html", title=gettext("Apply for resumption"), contract=contract)
    notes = [
        gettext("All sums are settled.")
        if found.all_settled
        else gettext("%(amount)s yen are still open.", amount=f"{found.outstanding:,}")
    ]
    if found.limit:
        notes.append(gettext("All must be settled by %(day)s (Art. 13-2).", day=describing.in_japanese(found.limit)))
    return stepped(
        contract,
        account,
        Page(
            gettext("Apply for resumption"),
            form,
            lambda way, _: requesting.ask_to_resume(contract, way, form.note.data or ""),
            label=gettext("Apply for resumption"),
            facts=lambda: [
                (gettext("Suspended since"), contract.suspended_at or ""),
                (gettext("Note for us"), form.note.data or "–"),
            ],
            notes=[*notes, gettext("We decide once all is settled, and tell you the result.")],
        ),
    )
