"""Everything that two customers can have: a row of each kind in each state, so that a leak has something to leak.

The readers' addresses have parts before the @ that stand nowhere else: whoever finds one has found a leak.
"""

from __future__ import annotations

import io
import itertools
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from time import monotonic
from typing import Any

import sqlalchemy as sa

from tests import factories
from tests.contracts.applications import make_application
from tests.factories import Side
from wem import audit, clock, documents, outbox, storage, tokens, vault
from wem.accounts.models import Account, Customer, Invitation, Membership, ReturnedAccount, ReturnedPage
from wem.accounts.order_models import OperationOrder, OrderWay
from wem.accounts.rules import Role, StaffRole
from wem.arriving import ArrivedMail, Fate
from wem.billing import correcting, debit_planning
from wem.billing.debit_models import DebitEntry, DebitItem, DebitRun, PaymentChoice
from wem.billing.debit_rules import EntryState, Method, Outcome, RunState
from wem.billing.invoice_rules import ItemKind, Line
from wem.billing.models import Receivable
from wem.billing.month_models import ContractMonth, Reminder
from wem.billing.payment_models import BankStatement, DoubtfulLine, Payment, PaymentShare, Refund
from wem.billing.payment_rules import PaymentWay, RefundGround
from wem.billing.rules import NotPaid
from wem.billing.write_off_models import WriteOff
from wem.bounces.models import (
    Alarm,
    AlarmKind,
    Bounce,
    BounceTally,
    Complaint,
    Removal,
    RemovalReview,
    Source,
    Unmatched,
    UnmatchedReport,
)
from wem.bounces.states import Kind, Reason, Severity
from wem.cases.models import Case, CaseEntry, Claim, Deletion, EntryKind, Report, Talk, TalkWay
from wem.cases.rules import CaseState, ClaimState, DeletionGround, DeletionState, ReportState
from wem.contracts import addressing, catalogue
from wem.contracts.application_rules import ApplicationState
from wem.contracts.emergency_models import EmergencyStop, StopVia
from wem.contracts.mandate_models import Mandate
from wem.contracts.models import Contract
from wem.contracts.price_models import AgreedPrice
from wem.contracts.price_rules import PriceState
from wem.contracts.request_models import (
    ContractRequest,
    Correction,
    RenewalRefusal,
    RequestKind,
    Revocation,
    Termination,
    TerminationGround,
    TerminationScope,
)
from wem.contracts.state_rules import MandateState, RequestState
from wem.contracts.stop_models import Stop
from wem.db import db
from wem.delivery.identity import reply_address
from wem.delivery.models import Attempt, Delivery, DeliveryState, Dispatch, DispatchState, Retry
from wem.delivery.models import Stage as SmtpStage
from wem.delivery.no_send_models import NoSendSetting
from wem.delivery.progress import dispatches_of
from wem.delivery.rules import without_addresses
from wem.domains.rules import DomainState
from wem.erasure.models import ConsentKeeping, Erasure, ErasureHold
from wem.erasure.rules import ErasureState
from wem.erasure.rules import Phase as ErasurePhase
from wem.hashing import address_hash
from wem.inbound import keeping
from wem.inbound.envelopes import Envelope
from wem.inbound.keeping import Arriving
from wem.inbound.models import InboundMail
from wem.inbound.states import InboundState
from wem.inbound.states import Way as InboundWay
from wem.inquiries import asking, passing_on
from wem.inquiries import taking as inquiry_taking
from wem.inquiries.attaching import Attached
from wem.inquiries.models import Inquiry, InquiryEntry, InquiryFile
from wem.inquiries.state_rules import InquiryState
from wem.lists import blank_addresses, reading
from wem.lists import jobs as lists_jobs
from wem.lists.blank_mail_models import LentAddress
from wem.lists.count_models import CountSnapshot
from wem.lists.models import DeletedField, Field, ListField, MailingList
from wem.lists.states import ConsentKind, FieldKind, SubscriptionState, SuppressionReason, UploadKind, UploadState, Way
from wem.lists.subscription_models import (
    AddressChange,
    ConsentEvent,
    MergedReader,
    Subscriber,
    Subscription,
    Suppression,
)
from wem.lists.takedown_models import Takedown, TakenDown
from wem.lists.upload_models import Upload, UploadRow
from wem.mailings import (
    answering,
    back_numbers,
    block_editing,
    design_keeping,
    narrowing,
    replies,
    reviewing,
    starting,
    variant_making,
)
from wem.mailings import jobs as mailings_jobs
from wem.mailings.block_models import Brand
from wem.mailings.image_rules import ImageProblem, ImageState
from wem.mailings.maintenance_models import MaintenanceChoice, MaintenanceTold
from wem.mailings.maintenance_rules import Choice
from wem.mailings.models import BodyKind, Mailing, SendingHold, Tester
from wem.mailings.page_look_models import PageLook
from wem.mailings.reply_models import Conversation, ConversationState, ReplySetting
from wem.mailings.review_rules import Ground, ReviewState
from wem.mailings.states import MailingState
from wem.notices import letters, telling
from wem.notices.incident_rules import Part
from wem.notices.models import Announcement, Incident
from wem.notices.rules import Channel, NoticeKind, NoticeState, Words
from wem.notices.wording import STATES as NOTICE_STATES
from wem.outbox import OutboxMail, OutboxState, SystemMail
from wem.privacy.models import Disclosure, Look
from wem.privacy.news_models import News, NewsRecipient
from wem.privacy.news_rules import NewsState
from wem.privacy.news_rules import Outcome as NewsOutcome
from wem.privacy.purpose_models import PurposeAnswer, PurposeText, UsePurpose
from wem.privacy.purpose_rules import Via
from wem.privacy.rules import Basis, DataClass, DisclosureState, Purpose, What
from wem.segments.models import Segment
from wem.sender_names import asking as sender_names
from wem.sender_names.rules import NameState
from wem.sequences import controlling, following
from wem.sequences import keeping as sequence_keeping
from wem.sequences.models import SequenceRun
from wem.sequences.rules import SequenceState
from wem.tokens import Purpose as TokenPurpose

DOMAINS = {"ours": "himitsu-ours.example.com", "theirs": "himitsu-theirs.example.net"}


@dataclass
class Half:
    """One customer's side: the rows that page addresses can name, as plain numbers that outlive any session."""

    customer_id: int
    slug: str
    secret: str  # the domain of its readers, which no other address has
    contract_id: int
    people: dict[str, int]
    mailing_list_id: int
    password_number: int
    conversation_ids: list[int] = field(default_factory=list)
    merged_id: int = 0  # a reader's number that became another
    list_ids: list[int] = field(default_factory=list)
    list_slugs: list[str] = field(default_factory=list)
    field_ids: list[int] = field(default_factory=list)
    subscriber_ids: list[int] = field(default_factory=list)
    subscription_ids: list[int] = field(default_factory=list)
    change_ids: list[int] = field(default_factory=list)
    upload_ids: list[int] = field(default_factory=list)
    attested_ids: list[int] = field(default_factory=list)
    mailing_ids: list[int] = field(default_factory=list)
    segment_ids: list[int] = field(default_factory=list)
    sequence_ids: list[int] = field(default_factory=list)
    step_ids: list[int] = field(default_factory=list)
    dispatch_ids: list[int] = field(default_factory=list)
    back_numbers: list[int] = field(default_factory=list)
    domain_ids: list[int] = field(default_factory=list)
    tester_ids: list[int] = field(default_factory=list)
    image_ids: list[int] = field(default_factory=list)
    design_ids: list[int] = field(default_factory=list)
    review_ids: list[int] = field(default_factory=list)
    sender_name_ids: list[int] = field(default_factory=list)
    image_names: list[str] = field(default_factory=list)
    notice_ids: list[int] = field(default_factory=list)
    announcement_ids: list[int] = field(default_factory=list)
    incident_ids: list[int] = field(default_factory=list)
    membership_ids: list[int] = field(default_factory=list)
    invitation_ids: list[int] = field(default_factory=list)
    request_ids: list[int] = field(default_factory=list)
    correction_ids: list[int] = field(default_factory=list)
    termination_ids: list[int] = field(default_factory=list)
    revocation_ids: list[int] = field(default_factory=list)
    receivable_ids: list[int] = field(default_factory=list)
    invoice_ids: list[int] = field(default_factory=list)
    invoice_numbers: list[str] = field(default_factory=list)
    inquiry_ids: list[int] = field(default_factory=list)
    emergency_ids: list[int] = field(default_factory=list)
    inquiry_file_ids: list[int] = field(default_factory=list)
    document_ids: list[int] = field(default_factory=list)
    mandate_ids: list[int] = field(default_factory=list)
    debit_ids: list[int] = field(default_factory=list)
    debit_entry_ids: list[int] = field(default_factory=list)
    payment_ids: list[int] = field(default_factory=list)
    payment_share_ids: list[int] = field(default_factory=list)
    refund_ids: list[int] = field(default_factory=list)
    write_off_ids: list[int] = field(default_factory=list)
    agreed_price_ids: list[int] = field(default_factory=list)
    doubtful_line_ids: list[int] = field(default_factory=list)
    case_ids: dict[str, list[int]] = field(default_factory=dict)

    def person(self, role: str) -> Account:
        """Return the owner, editor, delegate or viewer."""
        return db.session.get_one(Account, self.people[role])

    @property
    def mailing_list(self) -> MailingList:
        return db.session.get_one(MailingList, self.mailing_list_id)


@dataclass
class Stage:
    ours: Half
    theirs: Half
    staff_ids: dict[StaffRole, int]
    partner_id: int
    staff_invitation_ids: list[int]
    application_ids: list[int]
    inbound_ids: list[int] = field(default_factory=list)
    loose_inquiry_ids: list[int] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    catalogue: dict[str, list[int]] = field(default_factory=dict)

    @property
    def admin(self) -> Account:
        return db.session.get_one(Account, self.staff_ids[StaffRole.admin])

    @property
    def partner(self) -> Account:
        return db.session.get_one(Account, self.partner_id)


def set_up() -> Stage:
    """Fill the empty database; commits."""
    world = factories.world()
    staff = {role: _staff(role) for role in StaffRole if role is not StaffRole.admin} | {StaffRole.admin: world.admin}
    invited = Invitation(email="new-staff@wem.example", name="新人 花子", staff_role=StaffRole.support)
    db.session.add(invited)
    db.session.flush()
    stage = Stage(
        _half(world.ours, DOMAINS["ours"], "ours"),
        _half(world.theirs, DOMAINS["theirs"], "theirs"),
        {role: account.id for role, account in staff.items()},
        world.partner.id,
        [invited.id],
        _applications(),
    )
    db.session.commit()
    for half in (stage.ours, stage.theirs):
        _uploads(half)
        _mailings(half)
        _trials(half)
        _segments(half)
        _sequences(half)
        _images(half)
        _designs(half)
        _reviews(half)
        _sender_names(half)
        _back_numbers(half)
        _bounces(half)
        _replies(half)
        _maintenance(half)
    stage.catalogue = _catalogue(stage.admin)
    for half in (stage.ours, stage.theirs):
        _contract_life(half, stage.admin)
        _money(half, stage.staff_ids[StaffRole.billing])
        _erasure(half, stage.admin)
        _cases(half, stage.admin)
        _arrived(half)
        _inquiries(half, stage)
        _emergencies(half, stage.admin)
    stage.inbound_ids = list(db.session.scalars(sa.select(InboundMail.id).order_by(InboundMail.id)))
    # What stands in the queue would be rung by the next commit, and there is no Redis.
    db.session.info.pop("rings", None)
    db.session.commit()
    stage.addresses = sorted(
        {
            address
            for column in (
                Subscriber.address,
                AddressChange.address,
                UploadRow.address,
                OutboxMail.recipient,
                Conversation.address,
                InboundMail.sender,
                Inquiry.address,
            )
            for address in db.session.scalars(sa.select(column).where(column.like("%@himitsu-%")))
            if address and "*" not in address
        }
    )
    db.session.commit()
    return stage


def _arrived(half: Half) -> None:
    """A reader's mail in every state, by every route."""
    sender, at = f"tegami.kakushita@{half.secret}", clock.now()
    raw = f"From: {sender}\r\nSubject: x\r\nMessage-ID: <{half.slug}@{half.secret}>\r\n\r\n{sender}\r\n".encode()
    recipients = tuple(f"{name}@mail.wem.example" for name in ("support", "change", "abuse", "fbl", half.slug))
    keeping.keep([Arriving(Envelope(at, InboundWay.lmtp, sender, recipients), raw)] * 2)
    mails = db.session.scalars(sa.select(InboundMail).where(InboundMail.sender == sender)).all()
    for mail, state in zip(mails, itertools.cycle(InboundState), strict=False):
        if state is not InboundState.waiting:
            mail.become(state, at, "RuntimeError" if state is InboundState.failed else "")
    db.session.commit()


def _emergencies(half: Half, admin: Account) -> None:
    """One that was lifted again, and one that is asked for: the customer's other pages are those of who may send."""
    at, contract = clock.now(), db.session.get_one(Contract, half.contract_id)
    for pulled in (at, None):
        row = EmergencyStop(
            customer_id=half.customer_id, contract=contract, via=StopVia.link, asked_at=at, ip="192.0.2.9",
            pulled_at=pulled, lifted_at=pulled, lifted_by=admin.id if pulled else None,
            people=list(half.people.values()) if pulled else [],
        )  # fmt: skip
        db.session.add(row)
        db.session.flush()
        half.emergency_ids.append(row.id)
    db.session.add(
        ReturnedPage(customer_id=half.customer_id, slug=f"old-{half.slug}", lent_at=at, leads_on=True, reason="悪用")
    )
    db.session.add(
        ReturnedAccount(
            customer_id=half.customer_id,
            account_id=0,
            name="退職 済子",
            email=f"old@{half.slug}.example.jp",
            role=Role.editor,
            lent_at=at,
            returned_by=half.people["owner"],
        )
    )
    db.session.commit()


def _inquiries(half: Half, stage: Stage) -> None:
    """One in each state, with a file; a confidential one; a reader's complaint and what the customer gets of it."""
    customer, owner = db.session.get_one(Customer, half.customer_id), half.person("owner")
    for state in InquiryState:
        row = asking.ask(customer, owner, "送信できません", "予約が進みません。", [Attached("画面.png", b"\x89PNG")])
        row.state, row.unread = state, state is InquiryState.answered
        half.inquiry_ids.append(row.id)
    asking.ask(customer, owner, "秘密の件", "新商品の名前です。", confidential=True)
    reader = db.session.get_one(Subscriber, half.subscriber_ids[0]).address
    for number, sender in enumerate((reader, f"kujou.kakushita@{half.secret}")):
        raw = f"From: 怒る人 <{sender}>\r\nSubject: 苦情 {sender}\r\n\r\n{sender} に送らないでください。\r\n".encode()
        at_desk = "support@mail.wem.example"
        mail = ArrivedMail(half.customer_id * 100 + 50 + number, clock.now(), sender, at_desk, raw)
        assert inquiry_taking.take(mail) is Fate.taken
    loose = db.session.scalars(
        sa.select(Inquiry).where(Inquiry.customer_id.is_(None)).order_by(Inquiry.id.desc()).limit(2)
    ).all()
    contract = db.session.get_one(Contract, half.contract_id)
    for row in loose:
        stage.loose_inquiry_ids.append(row.id)
        passed = passing_on.pass_on(row, contract, passing_on.masked_words(row), by=stage.admin.id)
        half.inquiry_ids.append(passed.id)
    files = sa.select(InquiryFile.id).join(InquiryEntry, InquiryEntry.id == InquiryFile.entry_id)
    half.inquiry_file_ids = list(db.session.scalars(files.where(InquiryEntry.inquiry_id == half.inquiry_ids[0])))
    db.session.commit()


def _applications() -> list[int]:
    """One in each state but the draft, which nobody but its browser sees; the first with a scan."""
    found = []
    for state in ApplicationState:
        application = make_application(partner_code="P001")
        application.state = state
        if state is ApplicationState.refused:
            application.refusal_reason = 2
        if state is not ApplicationState.draft:
            found.append(application)
    found[0].scan = documents.keep(b"%PDF-1.7", "scan.pdf", about=found[0].about, customer_id=None)
    db.session.commit()
    return [application.id for application in found]


def _staff(role: StaffRole) -> Account:
    return factories.make_account("職員 一", f"{role.value}@wem.example", staff_role=role)


def _half(side: Side, secret: str, name: str) -> Half:
    side.contract.attested_uploads = True
    customer = side.customer
    delegate = factories.make_member(customer, Role.delegate, email=f"delegate-{name}@agency.example.jp")
    people = {"owner": side.owner, "editor": side.editor, "delegate": delegate, "viewer": side.viewer}
    half = Half(
        customer.id,
        customer.slug,
        secret,
        side.contract.id,
        {role: account.id for role, account in people.items()},
        side.mailing_list.id,
        side.viewer.password_number,
    )
    empty = factories.make_list(customer, "空のリスト", f"empty-{name}")
    closed = factories.make_list(customer, "受付終了", f"closed-{name}", sign_up_open=False)
    for kind in FieldKind:
        row = factories.make_field(
            customer, f"項目 {kind.value}", kind, key=f"{kind.value}_{name}", options=["赤", "青"]
        )
        side.mailing_list.form_fields.append(ListField(field=row, position=row.id))
        half.field_ids.append(row.id)
    half.field_ids.append(side.field.id)
    for state in SubscriptionState:
        reader = _reader(half, f"{state.value}.kakushita", state)
        # Also on a second list, so that somebody who left the first one is still a reader.
        _on(empty, reader, SubscriptionState.active)
        half.subscriber_ids.append(reader.id)
    half.list_ids = [side.mailing_list.id, empty.id, closed.id]
    half.list_slugs = [side.mailing_list.slug, empty.slug, closed.slug]
    half.subscription_ids = list(
        db.session.scalars(
            sa.select(Subscription.id).where(
                Subscription.customer_id == customer.id, Subscription.state == SubscriptionState.pending
            )
        )
    )
    at = clock.now()
    moving = db.session.get_one(Subscriber, half.subscriber_ids[0])
    change = AddressChange(
        customer_id=customer.id,
        subscriber_id=moving.id,
        address=f"henkou.saki@{secret}",
        address_key=f"henkou.saki@{secret}",
        expires_at=at + timedelta(days=1),
    )
    db.session.add(change)
    db.session.add(
        Suppression(
            customer_id=customer.id,
            address_hash=address_hash(f"kyohi.shita@{secret}"),
            list_id=side.mailing_list.id,
            reason=SuppressionReason.unsubscribed,
            at=at,
        )
    )
    half.merged_id = 900_000 + customer.id
    db.session.add(MergedReader(old_id=half.merged_id, customer_id=customer.id, into_id=moving.id, at=at))
    db.session.add(DeletedField(customer_id=customer.id, key=f"deleted_{name}"))
    db.session.add(Stop(customer_id=customer.id, at=at, subscriber_id=moving.id))
    db.session.add(Tester(customer_id=customer.id, name="試験 太郎", email=f"tester@{customer.slug}.example.jp"))
    db.session.add(
        Invitation(email=f"new@{customer.slug}.example.jp", name="新人", customer_id=customer.id, role=Role.editor)
    )
    audit.record("subscriber.find", by=side.owner.id, customer_id=customer.id, subject=side.mailing_list, found=True)
    db.session.flush()
    for state in DomainState:
        domain = factories.make_domain(customer, f"{state.value}-{name}.example.jp", state)
        half.domain_ids.append(domain.id)
        if state is DomainState.proven:
            factories.send_from(empty, domain)
    half.change_ids = [change.id]
    code = blank_addresses.lend(side.mailing_list, f"code-{name}", by=side.owner.id)
    db.session.add(
        LentAddress(customer_id=customer.id, list_id=empty.id, code=f"old-{name}", returned_at=at, lent_at=code.lent_at)
    )
    db.session.add(ReplySetting(customer_id=customer.id))
    half.tester_ids = _ids(Tester, customer.id)
    half.invitation_ids = _ids(Invitation, customer.id)
    half.membership_ids = _ids(Membership, customer.id)
    _outbox(half)
    _notices(half, side.contract)
    return half


def _catalogue(admin: Account) -> dict[str, list[int]]:
    """A draft of a price list beside the one in force, with what it prices."""
    draft = catalogue.draft_prices(date(2030, 4, 1), True, "値上げ", sample=True, by=admin.id)
    today = clock.today()
    campaigns = [factories.make_campaign("今春", today), factories.make_campaign("来春", today + timedelta(days=90))]
    return {
        "campaigns": [row.id for row in campaigns],
        "prices": [draft.id],
        "courses": [price.course_id for price in draft.courses][:2],
        "options": [price.option_id for price in draft.options][:1],
    }


def _invoices(half: Half, contract: Contract, admin: Account) -> None:
    """One that is owed, one that is given back in part, a reminder, a count that differs."""
    lines = [Line(ItemKind.other, 3_000, name="四月分のご利用料")]
    found = [
        correcting.by_hand(
            contract, lines, date(2030, 1, 1), "二〇三〇年の分", by=admin.id, token=f"stage {number} {contract.id}"
        )
        for number in range(2)
    ]
    back = correcting.give_back(
        found[1], [Line(ItemKind.other, 100, name="値引き")], "値引きの分", by=admin.id, token="stage"
    )
    half.invoice_ids = [row.id for row in (*found, back)]
    half.invoice_numbers = [row.number for row in (*found, back)]
    at = clock.now()
    db.session.add_all(
        [
            Reminder(
                customer_id=half.customer_id, contract_id=contract.id, sent_on=at.date(), pay_by=at.date(),
                amount=3_300, sent_by=admin.id,
            ),
            CountSnapshot(
                customer_id=half.customer_id, day=at.date(), at=at, registered=3, peak=3, recounted=4
            ),
        ]
    )  # fmt: skip
    db.session.flush()


def _contract_life(half: Half, admin: Account) -> None:
    """A request of each kind, our own notices, and a debt."""
    at, contract = clock.now(), db.session.get_one(Contract, half.contract_id)
    wishes: dict[RequestKind, dict[str, Any]] = {
        RequestKind.course: {"course": "business", "from": "standard"},
        RequestKind.options: {"add": ["paper-invoice"], "remove": []},
        RequestKind.details: {"details": {"contact": ["042-000-0000", "042-000-0001"]}},
        RequestKind.correction: {"details": {"contact": ["042-000-0000", "042-000-0001"]}},
        RequestKind.name: {"details": {"name": ["旧", "新"]}, "evidence": "登記"},
        RequestKind.bank: {"bank": "みずほ", "branch": "立川", "holder": "カ）タカハシ"},
    }
    for kind in RequestKind:
        state = RequestState.received
        row = ContractRequest(
            contract=contract, customer_id=half.customer_id, kind=kind, received_at=at, state=state,
            effective_on=date(2030, 1, 1), wish=wishes.get(kind, {}), agreed="同意しました",
        )  # fmt: skip
        db.session.add(row)
        db.session.flush()
        half.request_ids.append(row.id)
    for mandate_state in MandateState:
        half.mandate_ids.append(factories.make_mandate(contract, mandate_state).id)
    correction = Correction(
        contract=contract, breach="12禁8", demand="削除", deadline=date(2030, 1, 1), issued_at=at, issued_by=admin.id
    )
    evidence, _ = storage.keep("evidence", io.BytesIO("苦情の記録".encode()), 1 << 20)
    termination = Termination(
        contract=contract, ground=TerminationGround.unfit, scope=TerminationScope.whole, evidence="事実",
        evidence_key=evidence, evidence_name="記録.txt", proposed_at=at, proposed_by=admin.id,
    )  # fmt: skip
    refusal = RenewalRefusal(contract=contract, reason="廃止", sent_at=at, sent_by=admin.id)
    owed = Receivable(
        contract=contract, customer_id=half.customer_id, label="3月分", amount=3300, due_on=date(2026, 3, 27)
    )
    revocation = Revocation(contract=contract, reason="解決", proposed_at=at, proposed_by=admin.id)
    db.session.add_all([correction, termination, refusal, owed, revocation])
    db.session.flush()
    half.correction_ids, half.termination_ids = [correction.id], [termination.id]
    half.receivable_ids, half.revocation_ids = [owed.id], [revocation.id]
    _invoices(half, contract, admin)
    half.document_ids = [
        documents.keep(b"%PDF-1.7", "scan.pdf", about=addressing.about(contract), customer_id=half.customer_id).id
    ]


def _erasure(half: Half, admin: Account) -> None:
    """The record of one that is over, with its document; a hold that was lifted; proof that is kept for longer."""
    contract, at = db.session.get_one(Contract, half.contract_id), clock.now()
    paper = documents.keep(b"%PDF-1.7", "consent-record.pdf", about="erasure 0", customer_id=half.customer_id)
    db.session.add_all(
        [
            Erasure(
                customer_id=half.customer_id, contract_id=contract.id, contract_number=contract.number,
                phase=ErasurePhase.readers, state=ErasureState.done, counts={"subscriber": 3, "files": 1}, cursor=0,
                finished_at=at, document_id=paper.id,
            ),
            ErasureHold(
                customer_id=half.customer_id, reason="確認", held_by=admin.id, lifted_at=at, lifted_by=admin.id
            ),
            ConsentKeeping(customer_id=half.customer_id, months=36, reason="通信販売", set_by=admin.id),
        ]
    )  # fmt: skip
    db.session.commit()


def _money(half: Half, clerk: int) -> None:
    """A debit file that waits and one that is answered, a debit in each state, payments, a refund."""
    contract, owed = db.session.get_one(Contract, half.contract_id), half.receivable_ids[0]
    mandate = db.session.get_one(Mandate, half.mandate_ids[list(MandateState).index(MandateState.registered)])
    for state in RunState:
        day = date(2026, 1 + len(half.debit_ids) + 4 * (half.customer_id % 3), 27)
        run = DebitRun(
            state=state, month=day.replace(day=1), debit_on=day, deadline=day, result_on=day, count=1, amount=3300,
            collector=debit_planning.collector().as_dict(), made_by=clerk, file_hash=f"{half.customer_id}{state.value}",
            file_sealed=vault.seal(b"1", "debit file", f"{half.customer_id}{state.value}"), warnings=[[2, "holder"]],
        )  # fmt: skip
        db.session.add(run)
        db.session.flush()
        half.debit_ids.append(run.id)
    answered = half.debit_ids[list(RunState).index(RunState.answered)]
    for place, entry_state in enumerate(EntryState):
        entry = DebitEntry(
            run_id=answered, place=place, contract=contract, customer_id=half.customer_id, mandate=mandate,
            number="7", amount=3300, new_code=place % 3, state=entry_state,
        )  # fmt: skip
        if entry_state is not EntryState.waiting:
            entry.outcome, entry.code = list(Outcome)[place], list(Outcome)[place].value
        entry.items = [DebitItem(receivable_id=owed, amount=3300, first=False)]
        db.session.add(entry)
        db.session.flush()
        half.debit_entry_ids.append(entry.id)
    day, statement = date(2026, 4, 1), BankStatement(file_hash=half.slug, filename="明細.csv", read_by=clerk, new=1,
        known=0, skipped=0, amount=500)  # fmt: skip
    paid = Payment(way=PaymentWay.transfer, paid_on=day, amount=1000, settled=300, refunded=0, contract=contract)
    stray = Payment(way=PaymentWay.transfer, paid_on=day, amount=3300, settled=0, refunded=0, payer_kana="ﾀｶﾊｼ")
    paid.shares = [PaymentShare(receivable_id=owed, amount=300)]
    paid.refunds = [Refund(ground=RefundGround.overpaid, amount=700, reason="二重", proposed_by=clerk)]
    choice = PaymentChoice(contract_id=contract.id, method=Method.transfer, reason="手続き中", chosen_by=clerk)
    lost = WriteOff(
        receivable_id=owed, customer_id=half.customer_id, kind=NotPaid.bad_debt, amount=3000, on_day=day,
        reason="行方不明", proposed_by=clerk,
    )  # fmt: skip
    price = AgreedPrice(
        customer_id=half.customer_id, contract_id=contract.id, course_id=contract.course_id, month=date(2026, 4, 1),
        onwards=False, up_to=50_000, fee=9_000, state=PriceState.proposed, reason="ご相談", proposed_by=clerk,
    )  # fmt: skip
    # Settled: a last account waits for no price.
    over = ContractMonth(
        contract_id=contract.id, month=price.month, course="スタンダード", tiers=[[1000, 3000]], options=[], count=1,
        opening_days=30, peak=2, usable_days=30, invoiced_at=clock.now(), closed_at=clock.now(), settled_at=clock.now(),
    )  # fmt: skip
    db.session.add_all([statement, paid, stray, choice, lost, price, over])
    db.session.flush()
    half.write_off_ids, half.agreed_price_ids = [lost.id], [price.id]
    doubt = DoubtfulLine(statement_id=statement.id, paid_on=day, amount=3300, payer="ﾀｶﾊｼ", told="\tﾀｶﾊｼ")
    db.session.add(doubt)
    db.session.flush()
    half.doubtful_line_ids = [doubt.id]
    half.payment_ids, half.payment_share_ids = [paid.id, stray.id], [paid.shares[0].id]
    half.refund_ids = [paid.refunds[0].id]
    db.session.commit()


def _cases(half: Half, admin: Account) -> None:
    """A report in each state, a case in each state with all that hangs on it, a takedown that is lifted."""
    at, contract = clock.now(), db.session.get_one(Contract, half.contract_id)
    file = storage.keep("cases", io.BytesIO(b"From: somebody"), 1 << 20)[0]
    evidence = {"file_key": file, "file_name": "mail.eml"}
    found: dict[str, list[Any]] = {name: [] for name in ("cases", "entries", "claims", "takedowns", "deletions")}
    for state in CaseState:
        case = Case(
            customer_id=half.customer_id, contract=contract, state=state, codes=["P08", "P09"], title="承諾のない登録",
            opened_by=admin.id, assignee_id=admin.id, deadline=date(2026, 4, 1),
        )  # fmt: skip
        db.session.add(case)
        found["cases"].append(case)
    db.session.flush()
    case = found["cases"][1]
    found["entries"] = [
        CaseEntry(case_id=case.id, by=admin.id, kind=EntryKind.evidence, text="通報のメール", **evidence)
    ]
    found["claims"] = [
        Claim(case_id=case.id, claimant="第三者", demand="写真を消すこと", raised_on=date(2026, 3, 1), state=state)
        for state in ClaimState
    ]
    found["takedowns"] = [
        Takedown(
            customer_id=half.customer_id, kind=kind, target_id=target, case_id=case.id, reason="確認しています",
            by=admin.id, lifted_at=at, lifted_by=admin.id,
        )
        for kind, target in ((TakenDown.pages, 0), (TakenDown.list, half.mailing_list_id))
    ]  # fmt: skip
    found["deletions"] = [
        Deletion(
            customer_id=half.customer_id, case_id=case.id, state=state, ground=DeletionGround.breach, until=at,
            parts=["readers"], list_ids=[half.mailing_list_id], reason="違反", found={"readers": 3},
            proposed_by=admin.id,
        )
        for state in (DeletionState.proposed, DeletionState.refused, DeletionState.done)
    ]  # fmt: skip
    talk = Talk(
        case_id=case.id,
        held_on=date(2026, 3, 2),
        way=TalkWay.phone,
        people="先方の担当者と弊社",
        matter="経緯",
        by=admin.id,
    )
    found["reports"] = [
        Report(
            customer_id=half.customer_id, state=state, page=f"http://localhost:8001/h/{half.slug}/", what="迷惑",
            email="witness@elsewhere.example", case_id=case.id if state is ReportState.taken_up else None, **evidence,
        )
        for state in ReportState
    ]  # fmt: skip
    db.session.add_all([talk, *(row for rows in found.values() for row in rows)])
    db.session.flush()
    disclosures = [
        Disclosure(
            customer_id=half.customer_id, state=state, basis=Basis.law, data=DataClass.customer, requester="立川警察署",
            items="氏名", reason="照会", proposed_by=admin.id,
        )
        for state in DisclosureState
    ]  # fmt: skip
    db.session.add_all(disclosures)
    db.session.flush()
    paper = documents.keep(b"paper", "照会書.pdf", about=disclosures[0].about, customer_id=None)
    looked = {"what": What.contract, "purpose": Purpose.matching, "path": f"/staff/contracts/{half.contract_id}"}
    db.session.add(Look(at=at, account_id=admin.id, customer_id=half.customer_id, **looked))
    db.session.flush()
    order = OperationOrder(
        customer_id=half.customer_id, ordered_by="髙橋", ordered_at=at, way=OrderWay.phone, scope="配信の設定",
        begins_at=at, ends_at=at + timedelta(days=1), entered_by=admin.id,
    )  # fmt: skip
    db.session.add(order)
    db.session.flush()
    asked = UsePurpose(
        texts=[PurposeText(number=1, title="提携先のご案内", text="提携先の商品", published_by=admin.id)]
    )
    db.session.add_all(
        [asked, PurposeAnswer(customer_id=half.customer_id, purpose_id=0, version=1, yes=True, via=Via.portal)]
    )
    news = [News(purpose_id=0, subject="新機能", text="できました。", state=state, written_by=0) for state in NewsState]
    db.session.add_all(news)
    db.session.flush()
    got = NewsRecipient(news_id=news[-1].id, customer_id=half.customer_id, outcome=NewsOutcome.failing)
    db.session.add(got)
    found["purposes"], found["news"] = [asked], news
    found["operations"] = [order]
    found["disclosures"], found["papers"] = disclosures, [paper]
    half.case_ids = {name: [row.id for row in rows] for name, rows in found.items()}


def _ids(model: Any, customer_id: int) -> list[int]:
    return list(db.session.scalars(sa.select(model.id).where(model.customer_id == customer_id).order_by(model.id)))


def _reader(half: Half, local: str, state: SubscriptionState) -> Subscriber:
    reader = factories.make_subscriber(half.mailing_list, f"{local}@{half.secret}", state, fields={"氏名": "田中 一郎"})
    for kind, listed in ((ConsentKind.requested, 0), (ConsentKind.confirmed, half.mailing_list_id)):
        db.session.add(
            ConsentEvent(
                customer_id=half.customer_id,
                list_id=listed,
                address_hash=reader.address_hash,
                kind=kind,
                way=Way.form,
                at=clock.now(),
                ip="192.0.2.7",
                user_agent="Mozilla/5.0",
            )
        )
    return reader


def _on(mailing_list: MailingList, reader: Subscriber, state: SubscriptionState) -> None:
    db.session.add(
        Subscription(
            customer_id=reader.customer_id,
            list_id=mailing_list.id,
            subscriber_id=reader.id,
            state=state,
            way=Way.attested,
            confirmed_at=clock.now(),
        )
    )
    mailing_list.active_count += 1
    reader.active_count += 1


def _outbox(half: Half) -> None:
    """A system mail in each state, to a reader, with what a server said about the address."""
    for state in OutboxState:
        address = f"outbox.{state.name}@{half.secret}"
        mail = SystemMail("reader_confirmation", address, "ご登録の確認", f"{address} 様", sender_name="店")
        row = outbox.post(mail, customer_id=half.customer_id, about=f"subscriber {half.subscriber_ids[0]}")
        row.state = state
        row.code, row.reply = 550, without_addresses(f"<{address}>: user unknown")
        if state in (OutboxState.accepted, OutboxState.failed, OutboxState.expired):
            row.recipient = row.subject = row.text = None
            row.finished_at = clock.now()


REPLY = """From: =?UTF-8?B?55Sw5LitIOS4gOmDjg==?= <{0}>
Subject: Re: 秋の新商品 {0}
Content-Type: text/plain; charset=utf-8

{1}
--
田中 {2}
{0}

> From: shop@example.jp
> To: {0}
> http://localhost:8001/u/{3}
"""


def _replies(half: Half) -> None:
    """Replies that hold the address everywhere, in each state, by a machine too; one answered, one from elsewhere."""
    texts = ("在庫はありますか。", "配信停止をお願いします。", "ただいま不在です。", "よその住所からです。")
    for number, text in enumerate(texts, start=1):
        dispatch = db.session.get_one(Dispatch, half.dispatch_ids[0])
        delivery = db.session.get_one(Delivery, (dispatch.id, 1))
        reader = db.session.get_one(Subscriber, delivery.subscriber_id)
        address = reader.address if number == 1 else f"hensin{number}.kakushita@{half.secret}"
        raw = REPLY.format(
            address, text, address.partition("@")[0], tokens.sign(TokenPurpose.unsubscribe, reader.id, 0)
        )
        recipient = reply_address(dispatch.id, 1, "mail.wem.example", replies.keys())
        mail = ArrivedMail(half.customer_id * 100 + number, clock.now(), address, recipient, raw.encode())
        assert replies.take_reply(mail, known_automatic=number == 3) is Fate.taken
    rows = db.session.scalars(sa.select(Conversation).where(Conversation.customer_id == half.customer_id)).all()
    answering.answer(rows[0], "ございます。\nお待ちしています。", by=half.people["owner"])
    rows[3].state = ConversationState.closed
    half.conversation_ids = [row.id for row in rows]
    db.session.commit()


def _notices(half: Half, contract: Contract) -> None:
    """A mail and a letter in each state, an announcement, a fault of this customer alone."""
    words = Words("ご契約についてのお知らせ", ["いつもありがとうございます。"], [("番号", contract.number)])
    for way, states in NOTICE_STATES.items():
        for state in states:
            notice = telling.tell(
                addressing.addressee(contract),
                words,
                NoticeKind.general,
                customer_id=half.customer_id,
                about=addressing.about(contract),
                by_letter=way is Channel.letter,
                terms_version=1,
            )
            if state is NoticeState.printed:
                letters.mark_printed([notice], by=half.people["owner"])
            notice.state = state
            # What was taken back before it was sent is nobody's to read.
            if state is not NoticeState.withdrawn:
                half.notice_ids.append(notice.id)
    at = clock.now()
    announced = Announcement(title="年末年始の営業", body="12月29日から\n休業いたします。\n\n以上", published_at=at)
    incident = Incident(
        title="送信の遅れ", body="送信が遅れています。", reason=7, planned=False, part=Part.sending,
        customer_id=half.customer_id, begins_at=at, created_at=at,
    )  # fmt: skip
    db.session.add_all([announced, incident])
    db.session.flush()
    half.announcement_ids, half.incident_ids = [announced.id], [incident.id]


def _maintenance(half: Half) -> None:
    """Maintenance ahead for this customer alone, with their choice for a mailing."""
    at = clock.now()
    incident = Incident(
        title="配信サーバーの保守", body="送信が止まります。", reason=6, planned=True, part=Part.sending,
        customer_id=half.customer_id, begins_at=at + timedelta(days=5), ends_at=at + timedelta(days=5, hours=3),
        created_at=at,
    )  # fmt: skip
    db.session.add(incident)
    db.session.flush()
    half.incident_ids.append(incident.id)
    key = {"incident_id": incident.id, "customer_id": half.customer_id}
    db.session.add(MaintenanceChoice(mailing_id=half.mailing_ids[0], choice=Choice.hold, chosen_at=at, **key))
    # A minute of the night: the customer's mailings are those of somebody who may send.
    db.session.add(NoSendSetting(customer_id=half.customer_id, begins=time(3), ends=time(3, 1), changed_at=at))
    db.session.add(MaintenanceTold(begins_at=incident.begins_at, ends_at=incident.ends_at, told_at=at, **key))
    db.session.commit()


HEADER = "メールアドレス,氏名\r\n"
MESSY = "これは住所ではない,名無し\r\nkakushita.a@{0}、kakushita.b@{0},二人\r\nkakushita..@@{0},三郎\r\n"


def _uploads(half: Half) -> None:
    """An upload of each kind in each state; one of each kind is read by the product itself, the others copy it."""
    for kind in UploadKind:
        text = HEADER + "".join(f"{kind.value}.{n}.kakushita@{half.secret},読者{n}\r\n" for n in range(5))
        text += MESSY.format(half.secret)
        first = _upload(half, kind, text)
        lists_jobs.read_upload(first.id)
        db.session.refresh(first)
        assert first.state is UploadState.checked, (kind, first.state, first.problem)
        rows = (
            db.session.execute(sa.select(UploadRow.__table__).where(UploadRow.upload_id == first.id)).mappings().all()
        )
        # Each state with two kinds: what a state shows, it shows of every kind.
        for number, state in enumerate(UploadState):
            if number % 2 != list(UploadKind).index(kind) % 2:
                continue
            copy = _upload(half, kind, text)
            copy.shape = dict(first.shape)
            for name in ("total", "read", "good", "bad", "duplicate", "known", "elsewhere", "raising", "opted_out"):
                setattr(copy, name, getattr(first, name))
            copy.state = state
            copy.problem = "file_empty" if state is UploadState.failed else ""
            db.session.flush()
            db.session.execute(sa.insert(UploadRow), [{**row, "upload_id": copy.id} for row in rows])
            half.upload_ids.append(copy.id)
        half.upload_ids.append(first.id)
    # What is not handed in yet, or was never, is the customer's own affair.
    private = (UploadState.received, UploadState.reading, UploadState.checked, UploadState.discarded)
    attested = sa.select(Upload.id).where(
        Upload.id.in_(half.upload_ids), Upload.kind == UploadKind.attested, Upload.state.not_in(private)
    )
    half.attested_ids = list(db.session.scalars(attested))
    db.session.commit()


def _upload(half: Half, kind: UploadKind, text: str) -> Upload:
    key, size = storage.keep("uploads", io.BytesIO(text.encode()), 1 << 20)
    evidence, _ = storage.keep("evidence", io.BytesIO("店頭の申込書".encode()), 1 << 20)
    shape = reading.detect(storage.path_of(key))
    upload = Upload(
        customer_id=half.customer_id,
        list_id=half.mailing_list_id,
        kind=kind,
        state=UploadState.reading,
        filename="読者.csv",
        storage_key=key,
        size=size,
        shape=shape.as_dict(),
        mapping={"address": 0, "fields": {"1": "氏名"}},
        statement={"how": "店頭の申込書", "when": "2025年", "wording": "メールを受け取ります", "told": True}
        | {"evidence": evidence, "evidence_name": "申込書.txt"},
        created_by=half.people["owner"],
    )
    db.session.add(upload)
    db.session.commit()
    return upload


MAIL = '<p>{{ 氏名 | default: "お客様" }}様</p><p><a href="https://shop.example.jp/new">新商品</a></p>'


def _mailings(half: Half) -> None:
    """A mailing of each state and body, with a dispatch where it has begun, and deliveries of each outcome."""
    for state in MailingState:
        for body in BodyKind:
            if state is MailingState.variant:
                continue
            if body is not BodyKind.html and state not in (MailingState.draft, MailingState.done):
                continue
            mailing = factories.make_mailing(
                half.mailing_list, html=MAIL, body_kind=body, created_by=half.people["owner"]
            )
            if body is BodyKind.blocks:
                block_editing.begin(mailing, factories.made_of_blocks(), by=half.people["owner"])
            db.session.commit()
            if state in (MailingState.sending, MailingState.scheduled):
                mailing.portions = 3
            if state not in (MailingState.draft, MailingState.scheduled):
                dispatch = starting.start(mailing, by=half.people["owner"])
                db.session.commit()
                mailings_jobs.expand(dispatch.id)
                _outcomes(db.session.get_one(Dispatch, dispatch.id), state)
                half.dispatch_ids.append(dispatch.id)
            mailing.state = state
            if state is MailingState.scheduled:
                mailing.scheduled_at = clock.now() + timedelta(days=1)
            db.session.commit()
            half.mailing_ids.append(mailing.id)


def _trials(half: Half) -> None:
    """An A/B test that is planned, and one whose test is over and waits for the customer's choice."""
    for state in (MailingState.draft, MailingState.sending):
        mailing = factories.make_mailing(half.mailing_list, html=MAIL, created_by=half.people["owner"])
        variant = variant_making.add(mailing, by=half.people["owner"])
        variant.subject = "別の件名"
        db.session.commit()
        half.mailing_ids += [mailing.id, variant.id]
        if state is MailingState.sending:
            starting.start(mailing, by=half.people["owner"])
            db.session.commit()
            for dispatch in dispatches_of(mailing.id):
                mailings_jobs.expand(dispatch.id)
                half.dispatch_ids.append(dispatch.id)
    db.session.commit()


def _reviews(half: Half) -> None:
    """One that waits, and one in each state in which it is over."""
    for state in ReviewState:
        mailing = factories.make_mailing(half.mailing_list, html=MAIL, created_by=half.people["owner"])
        db.session.commit()
        review = reviewing.ask(mailing, None, by=half.people["owner"])
        review.grounds = [ground.value for ground in Ground]
        if state is not ReviewState.pending:
            review.decide(state, by=1, note="件名を直してください。")
            mailing.unschedule(by=half.people["owner"])
        half.review_ids.append(review.id)
        half.mailing_ids.append(mailing.id)
    db.session.commit()


def _sender_names(half: Half) -> None:
    """One in each state; a draft goes under what is approved, and another under what holds no longer."""
    owner = half.people["owner"]
    for state in NameState:
        row = sender_names.ask(half.customer_id, f"{half.slug} {state}", "通販サイトの名称です。", by=owner)
        if state in (NameState.approved, NameState.withdrawn):
            row.approve(by=1)
        if state is NameState.withdrawn:
            row.withdraw("申入れがありました。", by=1)
        if state is NameState.refused:
            row.refuse("他社の名称と混同されます。", by=1)
        if state is NameState.taken_back:
            row.take_back(by=owner)
        half.sender_name_ids.append(row.id)
        if state in (NameState.approved, NameState.withdrawn):
            mailing = factories.make_mailing(half.mailing_list, html=MAIL, created_by=owner, sender_name_id=row.id)
            half.mailing_ids.append(mailing.id)
    db.session.commit()


def _segments(half: Half) -> None:
    """One that a draft and a mailing that is done are narrowed by, and one about opens that nobody uses."""
    named = db.session.get_one(Field, half.field_ids[0])
    about = {"topic": "text", "op": "contains", "values": ["田中"], "field": named.id, "key": named.key}
    opened = {"topic": "opened", "op": "never", "values": []}
    for name, condition in (("田中さん", about), ("未開封", opened)):
        groups = [{"match": "all", "conditions": [condition]}]
        data = {"version": 1, "match": "all", "groups": groups}
        segment = Segment(customer_id=half.customer_id, name=name, conditions=data, version=1)
        db.session.add(segment)
        db.session.flush()
        half.segment_ids.append(segment.id)
    for state in (MailingState.draft, MailingState.done):
        mailing = next(
            row
            for row in db.session.scalars(sa.select(Mailing).where(Mailing.id.in_(half.mailing_ids)))
            if row.state is state and row.body_kind is BodyKind.html
        )
        narrowing.choose(mailing, half.segment_ids[:1], [])
        if state is MailingState.done:
            narrowing.keep(mailing)
    db.session.commit()


def _back_numbers(half: Half) -> None:
    """What is done, as everybody reads it."""
    for mailing in db.session.scalars(
        sa.select(Mailing).where(Mailing.id.in_(half.mailing_ids), Mailing.state == MailingState.done)
    ).all():
        row = back_numbers.publish(mailing, back_numbers.made(mailing), by=half.people["owner"])
        # Those whose mail stands in a frame: of HTML, and of blocks.
        if row.html is not None and row.number is not None:
            half.back_numbers.append(row.number)
    db.session.commit()


def _designs(half: Half) -> None:
    """One of each kind of mail."""
    for kind in BodyKind:
        mailing = next(
            row
            for row in db.session.scalars(sa.select(Mailing).where(Mailing.id.in_(half.mailing_ids)))
            if row.body_kind is kind and row.text
        )
        half.design_ids.append(design_keeping.keep(mailing, "毎月のたより", by=half.people["owner"]).id)
    db.session.commit()


def _sequences(half: Half) -> None:
    """One in each state, with a step that was sent and one that was taken out."""
    owner = half.people["owner"]
    for state in SequenceState:
        sequence = sequence_keeping.create(half.mailing_list, sequence_keeping.Settings(f"ようこそ {state}"), by=owner)
        for days in (0, 3, 7):
            step = sequence_keeping.add_step(sequence, days, 0, BodyKind.html, f"{days}日目", by=owner)
            step.mailing.subject, step.mailing.html, step.mailing.text = f"{days}日目", MAIL, "お知らせ"
            if state is SequenceState.draft:
                half.step_ids.append(step.id)
            half.mailing_ids.append(step.mailing_id)
        if state is SequenceState.running:
            controlling.start(sequence, with_present=True, by=owner)
            db.session.commit()
            following.follow(sequence.id, monotonic() + 30)
            runs = db.session.scalars(sa.select(SequenceRun.mailing_id).where(SequenceRun.sequence_id == sequence.id))
            half.mailing_ids += runs
            sequence_keeping.remove_step(sequence.steps[-1], by=owner)
        sequence.state = state
        half.sequence_ids.append(sequence.id)
        db.session.commit()


def _images(half: Half) -> None:
    """One that mailings show, one without a text, one in each other state, and one that is deleted and still shown."""
    customer = db.session.get_one(Customer, half.customer_id)
    mailings = list(db.session.scalars(sa.select(Mailing).where(Mailing.id.in_(half.mailing_ids))))
    for values in (
        {"mailings": mailings, "folder": "秋"},
        {"alt": ""},
        {"state": ImageState.received},
        {"state": ImageState.refused, "problem": ImageProblem.broken},
    ):
        image = factories.make_image(customer, **values)
        half.image_ids.append(image.id)
        if image.state is ImageState.ready:
            half.image_names.append(image.path.removeprefix("/i/"))
    db.session.add(Brand(customer_id=half.customer_id, logo_id=half.image_ids[0], footer="毎日10時から"))
    look = {"accent": "#0a7d3c", "intro": "季節の和菓子とお茶の店です。", "contact": "電話 03-0000-0000"}
    db.session.add(PageLook(customer_id=half.customer_id, logo_id=half.image_ids[0], **look))
    deleted = factories.make_image(customer, mailings[-1:], deleted_at=clock.now())
    half.image_names.append(deleted.path.removeprefix("/i/"))
    db.session.commit()


def _bounces(half: Half) -> None:
    """What came back of the first mailing that began, a complaint, a removal, and the alarms about it."""
    dispatch = db.session.get_one(Dispatch, half.dispatch_ids[0])
    gone = {"customer_id": half.customer_id, "mailing_id": dispatch.mailing_id, "dispatch_id": dispatch.id}
    at, told = clock.now(), {"provider": "docomo", "at": clock.now(), "number": half.customer_id * 100}
    for seq, reason in enumerate((Reason.userunknown, Reason.mailboxfull, Reason.blocked), 1):
        reader = db.session.get_one(Subscriber, half.subscriber_ids[seq % len(half.subscriber_ids)])
        who = {"subscriber_id": reader.id, "address_hash": reader.address_hash, "seq": seq}
        words = {"diagnostic": without_addresses(f"550 <{reader.address}>: no"), "reporter": "mx.example.com"}
        severity = Severity.hard if reason is Reason.userunknown else Severity.soft
        kept = {"reason": reason, "severity": severity, "counts": True, "source": Source.mail, "sent_at": at}
        db.session.add(Bounce(**gone, **who, **told, **words, **kept, lists=[half.mailing_list_id], status="5.1.1"))
        for list_id in (0, half.mailing_list_id):
            day = {"list_id": list_id, "day": at.date(), "reason": reason, "number": 1}
            db.session.add(BounceTally(customer_id=half.customer_id, dispatch_id=dispatch.id, **day))
    db.session.add(Complaint(**gone, **who, **told, counts=True, feedback_type="abuse"))
    failed = {"mailing": dispatch.mailing_id, "sent": at.isoformat(), "reason": "userunknown", "status": "5.1.1"}
    removed = {"subscriber_id": 10**9, "address_hash": address_hash(f"kyohi.shita@{half.secret}"), "at": at}
    lists = [half.mailing_list_id]
    db.session.add(Removal(customer_id=half.customer_id, **removed, failures=[failed], lists=lists, cumulative=False))
    db.session.add(RemovalReview(customer_id=half.customer_id, subscriber_id=half.subscriber_ids[0], due_at=at))
    for kind in AlarmKind:
        about = {"domain": f"proven-{half.slug}.example.jp", "provider": "gmail", "trouble": "blocked", "number": 7}
        about = about if kind is not AlarmKind.complaints else {"number": 3}
        alarm = Alarm(key=f"{kind} {half.customer_id}", kind=kind, customer_id=half.customer_id, **about)
        alarm.first_at = alarm.last_at = at
        db.session.add(alarm)
    # Released: the customer's other pages are those of somebody who may send.
    db.session.add(SendingHold(customer_id=half.customer_id, held_at=at, released_at=at))
    reported = {"why": Unmatched.forged, "severity": Severity.hard, "reason": Reason.userunknown, "at": at}
    db.session.add(
        UnmatchedReport(number=half.customer_id, kind=Kind.bounce, recipient=f"k****@{half.secret}", **reported)
    )
    db.session.commit()


ENDS = {
    MailingState.sending: DispatchState.sending,
    MailingState.paused: DispatchState.paused,
    MailingState.held: DispatchState.held,
    MailingState.done: DispatchState.done,
    MailingState.cancelled: DispatchState.cancelled,
    MailingState.failed: DispatchState.failed,
}


def _outcomes(dispatch: Dispatch, state: MailingState) -> None:
    dispatch.state = ENDS[state]
    rows = db.session.scalars(sa.select(Delivery).where(Delivery.dispatch_id == dispatch.id)).all()
    for delivery, outcome in zip(
        rows, (DeliveryState.bounced, DeliveryState.deferred, DeliveryState.accepted), strict=False
    ):
        delivery.state = outcome
        counter = outcome.name
        setattr(dispatch, counter, getattr(dispatch, counter) + 1)
        if outcome is DeliveryState.accepted:
            continue
        address = db.session.get_one(Subscriber, delivery.subscriber_id).address
        local = address.partition("@")[0]
        db.session.add(
            Attempt(
                at=clock.now(),
                dispatch_id=dispatch.id,
                seq=delivery.seq,
                number=1,
                worker="test",
                fence=1,
                host="mx.example.com",
                stage=SmtpStage.rcpt,
                code=550 if outcome is DeliveryState.bounced else 451,
                enhanced="5.1.1",
                # Servers repeat the address, and also the part before the @ alone.
                reply=without_addresses(f"<{address}>: Recipient address rejected: User unknown: {local}"),
                outcome=outcome,
            )
        )
        if outcome is DeliveryState.deferred:
            db.session.add(Retry(due=clock.now(), dispatch_id=dispatch.id, seq=delivery.seq, attempt=1))
