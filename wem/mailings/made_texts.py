"""What the texts of a mailing are made of, and what is made of it."""

from __future__ import annotations

from dataclasses import dataclass

from wem.delivery.rendering import Templates
from wem.delivery.template_nodes import TemplateProblem
from wem.mailings.models import BodyKind
from wem.mailings.start_problems import Problem
from wem.tracking.linking import Counted


@dataclass(frozen=True)
class Source:
    """Everything that the texts of a mailing are made of."""

    body_kind: BodyKind
    subject: str
    html: str
    text: str
    wrap_at: int
    view_line: bool
    language: str
    # Of the contract, for the footer.
    sender_name: str
    postal_code: str
    postal_address: str
    contact: str
    # The customer's fields, and those of them that no address may hold.
    names: tuple[str, ...]
    personal: frozenset[str]


@dataclass(frozen=True)
class Ready:
    """The texts made of a source, with the footer, or why there are none. Takes about a second for 100 KB of HTML."""

    source: Source
    text: str = ""
    html: str | None = None
    templates: Templates | None = None
    problem: Problem | None = None
    # What exactly is wrong when a text is no template.
    fault: TemplateProblem | None = None
    # The HTML as it is sent: links and opens counted.
    counted: Counted | None = None
    # The same of the variants of its A/B test beside itself, in order.
    others: tuple[Ready, ...] = ()

    @property
    def each(self) -> tuple[Ready, ...]:
        """The mailing's own and those of its variants."""
        return (self, *self.others)

    @property
    def sources(self) -> list[Source]:
        return [each.source for each in self.each]
