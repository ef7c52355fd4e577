"""Whether a person asks, in a reply, to be written to at the own address: only then it is shown (17-4)."""

from __future__ import annotations

import re
import unicodedata

from wem.mailings.reply_rules import MOST_PASSAGE, own_words

# What a reply calls the address; its own one is masked by then.
_ADDRESS = r"(?:[^\s、。]{0,40}\*{4}@[^\s、。*]{1,80}|(?:メール)?アドレス|(?:e-?mail|mail) ?address)"
_TO = r" ?(?:まで|に|へ|宛て?に?|あてに?|の?方に?|のほうに?)"
_ASKED = r"(?:いただ[きけ]|頂|下さ|くださ|くれ|もらえ|ほし|欲し|お?願)"
_MAIL = (
    r"(?:連絡|返信|返事|メール|回答|一報)(?:の?(?:ほど|程))?[をはも]?(?:して|お?送って|お送り|お?寄せて?)?"
    rf"(?:{_ASKED}|お?待ち|待って|希望|よろしく|宜しく)"
)
_SEND = rf"(?:送って|お送り|送信して|送付して){_ASKED}"
_USE = (
    rf"{_ADDRESS}[をは]?.{{0,10}}(?:(?:使って|控えて|(?:ご)?利用|(?:ご)?開示)(?:いただ|頂|下さ|くださ|も?(?:構|かま|結構|いい|よい|大丈夫))|"
    r"お?(?:知らせ|伝え|教え)(?:し|いたし|致し)ます)"
)
_JAPANESE = re.compile(
    rf"{_ADDRESS}{_TO}.{{0,15}}(?:{_MAIL}|{_SEND})|(?:直接|個別に|直に).{{0,12}}{_MAIL}|{_USE}|"
    r"(?:連絡|返信)先(?:の?(?:メール)?アドレス)?は.{0,40}\*{4}@",
    re.IGNORECASE,
)
_WRITE = r"\b(?:write|reply|e-?mail|mail|contact|reach|answer|respond)\b"
_MINE = r"(?:\S{0,40}\*{4}@\S|(?:this|my|the following|the above)(?: own| private| personal)?(?: e-?mail)? address\b)"
_MY_MAIL = r"(?:\S{0,40}\*{4}@\S|(?:this|my)(?: own| private| personal)? e-?mail(?: address)?\b)"
_ENGLISH = re.compile(
    rf"{_WRITE}(?: back)?(?: to)? me\b.{{0,40}}(?:\bdirectly\b|\b(?:at|to|on|under|using) {_MINE})|"
    rf"\b(?:please|kindly)\b.{{0,20}}{_WRITE}.{{0,20}}(?:\bdirectly\b|\b(?:at|to|on|under|using) {_MINE})|"
    rf"\bsend\b.{{0,40}}\b(?:to|at) {_MY_MAIL}|"
    rf"\b(?:use|have|keep)\b.{{0,10}}\b{_MINE}",
    re.IGNORECASE,
)
# In doubt nothing is shown: who does not want it, or wants something else done with the address, asks for no mail.
_BUT_NOT = re.compile(
    r"ないで|なくて|控え(?!て(?:いただ|頂|下さ|くださ))|不要|無用|やめ|断り|断る|遠慮|必要[はが]?(?:ない|なし|あり)|要りません|"
    r"いりません|停止|中止|解除|退会|削除|変更|迷惑|拒否|"
    r"\b(?:not|never|stop|without|no longer|rather|remove|delete|unsubscribe|change|update|off|cannot)\b|n['’]t\b",
    re.IGNORECASE,
)
_BY_OTHER_WAYS = re.compile(r"電話|携帯|来店|訪問|郵送|\bLINE\b|\b(?:phone|call|telephone|post)\b", re.IGNORECASE)
_BY_MAIL = re.compile(r"メール|アドレス|\*{4}@|mail|address", re.IGNORECASE)
_SENTENCE_ENDS = re.compile(r"(?<=[。．！？!?])|(?<=\.)(?=\s)|\n[ \t\u3000]*\n")
_SIGNATURE = re.compile(r"^-- ?$", re.MULTILINE)


def asking_words(text: str) -> str:
    """Return the sentence in which a person asks to be written to directly; empty where there is none.

    Only the person's own words count, not the mail that they quote, nor a signature. `text` has its addresses masked.
    """
    own = _SIGNATURE.split(own_words(text), maxsplit=1)[0]
    for sentence in _SENTENCE_ENDS.split(own):
        words = " ".join(sentence.split())
        if _asks(unicodedata.normalize("NFKC", words)):
            return words[:MOST_PASSAGE]
    return ""


def _asks(words: str) -> bool:
    if not (_JAPANESE.search(words) or _ENGLISH.search(words)) or _BUT_NOT.search(words):
        return False
    return bool(_BY_MAIL.search(words)) or not _BY_OTHER_WAYS.search(words)
