"""The screens of sender domains: who may what, and what they say."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests import factories
from tests.domains.publishing import key_name, publish
from tests.name_server import NameServer
from tests.page import Browser
from wem.accounts.rules import Role
from wem.db import db
from wem.domains import founding, jobs
from wem.domains.models import DomainKey, ListSender, SenderDomain
from wem.domains.rules import DomainState
from wem.mailings import starting

Make = Callable[..., Browser]
HTMX = {"HX-Request": "true"}


def added(world: factories.World) -> SenderDomain:
    return db.session.query(SenderDomain).filter_by(customer_id=world.ours.customer.id).one()


def test_adding_publishing_proving(world: factories.World, browser_for: Make, name_server: NameServer) -> None:
    owner = browser_for(world.ours.owner)
    page = owner.get("/domains")
    assert "takahashi@mail.wem.example" in page.text
    page = owner.post("/domains", {**page.form("/domains"), "name": "https://Shop.example.jp/"})
    domain = added(world)
    assert page.location == f"/domains/{domain.id}"
    page = owner.get(page.location)
    for text in (
        "wem1._domainkey",
        "wem2._domainkey",
        "_dmarc",
        "bounce",
        "v=DMARC1; p=none",
        "bounce.mail.wem.example",
    ):
        assert text in page.html
    assert page.html.count("v=DKIM1; k=rsa; p=") >= 2 and "確認待ち" in page.text
    jobs.check(domain.id)
    before = dict(domain.findings)
    publish(domain, name_server)
    page = owner.post(f"/domains/{domain.id}/check", page.form("/check"), headers=HTMX)
    assert page.status == 200 and "<html" not in page.html and 'id="domain-records"' in page.html
    assert "問い合わせています" in page.html and "every 1s" in page.html
    db.session.refresh(domain)
    assert domain.findings == before, "no page waits for name servers"
    jobs.check(domain.id)
    page = owner.get(f"/domains/{domain.id}", headers=HTMX)
    assert "<html" not in page.html and "問い合わせています" not in page.html
    assert "確認済み" in page.html and "hx-get" not in page.html, "what is proven asks no more"


def test_a_fragment_is_in_the_language_of_its_page(world: factories.World, browser_for: Make) -> None:
    """A page that was asked for in English stays so when a part of it renews itself."""
    domain = factories.make_domain(world.ours.customer, "shop.example.jp", DomainState.checking)
    db.session.commit()
    owner = browser_for(world.ours.owner)
    assert "Enter these records" in owner.get(f"/domains/{domain.id}?lang=en").text
    for language, words in (("en", "Enter these records"), ("ja", "下のレコードをDNSに登録してください")):
        fragment = owner.get(f"/domains/{domain.id}", headers={**HTMX, "Accept-Language": language})
        assert words in fragment.html, language
    # A whole page goes by the person, whatever the browser would like.
    assert "下のレコード" in owner.get(f"/domains/{domain.id}", headers={"Accept-Language": "en"}).text


def test_what_is_wrong_is_said_with_what_was_found(
    world: factories.World, browser_for: Make, name_server: NameServer
) -> None:
    domain = factories.make_domain(world.ours.customer, "shop.example.jp", DomainState.checking)
    db.session.commit()
    name_server.text(key_name(domain), "v=DKIM1; k=rsa; p=MIIBwrongkey")
    owner = browser_for(world.ours.owner)
    page = owner.get(f"/domains/{domain.id}")
    page = owner.post(f"/domains/{domain.id}/check", page.form("/check"))
    assert page.status == 303
    assert "問い合わせています" in owner.get(page.location).text
    jobs.check(domain.id)
    page = owner.get(page.location)
    assert "p=MIIBwrongkey" in page.text and "別の鍵が登録されています" in page.text
    assert "まだ見つかりません" in page.text


@pytest.mark.parametrize("name", ["", "co.jp", "gmail.com", "mail.wem.example", "nonsense", "taken.example.jp"])
def test_refused_names_are_told_at_the_field(world: factories.World, browser_for: Make, name: str) -> None:
    factories.make_domain(world.theirs.customer, "taken.example.jp")
    db.session.commit()
    owner = browser_for(world.ours.owner)
    page = owner.post("/domains", {**owner.get("/domains").form("/domains"), "name": name})
    assert page.status == 422 and page.soup.find(class_="field-error")
    assert not db.session.query(SenderDomain).filter_by(customer_id=world.ours.customer.id).count()


def test_who_may_what(world: factories.World, browser_for: Make, name_server: NameServer) -> None:
    domain = factories.make_domain(world.ours.customer, "shop.example.jp")
    delegate = factories.make_member(world.ours.customer, Role.delegate)
    db.session.commit()
    assert browser_for(delegate).get("/domains").find_form("/domains")
    editor, viewer = browser_for(world.ours.editor), browser_for(world.ours.viewer)
    for browser in (editor, viewer):
        assert not browser.get("/domains").soup.select('main form[action="/domains"]')
        assert "/delete" not in browser.get(f"/domains/{domain.id}").html
        assert browser.post("/domains", {"name": "x.example.jp", "csrf_token": browser.csrf_token()}).status == 403
        for act in ("delete", "key"):
            assert browser.post(f"/domains/{domain.id}/{act}", {"csrf_token": browser.csrf_token()}).status == 403
    token = {"csrf_token": editor.csrf_token()}
    assert editor.post(f"/domains/{domain.id}/check", token).status == 303
    assert viewer.post(f"/domains/{domain.id}/check", {"csrf_token": viewer.csrf_token()}).status == 403


def test_theirs_are_not_there(world: factories.World, browser_for: Make) -> None:
    theirs = factories.make_domain(world.theirs.customer, "theirs.example.jp")
    factories.make_domain(None, "mail.wem.example")
    db.session.commit()
    owner = browser_for(world.ours.owner)
    service = SenderDomain.of_service("mail.wem.example")
    assert service is not None
    for domain in (theirs, service):
        assert owner.get(f"/domains/{domain.id}").status == 404
        for act in ("check", "key", "delete"):
            assert owner.post(f"/domains/{domain.id}/{act}", {"csrf_token": owner.csrf_token()}).status == 404
    page = owner.get(f"/lists/{world.ours.mailing_list.id}/sender")
    assert "theirs.example.jp" not in page.html
    values = {**page.form(), "domain": str(theirs.id), "local": "news"}
    assert owner.post(f"/lists/{world.ours.mailing_list.id}/sender", values).status == 422
    assert db.session.query(ListSender).count() == 0


def test_the_address_of_a_list(world: factories.World, browser_for: Make) -> None:
    domain = factories.make_domain(world.ours.customer, "shop.example.jp")
    factories.make_domain(world.ours.customer, "not-yet.example.jp", DomainState.checking)
    db.session.commit()
    owner, number = browser_for(world.ours.owner), world.ours.mailing_list.id
    assert "takahashi@mail.wem.example" in owner.get(f"/lists/{number}/edit").text
    page = owner.get(f"/lists/{number}/sender")
    assert "@shop.example.jp" in page.html and "not-yet" not in page.html
    wrong = owner.post(f"/lists/{number}/sender", {**page.form(), "domain": str(domain.id), "local": "a b"})
    assert wrong.status == 422
    page = owner.post(f"/lists/{number}/sender", {**page.form(), "domain": str(domain.id), "local": "magazine"})
    assert page.status == 303
    assert "magazine@shop.example.jp" in owner.get(f"/lists/{number}/edit").text
    assert "magazine@shop.example.jp" in owner.get(f"/domains/{domain.id}").text
    assert "magazine@shop.example.jp" in owner.get(f"/mailings/{world.ours.mailing.id}/edit").text
    assert "magazine@shop.example.jp" in owner.get(f"/mailings/{world.ours.mailing.id}/check").text
    page = owner.get(f"/lists/{number}/sender")
    owner.post(f"/lists/{number}/sender", {**page.form(), "domain": "0"})
    assert db.session.query(ListSender).count() == 0


def test_compose_and_check_say_that_the_address_is_the_services(world: factories.World, browser_for: Make) -> None:
    owner = browser_for(world.ours.owner)
    page = owner.get(f"/mailings/{world.ours.mailing.id}/edit")
    assert "takahashi@mail.wem.example" in page.text and "/domains" in page.html
    page = owner.get(f"/mailings/{world.ours.mailing.id}/check")
    assert "takahashi@mail.wem.example" in page.text and "確認済みのドメイン" in page.text


def test_changing_the_key_by_hand(world: factories.World, browser_for: Make, name_server: NameServer) -> None:
    domain = factories.make_domain(world.ours.customer, "shop.example.jp")
    publish(domain, name_server)
    db.session.commit()
    owner = browser_for(world.ours.owner)
    owner.post(f"/domains/{domain.id}/key", {"csrf_token": owner.csrf_token()})
    db.session.refresh(domain)
    assert [key.selector for key in domain.signing_keys] == ["wem2"]
    # Nobody changes to a key that is not there, or not published.
    owner.post(f"/domains/{domain.id}/key", {"csrf_token": owner.csrf_token()})
    db.session.expire_all()
    assert [key.selector for key in domain.signing_keys] == ["wem2"]


def test_deleting(world: factories.World, browser_for: Make) -> None:
    domain = factories.make_domain(world.ours.customer, "shop.example.jp")
    factories.send_from(world.ours.mailing_list, domain)
    db.session.commit()
    owner, token = browser_for(world.ours.owner), {}
    token = {"csrf_token": owner.csrf_token()}
    dispatch = starting.start(world.ours.mailing, by=1)
    db.session.commit()
    owner.post(f"/domains/{domain.id}/delete", token)
    assert db.session.query(SenderDomain).count() == 1, "a mailing that has begun still needs it"
    dispatch.state = "done"  # type: ignore[assignment]
    db.session.commit()
    page = owner.post(f"/domains/{domain.id}/delete", token)
    assert page.location == "/domains"
    for model in (SenderDomain, DomainKey, ListSender):
        assert db.session.query(model).count() == 0


def test_staff_see_them_and_the_services_own(
    world: factories.World, browser_for: Make, name_server: NameServer
) -> None:
    domain = factories.make_domain(world.ours.customer, "shop.example.jp")
    db.session.commit()
    staff = browser_for(world.admin)
    page = staff.get("/staff/domains")
    assert "shop.example.jp" in page.text and "鍵がまだありません" in page.text
    page = staff.post("/staff/domains/service", page.form("/service"))
    page = staff.get(page.location)
    assert "wem1._domainkey" in page.text and "v=DKIM1; k=rsa" in page.html
    service = founding.service_domain()
    publish(service, name_server)
    staff.post(f"/staff/domains/{service.id}/check", {"csrf_token": staff.csrf_token()})
    assert "every 1s" in staff.get(f"/staff/domains/{service.id}", headers=HTMX).html
    jobs.check(service.id)
    assert "hx-get" not in staff.get(f"/staff/domains/{service.id}", headers=HTMX).html
    assert "確認済み" in staff.get(f"/staff/domains/{service.id}").text
    assert "shop.example.jp" in staff.get(f"/staff/contracts/{world.ours.contract.id}").text
    assert staff.get(f"/staff/domains/{domain.id}").status == 200
