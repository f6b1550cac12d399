"""Clients that send unique records until they are acknowledged, through anything."""

import asyncio
import secrets
import threading
from collections import Counter
from collections.abc import Callable

import httpx
from support import bodies
from support.checker import Submission
from support.waiting import until


class Load:
    """`clients` at once, each repeating a record with the same key until a 202 comes.

    Every `twins_every`-th record is sent by two at once. Every `poison_every`-th has the longest
    source and correlation id, which makes its event larger than any other. Statuses in `tolerated`,
    as a proxy answers them, are repeated like a 503 of the exchange."""

    def __init__(
        self,
        urls: Callable[[], list[str]],
        *,
        clients: int = 12,
        filler: int = 200,
        twins_every: int = 0,
        poison_every: int = 0,
        tolerated: frozenset[int] = frozenset(),
    ) -> None:
        self._urls = urls
        self._clients = clients
        self._filler = filler
        self._twins_every = twins_every
        self._poison_every = poison_every
        self._tolerated = tolerated
        self._fault: BaseException | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self.submissions: list[Submission] = []
        self.statuses: Counter[int | str] = Counter()
        # Answers that came from an earlier request with the same key.
        self.repeats = 0

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def acknowledged(self) -> int:
        return self.statuses[202]

    def wait_for(self, more: int, *, within_s: float = 30) -> None:
        """Until that many more records are acknowledged than now."""
        goal = self.acknowledged() + more
        until(lambda: self.acknowledged() >= goal, within_s=within_s, what=f"{goal} acknowledged")

    def finish(self) -> None:
        """No new record from here on; those under way are repeated until they are acknowledged."""
        self._stopping.set()

    def stop(self, *, within_s: float = 40) -> list[Submission]:
        """Ends when each record under way is acknowledged."""
        self.finish()
        self._thread.join(within_s)
        assert not self._thread.is_alive(), f"records wait for a 202: {self.statuses}"
        if self._fault:
            raise self._fault
        return self.submissions

    def _work(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as fault:  # told by stop(), on the test's own thread
            self._fault = fault

    async def _run(self) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        async with httpx.AsyncClient(timeout=10, limits=limits) as client:
            await asyncio.gather(*(self._client(client, n) for n in range(self._clients)))

    async def _client(self, client: httpx.AsyncClient, number: int) -> None:
        turn = number
        while not self._stopping.is_set():
            serial = len(self.submissions) + 1
            sent, headers = self._draw(number, serial)
            self.submissions.append(sent)
            twins = 2 if self._twins_every and serial % self._twins_every == 0 else 1
            await asyncio.gather(
                *(self._deliver(client, sent, headers, turn + n) for n in range(twins))
            )
            turn += 1

    def _draw(self, number: int, serial: int) -> tuple[Submission, dict[str, str]]:
        api = 1 + number % 2
        poison = self._poison_every and serial % self._poison_every == 0
        source = "p" * 128 if poison else f"source-{number % 3}"
        body = bodies.encode(bodies.body_of(api, source, filler=self._filler))
        headers = {"X-Correlation-Id": secrets.token_hex(64)} if poison else {}
        return Submission(source, bodies.unique_key(), body, api), headers

    async def _deliver(
        self, client: httpx.AsyncClient, sent: Submission, headers: dict[str, str], turn: int
    ) -> None:
        while not await self._send(client, sent, headers, turn):
            turn += 1
            await asyncio.sleep(0.05)

    async def _send(
        self, client: httpx.AsyncClient, sent: Submission, headers: dict[str, str], turn: int
    ) -> bool:
        urls = self._urls()
        headers = {
            "Authorization": "Bearer dev",
            "Content-Type": "application/json",
            "Idempotency-Key": sent.key,
            **headers,
        }
        try:
            answer = await client.post(
                f"{urls[turn % len(urls)]}/v{sent.api}/ingest", content=sent.body, headers=headers
            )
        except httpx.TransportError as fault:
            self.statuses[type(fault).__name__] += 1
            return False
        self.statuses[answer.status_code] += 1
        if answer.status_code == 202:
            sent.record_ids.add(answer.json()["record_id"])
            self.repeats += "Idempotent-Replayed" in answer.headers
            return True
        refused = answer.status_code == 503 or answer.status_code in self._tolerated
        assert refused and "Retry-After" in answer.headers, answer.text
        return False
