"""What the codes of the audit trail and of the queues mean, in words."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from wem.delivery.models import DispatchState

# A code that is missing here is shown as it is.
ACTIONS = {
    "account.create_admin": _l("Made an administrator"),
    "account.end": _l("Ended an account"),
    "account.end_sign_ins": _l("Ended sign-ins"),
    "account.password": _l("Changed the password"),
    "contract.attested_uploads": _l("Switched uploads with consent"),
    "contract.create": _l("Made a contract"),
    "contract.details": _l("Changed the details of mails"),
    "contract.resume": _l("Resumed the service"),
    "contract.suspend": _l("Suspended the service"),
    "customer.create": _l("Made a customer"),
    "field.change": _l("Changed a field"),
    "field.create": _l("Made a field"),
    "field.delete": _l("Deleted a field"),
    "invitation.accept": _l("Accepted an invitation"),
    "invitation.send": _l("Invited a person"),
    "invitation.withdraw": _l("Withdrew an invitation"),
    "list.change": _l("Changed a list"),
    "list.create": _l("Made a list"),
    "list.delete": _l("Deleted a list"),
    "list.form": _l("Changed a sign-up form"),
    "mailing.cancel": _l("Called a mailing off"),
    "mailing.change": _l("Changed a mailing"),
    "mailing.create": _l("Made a mailing"),
    "mailing.delete": _l("Deleted a mailing"),
    "mailing.fail": _l("A mailing failed"),
    "mailing.finish": _l("A mailing was finished"),
    "mailing.hold": _l("A mailing was held"),
    "mailing.pause": _l("Paused a mailing"),
    "mailing.resume": _l("Resumed a mailing"),
    "mailing.schedule": _l("Scheduled a mailing"),
    "mailing.start": _l("Started a mailing"),
    "mailing.unschedule": _l("Took a mailing off the schedule"),
    "mailing.duplicate": _l("Duplicated a mailing"),
    "mailing.test": _l("Sent a test copy"),
    "partner.create": _l("Made a partner"),
    "staff.role": _l("Changed a staff member's role"),
    "subscriber.change": _l("Changed a reader's fields"),
    "subscriber.delete": _l("Deleted a reader"),
    "subscriber.find": _l("Looked up a reader"),
    "subscriber.invite": _l("Invited a reader"),
    "subscriber.stop": _l("Stopped mails to a reader"),
    "team.remove": _l("Removed a person"),
    "team.role": _l("Changed a person's role"),
    "tester.add": _l("Added a tester"),
    "tester.remove": _l("Removed a tester"),
    "upload.apply": _l("Applied an upload"),
    "upload.approve": _l("Approved an upload"),
    "upload.discard": _l("Discarded an upload"),
    "upload.receive": _l("Uploaded a file"),
    "upload.refuse": _l("Refused an upload"),
    "upload.undo": _l("Undid an upload"),
}
# Beginnings of the codes, as the filter of the audit trail offers them.
AREAS = {
    "account.": _l("Signing in"),
    "contract.": _l("Contracts"),
    "customer.": _l("Customers"),
    "field.": _l("Fields"),
    "invitation.": _l("Invitations"),
    "list.": _l("Lists"),
    "mailing.": _l("Mailings"),
    "partner.": _l("Partners"),
    "staff.": _l("Staff"),
    "subscriber.": _l("Readers"),
    "team.": _l("Team"),
    "tester.": _l("Testers"),
    "upload.": _l("Uploads"),
}
QUEUES = {
    "hi": _l("The service's own mails"),
    "send": _l("Mailings"),
    "inbound": _l("Mail received"),
    "work": _l("Uploads and preparations"),
}
DISPATCHES = {
    DispatchState.preparing: (_l("Being prepared"), "progress"),
    DispatchState.sending: (_l("Sending"), "progress"),
    DispatchState.pausing: (_l("Pausing"), "warning"),
    DispatchState.paused: (_l("Paused"), "warning"),
    DispatchState.cancelling: (_l("Being called off"), "warning"),
    DispatchState.held: (_l("Held"), "warning"),
}
