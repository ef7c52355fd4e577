"""What the picker offers to insert into a mail: ways to address a reader, the lists' fields, what the system knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask_babel import force_locale, gettext

from wem.db import db
from wem.lists.models import Field
from wem.lists.states import FieldKind
from wem.mailings.greeting_rules import names_a_person


@dataclass(frozen=True)
class Snippet:
    """A piece to insert into a text, with what it is in words."""

    label: str
    code: str
    greets: bool = False


def snippets(customer_id: int, language: str) -> list[Snippet]:
    """Return what can be inserted into a mail of that language, in the order in which it is offered."""
    fields = db.session.scalars(
        sa.select(Field).where(Field.customer_id == customer_id).order_by(Field.position, Field.id)
    ).all()
    return [
        *_greetings([row for row in fields if row.kind is FieldKind.text and names_a_person(row.label)], language),
        *(Snippet(row.label, f"{{{{ {row.key} }}}}") for row in fields),
        Snippet(gettext("Name of the list"), "{{ list_name }}"),
        Snippet(gettext("Send date"), "{{ date }}"),
        Snippet(gettext("Sender's name"), "{{ sender_name }}"),
        Snippet(gettext("Unsubscribe link"), "{{ unsubscribe_url }}"),
        Snippet(gettext("Preferences link"), "{{ preferences_url }}"),
        Snippet(gettext("View-in-browser link"), "{{ view_url }}"),
        Snippet(gettext("The reader's address (text part only)"), "{{ email }}"),
    ]


def _greetings(names: Sequence[Field], language: str) -> list[Snippet]:
    """Return whole phrases with the title in them, so that none is written twice and none stands alone."""
    offered = []
    for row in names:
        with force_locale(language):
            named, nameless = gettext("Dear %(name)s", name=f"{{{{ {row.key} }}}}"), gettext("Dear customer")
        label = gettext("Salutation") if len(names) == 1 else gettext("Salutation (%(field)s)", field=row.label)
        offered.append(Snippet(label, f"{{% if {row.key} %}}{named}{{% else %}}{nameless}{{% endif %}}", greets=True))
    return offered
