"""Steps that several scenes share."""

import socket

from support import bodies
from support.checker import Submission
from support.server import Server
from support.waiting import until


def send(server: Server, count: int, source: str = "clinic-a") -> list[Submission]:
    submissions = []
    for number in range(count):
        api = 1 + number % 2
        sent = Submission(source, bodies.unique_key(), bodies.encode(bodies.body_of(api, source)))
        sent.record_ids.add(server.accepted(sent.body, api=api, key=sent.key)["record_id"])
        submissions.append(sent)
    return submissions


def told(server: Server, component: str, *, within_s: float = 15) -> dict:
    """Waits until the component is not ok, and answers what is said of it."""

    def trouble() -> dict | None:
        found = server.health().get(component)
        return found if found and found["condition"] != "ok" else None

    status = until(trouble, within_s=within_s, what=f"{component} is told as not ok")
    assert status["cause"] and status["remedy"]
    assert "\n" not in status["cause"] + status["remedy"]
    return status


def all_well(server: Server, *, within_s: float = 30) -> None:
    def well() -> bool:
        return all(status["condition"] == "ok" for status in server.health().values())

    until(well, within_s=within_s, what="every component is ok again")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        return holder.getsockname()[1]
