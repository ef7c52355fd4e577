"""Makes the demo in an empty database, by the product's own acts where there are any."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from wem import audit, clock
from wem.accounts.models import Account, Customer, Membership, Partner, hasher
from wem.accounts.rules import Role, StaffRole
from wem.contracts import accepting
from wem.contracts.accepting import Taken
from wem.contracts.models import Contract
from wem.db import db
from wem.demo import mails, names, past, steps
from wem.demo.customers import COLLEAGUES, CUSTOMERS, DELEGATE, OTHERS, PARTNER, PASSWORD, STAFF, DemoCustomer, DemoList
from wem.demo.names import Reader
from wem.hashing import address_hasher
from wem.inquiries import asking
from wem.inquiries.asking import Said
from wem.inquiries.models import EntryKind
from wem.inquiries.state_rules import InquiryAction
from wem.lists import consent
from wem.lists.counting import change_count
from wem.lists.models import Field, ListField, MailingList
from wem.lists.notice import notice_for
from wem.lists.rules import domain_group
from wem.lists.states import ConsentKind, SubscriptionState, Way
from wem.lists.subscription_models import Subscriber, Subscription
from wem.mailings.models import BodyKind, Mailing
from wem.sender_names import asking as sender_names
from wem.sequences import controlling, keeping


def anybody_here() -> bool:
    """Return whether the database has a customer already."""
    return db.session.scalar(sa.select(Customer.id).limit(1)) is not None


def make() -> None:
    """Add everything to the session's transaction; the caller commits."""
    password_hash = hasher.hash(PASSWORD)  # once for all: argon2 takes its time on purpose
    admin = _account(*STAFF, password_hash, staff_role=StaffRole.admin)
    delegate = _account(*DELEGATE, password_hash)
    code, partner_name, person, email = PARTNER
    partner = Partner(code=code, name=partner_name)
    db.session.add(partner)
    db.session.flush()
    _account(person, email, password_hash, partner_id=partner.id)
    for name, email, role in COLLEAGUES:
        _account(name, email, password_hash, staff_role=role)
    with clock.as_if(past.morning(past.begin(clock.today()), 9)):
        made = [(each, _taken_on(each, admin)) for each in (*CUSTOMERS, *OTHERS)]
        for each, contract in made:
            _people(each, contract.customer, delegate if each in CUSTOMERS else None, password_hash)
            _lists(each, contract.customer)
    for each, contract in made:
        _work(each, contract.customer, admin)
    past.live([past.Payer(contract, each.holder, each.pays) for each, contract in made], by=admin.id)


def _account(name: str, email: str, password_hash: str, **values: Any) -> Account:
    account = Account(name=name, email=email, password_hash=password_hash, **values)
    db.session.add(account)
    db.session.flush()
    return account


def _taken_on(what: DemoCustomer, admin: Account) -> Contract:
    start = clock.today()
    applied = start - timedelta(days=14)
    taken = Taken(what.name, what.kana, what.slug, "standard", start, what.details, applied_on=applied)
    contract = accepting.take_on(taken, by=admin)
    if what.attested_uploads:
        contract.switch_attested_uploads(True, by=admin.id)
    return contract


def _people(what: DemoCustomer, customer: Customer, delegate: Account | None, password_hash: str) -> None:
    people = [(_account(name, email, password_hash), role) for name, email, role in what.people]
    if delegate is not None:
        people.append((delegate, Role.delegate))
    for account, role in people:
        db.session.add(Membership(account=account, customer=customer, role=role))


def _lists(what: DemoCustomer, customer: Customer) -> None:
    fields = {
        field.key: Field(
            customer_id=customer.id,
            key=field.key,
            label=field.label,
            kind=field.kind,
            options=list(field.options),
            position=position,
        )
        for position, field in enumerate(what.fields)
    }
    db.session.add_all(fields.values())
    db.session.flush()
    for each in what.lists:
        _list(customer, each, fields, _editor(what))


def _editor(what: DemoCustomer) -> Account:
    """Return who works with the lists: the last of the customer's people."""
    return db.session.scalars(sa.select(Account).where(Account.email == what.people[-1][1])).one()


def _work(what: DemoCustomer, customer: Customer, admin: Account) -> None:
    """What the customer has begun of late: a draft, questions."""
    editor = _editor(what)
    lists = list(db.session.scalars(sa.select(MailingList).where(MailingList.customer_id == customer.id)))
    if what.draft is not None:
        _draft(customer, sorted(lists, key=lambda row: row.id), what.draft, editor)
    if what.slug == steps.CUSTOMER:
        _sequence(min(lists, key=lambda row: row.id), editor)
    for name, reason, approved in what.names:
        row = sender_names.ask(customer.id, name, reason, by=editor.id)
        if approved:
            row.approve(by=admin.id)
    _inquiries(customer, editor, what, admin)


def _inquiries(customer: Customer, editor: Account, what: DemoCustomer, admin: Account) -> None:
    """What the customer has asked the help desk: the last waits for us, those before are answered."""
    for number, (subject, text, answer) in enumerate(what.inquiries):
        inquiry = asking.ask(customer, editor, subject, text)
        if answer:
            inquiry.move(InquiryAction.answer)
            inquiry.unread, inquiry.assigned_to = number > 0, admin.id
            asking.add_entry(inquiry, EntryKind.answer, Said(answer, clock.now(), account_id=admin.id))


def _list(customer: Customer, what: DemoList, fields: dict[str, Field], editor: Account) -> MailingList:
    row = MailingList(
        customer_id=customer.id,
        name=what.name,
        slug=what.slug,
        description=what.description,
        sign_up_intro=what.intro,
    )
    row.form_fields = [
        ListField(field=fields[key], required=required, position=position)
        for position, (key, required) in enumerate(what.form)
    ]
    db.session.add(row)
    db.session.flush()
    audit.record("list.create", by=editor.id, customer_id=customer.id, subject=row)
    labels = [fields[key].label for key, _ in what.form]
    shown = consent.keep_shown_text(row, customer.name, notice_for(customer.name, "ja"), Way.form, labels)
    known = _known(customer.id)
    hashed = address_hasher()
    for reader in names.readers(what.readers, what.start):
        subscriber = known.get(reader.address)
        if subscriber is None:
            subscriber = _subscriber(customer.id, reader, fields, hashed(reader.address))
        subscriber.active_count += 1
        _subscribe(row, subscriber, shown)
    row.active_count = what.readers
    db.session.flush()
    # Once for all of them: one by one they take half of the demo's time.
    change_count(customer.id, len(_known(customer.id)) - len(known))
    return row


def _known(customer_id: int) -> dict[str, Subscriber]:
    rows = db.session.scalars(sa.select(Subscriber).where(Subscriber.customer_id == customer_id))
    return {row.address_key: row for row in rows}


def _subscriber(customer_id: int, reader: Reader, fields: dict[str, Field], address_hash: bytes) -> Subscriber:
    every = {
        "氏名": reader.name,
        "都道府県": reader.prefecture,
        "生年月日": reader.birthday.isoformat(),
        "お好みのお茶": ("煎茶", "ほうじ茶", "玉露", "紅茶")[reader.number % 4],
        "記念日": reader.birthday.replace(year=2000 + reader.number % 24, day=min(reader.birthday.day, 28)).isoformat(),
    }
    # Nobody fills in everything.
    missing = {0: "氏名", 3: "生年月日", 5: "記念日", 7: "お好みのお茶"}.get(reader.number % 13)
    row = Subscriber(
        customer_id=customer_id,
        address=reader.address,
        address_key=reader.address,
        address_hash=address_hash,
        domain_group=domain_group(reader.address.partition("@")[2]).value,
        fields={key: value for key, value in every.items() if key in fields and key != missing},
        active_count=0,
    )
    db.session.add(row)
    db.session.flush()
    return row


def _subscribe(mailing_list: MailingList, subscriber: Subscriber, shown: int) -> None:
    db.session.add(
        Subscription(
            customer_id=mailing_list.customer_id,
            list_id=mailing_list.id,
            subscriber_id=subscriber.id,
            state=SubscriptionState.active,
            way=Way.form,
            confirmed_at=clock.now(),
        )
    )
    for kind in (ConsentKind.requested, ConsentKind.confirmed):
        consent.note(
            kind,
            mailing_list.customer_id,
            mailing_list.id,
            subscriber.address_hash,
            way=Way.form,
            trace=consent.Trace(ip="192.0.2.1", user_agent="WeM demo"),
            shown_text_id=shown,
        )


def _draft(customer: Customer, lists: list[MailingList], draft: tuple[str, str, str], editor: Account) -> None:
    name, subject, file = draft
    mailing = Mailing(
        customer_id=customer.id,
        name=name,
        subject=subject,
        sender_name=customer.name,
        body_kind=BodyKind.html,
        html=mails.body(file, "html"),
        text=mails.body(file, "txt"),
        created_by=editor.id,
    )
    mailing.lists = lists[:1]
    db.session.add(mailing)
    db.session.flush()
    audit.record("mailing.create", by=editor.id, customer_id=customer.id, subject=mailing)


def _sequence(mailing_list: MailingList, editor: Account) -> None:
    """A welcome to whoever signs up from now on; it runs, so that a sign-up at the demo shows it."""
    sequence = keeping.create(mailing_list, keeping.Settings(steps.NAME), by=editor.id)
    for days, hour, subject, text in steps.STEPS:
        mailing = keeping.add_step(sequence, days, hour, BodyKind.text, subject, by=editor.id).mailing
        mailing.subject, mailing.text, mailing.text_edited = subject, text, True
    controlling.start(sequence, with_present=False, by=editor.id)
