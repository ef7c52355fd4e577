"""Looks over what a reader sees of a mailing or of one of its variants: subject, body, fields, links, images, size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from flask_babel import gettext

from wem.delivery.rendering import Letter
from wem.delivery.template_nodes import TemplateProblem
from wem.mailings import audience, previewing, starting
from wem.mailings.character_rules import beyond_jis
from wem.mailings.checks import Check, Severity, judged
from wem.mailings.design_checks import left_to_fill_in
from wem.mailings.greetings import doubled_defaults, doubled_when_filled
from wem.mailings.markup_checks import links_and_images, some
from wem.mailings.models import BodyKind, Mailing
from wem.mailings.previewing import GMAIL_KB, Shown
from wem.mailings.samples import Sample
from wem.mailings.starting import Problem, Ready
from wem.mailings.wording import problem_text
from wem.mailings.wrapping_rules import columns

# Full-width characters of a subject that programs on a desk show.
SHOWN_OF_SUBJECT = 40


def text_checks(mailing: Mailing, ready: Ready | None) -> list[Check]:
    """Return what was found in the texts of a mailing or of one of its variants."""
    letter = starting.letter(mailing, ready) if ready and ready.templates else None
    found = [
        _subject(mailing, _shown_to(mailing, letter, Sample.ordinary)),
        _in_body(_body(mailing), mailing),
        _text_part(mailing),
        *([_in_body(_template(ready), mailing)] if ready else []),
        *_greeting(ready, _shown_to(mailing, letter, Sample.empty)),
        *(_in_body(check, mailing) for check in left_to_fill_in(mailing)),
        _characters(mailing),
    ]
    if mailing.body_kind.has_html and mailing.html.strip():
        found += [
            *(_in_body(check, mailing) for check in links_and_images(mailing.html, mailing.customer_id)),
            *(_in_body(check, mailing) for check in _size(_shown_to(mailing, letter, Sample.longest))),
        ]
    return found


def _in_body(check: Check, mailing: Mailing) -> Check:
    """Return a point about the body with the page on which that is changed."""
    return replace(check, at="blocks") if check.at and mailing.body_kind is BodyKind.blocks else check


def _subject(mailing: Mailing, shown: Shown | None) -> Check:
    title = gettext("Subject")
    if not mailing.subject.strip():
        what = gettext("The subject is empty.")
        return Check(Severity.refusal, title, what, gettext("Please enter a subject."), "edit")
    wide = -(-columns(shown.subject if shown else mailing.subject) // 2)
    return judged(
        wide <= SHOWN_OF_SUBJECT,
        title,
        gettext(
            "It is about %(count)s full-width characters long. Many email apps show only about the first %(most)s, "
            "phones even fewer.",
            count=wide,
            most=SHOWN_OF_SUBJECT,
        ),
        gettext("Shorten it, or put what matters most first."),
        "edit",
        Severity.warning,
    )


def _body(mailing: Mailing) -> Check:
    return judged(
        bool((mailing.text if mailing.body_kind is BodyKind.text else mailing.html).strip()),
        gettext("Body"),
        gettext("The body is empty."),
        gettext("Please write the email."),
        "edit",
    )


def _text_part(mailing: Mailing) -> Check:
    title = gettext("Text part")
    if mailing.body_kind is BodyKind.text or (mailing.text.strip() and not mailing.text_outdated):
        return Check(Severity.ok, title)
    if mailing.text_outdated:
        what = gettext("The HTML has changed since the text was edited.")
        todo = gettext("Review the text, or regenerate it from the HTML.")
    else:
        what = gettext("The text part is empty. Older phones and some email apps show only text.")
        todo = gettext("Enter a text, or save the email again to generate it.")
    return Check(Severity.warning, title, what, todo, "edit")


def _template(ready: Ready) -> Check:
    title = gettext("Merge fields")
    if ready.fault:
        todo = gettext("Please fix it. A field may have been deleted since you wrote the email.")
        return Check(Severity.refusal, title, problem_text(ready.fault), todo, "edit")
    if ready.problem is Problem.personal_link:
        what = gettext("A field that would expose readers' data is used in a link or a written-out URL.")
        todo = gettext("Please remove it. Only choice and yes/no fields are allowed there.")
        return Check(Severity.refusal, title, what, todo, "edit")
    return Check(Severity.ok, title)


def _greeting(ready: Ready | None, nobody: Shown | None) -> Iterator[Check]:
    """Yield a warning where a reader without a name would be greeted with two titles."""
    if ready is None or nobody is None:
        return
    source = ready.source
    doubled = [twice for text in (source.subject, source.html, source.text) for twice in doubled_defaults(text)]
    doubled += doubled_when_filled(nobody.subject, nobody.text, nobody.html)
    if doubled:
        yield Check(
            Severity.warning,
            gettext("Greeting for readers without a name"),
            gettext("The title appears twice: %(greetings)s", greetings=some(doubled)),
            gettext("Insert the “Salutation” merge field instead, or remove the title from the default."),
            "edit",
        )


def _shown_to(mailing: Mailing, letter: Letter | None, sample: Sample) -> Shown | None:
    if letter is None:
        return None
    readers = {reader.sample: reader for reader in previewing.samples_of(mailing.customer_id)}
    try:
        return previewing.filled(letter, readers[sample])
    except TemplateProblem:
        return None


def _characters(mailing: Mailing) -> Check:
    """Say which characters of subject and text, all that old phones get, such phones may show as others."""
    found = beyond_jis(f"{mailing.subject}\n{mailing.text}")
    return judged(
        not found or not audience.on_phones(mailing),
        gettext("Characters older phones may not show"),
        gettext("Older phones may show these characters incorrectly: %(characters)s", characters=some(found)),
        gettext("Write them differently in the subject and text part, for example (株) or (1)."),
        "edit",
        Severity.warning,
    )


def _size(longest: Shown | None) -> Iterator[Check]:
    if longest is None:
        return
    size = longest.size_kb
    yield judged(
        size < GMAIL_KB,
        gettext("Size"),
        gettext(
            "The HTML is up to %(size)s KB. Gmail clips emails at 102 KB and hides the rest, including the "
            "legal footer.",
            size=size,
        ),
        gettext("Please shorten the email."),
        "edit",
        Severity.warning,
    )
