"""One of the connections over which mail leaves: hands over one parcel after the other, two of them on the wire."""

from __future__ import annotations

import asyncio

from wem.delivery.message import Features
from wem.delivery.models import Stage
from wem.delivery.parcels import Books, Parcel
from wem.delivery.rules import without_addresses
from wem.delivery.smtp import CLOSING, Answer, Server, Unreachable
from wem.delivery.smtp_commands import mail_command, on_the_wire, rcpt_command
from wem.delivery.smtp_opening import open_session
from wem.delivery.smtp_session import Lost, Session
from wem.delivery.supplying import Supply

# A larger mail is written without its dot first: the dot leaves when we say so, not when a buffer has emptied.
AT_ONCE = 65536
_STAGES = ((Stage.mail, (250,)), (Stage.rcpt, (250, 251, 252)), (Stage.data, (354,)))


class Connection:
    """Takes parcels from the supply until there are none.

    With PIPELINING the MAIL, RCPT and DATA of the next parcel follow the final dot in one write (RFC 2920). The dot
    barrier: no dot leaves before what became of the parcel before is committed.
    """

    def __init__(self, supply: Supply, books: Books, server: Server) -> None:
        self.supply = supply
        self.books = books
        self.server = server
        self.session: Session | None = None
        self.opening = False
        # The parcel to be carried next, made already; and that whose MAIL, RCPT and DATA are on the wire.
        self._next: Parcel | None = None
        self._announced: Parcel | None = None
        # Whether the server still has a transaction that came to nothing.
        self._reset = False
        self._stage = Stage.mail
        self._barrier: asyncio.Future[None] | None = None

    @property
    def alive(self) -> bool:
        """Whether the line stands, or is about to."""
        return self.opening or (self.session is not None and self.session.lost is None)

    async def run(self) -> None:
        """Carry until the supply has no more; raises Unreachable once the parcels are given back."""
        try:
            while (parcel := self._next or await self.supply.take()) is not None:
                self._next = None
                await self._carry(parcel)
            await self._cross_barrier()
            if self.session is not None and self.session.lost is None:
                await self.session.quit()
        finally:
            if self._next is not None:
                self.supply.give_back(self._next)
                self._next = None
            self._drop()

    async def _carry(self, parcel: Parcel) -> None:
        if parcel.hold.stopped and parcel is not self._announced:
            self.supply.give_back(parcel)
            return
        try:
            session = await self._ready()
        except BaseException:
            self.supply.give_back(parcel)
            raise
        if parcel is not self._announced and not self._make(parcel, session):
            return
        self._stage = Stage.mail
        try:
            if session.offers.pipelining:
                if parcel is not self._announced:
                    session.write(self._envelope(parcel, session), 4 if self._reset else 3)
                # Rendered and signed while the replies travel.
                self._next = self._take_next(session)
                refusal = await self._read_envelope(session)
            else:
                refusal = await self._say_envelope(parcel, session)
        except Lost as error:
            self._lost_early(parcel, session, str(error))
            return
        self._announced = None
        session.mails += 1
        if refusal is not None:
            self._refused(parcel, refusal, session)
        elif await self._may_leave(parcel):
            await self._hand_over(parcel, session)
        else:
            # Nothing but this keeps a mail back after 354 (RFC 5321 section 4.1.1.4).
            self._drop()
            self.supply.give_back(parcel)

    async def _ready(self) -> Session:
        session = self.session
        spent = session is not None and session.mails >= self.server.mails
        if session is not None and spent and session.lost is None and self._announced is None:
            await session.quit()
        if session is None or session.lost is not None:
            self._drop()
            self.opening = True
            try:
                self.session = session = await open_session(self.server)
            finally:
                self.opening = False
        return session

    def _make(self, parcel: Parcel, session: Session) -> bool:
        """Make the mail as this server can take it; False when it is not to leave, which is then written down."""
        offers = session.offers
        outcome = parcel.prepare(Features(eight_bit=offers.eight_bit, utf8=offers.utf8))
        if outcome is None and offers.size and len(parcel.made.data) > offers.size:
            outcome = parcel.outcome(Answer(Stage.local, 552, "5.3.4 larger than the mail server takes"))
        if outcome is not None:
            self.books.record(parcel, outcome)
        return outcome is None

    def _take_next(self, session: Session) -> Parcel | None:
        """Return a parcel whose envelope may travel behind the dot of this one, if one waits."""
        if session.mails + 2 > self.server.mails:
            return None
        while (parcel := self.supply.take_now()) is not None:
            if self._make(parcel, session):
                return parcel
        return None

    def _envelope(self, parcel: Parcel, session: Session) -> bytes:
        mail, offers = parcel.made, session.offers
        reset = b"RSET\r\n" if self._reset else b""
        return reset + mail_command(mail, offers) + rcpt_command(mail, offers) + b"DATA\r\n"

    async def _read_envelope(self, session: Session) -> Answer | None:
        """Read what was pipelined; returns the refusal, None when the data may follow."""
        if self._reset and (await session.reply()).code != 250:
            session.fail("no RSET")
        self._reset = False
        refusal, heard = None, False
        for stage, good in _STAGES:
            if refusal is None:
                self._stage = stage
            try:
                reply = await session.reply()
            except Lost:
                if refusal is None:
                    raise
                return refusal
            if refusal is None and reply.code not in good:
                refusal = Answer(stage, reply.code, reply.text)
            heard = heard or (stage is Stage.rcpt and reply.code in good)
        if refusal is not None and reply.code == 354:
            # It wants data for nobody: an empty mail, which it must refuse (RFC 2920 section 3.1).
            await self._send_nothing(session, heard)
        return refusal

    async def _send_nothing(self, session: Session, heard: bool) -> None:
        if heard:
            session.fail("out of step")
            return
        try:
            session.write(b".\r\n", 1)
            await session.reply()
        except Lost:
            pass

    async def _say_envelope(self, parcel: Parcel, session: Session) -> Answer | None:
        """Say one command after the other, for servers that want it so; returns the refusal."""
        if self._reset and (await session.ask("RSET")).code != 250:
            session.fail("no RSET")
        self._reset = False
        commands = (mail_command(parcel.made, session.offers), rcpt_command(parcel.made, session.offers), b"DATA\r\n")
        for command, (stage, good) in zip(commands, _STAGES, strict=True):
            self._stage = stage
            session.write(command, 1)
            reply = await session.reply()
            if reply.code not in good:
                return Answer(stage, reply.code, reply.text)
        return None

    def _refused(self, parcel: Parcel, refusal: Answer, session: Session) -> None:
        self._reset = True
        if refusal.code == CLOSING or 200 <= (refusal.code or 0) < 400:
            self._drop()
        if refusal.of_the_server:
            self.supply.give_back(parcel)
            if session.mails <= 1 or refusal.code != CLOSING:
                raise Unreachable(f"{self.server}: {refusal.code} {without_addresses(refusal.text)}")
            # A kept line that the server closes, as servers do.
            return
        if not self._goes_back(parcel, refusal):
            self._barrier = self.books.answered(parcel, refusal)

    def _goes_back(self, parcel: Parcel, answer: Answer) -> bool:
        """Give a parcel back at which an MTA of ours closed the line: it ends for reasons of its own (RFC 5321 section
        3.8). Not twice, for then the reason may be the mail."""
        if answer.code != CLOSING or not self.server.ours or parcel.losses:
            return False
        parcel.losses += 1
        self.supply.give_back(parcel)
        return True

    def _lost_early(self, parcel: Parcel, session: Session, why: str) -> None:
        """The line was lost before the dot: the mail cannot have been taken, so it is tried once more."""
        self._drop()
        kept = session.mails > 0 and self._stage < Stage.rcpt
        if kept or not parcel.losses:
            parcel.losses += not kept
            self.supply.give_back(parcel)
        elif self._stage < Stage.rcpt:
            self.supply.give_back(parcel)
            raise Unreachable(f"{self.server}: {why}")
        else:
            self._barrier = self.books.answered(parcel, Answer(self._stage, None, why))

    async def _may_leave(self, parcel: Parcel) -> bool:
        """Cross the barrier and hear the last word on a parcel; nothing is awaited between that and its dot."""
        await self._cross_barrier()
        if (intent := parcel.intent()) is not None:
            await self.books.intend(parcel, intent)
        while (word := self.books.word_on(parcel)) is None:
            await self.books.next_round()
        return word

    async def _cross_barrier(self) -> None:
        if self._barrier is not None:
            await self._barrier
            self._barrier = None

    async def _hand_over(self, parcel: Parcel, session: Session) -> None:
        try:
            data = on_the_wire(parcel.made.data)
            if len(data) > AT_ONCE:
                session.write(data, 0)
                await session.drained()
                data = b""
                if not await self._may_leave(parcel):
                    self._drop()
                    self.supply.give_back(parcel)
                    return
            if self._next is not None:
                session.write(data + b".\r\n" + self._envelope(self._next, session), 4)
                self._announced = self._next
            else:
                session.write(data + b".\r\n", 1)
        except Lost as error:
            self._lost_early(parcel, session, str(error))
            return
        try:
            reply = await session.reply()
            answer = Answer(Stage.after_data, reply.code, reply.text)
            if reply.code == CLOSING or 300 <= reply.code < 400:
                self._drop()
        except Lost as error:
            self._drop()
            answer = Answer(Stage.after_data, None, str(error))
        if not self._goes_back(parcel, answer):
            self._barrier = self.books.answered(parcel, answer)

    def _drop(self) -> None:
        """Let go of the line without a word; what it announced was not taken."""
        if self.session is not None:
            self.session.fail("dropped")
        self.session, self._announced, self._reset = None, None, False
