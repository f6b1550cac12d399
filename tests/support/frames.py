"""Cuts what two ends say to each other into messages, and names each.

One object a connection. `requests` and `responses` are given bytes as they come and answer whole
messages; what is not whole yet is kept.
"""

import re
import struct
from collections import deque
from dataclasses import dataclass

KAFKA_KINDS = {
    0: "Produce",
    3: "Metadata",
    10: "FindCoordinator",
    22: "InitProducerId",
    24: "AddPartitionsToTxn",
    26: "EndTxn",
}
NAMES_BROKERS = ("Metadata", "FindCoordinator")


@dataclass(frozen=True)
class Frame:
    kind: str
    data: bytes


class KafkaFrames:
    """A broker tells clients its address, past the gate: `moved` (from, to) rewrites its port in
    those answers. Host and port are next to each other, and the length stays as it was."""

    def __init__(self, moved: tuple[int, int] | None = None) -> None:
        self._moved = moved
        self._in = b""
        self._out = b""
        self._asked: dict[int, str] = {}

    def requests(self, data: bytes) -> list[Frame]:
        self._in += data
        whole, self._in = _length_prefixed(self._in)
        frames = []
        for message in whole:
            key, _, correlation = struct.unpack_from(">hhi", message, 4)
            kind = KAFKA_KINDS.get(key, str(key))
            self._asked[correlation] = kind
            frames.append(Frame(kind, message))
        return frames

    def responses(self, data: bytes) -> list[Frame]:
        self._out += data
        whole, self._out = _length_prefixed(self._out)
        frames = []
        for message in whole:
            (correlation,) = struct.unpack_from(">i", message, 4)
            kind = self._asked.pop(correlation, "?")
            if self._moved and kind in NAMES_BROKERS:
                old, new = (b"127.0.0.1" + struct.pack(">i", port) for port in self._moved)
                message = message.replace(old, new)
            frames.append(Frame(kind, message))
        return frames


def partitions_added(request: bytes) -> bytes:
    """The answer of a broker that added all partitions that an AddPartitionsToTxn (version 0) names
    to the transaction."""
    _, version, correlation = struct.unpack_from(">hhi", request, 4)
    assert version == 0, f"AddPartitionsToTxn of version {version}"
    at = 12
    for _ in ("client id", "transactional id"):
        at += 2 + max(0, struct.unpack_from(">h", request, at)[0])
    at += 10  # producer id and epoch
    answer = struct.pack(">ii", correlation, 0)
    (topics,) = struct.unpack_from(">i", request, at)
    answer, at = answer + request[at : at + 4], at + 4
    for _ in range(topics):
        name = 2 + struct.unpack_from(">h", request, at)[0]
        (partitions,) = struct.unpack_from(">i", request, at + name)
        answer, at = answer + request[at : at + name + 4], at + name + 4
        for _ in range(partitions):
            answer, at = answer + request[at : at + 4] + b"\0\0", at + 4
    return struct.pack(">i", len(answer)) + answer


def _length_prefixed(data: bytes) -> tuple[list[bytes], bytes]:
    whole = []
    while len(data) >= 4:
        end = 4 + struct.unpack_from(">i", data)[0]
        if len(data) < end:
            break
        whole.append(data[:end])
        data = data[end:]
    return whole, data


class PostgresFrames:
    """Requests that bind a prepared statement are named after it, completions after their tag."""

    ENCRYPTION = (80877103, 80877104)

    def __init__(self) -> None:
        self._in = b""
        self._out = b""
        self._started = False
        self._one_byte_answers = 0

    def requests(self, data: bytes) -> list[Frame]:
        self._in += data
        frames = []
        while not self._started and len(self._in) >= 8:
            length, code = struct.unpack_from(">ii", self._in)
            if len(self._in) < length:
                return frames
            frames.append(Frame("Startup", self._in[:length]))
            self._in = self._in[length:]
            self._started = code not in self.ENCRYPTION
            self._one_byte_answers += not self._started
        if self._started:
            whole, self._in = _typed(self._in)
            frames += [Frame(_request_kind(message), message) for message in whole]
        return frames

    def responses(self, data: bytes) -> list[Frame]:
        self._out += data
        frames = []
        while self._one_byte_answers and self._out:
            self._one_byte_answers -= 1
            frames.append(Frame("Encryption", self._out[:1]))
            self._out = self._out[1:]
        whole, self._out = _typed(self._out)
        return frames + [Frame(_response_kind(message), message) for message in whole]


def _typed(data: bytes) -> tuple[list[bytes], bytes]:
    whole = []
    while len(data) >= 5:
        end = 1 + struct.unpack_from(">i", data, 1)[0]
        if len(data) < end:
            break
        whole.append(data[:end])
        data = data[end:]
    return whole, data


def _request_kind(message: bytes) -> str:
    if message[:1] == b"B":
        return message[5:].split(b"\0")[1].decode()
    return message[:1].decode()


def _response_kind(message: bytes) -> str:
    if message[:1] == b"C":
        return message[5:-1].split(b" ")[0].decode()
    return message[:1].decode()


class HttpFrames:
    """Requests and their answers are named after the method."""

    def __init__(self) -> None:
        self._in = b""
        self._out = b""
        self._asked: deque[str] = deque()

    def requests(self, data: bytes) -> list[Frame]:
        self._in += data
        frames = []
        while (end := _http_end(self._in, bodiless=False)) is not None:
            method = self._in.split(b" ", 1)[0].decode()
            self._asked.append(method)
            frames.append(Frame(method, self._in[:end]))
            self._in = self._in[end:]
        return frames

    def responses(self, data: bytes) -> list[Frame]:
        self._out += data
        frames = []
        while self._asked:
            bodiless = self._asked[0] == "HEAD" or self._out[9:12] in (b"204", b"304")
            end = _http_end(self._out, bodiless=bodiless)
            if end is None:
                break
            frames.append(Frame(self._asked.popleft(), self._out[:end]))
            self._out = self._out[end:]
        return frames


def _http_end(data: bytes, *, bodiless: bool) -> int | None:
    """Where the first message ends; None while it is not whole."""
    head = data.find(b"\r\n\r\n")
    if head < 0:
        return None
    start, names = head + 4, data[:head].lower()
    if bodiless:
        return start
    if b"transfer-encoding: chunked" in names:
        last = data.find(b"0\r\n\r\n", start)
        return last + 5 if last >= 0 else None
    length = re.search(rb"\r\ncontent-length: *(\d+)", names)
    end = start + (int(length[1]) if length else 0)
    return end if len(data) >= end else None
