"""What a second person answers to a proposal that ends a contract or gives it back (Art. 14)."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem.contracts.models import Contract
from wem.contracts.request_models import Revocation, Termination
from wem.contracts.staff_forms import NoteForm
from wem.contracts.staff_views import decided, denied
from wem.contracts.state_rules import Illegal, OwnProposal, TerminationAction
from wem.db import db
from wem.web.htmx import see_other
from wem.web.session import me


def answer_decision(
    row: Termination | Revocation, decide: Callable[..., None], *, back_url: str, act: str, said_if_approved: str = ""
) -> Response:
    """Carry out what the form says about the row, the contract locked; `act` names it in the audit trail if denied.

    `decide` takes the row, the action, the note and `by`, and raises OwnProposal and Illegal.
    """
    form, chosen = NoteForm(), request.form.get("decision", "")
    if chosen not in TerminationAction.__members__ or not form.validate():
        flash(gettext("Please write a note for the record."), "error")
        return see_other(back_url)
    contract = db.session.get(Contract, row.contract_id, with_for_update=True, populate_existing=True)
    db.session.refresh(row)
    assert contract is not None
    try:
        decide(row, TerminationAction[chosen], (form.note.data or "").strip(), by=me().id)
    except OwnProposal:
        said = gettext("You cannot approve what you asked for yourself: another person decides.")
        return denied(contract, "own_approval", said)
    except Illegal:
        return denied(contract, act)
    approved = said_if_approved and chosen == TerminationAction.approve.name
    return decided(contract.id, said_if_approved if approved else gettext("It is decided."))
