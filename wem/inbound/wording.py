"""What staff read about arrived mail: ways, routes, states, what it is, why it is where it is."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from wem.bounces.states import Kind
from wem.inbound.states import InboundState, Route, Way

WAYS = {Way.lmtp: "LMTP", Way.smtp: "SMTP", Way.pipe: _l("Pipe"), Way.imap: _l("IMAP mailbox")}
ROUTES = {
    Route.bounce: _l("Return path of mailings"),
    Route.system_bounce: _l("Return path of the service's own mails"),
    Route.feedback: _l("Complaints"),
    Route.reply: _l("Replies to mailings"),
    Route.unsubscribe: _l("Unsubscribing by mail"),
    Route.sign_up: _l("Sign-up by blank mail"),
    Route.stop: _l("Stopping by blank mail"),
    Route.help_desk: _l("Help desk"),
    Route.course_change: _l("Change of course"),
    Route.other: _l("Other addresses"),
}
STATES = {
    InboundState.unrecognised: (_l("Unrecognised"), "warning"),
    InboundState.kept: (_l("To be read"), "warning"),
    InboundState.failed: (_l("Failed by a fault of ours"), "error"),
    InboundState.waiting: (_l("In hand"), "progress"),
    InboundState.settled: (_l("Seen to"), "success"),
    InboundState.taken: (_l("Handled"), "success"),
    InboundState.ignored: (_l("Nothing to do"), "neutral"),
}
KINDS = {
    Kind.bounce: _l("Report of a failed delivery"),
    Kind.delivered: _l("Report of a delivery that succeeded or is late"),
    Kind.feedback: _l("Complaint"),
    Kind.autoreply: _l("Auto-reply"),
    Kind.normal: _l("A person's mail"),
}
PROBLEMS = {
    "repeated": _l("The same mail was here before"),
    "looped": _l("Our own mail that came back"),
    "file_gone": _l("Its file is gone"),
    "deadly": _l("The worker ended each time it was read"),
}
FAULT = _l("A program error (%(kind)s)")
