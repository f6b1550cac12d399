"""`exchange push` sends files of records, and takes up where it was when anything dies."""

import json
import subprocess
from pathlib import Path

import pytest
from support import bodies
from support.checker import Submission
from support.evidence import check_space
from support.pushing import finished, push
from support.server import Server
from support.space import Space
from support.steps import free_port
from support.waiting import until

LINES = 12000


def stored(space: Space) -> int:
    return space.rows("SELECT count(*) FROM records")[0][0]


def write_lines(path: Path, lines: list[bytes]) -> None:
    path.write_bytes(b"\n".join(lines) + b"\n")


def submissions_of(lines: list[bytes], results: Path) -> list[Submission]:
    """What was sent, with the keys and ids that the results file tells."""
    found: dict[int, Submission] = {}
    for text in results.read_text().splitlines()[1:]:
        result = json.loads(text)
        if result["status"] != 202:
            continue
        body = lines[result["line"] - 1]
        sent = Submission(json.loads(body)["source"], result["key"], body)
        found.setdefault(result["line"], sent).record_ids.add(result["record_id"])
    return list(found.values())


@pytest.fixture
def space(open_space) -> Space:
    return open_space("push")


def test_a_push_survives_kill_9_of_the_server_and_of_itself_with_exact_counts(space):
    lines = [bodies.encode(bodies.v1(f"source-{n % 3}", filler=100)) for n in range(LINES)]
    same = bodies.encode(bodies.v1("source-same"))
    lines[100] = lines[5000] = lines[11000] = same
    path, results = space.folder / "records.ndjson", space.folder / "results.ndjson"
    write_lines(path, lines)
    arguments = ("--connections", "32", "--results", str(results), str(path))

    address = f"127.0.0.1:{free_port()}"
    server = Server(space, LISTEN_ADDR=address, LEASE_TTL_MS=1000).start()
    client = push(server, *arguments)
    until(lambda: stored(space) > 2000, within_s=60, what="a part is stored")
    server.kill()
    assert client.poll() is None
    before = stored(space)
    server.start()
    until(lambda: stored(space) > before + 2000, within_s=60, what="the push goes on by itself")
    client.kill()
    client.communicate(timeout=10)
    settled = stored(space)
    assert settled < LINES, "the push was done before it was killed"

    code, report = finished(push(server, *arguments))
    assert (code, report["end"], report["lines"]) == (0, "complete", LINES)
    assert report["accepted"] + report["replayed"] + report["skipped"] == LINES
    assert report["accepted"] <= LINES - settled + 32
    assert (report["rejected"], report["unfinished"]) == (0, 0)
    assert stored(space) == LINES
    submissions = submissions_of(lines, results)
    assert len(submissions) == LINES
    check_space(space, submissions).demand_clean()


def test_pushing_a_file_again_stores_nothing_new(space):
    server = Server(space).start()
    path = space.folder / "again.ndjson"
    write_lines(path, [bodies.encode(bodies.v1()) for _ in range(200)])
    assert finished(push(server, str(path)))[1]["accepted"] == 200
    code, report = finished(push(server, str(path)))
    assert (code, report["accepted"], report["replayed"]) == (0, 0, 200)
    assert stored(space) == 200


def test_bad_lines_are_rejected_one_by_one_with_their_place_and_no_value(space):
    server = Server(space).start()
    path, results = space.folder / "mixed.ndjson", space.folder / "mixed.results"
    good = [bodies.encode(bodies.v1()) for _ in range(20)]
    wrong = bodies.encode(bodies.v1(record_type="Zyxanthra"))
    lines = good[:7] + [wrong] + good[7:15] + [b"Zyxanthra"] + good[15:]
    write_lines(path, lines)
    client = push(server, "--results", str(results), str(path))
    code, report = finished(client)
    assert (code, report["accepted"], report["rejected"]) == (3, 20, 2)
    assert report["rejected_by_code"] == {"400 body_invalid": 2}
    told = [json.loads(text) for text in results.read_text().splitlines()[1:]]
    refused = {line["line"]: line["errors"] for line in told if line["status"] == 400}
    assert refused == {
        8: [{"pointer": "/record_type", "code": "kind_unknown"}],
        17: [{"pointer": "", "code": "json_invalid"}],
    }
    assert "Zyxanthra" not in results.read_text()
    assert stored(space) == 20


@pytest.mark.parametrize("size", [0, 1])
def test_the_smallest_files_are_pushed(server, size):
    path = server.space.folder / f"small-{size}.ndjson"
    path.write_bytes(b"".join(bodies.encode(bodies.v1()) + b"\n" for _ in range(size)))
    code, report = finished(push(server, str(path)))
    assert (code, report["lines"], report["accepted"]) == (0, size, size)


def test_a_missing_file_is_wrong_usage(server):
    client = push(server, str(server.space.folder / "no-such-file.ndjson"))
    _, talk = client.communicate(timeout=20)
    assert client.returncode == 2
    assert "no-such-file.ndjson" in talk


def test_a_refused_token_ends_the_push_with_6(server):
    path = server.space.folder / "refused.ndjson"
    write_lines(path, [bodies.encode(bodies.v1()) for _ in range(5)])
    client = subprocess.run(
        [server.space.stack.binary, "push", "--json", "--url", server.url, str(path)],
        env=server.space.settings(EXCHANGE_TOKEN="not-a-token"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert client.returncode == 6, client.stderr
    assert json.loads(client.stdout)["accepted"] == 0
