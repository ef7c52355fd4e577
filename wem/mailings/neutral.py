"""A mailing as everybody may read it: no reader's values, no counted links, no link that is somebody's."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from wem import clock
from wem.accounts.models import Customer
from wem.db import db
from wem.delivery.markup import shield
from wem.delivery.models import Dispatch
from wem.delivery.personalising import compile_template, names_of_tag
from wem.delivery.progress import latest_dispatch
from wem.delivery.rendering import SYSTEM_NAMES, Content, day
from wem.delivery.template_nodes import Mark
from wem.delivery.template_reading import parse_output, pieces
from wem.mailings.greeting_rules import names_a_person
from wem.mailings.html import clean_html, complete_document, inline_styles, text_from_html
from wem.mailings.models import BodyKind, Mailing
from wem.mailings.wrapping import wrap
from wem.settings import settings

# 「読者 様」 reads well with and without a title behind it.
READER = {"ja": "読者", "en": "reader"}
ANYTHING = "…"
EMAIL = "email"
# Links leave the frame for a window of their own; where they lead to is not told whence, and robots keep to the page.
HEAD = (
    '<base target="_blank"><meta name="referrer" content="no-referrer"><meta name="robots" content="noindex, nofollow">'
)


@dataclass(frozen=True)
class Neutral:
    """What everybody reads; `html` is None for a mail in plain text."""

    subject: str
    text: str
    html: str | None


def neutral(mailing: Mailing) -> Neutral:
    """Return a mailing that has started, or one variant of it, for everybody: takes about a second for 100 KB of HTML.

    The legal block is left out, for the page around it has one. Raises TemplateProblem, LookupError when it never was
    sent.
    """
    dispatch = latest_dispatch(mailing.main.id)
    if dispatch is None:
        raise LookupError(f"mailing {mailing.id} has no dispatch")
    content, language = Content(**dispatch.content), mailing.main.language
    fields = [*content.names, EMAIL]
    values = _values(dispatch, content)
    known = [*fields, *SYSTEM_NAMES]

    def made(source: str, escape: str, marks: Iterable[Mark]) -> str:
        prepared = with_words(source, fields, language, marks)
        return compile_template(prepared, escape=escape, known=known, language=language).render(values)  # type: ignore[arg-type]

    html, text = None, mailing.text
    if mailing.body_kind is not BodyKind.text:
        cleaned = clean_html(mailing.html)
        document = complete_document(clean_html(inline_styles(cleaned)), language)
        shielded = shield(document)
        # A word in an attribute would be part of an address, or of a look.
        between = [mark for mark, at in zip(shielded.marks, shielded.attributes, strict=True) if at is None]
        html = headed(made(document, "html", between))
        text = text if text.strip() else text_from_html(cleaned)
    text = wrap(text, mailing.wrap_at)
    return Neutral(made(mailing.subject, "header", _marks(mailing.subject)), made(text, "text", _marks(text)), html)


def with_words(source: str, fields: Collection[str], language: str, marks: Iterable[Mark]) -> str:
    """Return a source in which a field that has no default of its own says a neutral word, at these tags.

    Conditions on a field stay as they are: without a value they are false. Raises TemplateProblem.
    """
    written, at = [], 0
    for mark in marks:
        names = names_of_tag(source, mark) & set(fields) if not mark.tag else set()
        filters = parse_output(source, mark).filters or [] if names else []
        if not names or any(each.name == "default" for each in filters):
            continue
        end = mark.end - 2 - mark.trims_after
        person = any(names_a_person(name.replace("_", " ")) for name in names)
        word = READER.get(language, READER["ja"]) if person else ANYTHING
        written += [source[at:end], f' | default: "{word}" ']
        at = end
    return "".join([*written, source[at:]])


def _marks(source: str) -> list[Mark]:
    return [part for part in pieces(source) if isinstance(part, Mark)]


def _values(dispatch: Dispatch, content: Content) -> dict[str, str | None]:
    customer = db.session.get_one(Customer, dispatch.customer_id)
    # What would be a reader's own link leads to the page that says how these mails are had and stopped.
    home = settings().PUBLIC_URL.rstrip("/") + f"/h/{customer.slug}/"
    return {
        "list_name": next(iter(content.lists.values()), ""),
        "date": day(dispatch.created_at.astimezone(clock.JAPAN).date(), content.language),
        "sender_name": content.sender_name,
        "customer_name": content.customer_name,
        "unsubscribe_url": home,
        "preferences_url": home,
        "view_url": home,
    }


def headed(html: str) -> str:
    """Return the document with what keeps it to itself; it is whole, so it has a head."""
    before, tag, rest = html.partition("<head>")
    return before + tag + HEAD + rest if tag else HEAD + html
