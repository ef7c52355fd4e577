"""A name server of the tests' own on loopback: answers what a test put into it, by UDP and TCP."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset


class NameServer:
    """Records by name and type; what is not there does not exist."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}
        self.failing: set[str] = set()  # names answered with SERVFAIL
        self.silent = False
        self.meanwhile: Callable[[], object] | None = None  # called with each question
        self.asked: list[tuple[str, str]] = []
        self.port = 0

    def clear(self) -> None:
        self.records.clear()
        self.failing.clear()
        self.asked.clear()
        self.silent = False
        self.meanwhile = None

    def text(self, name: str, *values: str) -> None:
        """Put TXT records at a name, each cut into strings of at most 255 characters."""
        self.records[(name, "TXT")] = [
            " ".join(
                '"' + value[at : at + 255].replace("\\", "\\\\").replace('"', '\\"') + '"'
                for at in range(0, max(len(value), 1), 255)
            )
            for value in values
        ]

    def alias(self, name: str, target: str) -> None:
        self.records[(name, "CNAME")] = [f"{target}."]

    def take_away(self, name: str) -> None:
        for kind in ("TXT", "CNAME", "A"):
            self.records.pop((name, kind), None)

    def answer(self, wire: bytes, most: int) -> bytes | None:
        """Return the answer to a query; cut off when it is longer than `most`, so that it is asked again by TCP."""
        query = dns.message.from_wire(wire)
        asked = query.question[0]
        name, kind = asked.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(asked.rdtype)
        self.asked.append((name, kind))
        if self.meanwhile is not None:
            self.meanwhile()
        if self.silent:
            return None
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        if name in self.failing:
            response.set_rcode(dns.rcode.SERVFAIL)
            return response.to_wire()
        if not any(known == name for known, _ in self.records):
            response.set_rcode(dns.rcode.NXDOMAIN)
        while (name, "CNAME") in self.records and kind != "CNAME":
            target = self.records[(name, "CNAME")][0]
            response.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "CNAME", target))
            name = target.rstrip(".")
        if (name, kind) in self.records:
            response.answer.append(dns.rrset.from_text_list(f"{name}.", 60, "IN", kind, self.records[(name, kind)]))
        whole = response.to_wire()
        if len(whole) <= most:
            return whole
        response.answer.clear()
        response.flags |= dns.flags.TC
        return response.to_wire()


@contextmanager
def running_name_server() -> Iterator[NameServer]:
    """Serve on a free port of loopback for as long as this lasts."""
    server = NameServer()

    class Datagram(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            wire, connection = self.request
            if (answer := server.answer(wire, 512)) is not None:
                connection.sendto(answer, self.client_address)

    class Stream(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            length = struct.unpack("!H", self.rfile.read(2))[0]
            if (answer := server.answer(self.rfile.read(length), 65535)) is not None:
                self.wfile.write(struct.pack("!H", len(answer)) + answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Stream, bind_and_activate=False) as tcp:
        tcp.daemon_threads = True
        tcp.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tcp.server_bind()
        tcp.server_activate()
        server.port = tcp.server_address[1]
        with socketserver.ThreadingUDPServer(("127.0.0.1", server.port), Datagram) as udp:
            udp.daemon_threads = True
            threads = [threading.Thread(target=each.serve_forever, args=(0.05,), daemon=True) for each in (tcp, udp)]
            for thread in threads:
                thread.start()
            try:
                yield server
            finally:
                tcp.shutdown()
                udp.shutdown()
                for thread in threads:
                    thread.join()
