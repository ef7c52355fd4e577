"""The words of reports and cases: what is forbidden in plain Japanese, states, grounds."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from wem.cases.models import EntryKind, TalkWay
from wem.cases.rules import CaseAction, CaseState, ClaimAction, ClaimState, DeletionGround, DeletionState, Part
from wem.cases.rules import ReportState as R
from wem.contracts.wording import WAITS_FOR_ANOTHER
from wem.lists.takedown_models import TakenDown

CODES = {
    "P01": _l("Infringes copyright, portrait or other rights"),
    "P02": _l("Infringes property or privacy"),
    "P03": _l("Slanders, or damages honour or credit"),
    "P04": _l("Causes disadvantage or damage"),
    "P05": _l("Adult or obscene, against public order and morals"),
    "P06": _l("A crime, or leads to one"),
    "P07": _l("Election campaigning against the law"),
    "P08": _l("Registers others' addresses without their consent"),
    "P09": _l("Mails that annoy those who get them"),
    "P10": _l("False declarations to us"),
    "P11": _l("Disturbs the running of the service"),
    "P12": _l("Misuses the system that we lend"),
    "P13": _l("Pyramid schemes or chain mails"),
    "P14": _l("Against the laws on unauthorised access or on specified e-mail"),
    "P15": _l("Against other laws or ordinances"),
    "P16": _l("Uses or spreads harmful programs"),
    "P17": _l("Indecent, vulgar or abusive words"),
    "P18": _l("Discriminates by ethnicity or race"),
    "P19": _l("Impersonates somebody, or claims to be a company without authority"),
    "P21": _l("Collects others' personal data outside the purpose of the service"),
    "P22": _l("Secondary abuse, or lends the account to others"),
    "P23": _l("Uses personal data from the service for similar services elsewhere"),
    "P24": _l("Helps or furthers one of these acts"),
}
# Words and the badge's kind.
REPORTS = {
    R.waiting: (_l("Not looked at yet"), "warning"),
    R.taken_up: (_l("In a case"), "info"),
    R.dismissed: (_l("Nothing found"), "neutral"),
}
CASES = {
    CaseState.received: (_l("Received (case)"), "warning"),
    CaseState.investigating: (_l("Being investigated"), "progress"),
    CaseState.acting: (_l("Measures taken"), "info"),
    CaseState.closed: (_l("Concluded"), "neutral"),
}
CASE_ACTS = {
    CaseAction.look_into: _l("Begin the investigation"),
    CaseAction.look_again: _l("Investigate again"),
    CaseAction.close: _l("Conclude the case"),
    CaseAction.reopen: _l("Reopen the case"),
}
CLAIMS = {
    ClaimState.raised: (_l("Raised"), "warning"),
    ClaimState.passed_on: (_l("Passed on to the customer"), "info"),
    ClaimState.settled: (_l("Settled by the customer"), "success"),
    ClaimState.dropped: (_l("No longer pursued"), "neutral"),
}
CLAIM_ACTS = {
    ClaimAction.pass_on: _l("Pass on to the customer"),
    ClaimAction.settle: _l("The customer has settled it"),
    ClaimAction.drop: _l("It is no longer pursued"),
}
TALK_WAYS = {
    TalkWay.meeting: _l("Meeting"),
    TalkWay.phone: _l("Telephone call"),
    TalkWay.mail: _l("By e-mail"),
    TalkWay.letter: _l("By letter"),
}
ENTRIES = {
    EntryKind.opened: _l("Case opened"),
    EntryKind.note: _l("Note"),
    EntryKind.evidence: _l("Evidence"),
    EntryKind.state: _l("State changed"),
    EntryKind.act: _l("Measure"),
    EntryKind.claim: _l("Claim of a third party"),
    EntryKind.talk: _l("Talk"),
}
DELETIONS = {
    DeletionState.proposed: WAITS_FOR_ANOTHER,
    DeletionState.running: (_l("Being deleted"), "progress"),
    DeletionState.done: (_l("Deletion finished"), "success"),
    DeletionState.refused: (_l("Deletion refused"), "neutral"),
    DeletionState.withdrawn: (_l("Deletion withdrawn"), "neutral"),
}
DELETION_GROUNDS = {
    DeletionGround.breach: _l("12-3 ①: the customer broke the terms"),
    DeletionGround.protection: _l("12-3 ②: rights, property, privacy or credit of others or ours must be protected"),
    DeletionGround.trouble: _l("12-3 ③: disputes or complaints hinder our business"),
}
PARTS = {
    Part.readers: _l("Readers of lists"),
    Part.mailings: _l("Mailings and designs (subject and texts)"),
    Part.replies: _l("Replies of readers"),
    Part.uploads: _l("Uploaded files"),
}
TAKEN_DOWN = {
    TakenDown.pages: _l("All public pages of the customer"),
    TakenDown.list: _l("The page of one list"),
    TakenDown.mailing: _l("One mailing"),
}
# What the audit trail says.
ACTS = {
    "case.change": _l("Changed a case"),
    "case.demand": _l("Demanded a correction in a case"),
    "case.denied_claim": _l("Denied: moving a claim on"),
    "case.denied_correction": _l("Denied: demanding a correction in a case"),
    "case.denied_deletion": _l("Denied: deleting data"),
    "case.denied_lifting": _l("Denied: lifting a takedown"),
    "case.denied_own_approval": _l("Denied: approving one's own deletion"),
    "case.denied_report": _l("Denied: taking up a report"),
    "case.denied_restriction": _l("Denied: restricting in a case"),
    "case.denied_state": _l("Denied: moving a case on"),
    "case.denied_takedown": _l("Denied: taking something down"),
    "case.denied_termination": _l("Denied: terminating in a case"),
    "case.denied_warning": _l("Denied: warning a customer"),
    "case.move": _l("Moved a case on"),
    "case.note": _l("Wrote into a case"),
    "case.open": _l("Opened a case"),
    "case.restrict": _l("Restricted the use in a case"),
    "case.terminate": _l("Asked for a termination in a case"),
    "case.warn": _l("Warned a customer"),
    "claim.add": _l("Wrote a claim down"),
    "claim.move": _l("Moved a claim on"),
    "deletion.approve": _l("Approved a deletion of data"),
    "deletion.finish": _l("A deletion of data is finished"),
    "deletion.propose": _l("Asked for a deletion of data"),
    "deletion.refuse": _l("Refused a deletion of data"),
    "deletion.withdraw": _l("Withdrew a deletion of data"),
    "report.dismiss": _l("Put a report of abuse aside"),
    "report.take_up": _l("Took a report of abuse up"),
    "takedown.lift": _l("Lifted a takedown"),
    "takedown.take": _l("Took something down"),
    "talk.add": _l("Wrote a talk down"),
}
