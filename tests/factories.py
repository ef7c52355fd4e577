"""People, contracts, lists and readers for tests."""

from __future__ import annotations

import io
import itertools
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

from wem import clock, storage
from wem.accounts.models import Account, Customer, Membership, Partner, hasher
from wem.accounts.rules import Role, StaffRole
from wem.billing.models import Receivable
from wem.contracts import catalogue
from wem.contracts.catalogue_models import Campaign, Course, CoursePrice, Option, OptionPrice, PriceList
from wem.contracts.mandate_models import Mandate, sealed
from wem.contracts.models import Contract
from wem.contracts.rules import ContractState
from wem.contracts.state_rules import MandateState
from wem.db import db
from wem.domains.keys import Pair, keep, make_pair
from wem.domains.models import ListSender, SenderDomain
from wem.domains.rules import DomainState, KeyKind
from wem.hashing import address_hash
from wem.lists.counting import change_count
from wem.lists.models import Field, MailingList
from wem.lists.states import FieldKind, SubscriptionState, Way
from wem.lists.subscription_models import Subscriber, Subscription
from wem.mailings import block_moving_rules as moving
from wem.mailings.block_rules import BlockKind, Document
from wem.mailings.image_models import Image, ImageUse
from wem.mailings.image_rules import ImageKind, ImageState
from wem.mailings.models import Mailing

PASSWORD = "correct horse battery"
# Hashed once: argon2 takes its time on purpose.
PASSWORD_HASH = hasher.hash(PASSWORD)
_numbers = itertools.count(1)


def make_account(name: str = "山田 太郎", email: str | None = None, **values: Any) -> Account:
    number = next(_numbers)
    account = Account(
        name=name, email=email or f"person{number}@shop.example.jp", password_hash=PASSWORD_HASH, **values
    )
    db.session.add(account)
    db.session.flush()
    return account


def make_course(name: str = "スタンダード", tiers: list[list[int]] | None = None, **values: Any) -> Course:
    """A course, priced by the price list of the tests."""
    course = Course(code=f"standard-{next(_numbers)}", name=name, **values)
    prices = tiers or [[1000, 3000], [3000, 5000], [10000, 9000]]
    db.session.add(CoursePrice(price_list=price_list(), course=course, initial=10_000, tiers=prices))
    db.session.flush()
    return course


def make_option(name: str = "請求書の郵送", monthly: int = 500) -> Option:
    """An option, priced by the price list of the tests."""
    option = Option(code=f"option-{next(_numbers)}", name=name)
    db.session.add(OptionPrice(price_list=price_list(), option=option, monthly=monthly))
    db.session.flush()
    return option


def make_campaign(name: str = "春", first_day: date | None = None, days: int = 30, **values: Any) -> Campaign:
    """A campaign of so many days, from today unless given."""
    first = first_day or clock.today()
    row = Campaign(
        code=f"campaign-{next(_numbers)}", name=name, first_day=first, last_day=first + timedelta(days=days), **values
    )
    db.session.add(row)
    db.session.flush()
    return row


def make_mandate(contract: Contract, state: MandateState = MandateState.missing, **values: Any) -> Mandate:
    """A mandate for an account whose number ends in 543."""
    account = {
        "bank": "みずほ",
        "bank_code": "0001",
        "branch": "東京営業部",
        "branch_code": "001",
        "account_type": "1",
        "account_holder": "カ)タカハシ",
    }
    row = Mandate(
        customer_id=contract.customer_id,
        contract=contract,
        state=state,
        account_sealed=sealed("0076543", contract.id),
        **{**account, **values},
    )
    db.session.add(row)
    db.session.flush()
    return row


def price_list() -> PriceList:
    """The first price list: that of the product's samples."""
    catalogue.found_catalogue()
    return db.session.query(PriceList).filter_by(version=1).one()


def make_customer(name: str = "株式会社髙橋商店", slug: str | None = None) -> Customer:
    customer = Customer(name=name, slug=slug or f"shop{next(_numbers)}", kana="タカハシショウテン")
    db.session.add(customer)
    db.session.flush()
    return customer


def make_contract(customer: Customer, **values: Any) -> Contract:
    details = {
        "number": f"T{next(_numbers):07}",
        "customer_id": customer.id,
        "course_id": make_course().id,
        "state": ContractState.active,
        "start_date": date(2026, 1, 15),
        "sender_name": customer.name,
        "postal_code": "190-0012",
        "postal_address": "東京都立川市曙町1-1-1",
        "contact": "info@shop.example.jp",
        "notice_email": "notice@shop.example.jp",
    }
    contract = Contract(**{**details, **values})
    db.session.add(contract)
    db.session.flush()
    return contract


def make_member(customer: Customer, role: Role = Role.owner, **values: Any) -> Account:
    account = make_account(**values)
    db.session.add(Membership(account=account, customer=customer, role=role))
    db.session.flush()
    return account


def make_list(customer: Customer, name: str = "お得情報", slug: str | None = None, **values: Any) -> MailingList:
    row = MailingList(customer_id=customer.id, name=name, slug=slug or f"list{next(_numbers)}", **values)
    db.session.add(row)
    db.session.flush()
    return row


def customer_of(mailing_list: MailingList) -> Customer:
    return db.session.get_one(Customer, mailing_list.customer_id)


def make_field(customer: Customer, label: str = "氏名", kind: FieldKind = FieldKind.text, **values: Any) -> Field:
    row = Field(customer_id=customer.id, key=values.pop("key", label), label=label, kind=kind, **values)
    db.session.add(row)
    db.session.flush()
    return row


def make_subscriber(
    mailing_list: MailingList,
    address: str | None = None,
    state: SubscriptionState = SubscriptionState.active,
    fields: dict[str, Any] | None = None,
) -> Subscriber:
    """A reader of the list, counted as the product would."""
    address = address or f"reader{next(_numbers)}@readers.example.com"
    active = state is SubscriptionState.active
    row = Subscriber(
        customer_id=mailing_list.customer_id,
        address=address,
        address_key=address,
        address_hash=address_hash(address),
        fields=fields or {},
        active_count=int(active),
    )
    db.session.add(row)
    db.session.flush()
    db.session.add(
        Subscription(
            customer_id=mailing_list.customer_id,
            list_id=mailing_list.id,
            subscriber_id=row.id,
            state=state,
            way=Way.form,
            confirmed_at=clock.now() if active else None,
        )
    )
    if active:
        mailing_list.active_count += 1
        change_count(mailing_list.customer_id, 1)
    elif state is SubscriptionState.pending:
        mailing_list.pending_count += 1
    db.session.flush()
    return row


def make_mailing(mailing_list: MailingList, **values: Any) -> Mailing:
    details: dict[str, Any] = {
        "customer_id": mailing_list.customer_id,
        "subject": "秋の新商品のお知らせ",
        "sender_name": "株式会社髙橋商店",
        "html": '<p>{{ 氏名 | default: "お客" }}様</p><p>新商品のお知らせです。</p>',
        "text": '{{ 氏名 | default: "お客" }}様\n\n新商品のお知らせです。',
    }
    mailing = Mailing(**{**details, **values})
    mailing.lists = [mailing_list]
    db.session.add(mailing)
    db.session.flush()
    return mailing


def made_of_blocks() -> Document:
    """Return a mail with a heading, and a text and a button side by side."""
    document, heading = moving.add_block(Document(), BlockKind.heading)
    document = moving.change_block(document, heading, {"text": '{{ 氏名 | default: "お客" }}様へ'})
    document, row = moving.add_row(document, "1-1")
    document, text = moving.add_block(document, BlockKind.text, row, 0)
    document = moving.change_block(document, text, {"text": "**新茶**のお知らせです。"})
    document, button = moving.add_block(document, BlockKind.button, row, 1)
    return moving.change_block(document, button, {"text": "店へ", "link": "https://shop.example.jp/new"})


# One red point.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c4944415478da63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


def make_image(customer: Customer, mailings: Sequence[Mailing] = (), **values: Any) -> Image:
    """An image with its file; ready unless the state says otherwise, shown by these mailings."""
    state = values.get("state", ImageState.ready)
    key, size = storage.keep("images", io.BytesIO(PNG), 1000)
    made: dict[str, Any] = {"source_key": key}
    if state is ImageState.ready:
        made = {"storage_key": key, "token": secrets.token_hex(16), "kind": ImageKind.png, "width": 800, "height": 400}
    row = Image(
        **{
            "customer_id": customer.id,
            "name": "秋の新商品",
            "alt": "秋の新商品の写真",
            "state": state,
            "source_sha256": secrets.token_hex(32),
            "size": size,
            **made,
            **values,
        }
    )
    db.session.add(row)
    db.session.flush()
    db.session.add_all(ImageUse(image_id=row.id, mailing_id=mailing.id) for mailing in mailings)
    db.session.flush()
    return row


@cache
def key_pairs() -> tuple[Pair, Pair]:
    """Two pairs of keys, made once: making them takes its time."""
    return make_pair(KeyKind.rsa), make_pair(KeyKind.rsa)


def make_domain(
    customer: Customer | None, name: str | None = None, state: DomainState = DomainState.proven, **values: Any
) -> SenderDomain:
    """A sender domain with a key in use and one that waits; without a customer the service's own."""
    at = clock.now()
    domain = SenderDomain(
        customer_id=customer.id if customer else None,
        name=name or f"shop{next(_numbers)}.example.jp",
        state=state,
        created_at=at,
        check_at=at,
        findings={},
        **values,
    )
    db.session.add(domain)
    keep(domain, list(key_pairs()), at)
    for key in domain.keys:
        key.found = state is DomainState.proven
    db.session.flush()
    return domain


def send_from(mailing_list: MailingList, domain: SenderDomain, local_part: str = "news") -> None:
    """Have a list send from an address on a domain, whatever the domain's state."""
    db.session.add(
        ListSender(
            list_id=mailing_list.id,
            customer_id=mailing_list.customer_id,
            domain_id=domain.id,
            local_part=local_part,
        )
    )
    db.session.flush()


def make_receivable(contract: Contract, due_on: date, amount: int = 3300, settled_on: date | None = None) -> Receivable:
    row = Receivable(
        contract=contract,
        customer_id=contract.customer_id,
        label=f"{due_on.month}月分",
        amount=amount,
        due_on=due_on,
        settled_on=settled_on,
    )
    db.session.add(row)
    db.session.flush()
    return row


@dataclass
class Side:
    """One customer with all that hangs on it."""

    customer: Customer
    contract: Contract
    owner: Account
    editor: Account
    viewer: Account
    mailing_list: MailingList
    field: Field
    readers: list[Subscriber]
    mailing: Mailing


@dataclass
class World:
    ours: Side
    theirs: Side
    admin: Account
    partner: Account


def make_side(name: str, slug: str, domain: str) -> Side:
    customer = make_customer(name, slug)
    contract = make_contract(customer)
    mailing_list = make_list(customer, "お得情報", "news")
    field = make_field(customer)
    readers = [
        make_subscriber(mailing_list, f"{who}@{domain}", fields={"氏名": label})
        for who, label in (("tanaka", "田中 一郎"), ("suzuki", "鈴木 花子"), ("takahashi", "髙橋 次郎"))
    ]
    return Side(
        customer,
        contract,
        make_member(customer, Role.owner, email=f"owner@{slug}.example.jp"),
        make_member(customer, Role.editor, email=f"editor@{slug}.example.jp"),
        make_member(customer, Role.viewer, email=f"viewer@{slug}.example.jp"),
        mailing_list,
        field,
        readers,
        make_mailing(mailing_list),
    )


def world(mark: str = "") -> World:
    """Return two customers with real-looking data, a staff admin and a partner's person.

    A mark in all that must be unique lets it stand beside the demo.
    """
    partner = Partner(code=f"P001{mark}", name="立川ネット販売")
    db.session.add(partner)
    db.session.flush()
    return World(
        make_side("株式会社髙橋商店", f"takahashi{mark}", "readers.example.com"),
        make_side("有限会社山田花店", f"yamada{mark}", "flowers.example.net"),
        make_account("管理 花子", f"admin{mark}@wem.example", staff_role=StaffRole.admin),
        make_account("販売 次郎", f"partner{mark}@partner.example.jp", partner_id=partner.id),
    )
