"""Whose rows stand in which table, and when they go: every table of the database is named here.

A new table that is missing makes `tests/invariants/test_erasure_plan.py` fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any

from wem.erasure.rules import Phase

READERS, EVIDENCE, CUSTOMER, BOOKS = Phase.readers, Phase.evidence, Phase.customer, Phase.books
OWN = "customer_id"
ERASED = "消去済み"


@dataclass(frozen=True)
class Way:
    """How rows are known to be a customer's: by a column that names it, or by one that names another's row."""

    column: str
    table: str = ""  # empty: the column holds the customer's number
    key: str = "id"


@dataclass(frozen=True)
class Numbered:
    """A text with the row's own number behind it, where each must differ."""

    before: str
    after: str = ""


class Now:
    """The moment of blanking, for what counts as over from then on."""


@dataclass(frozen=True)
class Rows:
    """What becomes of a customer's rows of a table.

    `only`: a condition by its name in `finding`, where some of them go earlier than others. `files`: columns that hold
    keys of files, which go with the rows or with what is blanked.
    """

    ways: tuple[Way, ...]
    gone: Phase | None = None
    blanked: Phase | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    only: str = ""


def _own(gone: Phase, **more: Any) -> Rows:
    return Rows((Way(OWN),), gone, **more)


def _of(column: str, table: str, gone: Phase, **more: Any) -> Rows:
    return Rows((Way(column, table),), gone, **more)


def _dispatch(gone: Phase = READERS) -> Rows:
    return _of("dispatch_id", "dispatch", gone)


def _contract(gone: Phase, **more: Any) -> Rows:
    return _of("contract_id", "contract", gone, **more)


def _empty(*names: str, **others: Any) -> dict[str, Any]:
    """Return the values that take the words out of columns."""
    return dict.fromkeys(names, "") | others


# fmt: off
PLAN: dict[str, tuple[Rows, ...]] = {
    # -- readers: addresses, what they registered for, what was sent and what came of it
    "subscriber": (_own(READERS),),
    "subscription": (_own(READERS),),
    "address_change": (_own(READERS),),
    "merged_reader": (_own(READERS),),
    "removal": (_own(READERS),),
    "removal_review": (_own(READERS),),
    "bounce": (_own(READERS),),
    "bounce_tally": (_own(READERS),),
    "complaint": (_own(READERS),),
    "alarm": (_own(READERS),),
    "conversation": (_own(READERS),),
    "conversation_mail": (_of("conversation_id", "conversation", READERS),),
    "upload_row": (_of("upload_id", "upload", READERS),),
    "attempt": (_dispatch(),),
    "retry": (_dispatch(),),
    "batch": (_dispatch(),),
    "portion": (_dispatch(),),
    "delivery": (_dispatch(),),
    "hit": (_dispatch(),),
    "first_hit": (_dispatch(),),
    "tally": (_dispatch(),),
    "link": (_dispatch(),),
    "dispatch": (_own(READERS),),
    "mailing": (_own(READERS),),
    "back_number": (_own(READERS),),
    "page_look": (_own(READERS),),
    "mailing_target": (_of("mailing_id", "mailing", READERS),),
    "segment": (_own(READERS),),
    "mailing_segment": (_of("mailing_id", "mailing", READERS),),
    "trial": (_of("mailing_id", "mailing", READERS),),
    "chosen_reader": (_of("mailing_id", "mailing", READERS),),
    "sequence": (_own(READERS),),
    "sequence_step": (_own(READERS),),
    "sequence_reader": (_of("sequence_id", "sequence", READERS),),
    "sequence_run": (_of("sequence_id", "sequence", READERS),),
    "block_revision": (_of("mailing_id", "mailing", READERS),),
    "brand": (_own(READERS),),
    "design": (_own(READERS),),
    "image": (_own(READERS, files=("storage_key", "source_key")),),
    "image_use": (_of("mailing_id", "mailing", READERS),),
    "maintenance_choice": (_own(READERS),),
    "no_send_setting": (_own(READERS),),
    "tester": (_own(READERS),),
    "reply_setting": (_own(READERS),),
    "field": (_own(READERS),),
    "list_field": (_of("list_id", "mailing_list", READERS),),
    "deleted_field": (_own(READERS),),
    "list_sender": (_own(READERS),),
    "blank_mail": (_own(READERS),),
    "domain_key": (_of("domain_id", "sender_domain", READERS),),
    "sender_domain": (_own(READERS),),
    "sender_name": (_own(READERS),),
    "address_count": (_own(READERS),),
    # Lent addresses rest for twelve months (8-1); the lists that they hang on stay without a word of their own.
    "mailing_list": (_own(BOOKS, blanked=READERS, values=_empty(
        "description", "sign_up_intro", name=ERASED, slug=Numbered("erased-"), archived_at=Now, sign_up_open=False,
        active_count=0, pending_count=0,
    )),),
    "lent_address": (_own(BOOKS),),
    "outbox_mail": (_own(READERS, only="to_readers"), _own(CUSTOMER)),
    "inquiry": (_own(READERS, only="by_reader"), _own(CUSTOMER)),
    "inquiry_entry": (_of("inquiry_id", "inquiry", READERS, only="by_reader"), _of("inquiry_id", "inquiry", CUSTOMER)),
    "inquiry_file": (
        _of("entry_id", "inquiry_entry", READERS, files=("key",), only="by_reader"),
        _of("entry_id", "inquiry_entry", CUSTOMER, files=("key",)),
    ),
    # -- the proof of consent: keyed hashes, the texts that were shown, what was stated of uploads
    "consent_event": (_own(EVIDENCE),),
    "shown_text": (_own(EVIDENCE),),
    "suppression": (_own(EVIDENCE),),
    "consent_keeping": (_own(EVIDENCE),),
    "upload": (_own(
        EVIDENCE, blanked=READERS, values=_empty("filename", storage_key=None), files=("storage_key", "evidence")
    ),),
    # -- the customer's own data
    "application": (_contract(CUSTOMER),),
    "contract_request": (_own(CUSTOMER),),
    "renewal_refusal": (_contract(CUSTOMER),),
    "correction": (_contract(CUSTOMER),),
    "termination": (_contract(CUSTOMER, files=("evidence_key",)),),
    "revocation": (_contract(CUSTOMER),),
    "emergency_stop": (_own(CUSTOMER),),
    "operation_order": (_own(CUSTOMER),),
    "operation_work": (_of("order_id", "operation_order", CUSTOMER),),
    "returned_account": (_own(CUSTOMER),),
    "membership": (_own(CUSTOMER),),
    "invitation": (_own(CUSTOMER),),
    "purpose_answer": (_own(CUSTOMER),),
    "news_recipient": (_own(CUSTOMER),),
    "maintenance_told": (_own(CUSTOMER),),
    "sending_hold": (_own(CUSTOMER),),
    "mailing_review": (_own(READERS),),
    "customer_turn": (_own(CUSTOMER),),
    "takedown": (_own(CUSTOMER),),
    "erasure_hold": (_own(CUSTOMER),),
    "case_entry": (_of("case_id", "abuse_case", CUSTOMER, files=("file_key",)),),
    "abuse_report": (Rows((Way(OWN), Way("case_id", "abuse_case")), CUSTOMER, files=("file_key",)),),
    # That there was a dispute stays, without anybody's words (9-7).
    "abuse_case": (_own(BOOKS, blanked=CUSTOMER, values={"title": "", "outcome": ""}),),
    "claim": (_of("case_id", "abuse_case", BOOKS, blanked=CUSTOMER, values=_empty("claimant", "demand", "result")),),
    "dispute_talk": (
        _of("case_id", "abuse_case", BOOKS, blanked=CUSTOMER, values=_empty("people", "matter", "result")),
    ),
    "deletion": (_own(BOOKS, blanked=CUSTOMER, values={"reason": "", "note": ""}),),
    "notice": (_own(BOOKS, blanked=CUSTOMER, values=_empty(
        "text", "to_name", "to_honorific", "to_email", "to_postal_code", "to_address", title=ERASED, words={},
        document_id=None,
    )),),
    "document": (
        _own(CUSTOMER, files=("storage_key",), only="no_book"),
        _own(BOOKS, files=("storage_key",)),
    ),
    "audit_event": (_own(BOOKS, blanked=CUSTOMER, values={"details": {}, "ip": ""}),),
    "contract": (_own(BOOKS, blanked=CUSTOMER, values=_empty(
        "sender_name", "postal_code", "postal_address", "contact", "notice_email", "person", "phone",
        "suspension_note", "restriction_note",
    )),),
    # The row stays: its name in page addresses stands in mails that were sent, and is nobody's again (8-1).
    "customer": (Rows((Way("id"),), blanked=CUSTOMER, values={"name": ERASED, "kana": ""}),),
    "returned_page": (Rows((Way(OWN),), blanked=CUSTOMER, values={"reason": ""}),),
    # -- the books, and what they hang on
    "mandate": (_own(BOOKS, blanked=CUSTOMER, values=_empty(
        "bank", "bank_code", "branch", "branch_code", "account_type", "account_holder", "note",
        account_sealed=b"", request_id=None,
    )),),
    "invoice": (_own(BOOKS),),
    "invoice_tax": (_of("invoice_id", "invoice", BOOKS),),
    "receivable": (_own(BOOKS),),
    "write_off": (_own(BOOKS),),
    "agreed_price": (_own(BOOKS),),
    "reminder": (_own(BOOKS),),
    "final_account": (_contract(BOOKS),),
    "contract_month": (_contract(BOOKS),),
    "month_draft": (_contract(BOOKS),),
    "contract_option": (_contract(BOOKS),),
    "contract_term": (_contract(BOOKS),),
    "standstill": (_contract(BOOKS),),
    "debit_entry": (_own(BOOKS),),
    "debit_item": (_of("entry_id", "debit_entry", BOOKS),),
    "payment": (_contract(BOOKS),),
    # A share that was taken back names the sum of one customer, and the payment of another or of nobody.
    "payment_share": (Rows((Way("payment_id", "payment"), Way("receivable_id", "receivable")), BOOKS),),
    "payment_choice": (_contract(BOOKS),),
    "refund": (Rows((Way("payment_id", "payment"), Way("invoice_id", "invoice")), BOOKS),),
    "month_peak": (_own(BOOKS),),
    "count_snapshot": (_own(BOOKS),),
    "disclosure": (_own(BOOKS),),
    "customer_look": (_own(BOOKS),),
}
# fmt: on

# Tables that are nobody's, or that empty themselves sooner than any phase; with the reason.
OTHERS: dict[str, str] = {
    "account": "a person may work for several customers: `people` blanks those of this one alone",
    "sign_in": "the same",
    "sign_in_attempt": "SIGN_IN_HISTORY_DAYS; those of blanked people go at once (`people`)",
    "inbound_mail": "found by the addresses that it came to and speaks of (`arrived`); else INBOUND_… days",
    "seen_mail": "fingerprints, for fourteen days",
    "taken_mail": "numbers of mails that were handled",
    "unmatched_report": "masked, for thirty days",
    "mail_slot": "hashes, for a day",
    "stop": "numbers, by which senders see what is new: never taken back",
    "debit_run": "the bank's files of many customers: gone when no debit of theirs is left (`books`)",
    "doubtful_line": "lines of a bank's file, until staff say whether they are payments",
    "bank_statement": "sums of the bank's files; the lines are payments, of which those of nobody go in `unowned`",
    "erasure": "the record of erasure itself: numbers",
    "erasure_place": "how far the look over old proof of consent is",
    "partner": "of staff and partners",
    "announcement": "our own words",
    "incident": "our own words, public",
    "news": "our own words",
    "text_version": "our own words",
    "use_purpose": "our own words",
    "review_policy": "our own rules",
    "purpose_text": "our own words",
    "course": "the catalogue",
    "course_price": "the catalogue",
    "option": "the catalogue",
    "option_price": "the catalogue",
    "price_list": "the catalogue",
    "campaign": "the catalogue",
    "month_close": "how far the close of a month is",
    "invoice_counter": "the last number of a year",
    "followed_to": "how far answers of mail servers are followed",
    "mail_domain": "which provider takes the mail of a domain",
    "provider_state": "the pace of a provider",
    "provider_tally": "numbers by provider and sender domain, for staff",
    "postponed_tally": "the same",
    "timetable_run": "when a periodic job was rung",
}


def order(tables: Iterable[str], named_by: Iterable[tuple[str, str]]) -> list[str]:
    """Return the tables so that whoever names another's rows goes before it; `named_by`: (who names, whose rows).

    Raises graphlib.CycleError when two name one another.
    """
    wanted = set(tables)
    sorter: TopologicalSorter[str] = TopologicalSorter({table: set() for table in sorted(wanted)})
    for child, parent in named_by:
        if child != parent and {child, parent} <= wanted:
            sorter.add(parent, child)
    return list(sorter.static_order())
