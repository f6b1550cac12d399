"""A TCP relay between the exchange and a server, which can be closed, cut or made one-way."""

import contextlib
import selectors
import socket
import threading


class Gate:
    """Forwards connections to `target` (host:port) until told otherwise."""

    def __init__(self, target: str) -> None:
        host, port = target.rsplit(":", 1)
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._open = True
        self._replies = True
        self._ended = False
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return self._listener.getsockname()[1]

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def close(self) -> None:
        """New connections are refused (accepted and reset at once) and all others are cut."""
        with self._lock:
            self._open = False
        self.cut()

    def open(self) -> None:
        with self._lock:
            self._open = True
            self._replies = True

    def drop_replies(self) -> None:
        """What the server answers from here on is lost; requests still reach it."""
        with self._lock:
            self._replies = False

    def cut(self) -> None:
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        self._ended = True
        self.close()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def __enter__(self) -> "Gate":
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def _accept(self) -> None:
        while not self._ended:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if not self._open:
                client.close()
                continue
            threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def _forward(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            server = socket.create_connection(self._target, timeout=5)
            with server, selectors.DefaultSelector() as ready:
                with self._lock:
                    self._pairs.append((client, server))
                ready.register(client, selectors.EVENT_READ, server)
                ready.register(server, selectors.EVENT_READ, client)
                while self._pump(ready, server):
                    pass

    def _pump(self, ready: selectors.BaseSelector, server: socket.socket) -> bool:
        for key, _ in ready.select():
            data = key.fileobj.recv(65536)
            if not data:
                return False
            if key.fileobj is server and not self._replies:
                continue
            key.data.sendall(data)
        return True
