"""Makes the demo in an empty database, by the product's own acts where there are any."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from wem import audit, clock
from wem.accounts.models import Account, Customer, Membership, Partner, hasher
from wem.accounts.rules import Role, StaffRole
from wem.contracts import accepting
from wem.contracts.accepting import Taken
from wem.db import db
from wem.demo import mails, names
from wem.demo.customers import CUSTOMERS, DELEGATE, PARTNER, PASSWORD, STAFF, DemoCustomer, DemoList
from wem.demo.names import Reader
from wem.hashing import address_hasher
from wem.inquiries import asking
from wem.inquiries.asking import Said
from wem.inquiries.models import EntryKind
from wem.inquiries.state_rules import InquiryAction
from wem.lists import consent
from wem.lists.counting import change_count
from wem.lists.models import Field, ListField, MailingList, Subscriber, Subscription
from wem.lists.notice import notice_for
from wem.lists.rules import domain_group
from wem.lists.states import ConsentKind, SubscriptionState, Way
from wem.mailings.models import BodyKind, Mailing


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
    for each in CUSTOMERS:
        _customer(each, admin, delegate, password_hash)


def _account(name: str, email: str, password_hash: str, **values: Any) -> Account:
    account = Account(name=name, email=email, password_hash=password_hash, **values)
    db.session.add(account)
    db.session.flush()
    return account


def _customer(what: DemoCustomer, admin: Account, delegate: Account, password_hash: str) -> None:
    taken = Taken(what.name, what.kana, what.slug, "standard", _start(), what.details)
    contract = accepting.take_on(taken, by=admin)
    if what.attested_uploads:
        contract.switch_attested_uploads(True, by=admin.id)
    customer = contract.customer
    people = [(_account(name, email, password_hash), role) for name, email, role in what.people]
    for account, role in [*people, (delegate, Role.delegate)]:
        db.session.add(Membership(account=account, customer=customer, role=role))
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
    editor = people[-1][0]
    lists = [_list(customer, each, fields, editor) for each in what.lists]
    _draft(customer, lists, what, editor)
    _inquiries(customer, editor, what, admin)


def _inquiries(customer: Customer, editor: Account, what: DemoCustomer, admin: Account) -> None:
    """What the customer has asked the help desk: the last waits for us, those before are answered."""
    for number, (subject, text, answer) in enumerate(what.inquiries):
        inquiry = asking.ask(customer, editor, subject, text)
        if answer:
            inquiry.move(InquiryAction.answer)
            inquiry.unread, inquiry.assigned_to = number > 0, admin.id
            asking.add_entry(inquiry, EntryKind.answer, Said(answer, clock.now(), account_id=admin.id))


def _start() -> date:
    """The first of last month: the minimum term runs, and this month is an ordinary one."""
    today = clock.today()
    return date(today.year - 1, 12, 1) if today.month == 1 else date(today.year, today.month - 1, 1)


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
            change_count(customer.id, 1)
        subscriber.active_count += 1
        _subscribe(row, subscriber, shown)
    row.active_count = what.readers
    db.session.flush()
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


def _draft(customer: Customer, lists: list[MailingList], what: DemoCustomer, editor: Account) -> None:
    name, subject, file = what.draft
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
