"""What is wrong in a text is shown in its line."""

from __future__ import annotations

import pytest

from wem.delivery.personalising import compile_template
from wem.delivery.template_nodes import TemplateProblem


@pytest.mark.parametrize(
    ("source", "excerpt"),
    [
        ("一行目\n{{ 氏名 }}様と{{ 名前 }}様\n三行目", ("{{ 氏名 }}様と{{ ", "名前", " }}様")),
        ("前 {{ 氏名 | }} 後", None),
        ("{{ 氏名", ("", "{{ 氏名", "")),
        ("長" * 100 + "{{ 名前 }}" + "い" * 100, ("…" + "長" * 57 + "{{ ", "名前", " }}" + "い" * 57 + "…")),
    ],
)
def test_the_line_is_cut_around_the_fault(source: str, excerpt: tuple[str, str, str] | None) -> None:
    with pytest.raises(TemplateProblem) as found:
        compile_template(source, escape="text", known=["氏名"])
    shown = found.value.excerpt
    assert shown[1], "something is marked"
    if excerpt is not None:
        assert shown == excerpt
