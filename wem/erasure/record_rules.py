"""How the record of consent is cut into parts that can always be set and mailed: plain functions over its texts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

# A part of this size is set in seconds; `documents.pdf` takes four times as much, and twenty seconds at most.
TEXTS_PER_PART = 200
BYTES_PER_PART = 500_000
MOST_PARTS = 10
MOST_LETTERS = 10_000  # of one text as it was shown; forms allow far less
MAIL_BYTES = 7_000_000  # attached; many mail servers take ten million with their coding
CUT = "……（以下省略。全{letters}字）"


def bounded(text: str) -> str:
    """Return a text that was shown; of a very long one its beginning, and how long it was."""
    return text if len(text) <= MOST_LETTERS else text[:MOST_LETTERS] + CUT.format(letters=f"{len(text):,}")


def portions(texts: Sequence[Mapping[str, Any]]) -> tuple[list[list[Mapping[str, Any]]], int]:
    """Return the texts as parts, in their order (one empty part for none), and how many of the oldest are left out."""
    found: list[list[Mapping[str, Any]]] = [[]]
    size = 0
    for text in reversed(texts):  # the newest must be in it
        needs = len(json.dumps(text, ensure_ascii=False).encode())
        if found[-1] and (len(found[-1]) == TEXTS_PER_PART or size + needs > BYTES_PER_PART):
            if len(found) == MOST_PARTS:
                break
            found.append([])
            size = 0
        found[-1].append(text)
        size += needs
    held = [part[::-1] for part in reversed(found)]
    return held, len(texts) - sum(len(part) for part in held)


def attached(sizes: Sequence[int]) -> int:
    """Return how many of the parts, from the first on, go with the mail; sizes in bytes."""
    total = 0
    for number, size in enumerate(sizes):
        total += size
        if total > MAIL_BYTES and number:
            return number
    return len(sizes)


def as_text(data: Mapping[str, Any]) -> str:
    """Return a part of the record as plain text: what its PDF would show."""
    lines = [
        f"同意記録（定型部分） {data['part']}".rstrip(),
        f"ご契約者: {data['to']['name']} {data['to']['honorific']}",
        f"契約番号: {data['contract']}",
        f"作成日: {data['issued']}",
        f"作成者: {data['issuer']}",
        "登録を受け付けた際に読者へ表示した内容です。メールアドレスは含みません。",
    ]
    if data["older"]:
        lines.append(f"これより古い{data['older']}件の版は、この記録に含まれていません。")
    if not data["texts"]:
        lines.append("表示した内容の記録はありません。")
    for number, text in enumerate(data["texts"], data["first"]):
        lines += ["", f"{number} {text['list']}"]
        lines.append(f"表示期間: {text['first']} ～ {text['last']}　記録された回数: {text['times']}")
        lines += [f"{item}: {said}" for item, said in text["content"]]
    return "\n".join(lines) + "\n"
