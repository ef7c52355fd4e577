"""What the demo's customers are: names, contracts, people, lists, fields, a draft."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from wem.accounts.rules import Role, StaffRole
from wem.demo.names import PREFECTURES
from wem.lists.states import FieldKind

PASSWORD = "himawari-no-hana"
STAFF = ("管理 花子", "staff@wem.example")
# Beside the administrator, one of each role.
COLLEAGUES = (
    ("契約 太郎", "contracts@wem.example", StaffRole.contracts),
    ("請求 さくら", "billing@wem.example", StaffRole.billing),
    ("窓口 健", "support@wem.example", StaffRole.support),
    ("運用 翔", "operations@wem.example", StaffRole.operations),
)
PARTNER = ("P001", "多摩ネット販売株式会社", "販売 次郎", "partner@tamanet.example.jp")
DELEGATE = ("運営 まこと", "delegate@unei.example.jp")


@dataclass(frozen=True)
class DemoField:
    key: str
    label: str
    kind: FieldKind
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class DemoList:
    slug: str
    name: str
    description: str
    intro: str
    readers: int
    start: int
    # (field key, required) of the sign-up form
    form: tuple[tuple[str, bool], ...]


class Pays(enum.Enum):
    """How a customer of the demo pays its fees."""

    debit = "debit"
    has_too_little = "has_too_little"  # each debit fails for want of money
    transfer = "transfer"
    waits_for_the_bank = "waits_for_the_bank"  # its mandate is not registered yet


@dataclass(frozen=True)
class DemoCustomer:
    slug: str
    name: str
    kana: str
    details: dict[str, str]
    attested_uploads: bool
    people: tuple[tuple[str, str, Role], ...]
    fields: tuple[DemoField, ...]
    lists: tuple[DemoList, ...]
    draft: tuple[str, str, str] | None  # name, subject, file of the body
    inquiries: tuple[tuple[str, str, str], ...] = ()  # subject, question, answer (empty: none yet)
    names: tuple[tuple[str, str, bool], ...] = ()  # of senders: name, reason, approved or not yet
    holder: str = ""  # of the account, in kana
    pays: Pays = Pays.debit


NAME = DemoField("氏名", "氏名", FieldKind.text)
PREFECTURE = DemoField("都道府県", "都道府県", FieldKind.choice, PREFECTURES)
BIRTHDAY = DemoField("生年月日", "生年月日", FieldKind.date)

CUSTOMERS = (
    DemoCustomer(
        holder="カ)タカハシシヨウテン",
        slug="takahashi",
        name="株式会社髙橋商店",
        kana="カブシキガイシャタカハシショウテン",
        details={
            "sender_name": "株式会社髙橋商店",
            "postal_code": "190-0012",
            "postal_address": "東京都立川市曙町9-99-9（見本の住所）",
            "contact": "info@takahashi.example.jp",
            "notice_email": "owner@takahashi.example.jp",
        },
        attested_uploads=True,
        people=(
            ("髙橋 一郎", "owner@takahashi.example.jp", Role.owner),
            ("佐藤 美咲", "editor@takahashi.example.jp", Role.editor),
        ),
        fields=(
            NAME,
            PREFECTURE,
            BIRTHDAY,
            DemoField("お好みのお茶", "お好みのお茶", FieldKind.choice, ("煎茶", "ほうじ茶", "玉露", "紅茶")),
        ),
        lists=(
            DemoList(
                "ochadayori",
                "お茶だより",
                "季節のお茶や送料無料のご案内を、月に2回ほどお届けします。",
                "ご登録いただいた方に、季節のお茶のご案内をお届けします。",
                200,
                0,
                (("氏名", True), ("都道府県", False), ("お好みのお茶", False)),
            ),
            DemoList(
                "tachikawa",
                "立川本店からのお知らせ",
                "立川本店の催しと、店頭だけの特売をお知らせします。",
                "立川本店の催しをいち早くお知らせします。",
                40,
                180,
                (("氏名", True),),
            ),
        ),
        draft=(
            "季節のお茶のご案内",
            '【髙橋商店】{{ 氏名 | default: "お茶好きの皆" }}様へ　季節のお茶と送料無料のご案内',
            "tea",
        ),
        names=(
            ("お茶の髙橋 オンライン", "弊社の通販サイトの名称です（takahashi.example.jp）。", True),
            ("曙町喫茶", "立川本店に併設した喫茶店の店名です。", False),
        ),
        inquiries=(
            (
                "登録ページのQRコードについて",
                "店頭のチラシに、登録ページのQRコードを載せたいと思っています。どこで手に入りますか。",
                "お問い合わせありがとうございます。\n\n"
                "「リスト」から「お茶だより」を開き、「空メール」のページをご覧ください。専用メールアドレスとQRコードがあり、"
                "画像として保存できます。",
            ),
            (
                "送信元のドメインを自社のものにしたい",
                "差出人を自社ドメインのアドレスにしたいのですが、DNSの設定が分かりません。手順を教えてください。",
                "",
            ),
        ),
    ),
    DemoCustomer(
        holder="ユ)ユノサトリヨカン",
        slug="yunosato",
        name="有限会社湯の里旅館",
        kana="ユウゲンガイシャユノサトリョカン",
        details={
            "sender_name": "有限会社湯の里旅館",
            "postal_code": "377-0102",
            "postal_address": "群馬県渋川市伊香保町伊香保999（見本の住所）",
            "contact": "yoyaku@yunosato.example.jp",
            "notice_email": "owner@yunosato.example.jp",
        },
        attested_uploads=False,
        people=(
            ("湯本 由美子", "owner@yunosato.example.jp", Role.owner),
            ("星野 健一", "editor@yunosato.example.jp", Role.editor),
        ),
        fields=(NAME, PREFECTURE, DemoField("記念日", "記念日", FieldKind.date)),
        lists=(
            DemoList(
                "plan",
                "宿泊プランのご案内",
                "季節の宿泊プランと、会員の方だけの割引をご案内します。",
                "お得な宿泊プランを、いち早くお届けします。",
                60,
                500,
                (("氏名", True), ("記念日", False)),
            ),
        ),
        draft=("冬の宿泊プラン", "【湯の里旅館】雪見の露天風呂と上州牛の会席プラン", "inn"),
    ),
)


def _small(
    slug: str, name: str, kana: str, holder: str, pays: Pays, owner: str, address: tuple[str, str]
) -> DemoCustomer:
    """Return a customer of whom there is little but the bill."""
    mail = f"owner@{slug}.example.jp"
    return DemoCustomer(
        slug=slug,
        name=name,
        kana=kana,
        details={
            "sender_name": name,
            "postal_code": address[0],
            "postal_address": address[1],
            "contact": f"info@{slug}.example.jp",
            "notice_email": mail,
        },
        attested_uploads=False,
        people=((owner, mail, Role.owner),),
        fields=(),
        lists=(),
        draft=None,
        holder=holder,
        pays=pays,
    )


# Those who do not simply pay by debit.
OTHERS = (
    _small(
        "sakurabooks", "株式会社さくら書店", "カブシキガイシャサクラショテン", "カ)サクラシヨテン", Pays.has_too_little,
        "桜井 修", ("330-0063", "埼玉県さいたま市浦和区高砂9-99-9（見本の住所）"),
    ),
    _small(
        "aozora", "合同会社あおぞら企画", "ゴウドウガイシャアオゾラキカク", "ド)アオゾラキカク", Pays.transfer,
        "青木 空", ("220-0012", "神奈川県横浜市西区みなとみらい9-99-9（見本の住所）"),
    ),
    _small(
        "yamadakomuten", "山田工務店", "ヤマダコウムテン", "ヤマダ タケシ", Pays.waits_for_the_bank,
        "山田 武", ("371-0026", "群馬県前橋市大手町9-99-9（見本の住所）"),
    ),
)  # fmt: skip
