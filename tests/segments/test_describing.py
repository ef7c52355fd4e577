"""Conditions in words: whole sentences of what a reader did, and who counts too where something is turned round."""

import pytest
from flask_babel import force_locale

from wem.segments.describing import sentence
from wem.segments.referring import Names
from wem.segments.rules import Condition
from wem.segments.topic_rules import Op, Topic

NAMES = Names({3: "好きな色"}, {})


@pytest.mark.parametrize(
    ("topic", "op", "values", "japanese", "english"),
    [
        (Topic.opened, Op.mailing, ("5",), "「秋号」を開封した", "opened “秋号”"),
        (Topic.opened, Op.not_mailing, ("5",), "「秋号」を開封していない", "did not open “秋号”"),
        (
            Topic.opened, Op.last_days, ("7",), "今日までの7日以内にメールを開封した",
            "opened an email in the last 7 days",
        ),
        (Topic.clicked, Op.never, (), "メールのリンクを一度もクリックしていない", "never clicked a link"),
        (
            Topic.choice, Op.none_of, ("赤", "青"), "好きな色：赤、青のどれでもない（空欄も含む）",
            "好きな色: is none of: 赤, 青 (including empty)",
        ),
        (
            Topic.choices, Op.none_of, ("赤",), "好きな色：赤のどれも含まない（空欄も含む）",
            "好きな色: includes none of: 赤 (including empty)",
        ),
        (
            Topic.text, Op.differs, ("赤",), "好きな色：「赤」以外（空欄も含む）",
            "好きな色: is not “赤” (including empty)",
        ),
    ],
)  # fmt: skip
def test_sentences(app, topic, op, values, japanese, english):
    field = 3 if topic in (Topic.choice, Topic.choices, Topic.text) else 0
    said = Condition(topic, op, values, field=field, key="color" if field else "")
    with app.test_request_context():
        with force_locale("ja"):
            assert sentence(said, NAMES, {5: "秋号"}) == japanese
        with force_locale("en"):
            assert sentence(said, NAMES, {5: "秋号"}) == english
