"""The words of bounces, as screens show them: causes, what can be done, why a report is nobody's."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from wem.bounces.cause_rules import Cause
from wem.bounces.models import Unmatched
from wem.bounces.trouble_rules import Trouble
from wem.delivery.models import DeliveryState

CAUSES = {
    Cause.unknown_address: _l("The address does not exist any more"),
    Cause.unknown_domain: _l("The domain of the address takes no mail"),
    Cause.refused: _l("Refused by the settings of the reader or carrier"),
    Cause.suspended: _l("The mailbox is suspended"),
    Cause.full: _l("The mailbox stayed full"),
    Cause.expired: _l("Given up after many tries"),
    Cause.size: _l("The email is too large for the recipient"),
    Cause.blocked: _l("The sending server is blocked"),
    Cause.spam: _l("Taken for spam or a virus"),
    Cause.authentication: _l("The sender could not be verified"),
    Cause.rate: _l("Too many mails at once for the receiver"),
    Cause.technical: _l("A technical fault on the way"),
    Cause.other: _l("Other reasons"),
}
ADVICE = {
    Cause.unknown_address: _l("Nothing to do: after three mailings in a row the address is removed by itself."),
    Cause.unknown_domain: _l("Often a misspelt domain. Ask readers who tell you of missing mails to register again."),
    Cause.refused: _l(
        "Ask readers, where you meet them, to permit mails from your sender's domain in their phone's settings."
    ),
    Cause.suspended: _l("Nothing to do: the reader has to settle it with the provider."),
    Cause.full: _l("Nothing to do: it counts only when the mailbox stays full for days."),
    Cause.expired: _l("Nothing to do: the receiving server did not take the mail for days."),
    Cause.size: _l("Make pictures smaller, or link to them instead of attaching them."),
    Cause.blocked: _l("We look after it. It does not count against your readers."),
    Cause.spam: _l(
        "Look at subject and links: loud advertising, shortened links and single large pictures are taken for spam."
    ),
    Cause.authentication: _l("Please see under “Sender domains” whether all records are found."),
    Cause.rate: _l("Send large mailings in batches over several hours. It does not count against your readers."),
    Cause.technical: _l("Nothing to do: it does not count against your readers."),
    Cause.other: _l("The answer could not be understood. It does not count against your readers."),
}
TROUBLES = {
    Trouble.blocked: _l("Blocked"),
    Trouble.reputation: _l("Bad reputation"),
    Trouble.authentication: _l("The sender could not be verified"),
    Trouble.rate: _l("Too fast"),
    Trouble.content: _l("Taken for spam"),
    Trouble.later: _l("“Come again later”, without a reason"),
}
# To the customer whose sender domain it is.
TROUBLE_ADVICE = {
    Trouble.blocked: _l("Our staff ask the provider to lift the block. Please send nothing large until then."),
    Trouble.reputation: _l(
        "The provider's readers often delete or report your mails. Write to those who read you, and less often."
    ),
    Trouble.authentication: _l("Please see under “Sender domains” whether all records are found, DMARC included."),
    Trouble.rate: _l("Send large mailings in batches over several hours; the sending rate is lowered automatically."),
    Trouble.content: _l("Look at subject, links and pictures of the last mailings before you send the next one."),
    Trouble.later: _l("Nothing to do: the mails are tried again for 48 hours, and our staff look after it."),
}
STAFF_ADVICE = {
    Trouble.blocked: _l("Look our addresses up in the block lists that the answer names and ask for removal."),
    Trouble.reputation: _l("See the provider's postmaster page and the complaint rates below; slow the customer down."),
    Trouble.authentication: _l(
        "See the domain's records; when it is our own domain, SPF, DKIM and DMARC of the service."
    ),
    Trouble.rate: _l("Lower the provider's rate (PROVIDER_RATES); the pace has been lowered for now."),
    Trouble.content: _l("Look at the customer's last mailing; a link in it may stand on a block list."),
    Trouble.later: _l(
        "See the answer and the provider's status page; write to its postmaster when it goes on for hours."
    ),
}
UNMATCHED = {
    Unmatched.forged: _l("Forged return path"),
    Unmatched.unnamed: _l("Names no mail of ours"),
    Unmatched.gone: _l("Its mail is deleted by now"),
    Unmatched.other_recipient: _l("Speaks of an address that the mail was not sent to"),
}
DELIVERIES = {
    DeliveryState.pending: _l("Waits to be sent"),
    DeliveryState.intent: _l("Waits to be sent"),
    DeliveryState.accepted: _l("Accepted"),
    DeliveryState.deferred: _l("Waiting to retry"),
    DeliveryState.bounced: _l("Came back"),
    DeliveryState.suppressed: _l("No longer sent"),
    DeliveryState.cancelled: _l("Cancelled"),
    DeliveryState.expired: _l("Given up after many tries"),
    DeliveryState.uncertain: _l("Uncertain"),
}
