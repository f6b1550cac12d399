"""HTTP/1.1 over a bare socket, for requests that no decent client would send."""

import socket
from dataclasses import dataclass


@dataclass(frozen=True)
class RawAnswer:
    status: int
    headers: dict[str, str]
    body: bytes


def connect(address: tuple[str, int], timeout_s: float = 20) -> socket.socket:
    return socket.create_connection(address, timeout=timeout_s)


def head(method: str, path: str, **headers: object) -> bytes:
    """A request head; header names are given with _ for -."""
    lines = [f"{method} {path} HTTP/1.1", "Host: exchange", "Authorization: Bearer dev"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class AnswerReader:
    """Reads one answer after the other; raises ConnectionError when the peer closes before one is
    whole."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._data = b""

    def read(self) -> RawAnswer:
        while b"\r\n\r\n" not in self._data:
            self._more()
        top, self._data = self._data.split(b"\r\n\r\n", 1)
        first, *lines = top.decode().split("\r\n")
        fields = (line.split(":", 1) for line in lines)
        headers = {name.strip().lower(): value.strip() for name, value in fields}
        length = int(headers.get("content-length", 0))
        while len(self._data) < length:
            self._more()
        body, self._data = self._data[:length], self._data[length:]
        return RawAnswer(int(first.split(" ")[1]), headers, body)

    def _more(self) -> None:
        data = self._connection.recv(65536)
        if not data:
            raise ConnectionError("closed by the server")
        self._data += data


def read_answer(connection: socket.socket) -> RawAnswer:
    return AnswerReader(connection).read()


def exchange(address: tuple[str, int], request: bytes) -> RawAnswer:
    with connect(address) as connection:
        connection.sendall(request)
        return read_answer(connection)
