"""The characters of bank files: half-width kana, and how what people type becomes them (全銀 付録1)."""

from __future__ import annotations

import re
import unicodedata

KANA = "ｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜﾝ"
MARKS = "ﾞﾟ"
_DIGITS, _LATIN = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# By field: names of people and companies; names of banks and branches.
NAME = frozenset(KANA + MARKS + _DIGITS + _LATIN + " ().-")
PLACE = frozenset(KANA + MARKS + _DIGITS + _LATIN + "-")
# What a bank may write into any field of a file that it gives back; ｦ comes from some of them.
READ = frozenset(KANA + MARKS + "ｦ" + _DIGITS + _LATIN + " '():+,\\-./?｢｣")
# Not in the list either, but seen: taken with a warning.
TOLERATED = frozenset("｡､･")

_SMALL = str.maketrans("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ")
_HIRAGANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}
_DASHES = str.maketrans(dict.fromkeys("ー‐‑‒–—―−", "-"))
_PLAIN = str.maketrans({"ヲ": "オ", "・": ".", "、": " ", "。": ".", "［": "(", "］": ")", "\u3099": "ﾞ", "\u309a": "ﾟ"})
_HALF = {ord(unicodedata.normalize("NFKC", each)): each for each in KANA}

# What a body is, as banks shorten it: in front ｶ), behind (ｶ, in the middle (ｶ). The longer ones come first.
BODIES = (
    ("特定非営利活動法人", "トクテイヒエイリカツドウホウジン", "ﾄｸﾋ"),
    ("一般社団法人", "イツパンシヤダンホウジン", "ｼﾔ"),
    ("公益社団法人", "コウエキシヤダンホウジン", "ｼﾔ"),
    ("一般財団法人", "イツパンザイダンホウジン", "ｻﾞｲ"),
    ("公益財団法人", "コウエキザイダンホウジン", "ｻﾞｲ"),
    ("医療法人社団", "イリヨウホウジンシヤダン", "ｲ"),
    ("医療法人財団", "イリヨウホウジンザイダン", "ｲ"),
    ("社会福祉法人", "シヤカイフクシホウジン", "ﾌｸ"),
    ("独立行政法人", "ドクリツギヨウセイホウジン", "ﾄﾞｸ"),
    ("株式会社", "カブシキガイシヤ", "ｶ"),
    ("有限会社", "ユウゲンガイシヤ", "ﾕ"),
    ("合同会社", "ゴウドウガイシヤ", "ﾄﾞ"),
    ("合名会社", "ゴウメイガイシヤ", "ﾒ"),
    ("合資会社", "ゴウシガイシヤ", "ｼ"),
    ("相互会社", "ソウゴガイシヤ", "ｿ"),
    ("医療法人", "イリヨウホウジン", "ｲ"),
    ("学校法人", "ガツコウホウジン", "ｶﾞｸ"),
    ("宗教法人", "シユウキヨウホウジン", "ｼﾕｳ"),
    ("社団法人", "シヤダンホウジン", "ｼﾔ"),
    ("財団法人", "ザイダンホウジン", "ｻﾞｲ"),
)


class Unwritable(ValueError):
    """A text has characters that a bank file cannot hold; `characters` are these, each once."""

    def __init__(self, text: str, characters: str) -> None:
        super().__init__(f"{text!r}: {characters!r}")
        self.text, self.characters = text, characters


def half_width(text: str) -> str:
    """Return a text in the half-width kana of banks, as far as it can be; the rest stays as it is.

    Small kana become large, ー a hyphen, ヲ ｵ, ・ a full stop; ゛ and ゜ count as characters of their own.
    """
    joined = text.replace("゛", "\u3099").replace("゜", "\u309a")
    wide = unicodedata.normalize("NFKC", joined).upper().translate(_HIRAGANA).translate(_SMALL).translate(_DASHES)
    parts = unicodedata.normalize("NFD", wide).translate(_PLAIN).translate(_HALF)
    return re.sub(r"\s+", " ", parts).strip()


def shortened(text: str) -> str:
    """Return a name with what a body is shortened as banks do: 株式会社山田 is ｶ)山田."""
    name = unicodedata.normalize("NFKC", text).translate(_HIRAGANA).translate(_SMALL).strip()
    name = name.replace("(株)", "株式会社").replace("(有)", "有限会社").replace("㍿", "株式会社")
    for written, read, short in BODIES:
        for word in (written, read):
            if word not in name or name == word:
                continue
            before, _, after = (part.strip() for part in name.partition(word))
            return f"{before}{'(' * bool(before)}{short}{')' * bool(after)}{after}"
    return name


def written(text: str, allowed: frozenset[str] = NAME) -> str:
    """Return a text as a bank file holds it. Raises Unwritable."""
    found = half_width(text)
    wrong = "".join(dict.fromkeys(each for each in found if each not in allowed))
    if wrong:
        raise Unwritable(text, wrong)
    return found


def name(text: str, length: int) -> str:
    """Return a name of a person or company as a record holds it: what is longer than its field is cut off, as banks do.

    Raises Unwritable; for what is empty as well.
    """
    found = written(shortened(text))
    if not found:
        raise Unwritable(text, "")
    return found[:length]


def place(text: str, length: int) -> str:
    """Return the name of a bank or branch; empty when it cannot be written, for files do not need it."""
    try:
        return written(re.sub(r"[\s.．]", "", text), PLACE)[:length]
    except Unwritable:
        return ""


_KEY = re.compile(r"[^ｱ-ﾝA-Z0-9ﾞﾟ]")
_SHORT = re.compile(r"^(?:ﾄｸﾋ|ｻﾞｲ|ｶﾞｸ|ｼﾕｳ|ｼﾔ|ﾌｸ|ﾄﾞｸ|ﾄﾞ|ｶ|ﾕ|ﾒ|ｼ|ｿ|ｲ)\)|\((?:ﾄｸﾋ|ｻﾞｲ|ｶﾞｸ|ｼﾕｳ|ｼﾔ|ﾌｸ|ﾄﾞｸ|ﾄﾞ|ｶ|ﾕ|ﾒ|ｼ|ｿ|ｲ)\)?$")


def key(text: str) -> str:
    """Return what two spellings of one payer have in common: no ｶ), spaces, hyphens; empty when nothing is left."""
    found = half_width(shortened(text))
    return _KEY.sub("", _SHORT.sub("", found))
