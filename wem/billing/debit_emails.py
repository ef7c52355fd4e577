"""Tells a customer that a debit could not be made, why, and how it is paid now (Art. 22, 13-2)."""

from __future__ import annotations

from flask_babel import force_locale, gettext

from wem.billing.debit_models import DebitEntry
from wem.billing.debit_rules import DebitDay, Outcome
from wem.contracts import addressing
from wem.contracts.describing import in_japanese
from wem.notices.models import Notice
from wem.notices.rules import NoticeKind, Words
from wem.notices.telling import tell
from wem.settings import settings


def tell_failed(entry: DebitEntry, again: DebitDay) -> Notice:
    """Tell of a debit that came to nothing; with too little in the account it is asked for again with the next one."""
    contract = entry.contract
    with force_locale("ja"):
        sums = [(each.receivable.label, _yen(each.amount)) for each in entry.items]
        words = Words(
            gettext("The direct debit could not be made"),
            [gettext("Your bank told us that the following direct debit could not be made."), _why(entry)],
            [
                (gettext("Contract number"), contract.number),
                (gettext("Day of the debit"), in_japanese(entry.run.debit_on)),
                (gettext("Amount"), _yen(entry.amount)),
                *sums,
            ],
            _what_now(entry, again),
        )
    return tell(
        addressing.addressee(contract),
        words,
        NoticeKind.arrears,
        customer_id=contract.customer_id,
        about=f"debit {entry.id}",
        terms_version=contract.terms_version,
    )


def _yen(amount: int) -> str:
    return str(gettext("%(amount)s yen", amount=f"{amount:,}"))


def _why(entry: DebitEntry) -> str:
    return str(
        {
            Outcome.no_funds: gettext("There was not enough money in the account."),
            Outcome.no_account: gettext("The bank has no such account."),
            Outcome.payer_stopped: gettext("The direct debit was stopped on the account holder's side."),
        }[entry.outcome or Outcome.no_funds]
    )


def _what_now(entry: DebitEntry, again: DebitDay) -> list[str]:
    transfer = gettext(
        "Please transfer the amount to this account; the charges are borne by you: %(account)s",
        account=settings().PROVIDER_ACCOUNT,
    )
    if entry.outcome is Outcome.no_funds:
        return [
            gettext(
                "It is debited again on %(day)s together with what is due then. Please see to the balance until the "
                "day before.",
                day=in_japanese(again.debit_on),
            ),
            gettext("If you would rather pay at once: %(how)s", how=transfer),
        ]
    return [
        transfer,
        gettext("Please also enter the account for future debits on the page of your contract and send us the form."),
    ]
