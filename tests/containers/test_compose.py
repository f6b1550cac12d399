"""compose.yaml and compose.scale.yaml as they are, started by Docker Compose.

In order: the runbook, a kill of each service under load, and the same volumes with the roles scaled
out. Each ends by holding what clients were told against Postgres, Kafka and the raw store."""

import uuid

import httpx
import pytest
from containers.podman import crash, inspect, podman
from containers.project import SCALED, SINGLE, Holdings, Project
from support.checker import Submission
from support.evidence import check_space
from support.load import Load
from support.waiting import until

QUERY = (
    "SELECT id, topic, key, created_at, published_at FROM outbox_events ORDER BY id DESC LIMIT 5;"
)
BODY = (
    b'{"source":"demo-source","record_type":"encounter","patient":{"first_name":"Sam",'
    b'"last_name":"Lee","dob":"1990-01-01"},"payload":{"example":true}}'
)
# What a proxy answers for a process that went away in the middle.
PROXY_STATUSES = frozenset({502, 503, 504})


@pytest.fixture(scope="module")
def sent() -> list[Submission]:
    """All that was ever sent to the project: its volumes outlive every test of the module."""
    return []


@pytest.fixture
def single(project: Project) -> Project:
    project.up(*SINGLE)
    return project


@pytest.fixture
def scaled(project: Project) -> Project:
    project.up(*SCALED)
    return project


def judge(project: Project, sent: list[Submission]) -> None:
    until(project.ready, within_s=60, what="records are taken again")
    check_space(Holdings(project), sent).demand_clean()


def ingest(project: Project, sent: list[Submission]) -> str:
    """As the runbook's curl does."""
    key = str(uuid.uuid4())
    answer = httpx.post(
        f"{project.url}/v1/ingest",
        content=BODY,
        headers={
            "Authorization": "Bearer dev",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
        },
        timeout=30,
    )
    assert answer.status_code == 202, answer.text
    sent.append(Submission("demo-source", key, BODY, record_ids={answer.json()["record_id"]}))
    return answer.json()["record_id"]


def row(project: Project, record_id: str) -> list[str]:
    """The record's row of the runbook's query, by the runbook's command."""
    command = ["psql", "-U", "exchange", "-d", "exchange", "-At", "-c", QUERY]
    table = project.compose("exec", "-T", "postgres", *command).stdout
    return next(line.split("|") for line in table.splitlines() if record_id in line)


def test_every_service_runs_and_is_healthy(single):
    assert set(single.running()) == {"postgres", "redpanda", "minio", "ingest-api", "prometheus"}


def test_the_runbook_works_word_for_word(single, sent):
    single.compose("ps")
    single.compose("stop", "redpanda")
    record_id = ingest(single, sent)
    assert row(single, record_id)[1:5:3] == ["record.ingested.v1", ""]
    single.compose("start", "redpanda")
    until(lambda: row(single, record_id)[4], within_s=60, what="published_at is set")
    judge(single, sent)


def test_a_record_is_taken_with_everything_but_postgres_away(single, sent):
    single.compose("stop", "redpanda", "minio")
    record_id = ingest(single, sent)
    assert row(single, record_id)[4] == ""
    single.compose("start", "redpanda", "minio")
    judge(single, sent)


@pytest.mark.parametrize("service", ["postgres", "redpanda", "minio", "ingest-api"])
def test_nothing_is_lost_when_a_service_is_killed(single, sent, service):
    with Load(lambda: [single.url], clients=8) as load:
        load.wait_for(200)
        crash(single.running()[service][0])
        load.wait_for(200, within_s=90)
        sent += load.stop(within_s=90)
    judge(single, sent)


def test_no_service_may_do_more_than_it_must(single):
    for service, names in single.running().items():
        for name in names:
            status = podman("exec", name, "cat", "/proc/1/status")
            fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
            assert fields["Uid"].split()[0] != "0", service
            assert int(fields["CapEff"], 16) == int(fields["CapBnd"], 16) == 0, service
            assert fields["NoNewPrivs"] == "1", service
            assert "Read-only" in podman("exec", name, "sh", "-c", "touch /x 2>&1 || true"), service


def test_ports_are_published_on_this_machine_only(single):
    for names in single.running().values():
        for name in names:
            bindings = inspect(name)["NetworkSettings"]["Ports"].values()
            hosts = {bound["HostIp"] for binding in bindings for bound in binding or []}
            assert hosts <= {"127.0.0.1"}, name


def prometheus(project: Project, path: str) -> dict:
    answer = httpx.get(f"http://127.0.0.1:{project.ports['PROMETHEUS']}/api/v1/{path}")
    return answer.json()["data"]


def targets(project: Project) -> list[str]:
    found = prometheus(project, "targets?state=active")["activeTargets"]
    return [target["health"] for target in found]


def test_prometheus_scrapes_the_exchange_and_holds_its_rules(single):
    until(lambda: targets(single) == ["up"], within_s=60, what="the exchange is scraped")
    (group,) = prometheus(single, "rules")["groups"]
    assert {rule["health"] for rule in group["rules"]} <= {"ok", "unknown"}


def test_scaled_out_two_processes_of_each_role_serve_behind_the_proxy(scaled, sent):
    running = scaled.running()
    assert {service: len(running[service]) for service in ("ingest-api", "relay", "proxy")} == {
        "ingest-api": 2,
        "relay": 2,
        "proxy": 1,
    }
    until(lambda: targets(scaled) == ["up"] * 4, within_s=60, what="all four are scraped")
    ingest(scaled, sent)
    judge(scaled, sent)


def test_scaled_out_nothing_is_lost_when_one_of_each_role_is_killed(scaled, sent):
    running = scaled.running()
    with Load(lambda: [scaled.url], clients=12, tolerated=PROXY_STATUSES) as load:
        for role in ("ingest-api", "relay"):
            load.wait_for(300)
            crash(running[role][0])
        load.wait_for(300, within_s=60)
        sent += load.stop(within_s=60)
    judge(scaled, sent)


@pytest.mark.parametrize("service", ["postgres", "redpanda", "minio", "proxy"])
def test_scaled_out_nothing_is_lost_when_a_server_is_killed(scaled, sent, service):
    with Load(lambda: [scaled.url], clients=12, tolerated=PROXY_STATUSES) as load:
        load.wait_for(200)
        crash(scaled.running()[service][0])
        load.wait_for(200, within_s=90)
        sent += load.stop(within_s=90)
    judge(scaled, sent)


def test_scaled_in_again_one_process_goes_on_with_the_same_records(scaled, sent):
    ingest(scaled, sent)
    scaled.up(*SINGLE)
    assert len(scaled.running()["ingest-api"]) == 1
    assert not {"proxy", "relay"} & set(scaled.running())
    ingest(scaled, sent)
    judge(scaled, sent)
