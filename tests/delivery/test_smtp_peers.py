"""Mail servers of every kind, scripted: what they lack, how they refuse, where they break off."""

from __future__ import annotations

import dataclasses
import datetime
import ipaddress
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask

from tests import factories
from tests.delivery.dispatches import counters, make_dispatch, send_all, states
from tests.delivery.scripted_peer import DROP, OFFERS, SILENCE, Peer, scripted_peer
from wem import clock
from wem.db import db
from wem.delivery.models import Attempt, Batch, BatchState, Dispatch, DispatchState, Retry, Stage
from wem.delivery.pace_models import ProviderState
from wem.delivery.smtp_commands import Offers, on_the_wire, read_offers
from wem.delivery.smtp_replies import Garbage, Replies, Reply

READERS = 12
Script = Callable[[str, str], str | None]


@contextmanager
def sending_to(app: Flask, peer: Peer, **changed: str) -> Iterator[Peer]:
    """Have the application send to this peer."""
    right = app.config["WEM"]
    with scripted_peer(peer):
        there = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(peer.port), "SMTP_CONNECTIONS": "2", **changed}
        app.config["WEM"] = dataclasses.replace(right, **there)
        try:
            yield peer
        finally:
            app.config["WEM"] = right


@pytest.fixture
def dispatch(world: factories.World) -> Dispatch:
    """A mailing to twelve readers: three of the world, and r0 to r8."""
    for number in range(READERS - 3):
        factories.make_subscriber(world.ours.mailing_list, f"r{number}@more.example.com")
    db.session.commit()
    return make_dispatch(world.ours.mailing_list)


def without(*names: str) -> tuple[str, ...]:
    return tuple(offer for offer in OFFERS if offer.split(" ")[0] not in names)


def stages(dispatch: Dispatch) -> list[tuple[Stage, int | None]]:
    rows = db.session.execute(sa.select(Attempt.stage, Attempt.code).where(Attempt.dispatch_id == dispatch.id))
    return [(row.stage, row.code) for row in rows]


@pytest.mark.parametrize("lacking", ["", "PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE", "DSN"])
def test_a_server_may_lack_an_extension(app: Flask, dispatch: Dispatch, lacking: str) -> None:
    with sending_to(app, Peer(offers=without(lacking))) as peer:
        assert not send_all()
    assert states(dispatch) == counters(dispatch) == {"accepted": READERS}
    assert len(set(peer.recipients)) == len(peer.mails) == READERS
    said = "\n".join(peer.said)
    assert ("SIZE=" in said) == (lacking != "SIZE")
    assert ("ENVID=" in said and "NOTIFY=FAILURE,DELAY" in said) == (lacking != "DSN")
    assert (peer.in_one_piece == 1) == (lacking == "PIPELINING")


def test_a_server_that_knows_only_helo(app: Flask, dispatch: Dispatch) -> None:
    def script(command: str, recipient: str) -> str | None:
        return "502 5.5.1 what?" if command == "EHLO" else None

    with sending_to(app, Peer(script=script)) as peer:
        send_all()
    assert counters(dispatch) == {"accepted": READERS}
    assert peer.in_one_piece == 1
    assert all(" SIZE=" not in line for line in peer.said)


@pytest.mark.parametrize("hungry", [False, True], ids=["503 to DATA", "354 to DATA"])
def test_a_refused_recipient_in_a_pipeline(app: Flask, dispatch: Dispatch, hungry: bool) -> None:
    """RFC 2920 section 3.1: after 354 for nobody an empty mail is sent, and it must not count as anything."""

    def script(command: str, recipient: str) -> str | None:
        return "550 5.1.1 unknown" if command == "RCPT" and recipient[:2] in ("r0", "r3", "r4", "r8") else None

    with sending_to(app, Peer(script=script, hungry=hungry)) as peer:
        send_all()
    assert states(dispatch) == counters(dispatch) == {"accepted": READERS - 4, "bounced": 4}
    assert len(set(peer.recipients)) == len(peer.mails) == READERS - 4
    assert peer.said.count("nothing: b''") == (4 if hungry else 0)
    assert peer.connections <= 2


@pytest.mark.parametrize("offers", [OFFERS, without("PIPELINING")], ids=["pipelined", "one by one"])
@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "."])
def test_a_line_that_breaks_off_once(app: Flask, dispatch: Dispatch, command: str, offers: tuple[str, ...]) -> None:
    """Before the dot nothing can have been taken and it is sent again; after it nobody knows."""
    dropped = []

    def script(heard: str, recipient: str) -> str | None:
        if heard == command and (recipient.startswith("r4") or command == "MAIL") and not dropped:
            dropped.append(recipient)
            return DROP
        return None

    with sending_to(app, Peer(script=script, offers=offers)) as peer:
        send_all()
    uncertain = {"uncertain": 1} if command == "." else {}
    assert states(dispatch) == counters(dispatch) == {"accepted": READERS - len(uncertain)} | uncertain
    assert len(set(peer.recipients)) == len(peer.mails) == READERS


@pytest.mark.parametrize(
    ("command", "answer", "outcome", "stage"),
    [
        ("MAIL", "451 4.3.2 later", "deferred", Stage.mail),
        ("MAIL", "550 5.7.1 not from you", "deferred", Stage.mail),
        ("RCPT", "421 4.7.0 too many", "deferred", Stage.rcpt),
        ("DATA", "250 what?", "deferred", Stage.data),
        ("DATA", "421 4.3.2 closing", "deferred", Stage.data),
        ("DATA", "451 4.7.1 not now", "deferred", Stage.data),
        (".", "421 4.3.2 closing", "deferred", Stage.after_data),
        (".", "554 5.7.1 spam", "bounced", Stage.after_data),
    ],
)
def test_an_answer_to_one_harms_no_other(
    app: Flask, dispatch: Dispatch, command: str, answer: str, outcome: str, stage: Stage
) -> None:
    def script(heard: str, recipient: str) -> str | None:
        return answer if heard == command and (recipient.startswith("r4") or heard == "MAIL") and one(heard) else None

    seen: list[str] = []

    def one(heard: str) -> bool:
        seen.append(heard)
        return len(seen) == (5 if heard == "MAIL" else 1)

    with sending_to(app, Peer(script=script), SMTP_CONNECTIONS="1", SMTP_SPEAKS_FOR="providers") as peer:
        send_all()
    assert states(dispatch) == counters(dispatch) == {"accepted": READERS - 1, outcome: 1}
    assert [each for each, _ in stages(dispatch)] == [stage]
    assert len(set(peer.recipients)) == len(peer.mails) == READERS - 1
    slowed = bool(db.session.scalars(sa.select(ProviderState)).all())
    assert slowed == (stage is not Stage.mail and ("421" in answer or "4.7." in answer))


@pytest.mark.parametrize("offers", [OFFERS, without("PIPELINING")], ids=["pipelined", "one by one"])
@pytest.mark.parametrize("command", ["RCPT", "DATA", "."])
def test_an_mta_of_ours_that_closes_speaks_of_nobody_else(
    app: Flask, dispatch: Dispatch, command: str, offers: tuple[str, ...]
) -> None:
    said: list[str] = []

    def script(heard: str, recipient: str) -> str | None:
        if heard == command and recipient.startswith("r4") and not said:
            said.append(heard)
            return "421 4.7.0 shutting down"
        return None

    with sending_to(app, Peer(script=script, offers=offers)) as peer:
        send_all()
    assert said and counters(dispatch) == {"accepted": READERS} and not stages(dispatch)
    assert len(set(peer.recipients)) == len(peer.mails) == READERS
    assert not db.session.scalars(sa.select(ProviderState)).all()


@pytest.mark.parametrize(
    ("command", "answer", "stage"),
    [
        ("RCPT", "421 4.7.0 never", Stage.rcpt),
        ("DATA", "421 4.7.0 never", Stage.data),
        (".", "421 4.7.0 never", Stage.after_data),
        ("RCPT", "451 4.7.1 not this one", Stage.rcpt),
    ],
)
def test_one_that_an_mta_of_ours_never_takes_is_tried_later_and_slows_no_provider(
    app: Flask, dispatch: Dispatch, command: str, answer: str, stage: Stage
) -> None:
    def script(heard: str, recipient: str) -> str | None:
        return answer if heard == command and recipient.startswith("r4") else None

    with sending_to(app, Peer(script=script)) as peer:
        send_all()
    assert counters(dispatch) == {"accepted": READERS - 1, "deferred": 1}
    assert stages(dispatch) == [(stage, int(answer[:3]))]
    assert len(peer.mails) == READERS - 1
    assert not db.session.scalars(sa.select(ProviderState)).all()


def test_a_kept_line_that_the_server_closes_costs_nothing(app: Flask, dispatch: Dispatch) -> None:
    heard: list[str] = []

    def script(command: str, recipient: str) -> str | None:
        heard.append(command)
        return "421 4.3.2 enough of you" if command == "MAIL" and heard.count("MAIL") in (4, 7) else None

    with sending_to(app, Peer(script=script)) as peer:
        send_all()
    assert counters(dispatch) == {"accepted": READERS}
    assert len(peer.mails) == READERS


@pytest.mark.parametrize("offers", [OFFERS, without("PIPELINING")], ids=["pipelined", "one by one"])
@pytest.mark.parametrize("after", [0, 3])
@pytest.mark.parametrize(
    "answer", ["452 4.3.1 Insufficient system storage", "452 no room", "421 4.3.2 come back later"]
)
def test_a_server_without_room_harms_nobody(
    app: Flask, dispatch: Dispatch, answer: str, after: int, offers: tuple[str, ...]
) -> None:
    """A full disk or a deep queue of our own server says nothing of a reader, and nothing of a provider."""

    def script(command: str, recipient: str) -> str | None:
        return answer if command == "MAIL" and len(peer.mails) >= after else None

    began = clock.now()
    with sending_to(app, Peer(script=script, offers=offers)) as peer:
        assert not send_all()
    taken = len(peer.mails)
    assert after <= taken < READERS
    assert counters(dispatch) == ({"accepted": taken} if taken else {}) | {"pending": READERS - taken}
    assert not stages(dispatch)
    assert not db.session.scalars(sa.select(Retry)).all()
    assert not db.session.scalars(sa.select(ProviderState)).all()
    [batch] = db.session.scalars(sa.select(Batch)).all()
    assert batch.state is BatchState.ready
    assert batch.not_before > began


def test_what_is_said_of_the_sender_slows_no_provider(app: Flask, dispatch: Dispatch) -> None:
    """Before the recipient is named an answer cannot come from the provider that takes the recipient's mail."""
    said: list[str] = []

    def script(command: str, recipient: str) -> str | None:
        if command == "MAIL" and not said:
            said.append(command)
            return "451 4.7.1 slow down"
        return None

    with sending_to(app, Peer(script=script)):
        send_all()
    assert counters(dispatch) == {"accepted": READERS - 1, "deferred": 1}
    assert not db.session.scalars(sa.select(ProviderState)).all()


def test_a_line_carries_so_many_mails_and_no_more(app: Flask, dispatch: Dispatch) -> None:
    with sending_to(app, Peer(), SMTP_CONNECTIONS="1", SMTP_MAILS_PER_CONNECTION="5") as peer:
        send_all()
    assert counters(dispatch) == {"accepted": READERS}
    assert peer.connections == 3
    assert peer.said.count("QUIT") == 3


@pytest.mark.parametrize(
    "garbage",
    [
        "hello",
        "99",
        "250-one\r\n251 two",
        "250 ok\r\n250 and another\r\n250 more\r\n250 much\r\n250 too many",
        "x" * 5000,
    ],
)
def test_garbage_is_never_taken_for_a_yes(app: Flask, dispatch: Dispatch, garbage: str) -> None:
    def script(command: str, recipient: str) -> str | None:
        return garbage if command == "." and recipient.startswith("r4") else None

    with sending_to(app, Peer(script=script), SMTP_CONNECTIONS="1") as peer:
        send_all()
    assert states(dispatch) == counters(dispatch) == {"accepted": READERS - 1, "uncertain": 1}
    assert len(peer.mails) == len(set(peer.recipients)) == READERS


def test_a_server_that_falls_silent_is_given_up(app: Flask, dispatch: Dispatch) -> None:
    def script(command: str, recipient: str) -> str | None:
        return SILENCE if command == "." and recipient.startswith("r4") else None

    with sending_to(app, Peer(script=script), LEASE_SECONDS="12") as peer:  # it is waited for half as long
        send_all()
    assert counters(dispatch) == {"accepted": READERS - 1, "uncertain": 1}
    assert len(peer.mails) == READERS - 1


@pytest.mark.parametrize("greeting", ["421 4.3.2 not now", "554 no", "hello"])
def test_a_server_that_does_not_want_us_harms_nobody(app: Flask, dispatch: Dispatch, greeting: str) -> None:
    with sending_to(app, Peer(greeting=greeting)):
        assert not send_all()
    assert counters(dispatch) == {"pending": READERS}
    [batch] = db.session.scalars(sa.select(Batch)).all()
    assert batch.state is BatchState.ready
    assert batch.not_before > clock.now()
    assert dispatch.state is DispatchState.sending


def test_a_mail_that_is_too_large_for_the_server_is_not_sent(app: Flask, dispatch: Dispatch) -> None:
    with sending_to(app, Peer(offers=(*without("SIZE"), "SIZE 500"))) as peer:
        send_all()
    assert counters(dispatch) == {"bounced": READERS}
    assert not peer.mails


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Return what a server shows for 127.0.0.1, and the file that says whom to believe."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "peer")])
    at = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(at - datetime.timedelta(days=1))
        .not_valid_after(at + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    shown, secret = folder / "certificate.pem", folder / "key.pem"
    shown.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(shown, secret)
    return context, shown


@pytest.mark.parametrize("way", ["PLAIN", "LOGIN"])
def test_encryption_and_login(app: Flask, dispatch: Dispatch, tmp_path: Path, way: str) -> None:
    context, shown = certificate(tmp_path)
    peer = Peer(offers=(*OFFERS, "STARTTLS", f"AUTH {way}"), certificate=context, login=("wem", "geheim"))
    login = {"SMTP_TLS": "require", "SMTP_CA_FILE": str(shown), "SMTP_USER": "wem", "SMTP_PASSWORD": "geheim"}
    with sending_to(app, peer, SMTP_CONNECTIONS="1", **login):
        send_all()
    assert counters(dispatch) == {"accepted": READERS}
    assert len(peer.mails) == READERS
    assert peer.said[:3] == ["EHLO mail.wem.example", "STARTTLS", "EHLO mail.wem.example"]


@pytest.mark.parametrize(
    ("changed", "offers"),
    [
        ({"SMTP_TLS": "require"}, (*OFFERS, "STARTTLS")),  # nobody vouches for the certificate
        ({"SMTP_TLS": "require"}, OFFERS),
        ({"SMTP_TLS": "try", "SMTP_USER": "wem", "SMTP_PASSWORD": "wrong"}, (*OFFERS, "STARTTLS", "AUTH PLAIN")),
        ({"SMTP_USER": "wem", "SMTP_PASSWORD": "geheim"}, OFFERS),
    ],
    ids=["unknown certificate", "no encryption", "wrong password", "no login offered"],
)
def test_no_mail_leaves_where_the_line_is_not_as_it_must_be(
    app: Flask, dispatch: Dispatch, tmp_path: Path, changed: dict[str, str], offers: tuple[str, ...]
) -> None:
    context, _ = certificate(tmp_path)
    with sending_to(app, Peer(offers=offers, certificate=context, login=("wem", "geheim")), **changed) as peer:
        assert not send_all()
    assert counters(dispatch) == {"pending": READERS}
    assert not peer.mails
    assert not any("geheim" in line for line in peer.said)


def test_replies_are_cut_from_any_pieces() -> None:
    whole = b"250-one\r\n250-two\r\n250 three\r\n354\r\n550 5.1.1 no\n"
    wanted = [Reply(250, "one\ntwo\nthree"), Reply(354, ""), Reply(550, "5.1.1 no")]
    for size in (1, 2, 3, 7, len(whole)):
        reading, found = Replies(), []
        for start in range(0, len(whole), size):
            found += reading.feed(whole[start : start + size])
        assert found == wanted
        assert reading.empty


@pytest.mark.parametrize("line", [b"abc\r\n", b"25\r\n", b"150 early\r\n", b"600 late\r\n", b"250_x\r\n", b"\r\n"])
def test_what_is_no_reply_is_said_to_be_none(line: bytes) -> None:
    with pytest.raises(Garbage):
        Replies().feed(line)


def test_a_reply_has_an_end() -> None:
    with pytest.raises(Garbage):
        Replies().feed((b"250-" + b"x" * 100 + b"\r\n") * 1000)


def test_offers_are_read_as_servers_write_them() -> None:
    text = "mx.example\nPIPELINING\nsize 1000\nAUTH=LOGIN\nAUTH PLAIN XOAUTH2\n8bitmime\nSIZE"
    logins = frozenset(("LOGIN", "PLAIN", "XOAUTH2"))
    assert read_offers(text) == Offers(pipelining=True, eight_bit=True, size=1000, logins=logins)
    assert read_offers("mx.example") == Offers()
    assert read_offers("mx.example\nSIZE what").size == 0


@pytest.mark.parametrize(
    ("data", "wire"),
    [
        (b"a\r\n.\r\nb\r\n", b"a\r\n..\r\nb\r\n"),
        (b".a\r\n", b"..a\r\n"),
        (b"a\r\n..\r\n", b"a\r\n...\r\n"),
        (b"a", b"a\r\n"),
        (b"", b"\r\n"),
    ],
)
def test_no_line_of_a_mail_looks_like_its_end(data: bytes, wire: bytes) -> None:
    assert on_the_wire(data) == wire
