"""Requests in 入力 → 確認 → 完了: the three steps, the same for each."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wem import audit, clock
from wem.accounts.models import Account
from wem.contracts import requesting
from wem.contracts.describing import Facts
from wem.contracts.models import Contract, contract_in_force
from wem.contracts.request_forms import SteppedForm
from wem.contracts.request_models import ContractRequest
from wem.contracts.requesting import NotPossible, Way
from wem.contracts.wording import REFUSALS
from wem.db import db
from wem.web.htmx import see_other
from wem.web.session import ours

Answer = str | tuple[str, int] | Response
TOKEN_LENGTH = 64


@dataclass
class Page:
    """One request in three steps: what is typed, what is shown before it is sent, and the act itself."""

    title: str
    form: SteppedForm
    act: Callable[[Way, str], ContractRequest | None]
    lead: str = ""
    label: str = ""
    kind: str = "primary"
    facts: Callable[[], Facts] = list
    notes: Sequence[str] = ()  # on the first page
    agreed: Callable[[], str] = str  # the sentence that is agreed to


def who() -> tuple[Contract, Account]:
    """Return the contract, held while it is changed, and the person; 404 without one."""
    customer, account = ours()
    contract = contract_in_force(customer.id)
    if contract is None:
        abort(404)
    if request.method == "POST":
        db.session.refresh(contract, with_for_update=True)
    return contract, account


def sent_already(contract: Contract) -> Response | None:
    """Return the way to what this form made already: a button pressed twice asks for nothing more."""
    earlier = requesting.taken(request.form.get("token") if request.form.get("step") == "done" else None)
    if earlier is None:
        return None
    if earlier.customer_id != contract.customer_id:
        abort(404)
    return see_other(url_for("made_requests.done", id=earlier.id))


def stepped(contract: Contract, account: Account, page: Page) -> Answer:
    """Answer one of the three steps."""
    form = page.form
    step = request.form.get("step", "")
    if request.method in ("GET", "HEAD"):
        form.token.data = secrets.token_urlsafe(24)
    if again := sent_already(contract):
        return again
    if request.method in ("GET", "HEAD") or step == "back":
        return render_template("contracts/request.html", page=page, form=form)
    if not form.validate():
        return render_template("contracts/request.html", page=page, form=form), 422
    agreed = page.agreed()
    # The words that are kept are those that were read: fees and the peak may change while the page is open.
    stale = step == "done" and request.form.get("agreed", "").split() != agreed.split()
    if step != "done" or stale:
        answer = render_template(
            "contracts/request_confirm.html", page=page, form=form, facts=page.facts(), agreed=agreed, stale=stale
        )
        return answer, 409 if stale else 200
    way = Way(account.id, clock.now(), token=(form.token.data or "")[:TOKEN_LENGTH] or None)
    try:
        row = page.act(way, agreed)
    except NotPossible as error:
        return _refused(contract, account, page, error)
    db.session.commit()
    if row is None:
        flash(gettext("Nothing was different."), "info")
        return see_other(url_for("contract.show"))
    return see_other(url_for("made_requests.done", id=row.id))


def _refused(contract: Contract, account: Account, page: Page, error: NotPossible) -> Answer:
    """Say why not; what the screen does not offer was tried by hand, and that is written down."""
    db.session.rollback()
    audit.record(
        "request.denied", by=account.id, customer_id=contract.customer_id, denied=error.reason, page=request.path
    )
    db.session.commit()
    page.form.form_errors.append(str(REFUSALS[error.reason]))
    return render_template("contracts/request.html", page=page, form=page.form), 422
