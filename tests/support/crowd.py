"""Many connections at once, over bare asyncio streams: cheaper than any HTTP client."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from support import bodies, rawhttp


@dataclass
class CrowdResult:
    statuses: Counter[int | str] = field(default_factory=Counter)
    # Answers 503 that do not say when to come back.
    rude: int = 0
    record_ids: set[str] = field(default_factory=set)


def crowd(
    address: tuple[str, int], *, connections: int, requests: int, filler: int = 200
) -> CrowdResult:
    """Opens all connections before the first request; each then sends `requests` in turn."""
    return asyncio.run(_crowd(address, connections, requests, filler))


async def _crowd(address, connections: int, requests: int, filler: int) -> CrowdResult:
    result = CrowdResult()
    gate = asyncio.Barrier(connections)
    visitors = [_visit(address, gate, requests, filler, result) for _ in range(connections)]
    await asyncio.wait_for(asyncio.gather(*visitors), 60)
    return result


async def _visit(address, gate: asyncio.Barrier, requests: int, filler: int, result) -> None:
    reader, writer = await asyncio.open_connection(*address)
    await gate.wait()
    try:
        for _ in range(requests):
            writer.write(_request(filler))
            await writer.drain()
            await _take_answer(reader, result)
    except (ConnectionError, asyncio.IncompleteReadError) as fault:
        result.statuses[type(fault).__name__] += 1
    finally:
        writer.close()


def _request(filler: int) -> bytes:
    body = bodies.encode(bodies.v1(filler=filler))
    head = rawhttp.head(
        "POST",
        "/v1/ingest",
        Content_Type="application/json",
        Idempotency_Key=bodies.unique_key(),
        Content_Length=len(body),
    )
    return head + body


async def _take_answer(reader: asyncio.StreamReader, result: CrowdResult) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    status = int(head.split(" ")[1])
    length = int(head.split("content-length:")[1].split("\r\n")[0])
    body = await reader.readexactly(length)
    result.statuses[status] += 1
    if status == 202:
        result.record_ids.add(body.split(b'"')[3].decode())
    if status == 503 and "\r\nretry-after:" not in head:
        result.rude += 1
