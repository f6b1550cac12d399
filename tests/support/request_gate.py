"""A TCP relay that knows the messages it relays, and lets one of them meet a fault.

To lose one message and deliver the next is nothing that TCP does. So a message that is dropped
takes with it all that follows in its direction, until the gate is healed: then such a connection is
reset, as by a router that forgot it.
"""

import contextlib
import selectors
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from support.frames import Frame

TICK_S = 0.02
# As the hit of a rule: each such message until the gate is healed.
EVERY = 0
RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Rule:
    """`action` on the `hit`-th message of a kind since the rule was set: drop, delay (by `for_s`),
    reset, cut (half of it arrives, then the end), hold (until the gate is healed), or answer (it
    does not arrive; the gate answers it by `reply`)."""

    side: str
    kind: str
    hit: int
    action: str
    for_s: float = 0.8
    reply: Callable[[bytes], bytes] | None = None

    def __str__(self) -> str:
        return f"{self.action} {self.side} {self.hit} of {self.kind}"


class RequestGate:
    """Forwards to `target` (host:port). `protocol` makes a connection's frames (support.frames),
    from the gate's own port."""

    def __init__(self, target: str, protocol: Callable[[int], object]) -> None:
        host, port = target.rsplit(":", 1)
        self._target = (host, int(port))
        self._protocol = protocol
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._rule: Rule | None = None
        self._on_fire: Callable[[], None] = lambda: None
        self._hits = 0
        self.healed = 0
        self.fired = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return self._listener.getsockname()[1]

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def set(self, rule: Rule, on_fire: Callable[[], None] = lambda: None) -> None:
        with self._lock:
            self._rule, self._hits, self._on_fire = rule, 0, on_fire
            self.fired.clear()

    def heal(self) -> None:
        """What was held goes on; connections that lost something are reset."""
        with self._lock:
            self._rule = None
            self.healed += 1

    def verdict(self, side: str, frame: Frame) -> Rule | None:
        with self._lock:
            rule = self._rule
            if rule is None or (rule.side, rule.kind) != (side, frame.kind):
                return None
            self._hits += 1
            if rule.hit == EVERY:
                on_fire, self._on_fire = self._on_fire, lambda: None
            elif self._hits == rule.hit:
                on_fire, self._rule = self._on_fire, None
            else:
                return None
        on_fire()
        with self._lock:
            # `on_fire` may have set the next rule, which has not fired yet.
            if self._rule in (None, rule):
                self.fired.set()
        return rule

    def end(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.heal()

    def __enter__(self) -> "RequestGate":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with (
            contextlib.suppress(OSError),
            client,
            socket.create_connection(self._target, timeout=5) as server,
        ):
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _Connection(self, client, server, self._protocol(self.port)).run()


class _Direction:
    def __init__(self, side: str, source: socket.socket, target: socket.socket, cut) -> None:
        self.side = side
        self.source = source
        self.target = target
        self.cut = cut
        self.waiting: deque[Frame] = deque()
        self.held_until = 0.0
        self.lost = False


class _Connection:
    def __init__(self, gate: RequestGate, client: socket.socket, server: socket.socket, frames):
        self._gate = gate
        self._healed = gate.healed
        self._ends = (client, server)
        self._ways = (
            _Direction("request", client, server, frames.requests),
            _Direction("response", server, client, frames.responses),
        )

    def run(self) -> None:
        with selectors.DefaultSelector() as ready:
            for way in self._ways:
                ready.register(way.source, selectors.EVENT_READ, way)
            while True:
                for key, _ in ready.select(TICK_S if self._is_troubled() else 0.5):
                    data = key.fileobj.recv(65536)
                    if not data:
                        return None
                    key.data.waiting.extend(key.data.cut(data))
                if self._gate.healed != self._healed:
                    self._healed = self._gate.healed
                    if any(way.lost for way in self._ways):
                        return self._reset()
                    for way in self._ways:
                        way.held_until = min(way.held_until, time.monotonic())
                if not all(self._forward(way) for way in self._ways):
                    return None

    def _is_troubled(self) -> bool:
        return any(way.lost or way.held_until for way in self._ways)

    def _forward(self, way: _Direction) -> bool:
        """False when the connection is over."""
        if way.held_until and time.monotonic() < way.held_until:
            return True
        # What was held has met its fault.
        if way.held_until and way.waiting:
            way.held_until = 0.0
            way.target.sendall(way.waiting.popleft().data)
        while way.waiting:
            if way.lost:
                way.waiting.clear()
                break
            frame = way.waiting[0]
            rule = self._gate.verdict(way.side, frame)
            if rule is None:
                way.target.sendall(frame.data)
                way.waiting.popleft()
            elif rule.action == "drop":
                way.lost = True
            elif rule.action in ("delay", "hold"):
                way.held_until = (
                    time.monotonic() + rule.for_s if rule.action == "delay" else float("inf")
                )
                return True
            elif rule.action == "answer":
                way.waiting.popleft()
                way.source.sendall(rule.reply(frame.data))
            elif rule.action == "reset":
                self._reset()
                return False
            else:
                way.target.sendall(frame.data[: len(frame.data) // 2])
                return False
        return True

    def _reset(self) -> None:
        for end in self._ends:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
