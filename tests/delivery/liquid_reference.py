"""python-liquid as an independent reader of the closed Liquid, and templates and readers for property tests."""

import liquid
from hypothesis import strategies as st
from liquid.builtin.output import Output, OutputNode
from liquid.stringify import to_liquid_string
from markupsafe import escape

from wem.delivery.template_filters import filters

KNOWN = {"氏名", "会社名", "name", "数", "n2", "会員_1", "unsubscribe_url"}


class EscapingNode(OutputNode):
    """Escapes every output, quoted texts too, as WeM does; Liquid's own autoescape trusts quoted texts."""

    def render_to_output(self, context, buffer):
        return buffer.write(str(escape(to_liquid_string(self.expression.evaluate(context), False))))


class EscapingOutput(Output):
    node_class = EscapingNode


def reference(source, values, mode):
    """Render by python-liquid: an empty field is nil, a number field is a number."""
    environment = liquid.Environment()
    for name, form in filters(mode, "ja").items():
        environment.add_filter(name, form.apply)
    if mode == "html":
        environment.add_tag(EscapingOutput)
    numbers = {name: int(text) if text else None for name, text in values.items() if name in ("数", "n2")}
    return environment.from_string(source).render({**{name: text or None for name, text in values.items()}, **numbers})


TEXTS = ["氏名", "会社名", "name"]
NUMBERS = ["数", "n2"]
words = st.sampled_from(["山田", "髙橋", "a&b", "<b>", "", "お客様", "x y", "😀", "'"])
literals = st.lists(st.sampled_from([*"あ髙 \n\t<>&}%x　", "{ "]), max_size=8).map("".join)
trims = st.sampled_from(["", "-"])


def quoted(word):
    return f'"{word}"'


filter_calls = st.one_of(
    st.sampled_from(["upcase", "downcase", "capitalize", "strip", "lstrip", "rstrip", "size", "escape", "url_encode"]),
    st.builds("default: {}".format, words.map(quoted)),
    st.builds("append: {}".format, words.map(quoted)),
    st.builds("prepend: {}".format, st.one_of(words.map(quoted), st.sampled_from(TEXTS))),
    st.builds("remove: {}".format, words.map(quoted)),
    st.builds("replace: {}, {}".format, words.map(quoted), words.map(quoted)),
    st.builds("truncate: {}".format, st.integers(0, 6)),
    st.just("date: '%Y年%-m月%-d日（%a）'"),
)
outputs = st.builds(
    "{{{{{} {} {}{}}}}}".format,
    trims,
    st.one_of(
        st.sampled_from(NUMBERS),
        st.builds(
            lambda left, calls: " | ".join([left, *calls]),
            st.one_of(st.sampled_from(TEXTS), words.map(quoted)),
            st.lists(filter_calls, max_size=3),
        ),
    ),
    st.just(""),
    trims,
)
comparisons = st.one_of(
    st.sampled_from(TEXTS + NUMBERS + ["true", "false", "nil"]),
    st.builds(
        "{} {} {}".format,
        st.sampled_from(TEXTS),
        st.sampled_from(["==", "!=", "<>", "contains"]),
        words.filter(bool).map(quoted),
    ),
    st.builds(
        "{} {} {}".format, st.sampled_from(TEXTS), st.sampled_from(["<", ">", "<=", ">="]), st.sampled_from(TEXTS)
    ),
    st.builds(
        "{} {} {}".format,
        st.sampled_from(NUMBERS),
        st.sampled_from(["==", "!=", "<", ">", "<=", ">="]),
        st.integers(-3, 3),
    ),
    st.builds("{} == nil".format, st.sampled_from(TEXTS + NUMBERS)),
)
conditions = st.lists(comparisons, min_size=1, max_size=3).flatmap(
    lambda parts: st.lists(st.sampled_from([" and ", " or "]), min_size=len(parts), max_size=len(parts)).map(
        lambda joints: "".join(part + joint for part, joint in zip(parts, [*joints[:-1], ""], strict=True))
    )
)


@st.composite
def choices(draw, inner):
    def tag(text):
        return f"{{%{draw(trims)} {text} {draw(trims)}%}}"

    kind = draw(st.sampled_from(["if", "unless", "case"]))
    if kind == "case":
        number = draw(st.booleans())
        values = st.integers(-3, 3).map(str) if number else words.filter(bool).map(quoted)
        parts = [tag(f"case {draw(st.sampled_from(NUMBERS if number else TEXTS))}"), draw(st.sampled_from(["", " \n"]))]
        for _ in range(draw(st.integers(1, 3))):
            joint = draw(st.sampled_from([", ", " or "]))
            parts += [tag("when " + joint.join(draw(st.lists(values, min_size=1, max_size=2)))), draw(inner)]
    else:
        parts = [tag(f"{kind} {draw(conditions)}"), draw(inner)]
        for _ in range(draw(st.integers(0, 2))):
            # python-liquid, unlike Liquid, drops the white space of a blank elsif whose siblings are not blank.
            parts += [tag(f"elsif {draw(conditions)}"), draw(inner) + "・"]
    if draw(st.booleans()):
        parts += [tag("else"), draw(inner)]
    return "".join([*parts, tag(f"end{kind}")])


comments = st.builds("{{%{} comment {}%}}{}{{%{} endcomment {}%}}".format, trims, trims, literals, trims, trims)
templates = st.recursive(
    st.lists(st.one_of(literals, outputs, comments), max_size=4).map("".join),
    lambda inner: st.lists(st.one_of(inner, choices(inner)), max_size=3).map("".join),
    max_leaves=8,
)
readers = st.fixed_dictionaries(
    {name: st.one_of(st.none(), words) for name in TEXTS}
    | {name: st.one_of(st.none(), st.integers(-3, 3).map(str)) for name in NUMBERS}
)
