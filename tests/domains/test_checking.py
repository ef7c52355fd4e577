"""Looking at a domain's records: with a name server of the tests' own, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from tests import factories
from tests.domains.publishing import key_name, publish
from tests.name_server import NameServer
from wem import clock, vault
from wem.accounts.rules import Role
from wem.audit import AuditEvent
from wem.db import db
from wem.domains import checking, claiming, founding, jobs, keys
from wem.domains.claiming import Refused
from wem.domains.models import SenderDomain, finding_of
from wem.domains.record_rules import RecordKind
from wem.domains.rules import DomainState, KeyKind, KeyState, NameProblem
from wem.outbox import OutboxMail
from wem.settings import settings

pytestmark = pytest.mark.both_databases


@pytest.fixture
def domain(world: factories.World) -> SenderDomain:
    made = factories.make_domain(world.ours.customer, "shop.example.jp", DomainState.checking)
    db.session.commit()
    return made


def look(domain: SenderDomain) -> DomainState:
    found = checking.check(domain.id)
    assert found is not None
    return found.state


def findings(domain: SenderDomain) -> dict[str, str]:
    return {
        record.host(domain.name): finding_of(domain, record)["finding"]
        for record in domain.records(settings().bounce_domain)
    }


def test_from_nothing_to_proven(domain: SenderDomain, name_server: NameServer) -> None:
    assert look(domain) is DomainState.checking
    assert set(findings(domain).values()) == {"missing"}
    publish(domain, name_server)
    assert look(domain) is DomainState.proven
    assert set(findings(domain).values()) == {"right"}
    assert domain.proven_at is not None and domain.dmarc_found and domain.return_path == "bounce.shop.example.jp"
    assert db.session.scalar(sa.select(AuditEvent.action).where(AuditEvent.action == "domain.prove"))


def test_the_key_alone_proves(domain: SenderDomain, name_server: NameServer) -> None:
    name_server.text(key_name(domain), domain.records("x")[0].value)
    assert look(domain) is DomainState.proven
    assert not domain.dmarc_found and domain.return_path is None


def test_what_people_get_wrong(domain: SenderDomain, name_server: NameServer) -> None:
    publish(domain, name_server)
    name_server.take_away(key_name(domain, 2))
    name_server.text(f"{key_name(domain, 2)}.{domain.name}", domain.records("x")[1].value)
    name_server.alias("bounce.shop.example.jp", "elsewhere.example.net")
    name_server.take_away("_dmarc.shop.example.jp")
    name_server.text("_dmarc.shop.example.jp", "p=none")
    look(domain)
    assert findings(domain) == {
        "wem1._domainkey": "right",
        "wem2._domainkey": "doubled",
        "_dmarc": "unreadable",
        "bounce": "other_target",
    }
    name_server.take_away("bounce.shop.example.jp")
    name_server.records[("bounce.shop.example.jp", "A")] = ["192.0.2.1"]
    look(domain)
    assert findings(domain)["bounce"] == "not_an_alias"
    name_server.take_away("_dmarc.shop.example.jp")
    name_server.text("_dmarc.shop.example.jp.shop.example.jp", "v=DMARC1; p=none")
    look(domain)
    assert findings(domain)["_dmarc"] == "doubled"
    assert not domain.dmarc_found


def test_aliases_on_the_way_are_followed(domain: SenderDomain, name_server: NameServer) -> None:
    record = domain.records("x")[0]
    name_server.alias(record.name, "key.hosting.example.net")
    name_server.text("key.hosting.example.net", record.value)
    name_server.alias("bounce.shop.example.jp", "mail.hosting.example.net")
    name_server.alias("mail.hosting.example.net", settings().bounce_domain)
    assert look(domain) is DomainState.proven
    assert domain.return_path_found


def test_a_policy_of_the_organisation_counts_below_it(world: factories.World, name_server: NameServer) -> None:
    domain = factories.make_domain(world.ours.customer, "news.shop.co.jp", DomainState.checking)
    db.session.commit()
    name_server.text("_dmarc.co.jp", "v=DMARC1; p=reject")
    look(domain)
    assert not domain.dmarc_found, "nobody's policy"
    name_server.text("_dmarc.shop.co.jp", "v=DMARC1; p=reject")
    look(domain)
    assert domain.dmarc_found


def test_a_domain_breaks_and_comes_back(domain: SenderDomain, name_server: NameServer) -> None:
    publish(domain, name_server)
    with time_machine.travel(clock.now(), tick=False) as now:
        assert look(domain) is DomainState.proven
        name_server.text(key_name(domain), "v=DMARC1; wrong")
        name_server.take_away(key_name(domain, 2))
        now.shift(timedelta(hours=1))
        assert look(domain) is DomainState.proven and domain.failing_since == clock.now()
        now.shift(timedelta(minutes=15))
        assert look(domain) is DomainState.broken
        publish(domain, name_server, RecordKind.dkim)
        now.shift(timedelta(minutes=10))
        assert look(domain) is DomainState.proven and domain.failing_since is None


def test_who_runs_a_customers_mail_is_told_once_that_a_domain_broke(
    world: factories.World, domain: SenderDomain, name_server: NameServer
) -> None:
    delegate = factories.make_member(world.ours.customer, Role.delegate)
    delegate.language = "en"
    db.session.commit()
    publish(domain, name_server)
    with time_machine.travel(clock.now(), tick=False) as now:
        look(domain)
        name_server.clear()
        now.shift(timedelta(hours=1))
        assert look(domain) is DomainState.proven and not told()
        for minutes in (15, 10):
            now.shift(timedelta(minutes=minutes))
            assert look(domain) is DomainState.broken
    mails = told()
    assert {mail.recipient for mail in mails} == {world.ours.owner.email, delegate.email} and len(mails) == 2
    subjects = {mail.recipient: mail.subject for mail in mails}
    assert subjects[world.ours.owner.email] == "送信ドメイン shop.example.jp のDNSレコードを直してください"
    assert subjects[delegate.email] == "Please mend the DNS records of shop.example.jp"
    assert all(f"/domains/{domain.id}" in mail.text and "shop.example.jp" in (mail.html or "") for mail in mails)


def told() -> list[OutboxMail]:
    return list(db.session.scalars(sa.select(OutboxMail).where(OutboxMail.kind == "domain_broken")))


def test_a_look_that_is_asked_for_during_another_still_comes(
    domain: SenderDomain, name_server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = checking.ask

    def meanwhile(question: checking.Question) -> dict[str, checking.Found]:
        found = ask(question)
        publish(domain, name_server)
        checking.have_checked(db.session.get_one(SenderDomain, domain.id))
        db.session.commit()
        return found

    monkeypatch.setattr(checking, "ask", meanwhile)
    assert look(domain) is DomainState.checking and domain.check_due
    monkeypatch.setattr(checking, "ask", ask)
    jobs.check_due()
    db.session.refresh(domain)
    assert domain.state is DomainState.proven and not domain.check_due


def test_of_two_who_add_a_domain_at_one_moment_one_is_told(
    world: factories.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = world.ours.owner
    claiming.add("twice.example.jp", keys.first_pairs(), world.ours.customer.id, by=owner.id)
    db.session.commit()
    # Both had looked before either wrote.
    monkeypatch.setattr(claiming, "name_for", lambda typed, customer_id: typed)
    with pytest.raises(Refused) as refused:
        claiming.add("twice.example.jp", keys.first_pairs(), world.ours.customer.id, by=owner.id)
    assert refused.value.problem is NameProblem.listed
    db.session.commit()
    assert len(db.session.scalars(sa.select(SenderDomain).where(SenderDomain.name == "twice.example.jp")).all()) == 1


def test_silence_breaks_nothing_for_a_day(domain: SenderDomain, name_server: NameServer) -> None:
    publish(domain, name_server)
    with time_machine.travel(clock.now(), tick=False) as now:
        look(domain)
        name_server.failing = {key_name(domain, number) for number in (1, 2)} | {"_dmarc.shop.example.jp"}
        now.shift(timedelta(hours=1))
        assert look(domain) is DomainState.proven
        now.shift(timedelta(hours=23))
        assert look(domain) is DomainState.proven
        assert domain.dmarc_found and domain.keys[0].found, "what was found before still counts"
        now.shift(timedelta(hours=1))
        assert look(domain) is DomainState.broken


def test_keys_change_after_half_a_year_and_the_old_one_is_erased(domain: SenderDomain, name_server: NameServer) -> None:
    publish(domain, name_server)
    with time_machine.travel(clock.now(), tick=False) as now:
        look(domain)
        first, second = domain.keys
        now.shift(timedelta(days=180))
        look(domain)
        assert (first.state, second.state) == (KeyState.past, KeyState.used)
        third = domain.key_in(KeyState.waiting)
        assert third is not None and third.selector == "wem3" and not third.found
        assert [key.selector for key in domain.signing_keys] == ["wem2"]
        assert first.sealed is not None and key_name(domain) in {each.name for each in domain.records("x")}
        now.shift(timedelta(days=7))
        look(domain)
        assert first.sealed is None and key_name(domain) not in {each.name for each in domain.records("x")}
        # The third is not published: nobody changes to it.
        now.shift(timedelta(days=400))
        assert look(domain) is DomainState.proven
        assert domain.key_in(KeyState.used) is second


def test_only_the_second_record_was_entered(domain: SenderDomain, name_server: NameServer) -> None:
    name_server.text(key_name(domain, 2), domain.records("x")[1].value)
    assert look(domain) is DomainState.proven
    assert [key.selector for key in domain.signing_keys] == ["wem2"]


def test_private_keys_are_sealed_for_their_domain(
    world: factories.World, app: Flask, domain: SenderDomain, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = factories.key_pairs()[0].private
    row = domain.keys[0]
    assert row.sealed is not None and private not in row.sealed and private[40:80] not in row.sealed
    keys.opened(row, domain)
    other = factories.make_domain(world.theirs.customer, "other.example.jp")
    with pytest.raises(vault.CannotOpen):
        keys.opened(row, other)
    changed = bytes([*row.sealed[:-1], row.sealed[-1] ^ 1])
    with pytest.raises(vault.CannotOpen):
        vault.open_sealed(changed, "dkim", domain.customer_id or 0, domain.name, row.selector)
    assert "PRIVATE" not in repr(factories.key_pairs()[0]) and str(private) not in repr(factories.key_pairs()[0])


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("no domain", NameProblem.not_a_domain),
        ("co.jp", NameProblem.public_suffix),
        ("shibuya.tokyo.jp", NameProblem.public_suffix),
        ("mail.wem.example", NameProblem.ours),
        ("x.mail.wem.example", NameProblem.ours),
        ("wem.example", NameProblem.ours),
        ("gmail.com", NameProblem.mail_provider),
        ("docomo.ne.jp", NameProblem.mail_provider),
        ("shop.example.jp", NameProblem.listed),
        ("theirs.example.jp", NameProblem.taken),
        ("sub.theirs.example.jp", NameProblem.taken),
        ("broken.example.jp", NameProblem.taken),
    ],
)
def test_names_that_are_refused(world: factories.World, domain: SenderDomain, typed: str, problem: NameProblem) -> None:
    factories.make_domain(world.theirs.customer, "theirs.example.jp")
    factories.make_domain(world.theirs.customer, "broken.example.jp", DomainState.broken)
    with pytest.raises(Refused) as refused:
        claiming.name_for(typed, world.ours.customer.id)
    assert refused.value.problem is problem


def test_a_domain_that_others_only_typed_is_free(world: factories.World) -> None:
    factories.make_domain(world.theirs.customer, "free.example.jp", DomainState.checking)
    assert claiming.name_for("free.example.jp", world.ours.customer.id) == "free.example.jp"


def test_of_two_who_prove_one_domain_the_first_has_it(
    world: factories.World, domain: SenderDomain, name_server: NameServer
) -> None:
    theirs = factories.make_domain(world.theirs.customer, "shop.example.jp", DomainState.checking)
    below = factories.make_domain(world.theirs.customer, "sub.shop.example.jp", DomainState.checking)
    db.session.commit()
    for each in (domain, theirs, below):
        publish(each, name_server)
    assert look(domain) is DomainState.proven
    assert look(theirs) is DomainState.checking
    assert look(below) is DomainState.checking


def test_the_database_lets_one_of_two_at_the_same_moment(world: factories.World, domain: SenderDomain) -> None:
    factories.make_domain(world.theirs.customer, "shop.example.jp", DomainState.broken)
    domain.state = DomainState.proven
    with pytest.raises(sa.exc.IntegrityError):
        db.session.flush()


def test_dns_is_asked_outside_transactions(domain: SenderDomain, name_server: NameServer) -> None:
    session, open_then = db.session(), []
    name_server.meanwhile = lambda: open_then.append(session.in_transaction())
    publish(domain, name_server)
    look(domain)
    assert open_then and not any(open_then)


def test_the_services_own_domain_is_made_once(app: Flask, name_server: NameServer) -> None:
    made = founding.service_domain()
    assert founding.service_domain().id == made.id and made.customer_id is None and made.name == "mail.wem.example"
    assert len(made.signing_keys) == 1
    publish(made, name_server)
    assert look(made) is DomainState.proven
    assert not any(record.kind is RecordKind.return_path for record in made.records("x"))


def test_the_timetables_job_looks_at_what_is_due(
    world: factories.World, domain: SenderDomain, name_server: NameServer
) -> None:
    later = factories.make_domain(world.ours.customer, "later.example.jp", DomainState.proven)
    later.check_at = clock.now() + timedelta(hours=1)
    db.session.commit()
    publish(domain, name_server)
    jobs.check_due()
    db.session.refresh(domain)
    assert domain.state is DomainState.proven and domain.check_at > clock.now()
    assert not any("later.example.jp" in name for name, _ in name_server.asked)
    assert SenderDomain.of_service("mail.wem.example") is not None
    asked = len(name_server.asked)
    jobs.check_due()
    assert len(name_server.asked) == asked, "nothing is due again"


def test_ed25519_signs_once_its_record_is_found(
    world: factories.World, app: Flask, name_server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "WEM", type(settings())(**{**vars(settings()), "DKIM_ED25519": "1"}))
    domain = factories.make_domain(world.ours.customer, "two.example.jp", DomainState.checking)
    db.session.commit()
    publish(domain, name_server)
    look(domain)
    second = domain.key_in(KeyState.used, KeyKind.ed25519)
    assert second is not None and [key.kind for key in domain.signing_keys] == [KeyKind.rsa]
    publish(domain, name_server)
    look(domain)
    assert [key.kind for key in domain.signing_keys] == [KeyKind.rsa, KeyKind.ed25519]
