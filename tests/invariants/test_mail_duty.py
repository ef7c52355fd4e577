"""Nothing mails subscribers but confirmations, answers to their own acts, and customers' mailings.

Every mail of the product itself has a kind, and every kind stands here with who gets it and why. A new one is a
decision: whoever adds it says what act of the reader it answers (特定電子メール法 3条; Art. 17).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.invariants.sources import Module, argument, calls, constants_of, dotted, modules

READER, PERSON, WRITER = "reader", "a person who signs in", "somebody who wrote to the service"
KINDS = {
    # To readers: each answers an act of the reader, or is the one question that an invitation is.
    "reader_confirmation": (READER, "somebody typed this address into a form: asks whether it was the owner"),
    "reader_invitation": (READER, "the one mail of an invitation by the customer; ad-free; unanswered, it is erased"),
    "reader_already_registered": (READER, "the address was typed into a form and is on the list already"),
    "reader_registered": (READER, "the reader has just confirmed"),
    "reader_stopped": (READER, "the reader has just stopped some lists and is still on another"),
    "reader_address_change": (READER, "the reader typed this as the new address: asks whether it is the owner's"),
    "reader_blank_link": (READER, "sent a mail to a list's dedicated address: asks whether it was the owner"),
    "reader_blank_already": (READER, "sent a mail to a list's dedicated address and is on the list already"),
    "reader_blank_closed": (READER, "sent a mail to a list's dedicated address, which takes no sign-ups at present"),
    "reader_blank_stopped": (READER, "sent a mail that stops a list"),
    "reader_answer": (READER, "replied to a mailing: a person of the customer answers, at most three times in a row"),
    # To people who sign in: customers' people, staff, partners.
    "invitation": (PERSON, "was asked to join a customer's people, staff or a partner"),
    "password": (PERSON, "asked for a new password, or has just changed it"),
    "mailing_done": (PERSON, "a mailing of theirs is out; may be switched off"),
    "mailing_held": (PERSON, "a mailing of theirs waits for a decision; may be switched off"),
    "mailing_refused": (PERSON, "a mailing of theirs was looked at by our staff and sent back; may be switched off"),
    "mailing_stopped": (PERSON, "a mailing of theirs was stopped; may be switched off"),
    "sender_name_decided": (PERSON, "writes for a customer who asked for a sender's name on which staff have decided"),
    "upload_decided": (PERSON, "handed in an upload that staff have approved or refused"),
    "test_copy": (PERSON, "a named tester of the customer, who looks at a mailing before it goes out"),
    "domain_broken": (PERSON, "runs a customer's mail, and a sender domain of theirs is no longer found in DNS"),
    "complaints_warning": (PERSON, "writes mailings about which readers complained; cannot be switched off"),
    "complaints_hold": (PERSON, "writes mailings that wait for staff because readers complained"),
    # To whoever wrote to the service: the writer's own mail is what it answers.
    "inbound_answer": (WRITER, "a member of staff answers, after opening the mail with a reason"),
    "emergency_link": (PERSON, "the customer's notice address: somebody who cannot sign in asks to stop all (8-3)"),
    "emergency_password": (PERSON, "signs in for a customer whose sign-ins an emergency stop has ended"),
    "two_places": (PERSON, "signs in from two places at once, or owns a contract for which somebody does"),
    "inquiry_receipt": (WRITER, "wrote to the help desk, or asked there: says once that it came (Art. 23-1)"),
    "inquiry_answer": (WRITER, "asked the help desk: a member of staff answers"),
    "inquiry_confirmation": (PERSON, "the customer's notice address: whether an order that came by mail is theirs"),
    "notice": (PERSON, "has or applies for a contract: what we tell them about it (Art. 22)"),
    "customer_news": (
        PERSON,
        "a customer's notice address, for whom the purpose is permitted (同意3②); with a stop link",
    ),
    "report_receipt": (WRITER, "reported abuse and typed this address; at most three a day, with no text of the form"),
    "sequence_held": (PERSON, "a sequence of theirs waits for a decision; may be switched off"),
    "mailing_failed": (PERSON, "a mailing of theirs could not be sent; may be switched off"),
}
# Modules that put a mail into the outbox.
POSTS = {
    "wem.accounts.account_views": "password changed",
    "wem.accounts.inviting": "invitation of a person",
    "wem.accounts.watching": "one sign-in is used from two places",
    "wem.accounts.views": "password forgotten, password set",
    "wem.domains.telling": "a sender domain that broke, to those who can mend it",
    "wem.lists.blank_mail": "answers to mails to dedicated addresses",
    "wem.inbound.answering": "staff's answer to a mail that came",
    "wem.contracts.emergency": "the link of an emergency stop; new passwords after it",
    "wem.inquiries.answering": "the help desk's answer",
    "wem.inquiries.asking": "the help desk's receipt",
    "wem.inquiries.confirming": "whether an order by mail is the customer's, to its notice address",
    "wem.lists.subscribing": "confirmation, invitation, already registered",
    "wem.lists.confirming": "registered",
    "wem.lists.upload_inviting": "invitation, to the addresses of an upload",
    "wem.lists.uploading": "upload decided, to who handed it in",
    "wem.lists.leaving": "stopped",
    "wem.lists.preferences": "confirmation of a new address",
    "wem.mailings.answering": "a customer's answer to a reader's reply",
    "wem.mailings.testing": "test copy",
    "wem.privacy.news_sending": "mail about services, to customers who may get it",
    "wem.cases.reporting": "receipt of a report of abuse",
    "wem.bounces.judging": "complaints about a customer's mailings, to its people",
    "wem.notices.telling": "a notice about a contract or an application",
    "wem.mailings.telling": "what became of a mailing, to the customer's people",
    "wem.sender_names.deciding": "what staff decided about a sender's name, to who writes the customer's mailings",
    "wem.sequences.telling": "that a sequence waits for a decision, to the customer's people",
}
# The only ways to the mail server, and who may make rows that these send.
OUTBOX_ROWS = {"wem.outbox"}
SMTP = {
    "wem.delivery.connection",
    "wem.mailbox.serving",
    "wem.mailbox.receiving",
    "wem.mailbox.passing",
    "wem.inbound.door",
}
DISPATCHES = {
    "wem.mailings.opening": "a mailing goes to its lists",
}


def kinds_made(module: Module) -> Iterator[tuple[str, str]]:
    """Yield (where, kind) for each SystemMail that the module makes; through a function of the module if need be."""
    for function in [node for node in ast.walk(module.tree) if isinstance(node, ast.FunctionDef)] or [module.tree]:
        for call in calls(function, "SystemMail", "outbox.SystemMail"):
            kind = argument(call, 0, "kind")
            yield from ((module.where(call), found) for found in values_of(kind, function, module))


def values_of(node: ast.expr | None, function: ast.AST, module: Module) -> list[str]:
    """Return the texts that an expression can have: a constant, a parameter, or a text around a parameter."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.JoinedStr):
        found = [""]
        for part in node.values:
            inner = part.value if isinstance(part, ast.FormattedValue) else part
            found = [before + after for before in found for after in values_of(inner, function, module)]
        return found
    if isinstance(node, ast.Name) and isinstance(function, ast.FunctionDef):
        names = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
        keyword_only = [each.arg for each in function.args.kwonlyargs]
        if node.id in (*names, *keyword_only):
            place = names.index(node.id) if node.id in names else 999
            given = [argument(call, place, node.id) for call in calls(module.tree, function.name)]
            return [text for each in given for text in values_of(each, module.tree, module)]
        for statement in ast.walk(function):
            if isinstance(statement, ast.Assign) and dotted(statement.targets[0]) == node.id:
                return values_of(statement.value, function, module)
    if isinstance(node, ast.Subscript) and (found := constants_of(dotted(node.value), module)):
        return found
    return [f"? ({ast.unparse(node) if node else 'missing'})"]


def made() -> list[tuple[str, str]]:
    return [pair for module in modules() if module.name != "wem.outbox" for pair in kinds_made(module)]


def test_every_kind_of_mail_stands_in_the_table() -> None:
    unknown = [f"{where}: {kind}" for where, kind in made() if kind not in KINDS]
    assert not unknown, "say in KINDS who gets this mail, and why:\n" + "\n".join(unknown)


def test_the_table_holds_no_kind_that_nobody_makes() -> None:
    assert set(KINDS) == {kind for _, kind in made()}


def test_readers_get_mails_of_lists_only() -> None:
    """The address of a reader is known to `lists`; a mail from elsewhere needs a reason of its own."""
    elsewhere = {"reader_answer": "answers a reply, which came from that address"}
    wrong = [
        where
        for where, kind in made()
        if kind.startswith("reader_") and not where.startswith("wem/lists/") and kind not in elsewhere
    ]
    assert not wrong, wrong
    assert all((who == READER) == kind.startswith("reader_") for kind, (who, _) in KINDS.items())


def test_only_known_modules_post() -> None:
    found = {module.name for module in modules() for _ in calls(module.tree, "outbox.post", "post_mail")}
    assert found <= set(POSTS), f"say in POSTS what these send: {sorted(found - set(POSTS))}"
    assert set(POSTS) <= found, f"exceptions that are none any more: {sorted(set(POSTS) - found)}"


def test_the_outbox_is_filled_by_its_own_door() -> None:
    found = {module.name for module in modules() for _ in calls(module.tree, "OutboxMail", "outbox.OutboxMail")}
    assert found == OUTBOX_ROWS


def test_one_module_speaks_smtp() -> None:
    found = {
        module.name
        for module in modules()
        for node in ast.walk(module.tree)
        if (isinstance(node, ast.Import) and any(alias.name.split(".")[0] in MAILERS for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and {node.module, (node.module or "").split(".")[0]} & MAILERS)
    }
    assert found <= SMTP, f"these speak SMTP too: {sorted(found - SMTP)}"


MAILERS = {"smtplib", "aiosmtplib", "aiosmtpd", "flask_mail", "telnetlib", "wem.delivery.smtp_opening"}


def test_only_mailings_start_a_dispatch() -> None:
    found = {
        module.name
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and dotted(node.func) in {"Dispatch", "delivery.Dispatch", "models.Dispatch"}
    }
    assert found <= set(DISPATCHES), f"say in DISPATCHES whom these write to: {sorted(found - set(DISPATCHES))}"
