"""How fast mails are made for their readers: bin/bench rendering [--mails N --rounds R --json].

The product's own code fills in and codes whole mails, without sending them: that of `bin/bench send` (written HTML,
five fields) and one made of blocks (a design with ten fields), in turns, so that both meet the same machine. In
microseconds of processor time for each mail, the median of the rounds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

from bench.delivering import content, options, stage
from tests import factories
from wem import clock
from wem.accounts.models import Customer
from wem.db import db
from wem.delivery.message import Features
from wem.delivery.models import Dispatch
from wem.delivery.recipients import Recipient
from wem.delivery.rendering import Letter, letter_of
from wem.lists.models import MailingList
from wem.mailings import block_editing, design_using
from wem.mailings import block_moving_rules as moving
from wem.mailings.block_rules import BlockKind
from wem.mailings.design_rules import Ours
from wem.mailings.models import BodyKind, Mailing

MORE = ("生年月日", "前回のご購入", "担当店舗", "会員期限", "おすすめ")
READERS = 200


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/bench rendering", description=__doc__)
    parser.add_argument("--mails", type=int, default=2_000, help="of each kind in a round")
    parser.add_argument("--rounds", type=int, default=7)
    options.add(parser, "var", "json")
    given = parser.parse_args()
    with stage.staged("sqlite", var=given.var):
        options.report(measure(given.mails, given.rounds), given.json)
    return 0


def measure(mails: int, rounds: int) -> dict[str, Any]:
    """Return the figures of both mails, and their ratio."""
    readers = stage.make_list(READERS)
    customer = db.session.get_one(Customer, readers.customer_id)
    for label in MORE:
        factories.make_field(customer, label)
    db.session.commit()
    letters = {"written": letter(stage.make_mailing(readers)), "blocks": letter(made_of_blocks(readers))}
    recipients = [recipient(number, readers.id) for number in range(READERS)]
    times: dict[str, list[float]] = {name: [] for name in letters}
    octets: dict[str, int] = {}
    for turn in range(rounds + 1):
        for name, each in letters.items():
            spent, octets[name] = render(each, recipients, mails)
            if turn:  # the first warms up
                times[name].append(spent)
    found = {name: statistics.median(each) for name, each in times.items()}
    return {
        "mails": mails,
        "rounds": rounds,
        **{f"{name}_us": round(1e6 * each, 1) for name, each in found.items()},
        **{f"{name}_bytes": octets[name] for name in letters},
        **{f"{name}_us_per_kb": round(1e6 * each / octets[name] * 1024, 2) for name, each in found.items()},
        "ratio": round(found["blocks"] / found["written"], 2),
        "ratio_per_kb": round(found["blocks"] / octets["blocks"] / (found["written"] / octets["written"]), 2),
    }


def made_of_blocks(readers: MailingList) -> Mailing:
    """Return a draft: the newsletter design, ten fields in it. Commits."""
    fields = "\n".join(f"{label}：{{{{ {label} | default: '-' }}}}" for label in (*content.FIELDS[1:], *MORE))
    document = design_using.of_ours(Ours.newsletter, readers.customer_id).document
    # Its salutation holds the first of the ten.
    assert document is not None and any("{{ 氏名 }}" in each.values.get("text", "") for each in document.blocks)
    document, id = moving.add_block(document, BlockKind.text)
    document = moving.change_block(document, id, {"text": fields})
    mailing = factories.make_mailing(readers, subject=content.SUBJECT, html="", text="", body_kind=BodyKind.blocks)
    block_editing.begin(mailing, document, by=1)
    db.session.commit()
    return mailing


def letter(mailing: Mailing) -> Letter:
    """Return the mailing as it is sent, compiled: its links and opens counted."""
    dispatch_id, _ = stage.snapshot(mailing)
    return letter_of(db.session.get_one(Dispatch, dispatch_id))


def recipient(number: int, list_id: int) -> Recipient:
    fields = content.fields_of(number) | {label: f"{label}{number % 97}" for label in MORE}
    return Recipient(number, number + 1, 0, f"taro.{number}@readers.example.com", fields, lists=[list_id])


def render(letter: Letter, recipients: list[Recipient], mails: int) -> tuple[float, int]:
    """Make so many mails; returns seconds of processor time and octets of one, on average."""
    at, features, octets = clock.now(), Features(), 0
    begun = time.process_time()
    for number in range(mails):
        octets += len(letter.mail(recipients[number % len(recipients)], at, features).data)
    return (time.process_time() - begun) / mails, round(octets / mails)


if __name__ == "__main__":
    options.run(main)
