"""The words of sender domains: states, what a look at a record found, and what to do about it."""

from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from wem.domains.record_rules import Finding, Record, RecordKind
from wem.domains.rules import DomainState, KeyState, NameProblem

# Words and the badge's kind.
STATES = {
    DomainState.checking: (_l("Waiting for its records"), "info"),
    DomainState.proven: (_l("Proven"), "success"),
    DomainState.broken: (_l("Must fix"), "error"),
}
NAME_PROBLEMS = {
    NameProblem.not_a_domain: _l("This is not a domain. Enter it like shop.example.jp."),
    NameProblem.public_suffix: _l("This part of names belongs to nobody. Enter the domain that you registered."),
    NameProblem.ours: _l("This domain is the service's own. Enter a domain of yours."),
    NameProblem.mail_provider: _l("Domains of mail providers cannot be used. Enter a domain of yours."),
    NameProblem.listed: _l("You have added this domain already."),
    NameProblem.taken: _l("Another contract sends from this domain or from one above it. Please ask the help desk."),
    NameProblem.too_many: _l("You have as many domains as one contract can have. Delete one, or ask the help desk."),
}
FINDINGS = {
    Finding.right: (_l("Found as it should be"), "success"),
    Finding.missing: (_l("Not found yet"), "warning"),
    Finding.no_answer: (_l("No answer"), "neutral"),
    Finding.unchecked: (_l("Not checked yet"), "neutral"),
}
DIFFERENT = (_l("Differs"), "error")
ADVICE = {
    Finding.missing: _l(
        "Enter the record at the company that keeps your domain. It is seen after some minutes, at times after a day."
    ),
    Finding.doubled: _l(
        "The domain stands twice at the end of the name. Enter the name without the domain, as shown in “Host name”."
    ),
    Finding.several: _l("There are several TXT records with this name. Leave only the one shown here."),
    Finding.other_key: _l("Another key stands there. Copy the value shown here and replace it."),
    Finding.cut: _l("The value breaks off. Copy all of it; if it does not fit, enter it in the two parts shown here."),
    Finding.revoked: _l("The key is empty (p=). Copy the value shown here and replace it."),
    Finding.unusable: _l(
        "The key is right, but other parts of the value forbid its use. Enter the value as shown here."
    ),
    Finding.unreadable: _l("The value cannot be read. Enter it as shown here, without further characters."),
    Finding.other_target: _l("The name leads somewhere else. Enter the target shown here."),
    Finding.not_an_alias: _l(
        "The name has a record of another type. Enter a CNAME; where the company offers a proxy, switch it off."
    ),
    Finding.no_answer: _l("The name servers of the domain did not answer. It is looked at again by itself."),
}


def finding_shown(finding: str) -> tuple[str, str]:
    """Return what a look found, in words, and the badge's kind."""
    known = Finding(finding) if finding in list(Finding) else Finding.unchecked
    text, kind = FINDINGS.get(known, DIFFERENT)
    return str(text), kind


def advice(finding: str) -> str:
    """Return what to do about a record; empty when nothing is to be done."""
    known = Finding(finding) if finding in list(Finding) else Finding.unchecked
    return str(ADVICE.get(known, ""))


def title(record: Record, key_state: KeyState | None) -> str:
    """Return what a record is, for somebody who has never seen one."""
    if record.kind is RecordKind.dmarc:
        return str(gettext("DMARC policy"))
    if record.kind is RecordKind.return_path:
        return str(gettext("Return path (optional)"))
    return str(
        {
            KeyState.used: gettext("DKIM key in use"),
            KeyState.waiting: gettext("DKIM key for the next change"),
            KeyState.past: gettext("DKIM key used before"),
        }.get(key_state or KeyState.used, gettext("DKIM key in use"))
    )


def purpose(record: Record, key_state: KeyState | None) -> str:
    """Return what a record is good for."""
    if record.kind is RecordKind.dmarc:
        return str(gettext("Gmail and others refuse bulk mail of domains that have none. If you have one, keep yours."))
    if record.kind is RecordKind.return_path:
        return str(gettext("Mails that come back take this way, so that SPF passes with your domain too."))
    if key_state is KeyState.past:
        return str(
            gettext("Mails on their way still carry its signature. Leave the record until it is no longer here.")
        )
    if key_state is KeyState.waiting:
        return str(gettext("Once it is found, we change to it after half a year, or when you ask for it."))
    return str(gettext("Shows receivers that the mail comes from you and was not changed. Needed to send."))
