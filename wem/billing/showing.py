"""What stands on a contract's page for staff about its life, requests, notices and money."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from wem import clock
from wem.billing import arrears
from wem.contracts import addressing, describing, ending, life_rules, living, reaching, refusing, revoking, voiding
from wem.contracts.models import Contract
from wem.contracts.request_models import ContractRequest, Correction, Revocation, Termination
from wem.contracts.wording import (
    CORRECTIONS,
    END_REASONS,
    REQUESTS,
    RESTRICTIONS,
    TERMINATION_GROUNDS,
    TERMINATIONS,
    state_of,
)
from wem.db import db
from wem.notices.models import notices_about
from wem.notices.wording import STATES as NOTICE_STATES

SHOWN = 20


def life(contract: Contract) -> dict[str, Any]:
    """Return term, deadlines, requests, corrections, terminations and debts of a contract."""
    today = clock.today()

    def newest(kind: Any) -> Any:
        return db.session.scalars(
            sa.select(kind).where(kind.contract_id == contract.id).order_by(kind.id.desc()).limit(SHOWN)
        ).all()

    refusal, corrections, terminations = refusing.open_refusal(contract.id), newest(Correction), newest(Termination)
    subjects = [f"correction {row.id}" for row in corrections] + [f"termination {row.id}" for row in terminations]
    told = notices_about(*subjects, *([refusing.about(refusal)] if refusal else []))
    return {
        "dates": life_rules.dates(contract.life, today),
        "end_reason": END_REASONS[contract.end_reason] if contract.end_reason else "",
        "options": contract.options_seen(today),
        "terminated": describing.terminated(contract.id),
        "terminated_part": describing.terminated_part,
        "may_lift_part": bool(revoking.to_lift(contract)) and revoking.open_revocation(contract.id) is None,
        "requests": newest(ContractRequest),
        "request_names": REQUESTS,
        "request_state": state_of,
        "refusal": refusal,
        "may_note_arrival": refusal is not None and refusing.may_note_arrival(refusal),
        # What we told of each, newest first, by what it was about.
        "told": {
            subject: [notice for notice in told if notice.about == subject] for subject in {n.about for n in told}
        },
        "notice_states": NOTICE_STATES,
        "demands_there": {row.id for row in corrections if reaching.counts(f"correction {row.id}")},
        "by_mail": addressing.by_mail(contract),
        "corrections": corrections,
        "correction_states": CORRECTIONS,
        "may_be_void": voiding.possible(contract),
        "terminations": terminations,
        "revocations": newest(Revocation),
        "termination_waits": ending.open_termination(contract.id) is not None,
        "may_refuse_renewal": refusal is None and living.in_use(contract),
        "termination_states": TERMINATIONS,
        "termination_grounds": TERMINATION_GROUNDS,
        "restricted": RESTRICTIONS[contract.restriction] if contract.restriction else "",
        "overdue": arrears.outstanding(contract.id, today),
        "lifting": arrears.conditions(contract, today),
    }
