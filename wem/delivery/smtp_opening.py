"""Opens a line to the mail server: greeting, EHLO or HELO, encryption, login."""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import replace
from functools import lru_cache

from wem.delivery.smtp import Server, Tls, Unreachable
from wem.delivery.smtp_commands import Offers, login_word, plain_login, read_offers
from wem.delivery.smtp_session import Lost, Session


async def open_session(server: Server) -> Session:
    """Return a line on which mail can be handed over; raises Unreachable."""
    loop = asyncio.get_running_loop()
    session = None
    try:
        async with asyncio.timeout(server.seconds):
            _, session = await loop.create_connection(lambda: Session(server.seconds), server.host, server.port)
            # Small writes wait for nobody's acknowledgement.
            session.transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await _greet(session, server)
            await _encrypt(session, server)
            await _log_in(session, server)
    except (OSError, Lost, ssl.SSLError, TimeoutError) as error:
        if session is not None:
            session.fail("not opened")
        raise Unreachable(f"{server}: {error or type(error).__name__}") from error
    except BaseException:
        if session is not None:
            session.fail("not opened")
        raise
    return session


async def _greet(session: Session, server: Server) -> None:
    greeting = await session.reply()
    if greeting.code != 220:
        raise Unreachable(f"{server}: {greeting.code} {greeting.text}")
    await _say_hello(session, server)


async def _say_hello(session: Session, server: Server) -> None:
    hello = await session.ask(f"EHLO {server.name}")
    if hello.code == 250:
        session.offers = read_offers(hello.text)
        return
    if hello.code >= 500:  # a server from before 1993
        hello = await session.ask(f"HELO {server.name}")
        session.offers = Offers()
    if hello.code != 250:
        raise Unreachable(f"{server}: {hello.code} {hello.text}")


async def _encrypt(session: Session, server: Server) -> None:
    if server.tls is Tls.off or not (session.offers.starttls or server.tls is Tls.require):
        return
    if not session.offers.starttls:
        raise Unreachable(f"{server}: offers no encryption")
    ready = await session.ask("STARTTLS")
    if ready.code != 220:
        if server.tls is Tls.require:
            raise Unreachable(f"{server}: {ready.code} {ready.text}")
        session.offers = replace(session.offers, starttls=False)
        return
    plain = session.transport
    context = _context(server.tls, server.ca_file)
    transport = await asyncio.get_running_loop().start_tls(plain, session, context, server_hostname=server.host)
    if transport is None:
        raise Lost("no encryption came about")
    session.encrypted(transport)
    # What was offered in clear is forgotten (RFC 3207 section 4.2).
    await _say_hello(session, server)


async def _log_in(session: Session, server: Server) -> None:
    if not server.user:
        return
    if not server.near and session.transport.get_extra_info("ssl_object") is None:
        raise Unreachable(f"{server}: the password is not sent over an open line")
    if "PLAIN" in session.offers.logins:
        reply = await session.ask(plain_login(server.user, server.password))
    elif "LOGIN" in session.offers.logins:
        reply = await session.ask("AUTH LOGIN")
        for word in (server.user, server.password):
            if reply.code == 334:
                reply = await session.ask(login_word(word))
    else:
        raise Unreachable(f"{server}: offers no login that we know")
    if reply.code != 235:
        raise Unreachable(f"{server}: {reply.code} {reply.text}")


@lru_cache(maxsize=4)
def _context(tls: Tls, ca_file: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_file or None)
    if tls is not Tls.require:
        # Who may be anybody may be this one; it is still better than nothing (RFC 7435).
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
