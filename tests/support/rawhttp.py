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


def read_answer(connection: socket.socket, *, has_body: bool = True) -> RawAnswer:
    """One answer; raises ConnectionError when the peer closes before it is whole."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    top, data = data.split(b"\r\n\r\n", 1)
    first, *lines = top.decode().split("\r\n")
    headers = {}
    for line in lines:
        name, value = line.split(":", 1)
        headers[name.strip().lower()] = value.strip()
    length = int(headers.get("content-length", 0)) if has_body else 0
    while len(data) < length:
        data += _more(connection)
    return RawAnswer(int(first.split(" ")[1]), headers, data)


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("closed by the server")
    return data


def exchange(address: tuple[str, int], request: bytes) -> RawAnswer:
    with connect(address) as connection:
        connection.sendall(request)
        return read_answer(connection)
