"""A mailing as a shop sends it: about 14 KB on the wire, 20 links, five fields of its reader."""

from __future__ import annotations

FIELDS = ("氏名", "会員番号", "会員区分", "都道府県", "ポイント")
SUBJECT = "{{ 氏名 | default: 'お客様' }}様へ、秋の新商品のお知らせ"
_HEAD = (
    '<p>{{ 氏名 | default: "お客様" }}様（会員番号 {{ 会員番号 }}、{{ 会員区分 }}）</p>\n'
    "<p>{{ 都道府県 }}のお店から、秋の新商品をご案内します。ただいまのポイントは {{ ポイント }} です。</p>\n"
)
_ITEM = (
    '<h2 style="color:#223;font-size:18px">商品その{n}</h2>\n'
    "<p>Soft linen from the mill, woven slowly and washed twice, ready to wear from the first day on. "
    "Seven colours. 数量限定です。</p>\n"
    '<p><a href="https://shop.example.jp/items/{n}?from=mail&amp;season=autumn">くわしく見る</a></p>\n'
)
_TEXT_ITEM = "商品その{n}\nSoft linen from the mill, woven slowly.\nhttps://shop.example.jp/items/{n}?season=autumn\n"


def fields_of(number: int) -> dict[str, str]:
    """Return the fields of the reader with this number."""
    return {
        "氏名": ("髙橋 太郎", "﨑山 花子", "渡辺 葵", "吉田 真由美")[number % 4],
        "会員番号": f"A{number:08}",
        "会員区分": ("一般", "特別会員")[number % 2],
        "都道府県": ("東京都", "京都府", "静岡県")[number % 3],
        "ポイント": str(number % 9973),
    }


def html(links: int = 20) -> str:
    """Return the HTML of the mailing with so many links."""
    return _HEAD + "".join(_ITEM.format(n=n) for n in range(1, links + 1))


def text(links: int = 20) -> str:
    """Return its text part, with the same links."""
    opening = "{{ 氏名 | default: 'お客様' }}様（会員番号 {{ 会員番号 }}）\n\n"
    return opening + "\n".join(_TEXT_ITEM.format(n=n) for n in range(1, links + 1))
