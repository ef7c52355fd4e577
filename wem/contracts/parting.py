"""Ends a part of a contract at once, an option or a part of the service, and brings it back (14-1).

All else of the contract goes on: nothing is suspended. An option's fee ends with the month that has begun.
"""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from wem import clock
from wem.contracts import option_rules
from wem.contracts.models import Contract
from wem.contracts.part_models import ContractOption
from wem.contracts.request_models import ContractRequest, RequestKind, Termination, terminations_in_part
from wem.contracts.state_rules import Illegal, RequestState, TerminationState
from wem.db import db


def end(row: Termination) -> None:
    """End the option and close the parts of the service that a termination names. Raises Illegal."""
    today = clock.today()
    if row.option is not None:
        if not row.option.holding.held(today):
            raise Illegal("the option has ended already")
        row.option.take(option_rules.cut_off(row.option.holding, today))
    _close(row.contract)


def lift(row: Termination) -> None:
    """Bring back what a termination in part has ended, from now on. Raises Illegal, see `liftable`."""
    if not liftable(row):
        raise Illegal("nothing is there to bring back")
    row.lift()
    if row.option is not None and given_up_on(row) is None:
        back = ContractOption(option=row.option.option)
        back.take(option_rules.brought_back(clock.today(), row.option.option.ends_on))
        row.contract.options.append(back)
    _close(row.contract)


def liftable(row: Termination) -> bool:
    """Return whether a termination in part can be lifted: not once its option has ended for everybody."""
    if row.state is not TerminationState.carried_out or not row.has_effect:
        return False
    ends = row.option.option.ends_on if row.option is not None else None
    return ends is None or clock.today() < ends


def given_up_on(row: Termination) -> date | None:
    """Return the day from which the customer no longer wanted the option that we had ended; None when none came."""
    if row.option is None or row.option.until is None:
        return None
    while_ended = sa.select(ContractRequest).where(
        ContractRequest.contract_id == row.contract_id,
        ContractRequest.kind == RequestKind.options,
        ContractRequest.state == RequestState.applied,
        ContractRequest.effective_on > row.option.until,
    )
    code = row.option.option.code
    days = [each.effective_on for each in db.session.scalars(while_ended) if code in each.wish["remove"]]
    return min((day for day in days if day), default=None)


def ended_options(contract_id: int) -> dict[str, str]:
    """Return {code: name} of the options that we have ended: they cannot be chosen until that is lifted."""
    options = [row.option.option for row in terminations_in_part(contract_id) if row.option is not None]
    return {option.code: option.name for option in options}


def _close(contract: Contract) -> None:
    """Write down which parts of the service the terminations close that hold now."""
    db.session.flush()
    contract.close_parts({part for row in terminations_in_part(contract.id) for part in row.service_parts})
