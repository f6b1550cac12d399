"""Clients that send unique records until they are acknowledged, through anything."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable

import httpx
from support import bodies
from support.checker import Submission
from support.waiting import until


class Load:
    """`clients` at once, each repeating a record with the same key until a 202 comes."""

    def __init__(
        self, urls: Callable[[], list[str]], *, clients: int = 12, filler: int = 200
    ) -> None:
        self._urls = urls
        self._clients = clients
        self._filler = filler
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self.submissions: list[Submission] = []
        self.statuses: Counter[int | str] = Counter()

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

    def stop(self, *, within_s: float = 40) -> list[Submission]:
        """Ends when each record under way is acknowledged."""
        self._stopping.set()
        self._thread.join(within_s)
        assert not self._thread.is_alive(), f"records wait for a 202: {self.statuses}"
        return self.submissions

    async def _run(self) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        async with httpx.AsyncClient(timeout=10, limits=limits) as client:
            await asyncio.gather(*(self._client(client, n) for n in range(self._clients)))

    async def _client(self, client: httpx.AsyncClient, number: int) -> None:
        api = 1 + number % 2
        source = f"source-{number % 3}"
        turn = number
        while not self._stopping.is_set():
            body = bodies.encode(bodies.body_of(api, source, filler=self._filler))
            sent = Submission(source, bodies.unique_key(), body, api)
            self.submissions.append(sent)
            while not await self._send(client, sent, turn):
                turn += 1
                await asyncio.sleep(0.05)
            turn += 1

    async def _send(self, client: httpx.AsyncClient, sent: Submission, turn: int) -> bool:
        urls = self._urls()
        headers = {
            "Authorization": "Bearer dev",
            "Content-Type": "application/json",
            "Idempotency-Key": sent.key,
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
            return True
        assert answer.status_code == 503 and "Retry-After" in answer.headers, answer.text
        return False
