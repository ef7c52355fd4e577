"""A tiny IMAP server on loopback: one account, folders in memory, the commands that the poller sends (RFC 9051)."""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Stored:
    """A mail in a folder."""

    uid: int
    raw: bytes
    flags: set[str] = field(default_factory=set)


class ImapServer(socketserver.ThreadingTCPServer):
    """`folders` may be changed between two conversations; `refuse` names commands that are answered with NO."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, capabilities: str) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.capabilities = capabilities
        self.folders: dict[str, list[Stored]] = {"INBOX": [], "Done": []}
        self.refuse: set[str] = set()
        self.next_uid = 1
        self.port = int(self.server_address[1])

    def put(self, raw: bytes, *flags: str) -> None:
        self.folders["INBOX"].append(Stored(self.next_uid, raw, set(flags)))
        self.next_uid += 1


class _Conversation(socketserver.StreamRequestHandler):
    server: ImapServer
    folder = "INBOX"

    def handle(self) -> None:
        self.say(f"* OK [CAPABILITY IMAP4rev1 {self.server.capabilities}] ready")
        while line := self.rfile.readline().decode().strip():
            tag, _, rest = line.partition(" ")
            words = rest.split()
            command = " ".join(words[:2]).upper() if words[0].upper() == "UID" else words[0].upper()
            if command in self.server.refuse:
                self.say(f"{tag} NO not today")
                continue
            if command in ("UID COPY", "UID MOVE") and words[3].strip('"') not in self.server.folders:
                self.say(f"{tag} NO [TRYCREATE] no such folder")
                continue
            getattr(self, "do_" + command.lower().replace(" ", "_"))(rest)
            self.say(f"{tag} OK done")
            if command == "LOGOUT":
                return

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def do_capability(self, rest: str) -> None:
        self.say(f"* CAPABILITY IMAP4rev1 {self.server.capabilities}")

    def do_login(self, rest: str) -> None:
        assert rest.split()[1:] == ["collector", '"secret"'], rest

    def do_logout(self, rest: str) -> None:
        self.say("* BYE")

    def do_select(self, rest: str) -> None:
        self.folder = rest.partition(" ")[2].strip('"')
        self.say(f"* {len(self.mails)} EXISTS")

    @property
    def mails(self) -> list[Stored]:
        return self.server.folders[self.folder]

    def chosen(self, rest: str) -> Stored | None:
        return next((mail for mail in self.mails if mail.uid == int(rest.split()[2])), None)

    def do_uid_search(self, rest: str) -> None:
        assert "UNSEEN" in rest
        self.say(
            "* SEARCH " + " ".join(str(mail.uid) for mail in self.mails if not mail.flags & {"\\Seen", "\\Deleted"})
        )

    def do_uid_fetch(self, rest: str) -> None:
        if (mail := self.chosen(rest)) is None:
            return
        if "RFC822.SIZE" in rest:
            self.say(f"* 1 FETCH (UID {mail.uid} RFC822.SIZE {len(mail.raw)})")
            return
        assert "BODY.PEEK[]" in rest, "BODY[] would mark it as seen before it is kept"
        self.wfile.write(f"* 1 FETCH (UID {mail.uid} BODY[] {{{len(mail.raw)}}}\r\n".encode() + mail.raw + b")\r\n")

    def do_uid_store(self, rest: str) -> None:
        if mail := self.chosen(rest):
            mail.flags |= set(re.findall(r"\\\w+", rest))

    def do_uid_copy(self, rest: str) -> None:
        if mail := self.chosen(rest):
            self.server.folders[rest.split()[3].strip('"')].append(Stored(mail.uid, mail.raw))

    def do_uid_move(self, rest: str) -> None:
        self.do_uid_copy(rest)
        self.server.folders[self.folder] = [mail for mail in self.mails if mail.uid != int(rest.split()[2])]

    def do_create(self, rest: str) -> None:
        self.server.folders.setdefault(rest.partition(" ")[2].strip('"'), [])

    def do_uid_expunge(self, rest: str) -> None:
        number = int(rest.split()[2])
        kept = [mail for mail in self.mails if mail.uid != number or "\\Deleted" not in mail.flags]
        self.server.folders[self.folder] = kept


@contextmanager
def running_imap_server(capabilities: str = "") -> Iterator[ImapServer]:
    with ImapServer(capabilities) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
