"""Our side's notices on staff's screens: refusal of renewal, correction, restriction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import clock
from wem.contracts import date_rules, ending, notifying_service, refusing
from wem.contracts.describing import in_japanese
from wem.contracts.models import Contract, literal_ends
from wem.contracts.request_models import (
    Correction,
)
from wem.contracts.staff_change_views import reach
from wem.contracts.staff_forms import ArrivedForm, CorrectionForm, NoteForm, ReasonForm, RestrictForm
from wem.contracts.staff_views import CHANGERS, contract_to_change, decided, denied
from wem.contracts.state_rules import CorrectionAction, Illegal
from wem.web.blueprints import StaffBlueprint
from wem.web.htmx import see_other
from wem.web.ownership import found_or_404
from wem.web.session import me

blueprint = StaffBlueprint("staff_endings", __name__, roles=CHANGERS, url_prefix="/staff")
Answer = str | tuple[str, int] | Response


def _act(
    contract: Contract,
    form: Any,
    title: str,
    label: str,
    notes: list[str],
    do: Callable[[], Any],
    said: str,
    name: str,
    kind: str = "primary",
) -> Answer:
    """Show a form with what it will do; once it is good, do it."""
    if form.validate_on_submit():
        try:
            do()
        except Illegal:
            return denied(contract, name)
        return decided(contract.id, said)
    page = render_template(
        "contracts/staff/act.html",
        title=title,
        back_url=url_for("staff_contracts.show", id=contract.id),
        back_label=contract.customer.name,
        form=form,
        label=label,
        kind=kind,
        notes=notes,
    )
    return page, 422 if form.is_submitted() else 200


@blueprint.route("/contracts/<int:id>/refusal", methods=["GET", "POST"])
def refuse_renewal(id: int) -> Answer:
    contract, form = contract_to_change(id), ReasonForm()
    try:
        term = refusing.term_to_end(contract, clock.today())
    except Illegal:
        return denied(contract, "refusal")
    return _act(
        contract,
        form,
        gettext("Do not renew the contract of %(name)s", name=contract.customer.name),
        gettext("Send the notice"),
        [
            gettext("The customer gets the notice by mail, or by letter where mail does not work (Art. 5-3)."),
            gettext(
                "If it arrives by %(day)s, the contract ends on %(end)s; later, one term later.",
                day=in_japanese(date_rules.non_renewal_deadline(term, contract.notice_months)),
                end=in_japanese(term.end(literal_ends())),
            ),
        ],
        lambda: refusing.refuse_renewal(contract, (form.reason.data or "").strip(), by=me().id),
        gettext(
            "The notice is issued; where it goes by letter, it waits to be printed. It counts once it has reached the "
            "customer."
        ),
        "refusal",
        kind="danger",
    )


@blueprint.route("/contracts/<int:id>/refusal/arrival", methods=["GET", "POST"])
def refusal_arrived(id: int) -> Answer:
    contract, form = contract_to_change(id), ArrivedForm()
    row = refusing.open_refusal(id)
    if row is None:
        abort(404)
    if not form.is_submitted() and not refusing.may_note_arrival(row):
        flash(gettext("A mail's arrival is noted by itself. A letter's can be noted once it is in the post."), "info")
        return see_other(url_for("staff_contracts.show", id=id))
    return _act(
        contract,
        form,
        gettext("The notice reached %(name)s", name=contract.customer.name),
        gettext("Note the day"),
        [gettext("From this day follows with which term the contract ends.")],
        lambda: refusing.refusal_arrived(row, form.arrived.data, by=me().id),
        gettext("The day is noted, and the end of the contract follows from it."),
        "arrival",
    )


@blueprint.post("/contracts/<int:id>/refusal/withdrawal")
def take_refusal_back(id: int) -> Answer:
    contract, row = contract_to_change(id), refusing.open_refusal(id)
    if row is None:
        abort(404)
    try:
        refusing.take_refusal_back(row, by=me().id)
    except Illegal:
        return denied(contract, "refusal_withdrawal")
    return decided(id, gettext("The refusal is taken back, and the customer is told."))


@blueprint.route("/contracts/<int:id>/correction", methods=["GET", "POST"])
def correct(id: int) -> Answer:
    contract, form = contract_to_change(id), CorrectionForm()
    return _act(
        contract,
        form,
        gettext("Demand a correction of %(name)s", name=contract.customer.name),
        gettext("Send the demand"),
        [gettext("The customer gets the demand with its deadline (Art. 14-2); then it stands on the work list.")],
        lambda: ending.issue_correction(
            contract, form.breach.data or "", form.demand.data or "", form.deadline.data, by=me().id
        ),
        gettext("The demand is issued. Where it goes by letter, it waits to be printed."),
        "correction",
    )


@blueprint.route("/corrections/<int:id>/closing", methods=["GET", "POST"])
def close_correction(id: int) -> Answer:
    row, form = found_or_404(Correction, id), NoteForm()
    contract = contract_to_change(row.contract_id)
    withdraws = request.args.get("as") == "withdrawn"
    action = CorrectionAction.withdraw if withdraws else CorrectionAction.correct
    return _act(
        contract,
        form,
        gettext("Take the demand back") if withdraws else gettext("It is corrected"),
        gettext("Take the demand back") if withdraws else gettext("Note that it is corrected"),
        [row.breach],
        lambda: ending.close_correction(row, action, (form.note.data or "").strip(), by=me().id),
        gettext("The demand is closed, and the customer is told."),
        "closing",
    )


@blueprint.route("/contracts/<int:id>/restriction", methods=["GET", "POST"])
def restrict(id: int) -> Answer:
    contract, form = contract_to_change(id), RestrictForm()

    def do() -> None:
        contract.restrict(form.chosen, (form.note.data or "").strip(), by=me().id)
        notifying_service.restricted(contract)

    touched = reach(contract.customer_id)
    return _act(
        contract,
        form,
        gettext("Restrict the use by %(name)s", name=contract.customer.name),
        gettext("Restrict"),
        [
            gettext("For a contract that overloads the service (Art. 18). The customer is told."),
            gettext("Mailings being sent that would stop: %(count)s.", count=f"{touched.sending:,}"),
        ],
        do,
        gettext("The use is restricted."),
        "restriction",
        kind="danger",
    )


@blueprint.route("/contracts/<int:id>/release", methods=["GET", "POST"])
def release(id: int) -> Answer:
    contract, form = contract_to_change(id), NoteForm()

    def do() -> None:
        contract.release((form.note.data or "").strip(), by=me().id)
        notifying_service.released(contract)

    return _act(
        contract,
        form,
        gettext("Lift the restriction of %(name)s", name=contract.customer.name),
        gettext("Lift the restriction"),
        [gettext("Mailings that were held stay held until the customer decides.")],
        do,
        gettext("The restriction is lifted."),
        "release",
    )
