"""The pages for readers are the customer's: logo, words, colour; who sends always stands there."""

from __future__ import annotations

from collections.abc import Callable

from tests import factories
from tests.factories import World
from tests.page import Browser
from wem import tokens
from wem.db import db
from wem.mailings.page_look_models import PageLook
from wem.tokens import Purpose

BrowserFor = Callable[..., Browser]


def test_what_is_set_stands_on_the_pages_for_readers(world: World, browser_for: BrowserFor, public: Browser) -> None:
    image, slug = factories.make_image(world.ours.customer), world.ours.customer.slug
    db.session.commit()
    editor = browser_for(world.ours.editor)
    typed = {"logo_id": image.id, "intro": "和菓子の店です。", "accent": "#0A5C36", "contact": "電話 03-0000-0000"}
    answer = editor.submit("/settings/page", {**typed, "privacy_url": "https://shop.example.jp/privacy"})
    assert answer.status == 303
    home = public.get(f"/h/{slug}/")
    assert "和菓子の店です。" in home.text
    assert image.path in home.html
    assert 'href="https://shop.example.jp/privacy"' in home.html
    assert "電話 03-0000-0000" in home.html
    assert home.soup.find(id="sender") is not None
    left = public.get(f"/u/{tokens.sign(Purpose.unsubscribe, world.ours.readers[0].id, 0)}")
    for page in (public.get(f"/h/{slug}/join"), public.get(f"/h/{slug}/archive"), left):
        assert f"/h/{slug}/look.css?c=0a5c36" in page.html
        assert f'src="{image.path}"' in page.html, "of the same origin"
    css = public.client.get(f"/h/{slug}/look.css", base_url="http://localhost:8001")
    assert css.mimetype == "text/css"
    assert "#0a5c36" in css.text
    # Of one customer alone.
    assert "和菓子" not in public.get(f"/h/{world.theirs.customer.slug}/").text


def test_anothers_image_and_what_is_no_colour_are_refused(world: World, browser_for: BrowserFor) -> None:
    theirs = factories.make_image(world.theirs.customer)
    db.session.commit()
    editor = browser_for(world.ours.editor)
    assert editor.submit("/settings/page", {"logo_id": theirs.id}).status == 422
    assert editor.submit("/settings/page", {"accent": "red;}body{display:none"}).status == 422
    assert editor.submit("/settings/page", {"privacy_url": "javascript:alert(1)"}).status == 422
    assert db.session.get(PageLook, world.ours.customer.id) is None


def test_the_preview_says_when_a_colour_is_too_pale(world: World, browser_for: BrowserFor) -> None:
    image = factories.make_image(world.ours.customer)
    db.session.commit()
    page = browser_for(world.ours.editor).get(
        f"/settings/page/preview?accent=%23ffff00&intro=試し&logo_id={image.id}&privacy_url=https://x.example"
    )
    assert f'src="/images/{image.id}/picture"' in page.html, "our pages load nothing from the other origin"
    assert "#ffff00は文字の色としては薄い" in page.html
    assert page.html.count("試し") == 2, "light and dark"
    assert db.session.get(PageLook, world.ours.customer.id) is None
