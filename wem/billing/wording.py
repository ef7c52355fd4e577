"""The words of debits, payments and refunds on screens and in the audit trail."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from wem.billing.debit_rules import Decision, EntryState, Left, Method, Outcome, RunState
from wem.billing.payment_rules import PaymentState, PaymentWay, RefundGround, RefundState
from wem.billing.rules import NotPaid
from wem.billing.statement_rules import StatementFault
from wem.billing.write_off_rules import WriteOffState
from wem.billing.zengin_reading_rules import Fault, Warned
from wem.contracts.price_rules import PriceState
from wem.contracts.wording import WAITS_FOR_ANOTHER

# Words and the badge's kind.
RUNS = {
    RunState.made: (_l("Made; the bank's answer is awaited"), "progress"),
    RunState.reading: (_l("The bank's answer is being carried out"), "progress"),
    RunState.answered: (_l("Answered by the bank"), "success"),
    RunState.withdrawn: (_l("File withdrawn"), "neutral"),
}
ENTRIES = {
    EntryState.waiting: (_l("Bank's answer awaited"), "progress"),
    EntryState.paid: (_l("Debited"), "success"),
    EntryState.failed: (_l("Not debited"), "error"),
    EntryState.with_staff: (_l("To be looked at"), "warning"),
    EntryState.decided: (_l("Decided"), "neutral"),
    EntryState.withdrawn: (_l("File withdrawn"), "neutral"),
}
OUTCOMES = {
    Outcome.paid: _l("Debited"),
    Outcome.no_funds: _l("Not enough money in the account"),
    Outcome.no_account: _l("No such account"),
    Outcome.payer_stopped: _l("Stopped by the account holder"),
    Outcome.no_mandate: _l("The bank has no form"),
    Outcome.we_stopped: _l("Stopped at our own request"),
    Outcome.other: _l("Another reason"),
    Outcome.unknown: _l("A code that is not in the list"),
}
# What to do next, by what the bank said.
NEXT = {
    Outcome.no_funds: _l("The customer is told. The next file asks for it again; a transfer settles it before."),
    Outcome.no_account: _l("The mandate is stopped, the customer is asked for a transfer and a new form."),
    Outcome.payer_stopped: _l(
        "The mandate is stopped, the customer is asked for a transfer. Please call the customer."
    ),
    Outcome.no_mandate: _l(
        "The mandate is back at “with the bank”. Ask the bank for its day of registration; note the registration, or "
        "give the form back."
    ),
    Outcome.we_stopped: _l("We asked the bank to stop it. Nobody is reminded. Decide how it is paid."),
    Outcome.other: _l("Ask the bank what the reason was, then decide."),
    Outcome.unknown: _l("Ask the collecting agent what its code means, then decide. It counts as not paid."),
}
LEFT = {
    Left.initial: _l("First fee: by transfer only (Art. 6-1)"),
    Left.method: _l("Another way of payment was chosen"),
    Left.not_due: _l("Due after the day of debit"),
    Left.waiting: _l("In a file that the bank has not answered"),
    Left.with_staff: _l("An answer of the bank waits for a decision"),
    Left.no_mandate: _l("No mandate is registered"),
    Left.name: _l("The account holder's name cannot be written in a bank's characters"),
}
METHODS = {
    Method.debit: _l("By direct debit"),
    Method.transfer: _l("Bank transfer"),
    Method.desk: _l("Cash at our desk"),
}
DECISIONS = {
    Decision.again: _l("Ask for it again with the next file"),
    Decision.transfer: _l("Bill this contract by transfer from now on"),
    Decision.paid: _l("The bank says that it was debited: settle it"),
}
FAULTS = {
    Fault.empty: _l("The file is empty."),
    Fault.line_ends: _l("A line ends with LF or CR alone; there must be CR+LF, or nothing, after every 120 bytes."),
    Fault.length: _l("A record does not have 120 bytes."),
    Fault.utf8: _l("The file is written in UTF-8; bank files are in JIS (one byte for each character)."),
    Fault.small_kana: _l("There are small kana, which bank files do not have."),
    Fault.characters: _l("There are characters that bank files do not have."),
    Fault.order: _l("A record of this kind does not come here."),
    Fault.truncated: _l("The file breaks off: its end record is missing."),
    Fault.kind: _l("This is no file for direct debit (91)."),
    Fault.code_kind: _l("The file is not in JIS."),
    Fault.collector: _l("The collector code is another one: this is somebody else's file."),
    Fault.date: _l("The day of debit is another one: this is the result of another file."),
    Fault.digits: _l("There is something other than digits where a number stands."),
    Fault.number: _l("This customer number was not asked for, or stands here once more than we asked."),
    Fault.missing: _l("There are fewer records than we asked for."),
    Fault.amount: _l("The amount is not the one that we asked for."),
    Fault.account: _l("Bank, branch or account are not those that we asked for."),
    Fault.records: _l("The number of records in the trailer is wrong."),
    Fault.total: _l("The sum in the trailer is wrong."),
    Fault.is_request: _l("This is a request: its sums of what was debited and what was not are all zero."),
    Fault.paid_sum: _l("Number or sum of what was debited do not fit the records."),
    Fault.failed_sum: _l("Number or sum of what was not debited do not fit the records."),
}
WARNINGS = {
    Warned.characters: _l("Characters that bank files do not have were passed over."),
    Warned.holder: _l("The account holder's name is not written as we wrote it."),
}
WAYS = {
    PaymentWay.debit: _l("By direct debit"),
    PaymentWay.transfer: _l("Bank transfer"),
    PaymentWay.desk: _l("Cash at our desk"),
}
PAYMENTS = {
    PaymentState.unmatched: (_l("Whose it is, is not known yet"), "warning"),
    PaymentState.over: (_l("More than was owed"), "info"),
    PaymentState.settled: (_l("Matched in full"), "success"),
    PaymentState.held: (_l("For an application in progress"), "info"),
    PaymentState.set_aside: (_l("Set aside"), "neutral"),
}
REFUNDS = {
    RefundState.proposed: WAITS_FOR_ANOTHER,
    RefundState.approved: (_l("To be paid out"), "progress"),
    RefundState.refused: (_l("Refund refused"), "neutral"),
    RefundState.withdrawn: (_l("Request for the refund withdrawn"), "neutral"),
    RefundState.paid: (_l("Paid out"), "success"),
}
GROUNDS = {
    RefundGround.overpaid: _l("More was paid than was owed"),
    RefundGround.twice: _l("It was paid twice"),
    RefundGround.refused: _l("The application was refused (Art. 4-3)"),
    RefundGround.withdrawn: _l("The applicant withdrew before there was a contract"),
    RefundGround.returned: _l("A return of a contract that is over"),
    RefundGround.conditions: _l("The contract's conditions allow it (Art. 5-4)"),
}
NOT_PAID = {
    NotPaid.bad_debt: _l("Written off as a bad debt"),
    NotPaid.waived: _l("Waived"),
    NotPaid.cancelled: _l("Cancelled: typed in by mistake"),
}
WRITE_OFFS = {
    WriteOffState.proposed: WAITS_FOR_ANOTHER,
    WriteOffState.written_off: (_l("Written off"), "success"),
    WriteOffState.refused: (_l("Write-off refused"), "neutral"),
    WriteOffState.withdrawn: (_l("Request for the write-off withdrawn"), "neutral"),
}
PRICES = {
    PriceState.proposed: WAITS_FOR_ANOTHER,
    PriceState.agreed: (_l("Agreed on"), "success"),
    PriceState.refused: (_l("Price refused"), "neutral"),
    PriceState.withdrawn: (_l("Request for the price withdrawn"), "neutral"),
}
STATEMENT_FAULTS = {
    StatementFault.empty: _l("The file is empty."),
    StatementFault.encoding: _l("The characters of the file cannot be read."),
    StatementFault.length: _l("A record does not have 200 bytes."),
    StatementFault.order: _l("A record of this kind does not come here, or the file breaks off."),
    StatementFault.kind: _l("This is neither a list of entries (03) nor one of transfers (01)."),
    StatementFault.date: _l("There is no day that can be read."),
    StatementFault.amount: _l("There is no amount that can be read."),
    StatementFault.total: _l("Number or sum in the trailer do not fit the records."),
    StatementFault.cells: _l("A cell is too long: perhaps a quotation mark is not closed."),
    StatementFault.columns: _l("No line names the columns for the day, the money that came in and the payer."),
}
# What the audit trail says of acts about money, and of the kinds of them that its filter offers.
ACTS = {
    "debit.answer": _l("Read the result of a debit"),
    "debit.decide": _l("Decided on a debit"),
    "debit.fetch": _l("Saved a debit file"),
    "debit.make": _l("Made a debit file"),
    "debit.refuse_result": _l("A result file was refused"),
    "debit.withdraw": _l("Withdrew a debit file"),
    "payment.another": _l("Entered a line in doubt as another payment"),
    "payment.choose": _l("Chose a way of payment"),
    "payment.denied_assign": _l("Denied: saying whose a payment is"),
    "payment.denied_set_aside": _l("Denied: setting a payment aside"),
    "payment.denied_undo": _l("Denied: taking a match of a payment back"),
    "payment.of_refused": _l("Noted a payment for an application that came to nothing"),
    "payment.read": _l("Read a bank statement"),
    "payment.same": _l("A line in doubt was the same payment"),
    "payment.set_aside": _l("Set a payment aside"),
    "payment.take": _l("Entered a payment"),
    "payment.undo": _l("Took a match of a payment back"),
    "receivable.cancel": _l("Cancelled a sum that was typed in by mistake"),
    "receivable.create": _l("Entered a sum owed"),
    "receivable.pay": _l("A sum was paid in part"),
    "receivable.reopen": _l("A sum is open again"),
    "receivable.settle": _l("Settled a sum"),
    "refund.approve": _l("Approved a refund"),
    "refund.denied_approve": _l("Denied: approving a refund"),
    "refund.denied_pay": _l("Denied: noting a refund as paid out"),
    "refund.denied_propose": _l("Denied: asking for a refund"),
    "refund.denied_refuse": _l("Denied: refusing a refund"),
    "refund.denied_withdraw": _l("Denied: withdrawing the request for a refund"),
    "refund.pay": _l("Paid a refund out"),
    "refund.propose": _l("Asked for a refund"),
    "refund.refuse": _l("Refused a refund"),
    "refund.withdraw": _l("Withdrew the request for a refund"),
    "agreed_price.agree": _l("Agreed on a price"),
    "agreed_price.approve": _l("Approved a price"),
    "agreed_price.denied_approve": _l("Denied: approving a price"),
    "agreed_price.denied_propose": _l("Denied: agreeing on a price"),
    "agreed_price.denied_refuse": _l("Denied: refusing a price"),
    "agreed_price.denied_withdraw": _l("Denied: withdrawing the request for a price"),
    "agreed_price.propose": _l("Asked for a price"),
    "agreed_price.refuse": _l("Refused a price"),
    "agreed_price.withdraw": _l("Withdrew the request for a price"),
    "payment.receipt": _l("Issued a receipt"),
    "payment.denied_receipt": _l("Denied: issuing a receipt"),
    "write_off.approve": _l("Wrote a sum off"),
    "write_off.denied_approve": _l("Denied: writing a sum off"),
    "write_off.denied_cancel": _l("Denied: cancelling a sum"),
    "write_off.denied_propose": _l("Denied: asking for a write-off"),
    "write_off.denied_refuse": _l("Denied: refusing a write-off"),
    "write_off.denied_withdraw": _l("Denied: withdrawing the request for a write-off"),
    "write_off.propose": _l("Asked for a write-off"),
    "write_off.refuse": _l("Refused a write-off"),
    "write_off.withdraw": _l("Withdrew the request for a write-off"),
}
AREAS = {
    "debit.": _l("Direct debit"),
    "payment.": _l("Payments"),
    "refund.": _l("Refunds"),
    "receivable.": _l("Sums owed"),
    "write_off.": _l("Write-offs"),
    "agreed_price.": _l("Agreed prices"),
    "invoice.": _l("Invoices"),
    "month.": _l("Closes of months"),
    "count.": _l("Counts of addresses"),
}
