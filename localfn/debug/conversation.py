"""One editor and the debugger of one worker, with a relay in between.

What an editor sees: its first message is held until a debugger has answered it; when the worker
ends, the session ends with the wish that the editor comes back; leaving never ends the worker.
"""

import logging
import socket
import threading
from collections.abc import Callable
from enum import Enum, auto
from typing import BinaryIO

from localfn.debug.clock import Clock
from localfn.debug.door import hang_up
from localfn.debug.messages import BrokenMessage, Message, message, read
from localfn.debug.quick import reading
from localfn.debug.target import Target

log = logging.getLogger(__name__)

RETRY_S = 0.03
# Where the numbers of our own questions to a debugger begin.
OWN_QUESTIONS = 1 << 30
# How long a debugger may take to let go, and an editor to say goodbye.
GOODBYE_LIMIT_S = 2.0
RESUMING = frozenset(
    {"continue", "next", "stepIn", "stepOut", "stepBack", "reverseContinue", "restartFrame"}
)
WORKER_ENDED = "the worker has ended"
LEAVING = frozenset({"disconnect", "terminate"})


class Phase(Enum):
    """How far a conversation is."""

    SEEKING = auto()
    TALKING = auto()
    LEAVING = auto()
    ENDED = auto()


class Conversation:
    """Carries messages both ways until one side leaves.

    `target` tells where the present worker's debugger is, None before there is one. `released` is
    called once, before the editor is told that it may come back. `over` says whether the program
    is about to end, so that nothing will follow. `clears`: the debugger would leave code held and
    breakpoints set when its editor goes, so they are taken back before that.
    """

    def __init__(
        self,
        link: socket.socket,
        clock: Clock,
        target: Callable[[], Target | None],
        released: Callable[["Conversation"], None],
        over: Callable[[], bool],
        *,
        clears: bool = False,
    ) -> None:
        self._link = link
        self._stream: BinaryIO = link.makefile("rb")
        self._clock = clock
        self._target = target
        self._aimed: Target | None = None
        self._released = released
        self._over = over
        self._phase = Phase.SEEKING
        self._first: Message | None = None
        self._held: list[Message] = []
        self._pending: dict[int, str] = {}
        self._debugger: socket.socket | None = None
        self._said = 0
        self._clears = clears
        self._sources: dict[str, object] = {}
        self._held_thread: object = None
        self._own_questions: set[int] = set()
        self._lock = threading.RLock()
        self._to_editor = threading.Lock()
        self._gone = threading.Event()
        self._let_go = threading.Event()
        self.configured = threading.Event()
        self.comes_back = False

    def open(self) -> Message | None:
        """Return the editor's first message, None when it leaves without one."""
        self._first = self._next()
        return self._first

    def close(self) -> None:
        """Give the connection back. Only for the thread that reads from it."""
        hang_up(self._link)
        self._stream.close()

    def refuse(self, reason: str) -> None:
        """Answer the first message with an error that the editor shows."""
        assert self._first is not None
        self._answer(self._first, reason)

    def run(self) -> None:
        """Serve the editor until it leaves."""
        threading.Thread(target=self._lead, name="debugger", daemon=True).start()
        try:
            while not self._gone.is_set() and (asked := self._next()):
                self._from_editor(asked)
        finally:
            self.end()

    def end(self) -> None:
        """Hang up on both sides; code that was held runs on. May be called twice."""
        self._gone.set()
        with self._lock:
            if self._phase is Phase.TALKING:
                self._say_goodbye()
            self._phase = Phase.ENDED
        hang_up(self._debugger)
        hang_up(self._link)
        self._release()

    @property
    def has_ended(self) -> bool:
        """Return whether the worker has gone, and only the editor's goodbye is missing."""
        return self._phase is Phase.ENDED

    def finish(self) -> None:
        """Tell the editor that the session is over, and let it say goodbye.

        An editor whose goodbye is not answered keeps its user waiting.
        """
        self._end_session()
        self._gone.wait(GOODBYE_LIMIT_S)

    # --- from the editor ------------------------------------------------------------------------

    def _next(self) -> Message | None:
        try:
            return read(self._stream)
        except (BrokenMessage, OSError, ValueError) as error:
            log.debug("the editor left: %s", error)
            return None

    def _from_editor(self, asked: Message) -> None:
        with self._lock:
            phase = self._phase
            if phase is Phase.SEEKING and asked.name not in LEAVING:
                self._held.append(asked)
                return
            if phase is Phase.TALKING and asked.name not in LEAVING:
                self._forward(asked)
                return
        if phase is Phase.TALKING:
            self._leave(asked)
        else:
            self._without_debugger(asked)

    def _forward(self, asked: Message) -> None:
        if asked.kind == "request":
            self._pending[asked.seq] = asked.name
        if asked.name == "attach" and self._aimed is not None:
            fitting = self._aimed.corrected(asked.arguments)
            asked = message({**asked.told, "arguments": fitting})
        if asked.name in RESUMING:
            self._clock.run()
        if asked.name == "setBreakpoints":
            source = asked.arguments.get("source")
            self._sources[repr(source)] = source
        self._ask(asked)
        if asked.name == "configurationDone":
            self.configured.set()
            self._clock.run()

    def _leave(self, asked: Message) -> None:
        """Let the worker go without ending it, which is all that leaving means here."""
        if asked.name == "terminate":
            self._answer(asked)
            self._tell({"type": "event", "event": "terminated"})
            return
        with self._lock:
            ended = self._phase is not Phase.TALKING
            if not ended:
                self._phase = Phase.LEAVING
                self._pending[asked.seq] = asked.name
                kept = {**asked.arguments, "restart": False, "terminateDebuggee": False}
                self._clear()
                self._ask(message({**asked.told, "arguments": kept}))
        if ended:
            self._without_debugger(asked)
            return
        # A debugger that cannot run now (code that never gives way) does not hold the editor.
        if not self._let_go.wait(GOODBYE_LIMIT_S):
            self._release()
            self._answer(asked)
        self._gone.set()

    def _without_debugger(self, asked: Message) -> None:
        """Answer for a debugger that is not there."""
        if asked.name not in LEAVING:
            self._answer(asked, WORKER_ENDED)
            return
        self._release()
        self._answer(asked)
        self._gone.set()

    # --- from the debugger ----------------------------------------------------------------------

    def _lead(self) -> None:
        stream = self._seek()
        if stream is not None:
            with stream:
                self._follow(stream)
        if not self._gone.is_set():
            self._end_session()

    def _follow(self, stream: BinaryIO) -> None:
        """Pass on what the debugger says until it goes."""
        try:
            while (told := read(stream)) and self._from_debugger(told):
                pass
        except (BrokenMessage, OSError, ValueError) as error:
            log.debug("the debugger left: %s", error)

    def _seek(self) -> BinaryIO | None:
        """Return the stream of a debugger that has answered; None when the editor left."""
        while not self._gone.is_set():
            aimed = self._target()
            link = aimed.dial() if aimed is not None else None
            if link is not None:
                with self._lock:
                    self._debugger, self._aimed = link, aimed
                stream = self._introduce(link)
                if stream is not None:
                    return stream
                link.close()
            self._gone.wait(RETRY_S)
        return None

    def _introduce(self, link: socket.socket) -> BinaryIO | None:
        """Pass the first message on; return the stream once it has been answered.

        That somebody takes the connection proves nothing: a container's published port does so
        for a debugger that is not there yet.
        """
        assert self._first is not None
        stream = reading(link)
        answers = []
        try:
            link.sendall(self._first.raw)
            while told := read(stream):
                answers.append(told)
                if told.kind == "response" and told.request_seq == self._first.seq:
                    self._begin(answers)
                    return stream
        except (BrokenMessage, OSError, ValueError) as error:
            log.debug("no debugger yet: %s", error)
        stream.close()
        return None

    def _begin(self, answers: list[Message]) -> None:
        with self._lock:
            held, self._held = self._held, []
            self._phase = Phase.TALKING
            for each in held:
                self._forward(each)
        # Only now: an editor that has its answer talks with a debugger.
        for each in answers:
            self._said = each.seq
            self._send(each)

    def _from_debugger(self, told: Message) -> bool:
        """Pass a message on; return False when it was the last."""
        self._said = told.seq
        if told.kind == "event":
            return self._event(told)
        if told.kind == "response" and told.request_seq in self._own_questions:
            return True
        if told.kind == "response":
            self._response(told)
        self._send(told)
        if told.kind == "response" and told.name == "disconnect":
            self._let_go.set()
            return False
        return True

    def _event(self, told: Message) -> bool:
        if told.name == "stopped":
            body = told.told.get("body")
            self._held_thread = body.get("threadId") if isinstance(body, dict) else None
            self._clock.stand()
        elif told.name == "continued":
            self._clock.run()
        elif told.name in ("terminated", "exited") and self._phase is Phase.TALKING:
            # The editor's session outlives the worker.
            return told.name != "terminated"
        self._send(told)
        return True

    def _response(self, told: Message) -> None:
        self._pending.pop(told.request_seq, None)
        if told.name in RESUMING and told.told.get("success") is False:
            self._clock.stand()
        if told.name == "disconnect":
            self._release()

    # --- the end --------------------------------------------------------------------------------

    def _end_session(self) -> None:
        """Tell the editor that this worker's session has ended, and to come back for the next."""
        with self._lock:
            if self._phase is Phase.ENDED:
                return
            was, self._phase = self._phase, Phase.ENDED
        if was is Phase.LEAVING:
            self._let_go_unanswered()
            return
        hang_up(self._debugger)
        self._clock.run()
        reason = "localfn has ended, its terminal says why" if self._over() else WORKER_ENDED
        for each in self._unanswered(was):
            # What resumed code that then came to its end has been done.
            self._answer(each, "" if each.name in RESUMING else reason)
        self.comes_back = not self._over()
        told: dict[str, object] = {"type": "event", "event": "terminated"}
        self._tell({**told, "body": {"restart": True}} if self.comes_back else told)
        # An editor that does not say goodbye must not keep the next from coming.
        if not self._gone.wait(GOODBYE_LIMIT_S):
            self.end()

    def _unanswered(self, phase: Phase) -> list[Message]:
        if phase is Phase.SEEKING:
            return [each for each in (self._first, *self._held) if each is not None]
        return [_request(seq, command) for seq, command in tuple(self._pending.items())]

    def _let_go_unanswered(self) -> None:
        self._release()
        for each in self._unanswered(Phase.LEAVING):
            self._answer(each)
        self._let_go.set()

    def _say_goodbye(self) -> None:
        """Let the worker go when the editor was killed, so that what it held runs on."""
        self._clear()
        self._question("disconnect", {"terminateDebuggee": False, "restart": False})

    def _clear(self) -> None:
        """Take back the editor's breakpoints and let held code run, if the debugger does not."""
        if not self._clears:
            return
        for source in self._sources.values():
            self._question("setBreakpoints", {"source": source, "breakpoints": []})
        if self._clock.stands and self._held_thread is not None:
            self._question("continue", {"threadId": self._held_thread})

    def _question(self, command: str, arguments: dict[str, object]) -> None:
        """Ask the debugger something that the editor does not know of."""
        # Behind all numbers that an editor may still come to.
        seq = OWN_QUESTIONS + len(self._own_questions)
        self._own_questions.add(seq)
        self._ask(message({**_request(seq, command).told, "arguments": arguments}))

    def _release(self) -> None:
        with self._lock:
            released, self._released = self._released, _nobody
        # A worker that waits for an editor still waits, now for another.
        if self.configured.is_set():
            self._clock.run()
        released(self)

    # --- sending --------------------------------------------------------------------------------

    def _ask(self, asked: Message) -> None:
        assert self._debugger is not None
        try:
            self._debugger.sendall(asked.raw)
        except OSError as error:  # its reader notices too
            log.debug("the debugger does not listen: %s", error)

    def _answer(self, asked: Message, error: str = "") -> None:
        told: dict[str, object] = {
            "type": "response",
            "request_seq": asked.seq,
            "command": asked.name,
            "success": not error,
        }
        if error:
            told["message"] = error
            told["body"] = {"error": {"id": 1, "format": error, "showUser": True}}
        self._tell(told)

    def _tell(self, told: dict[str, object]) -> None:
        self._said += 1
        self._send(message({"seq": self._said, **told}))

    def _send(self, told: Message) -> None:
        with self._to_editor:
            try:
                self._link.sendall(told.raw)
            except OSError as error:  # its reader notices too
                log.debug("the editor does not listen: %s", error)


def _request(seq: int, command: str) -> Message:
    return message({"seq": seq, "type": "request", "command": command})


def _nobody(_: Conversation) -> None:
    return
