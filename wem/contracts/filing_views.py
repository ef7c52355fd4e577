"""Filing changes of what is registered (Art. 16): details, name, bank account."""

from __future__ import annotations

from flask import abort
from flask_babel import gettext

from wem import clock
from wem.contracts import addressing, describing, mandate_papers, requesting
from wem.contracts.application_wording import ACCOUNT_TYPES
from wem.contracts.describing import Facts
from wem.contracts.mandate_models import Mandate, serving
from wem.contracts.models import DETAILS
from wem.contracts.request_forms import BankForm, ChangeDetailsForm, NameForm
from wem.contracts.request_models import RequestKind
from wem.contracts.rules import Use
from wem.contracts.state_rules import MandateState
from wem.contracts.stepping_views import Answer, Page, stepped, who
from wem.web.blueprints import CustomerBlueprint, owners_only
from wem.web.files import file_answer
from wem.web.limits import limiter
from wem.web.ownership import owned_or_404

blueprint = CustomerBlueprint("contract_filing", __name__, use=Use.contract)


@blueprint.route("/contract/details", methods=["GET", "POST"])
@owners_only
def details() -> Answer:
    contract, account = who()
    form = ChangeDetailsForm(obj=contract)
    if not addressing.by_mail(contract):
        form.without_mail()
    names = [name for name in DETAILS if name in form]

    def facts() -> Facts:
        changes = {name: [getattr(contract, name), form[name].data or ""] for name in names}
        different = {name: pair for name, pair in changes.items() if pair[0] != pair[1]}
        found = describing.wish(RequestKind.details, {"details": different})
        return [
            *(found or [(gettext("Changes"), gettext("Nothing is different."))]),
            (gettext("Changes on"), form.planned.data),
        ]

    return stepped(
        contract,
        account,
        Page(
            gettext("What every mail shows of you, and how we reach you"),
            form,
            lambda way, _: requesting.change_details(
                contract,
                {name: form[name].data or "" for name in names},
                form.planned.data or clock.today(),
                way,
                correction=form.correction.data,
            ),
            lead=gettext("A change is seen in the mails that start after it."),
            label=gettext("File this change"),
            facts=facts,
            notes=[
                gettext(
                    "Please file a change within ten days of it (Art. 16). A day that lies ahead waits for its day."
                )
            ],
        ),
    )


@blueprint.route("/contract/name", methods=["GET", "POST"])
@owners_only
def name() -> Answer:
    contract, account = who()
    form = NameForm(name=contract.customer.name, kana=contract.customer.kana)

    def facts() -> Facts:
        return [
            (gettext("New name of the contract holder"), form.name.data or ""),
            (gettext("New name in kana"), form.kana.data or ""),
            (gettext("What shows the change"), form.evidence.data or ""),
            (gettext("Changes on"), form.planned.data),
        ]

    return stepped(
        contract,
        account,
        Page(
            gettext("Change of name"),
            form,
            lambda way, _: requesting.change_name(
                contract,
                form.name.data or "",
                form.kana.data or "",
                form.evidence.data or "",
                form.planned.data or clock.today(),
                way,
            ),
            label=gettext("File this change"),
            facts=facts,
            notes=[
                gettext("Only the same person or company under another name; a contract cannot be passed on (Art. 20).")
            ],
        ),
    )


@blueprint.route("/contract/bank", methods=["GET", "POST"])
@owners_only
def bank() -> Answer:
    contract, account = who()
    form = BankForm()
    return stepped(
        contract,
        account,
        Page(
            gettext("Change of bank account"),
            form,
            lambda way, _: requesting.change_bank(
                contract,
                form.account(),
                form.account_number.data or "",
                form.planned.data or clock.today(),
                way,
            ),
            label=gettext("File this change"),
            facts=lambda: [
                (gettext("Bank and branch"), form.place),
                (gettext("Kind of account"), str(ACCOUNT_TYPES[form.account_type.data])),
                (gettext("Account number"), form.account_number.data or ""),
                (gettext("Account holder"), form.account_holder.data or ""),
                (gettext("Changes on"), form.planned.data),
            ],
            notes=[
                gettext("At the end you get the request for direct debit as PDF. Please seal it and post it to us."),
                gettext("Until the bank has registered it the present account is debited (Art. 16).")
                if serving(contract.id)
                else gettext("Until the bank has registered it please pay by transfer; no account is debited yet."),
            ],
        ),
    )


@blueprint.get("/contract/mandates/<int:id>.pdf")
@owners_only
@limiter.limit("20/minute")
def mandate_paper(id: int) -> Answer:
    """The request for direct debit, to be sealed; only until it is here."""
    row = owned_or_404(Mandate, id)
    if row.state not in (MandateState.missing, MandateState.returned):
        abort(404)
    return file_answer(mandate_papers.debit_request(row), f"{row.contract.number}-debit.pdf")
