"""Another dedicated URL (8-3): the old one leads on or says nothing, readers' links live on, the register has both."""

import pytest
import sqlalchemy as sa

from wem import tokens
from wem.accounts.models import ReturnedPage
from wem.audit import AuditEvent
from wem.cases import reporting
from wem.contracts import accepting, emergency
from wem.contracts.accepting import SlugTaken, Taken
from wem.contracts.emergency_models import StopVia
from wem.db import db
from wem.inbound.addresses import route_for
from wem.inbound.states import Route
from wem.lists import blank_addresses, lending, page_reissuing
from wem.lists.blank_addresses import CannotLend
from wem.lists.lending import LentKind
from wem.lists.page_reissuing import Unsuitable
from wem.notices.models import Notice
from wem.tokens import Purpose


def moved(world, slug="takahashi-x7k2", **values):
    given = {"leads_on": True, "reason": "悪用されたため", "by": world.admin.id, **values}
    page_reissuing.reissue(world.ours.contract, slug, **given)
    db.session.commit()


def test_the_owner_has_another_url(world, browser_for, public):
    owner = browser_for(world.ours.owner)
    assert browser_for(world.ours.editor).get("/contract/credentials/page").status == 403
    page = owner.get("/contract/credentials/page")
    suggested = page.form()["slug"]
    assert suggested.startswith("takahashi-") and "1件のリスト" in page.text
    for wrong in ("yamada", "takahashi", "support", "x"):
        assert owner.submit("/contract/credentials/page", {"slug": wrong, "reason": "悪用"}).status == 422
    owner.submit("/contract/credentials/page", {"slug": suggested, "reason": "悪用されたため"})
    db.session.expire_all()
    assert world.ours.customer.slug == suggested
    old, new = public.get("/h/takahashi/news/join?lang=ja"), public.get(f"/h/{suggested}/news/join")
    assert (old.status, new.status) == (410, 200)
    assert f"/h/{suggested}/news/join" in old.html
    assert public.post("/h/takahashi/join", {"email": "a@b.example"}).status == 410
    lent = owner.get("/contract/credentials").text
    assert f"/h/{suggested}/" in lent and "/h/takahashi/" in lent and "悪用されたため" in lent
    assert suggested in db.session.scalars(sa.select(Notice.text)).one()
    # Names are never lent twice.
    with pytest.raises(Unsuitable):
        page_reissuing.reissue(world.theirs.contract, "takahashi", leads_on=True, reason="x", by=1)


def test_after_misuse_the_old_address_leads_nowhere(world, browser_for, public):
    stop = emergency.report(world.ours.contract, StopVia.staff, by=world.admin.id, note="電話")
    db.session.commit()
    staff = browser_for(world.admin)
    path = f"/staff/contracts/{world.ours.contract.id}/page?stop={stop.id}"
    assert path in staff.get(f"/staff/emergency-stops/{stop.id}").html.replace("&amp;", "&")
    assert staff.get(f"/staff/contracts/{world.theirs.contract.id}/page?stop={stop.id}").status == 404
    page = staff.submit(path, {"slug": "Ｔakahashi-9", "reason": "緊急停止"})
    assert page.location == f"/staff/emergency-stops/{stop.id}"
    old = public.get("/h/takahashi/")
    assert old.status == 410 and "takahashi-9" not in old.html and "使われていません" in old.text
    actions = db.session.scalars(sa.select(AuditEvent.action).where(AuditEvent.subject == f"EmergencyStop {stop.id}"))
    assert "emergency.page" in set(actions)


def test_links_in_mails_live_on(world, public):
    reader = world.ours.readers[0].id
    links = [f"/u/{tokens.sign(Purpose.unsubscribe, reader, 0)}", f"/p/{tokens.sign(Purpose.preferences, reader)}"]
    before = [public.get(link).text for link in links]
    moved(world)
    assert [public.get(link).text for link in links] == before
    assert public.get(links[0]).status == 200


def test_the_old_name_is_known_as_the_customers_and_nobody_gets_it(world):
    moved(world)
    assert reporting.take("迷惑", "http://localhost:8001/h/takahashi/", "").customer_id == world.ours.customer.id
    assert route_for("takahashi@mail.wem.example") is Route.other
    with pytest.raises(CannotLend):
        blank_addresses.lend(world.theirs.mailing_list, "takahashi", by=None)
    with pytest.raises(SlugTaken):
        accepting.take_on(Taken("名", "メイ", "takahashi", "standard", world.ours.contract.start_date, {}), by=None)


@pytest.mark.both_databases
def test_the_register_has_each_with_its_days(world):
    moved(world)
    moved(world, "takahashi-third", reason="もう一度")
    pages = [row for row in lending.register(world.ours.contract) if row.kind is LentKind.page]
    assert [row.name.split("/h/")[1] for row in pages] == ["takahashi-third/", "takahashi/", "takahashi-x7k2/"]
    now, first, second = pages
    assert first.lent_at == world.ours.customer.created_at
    assert first.returned_at == second.lent_at and second.returned_at == now.lent_at and now.returned_at is None
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ReturnedPage)) == 2
