"""What operators use: probes, metrics, settings, check, migrate, version."""

import json
from collections import Counter

import pytest
from support import bodies, rawhttp
from support.server import Server
from support.space import LANES
from support.steps import free_port
from support.waiting import until

PROBES = ["/livez", "/healthz", "/readyz"]
FAMILIES = [
    "exchange_ingest_requests_total",
    "exchange_ingest_accepted_bytes_total",
    "exchange_ingest_queued_requests",
    "exchange_ingest_group_rows",
    "exchange_ingest_commit_seconds",
    "exchange_relay_published_rows_total",
    "exchange_relay_published_windows_total",
    "exchange_relay_passed_over_rows_total",
    "exchange_relay_quarantined_rows_total",
    "exchange_relay_generations_total",
    "exchange_relay_failures_total",
    "exchange_relay_publish_seconds",
    "exchange_raw_store_bundles_total",
    "exchange_raw_store_bytes_total",
]


@pytest.mark.parametrize("path", [*PROBES, "/readyz?verbose", "/metrics"])
def test_a_probe_answers_get_and_head_alike(server, path):
    whole = server.http.get(path)
    assert whole.status_code == 200
    assert whole.content
    only_head = server.http.head(path)
    assert (only_head.status_code, only_head.content) == (200, b"")
    assert only_head.headers["content-type"] == whole.headers["content-type"]


@pytest.mark.parametrize("path", [*PROBES, "/metrics"])
def test_a_probe_needs_no_token(server, path):
    request = server.http.build_request("GET", path)
    del request.headers["Authorization"]
    assert server.http.send(request).status_code == 200


def test_verbose_readiness_lists_every_dependency_and_lane(server):
    names = {"postgres", "kafka", "raw_store"}
    names |= {f"topic/{topic}" for topic in server.space.topics}
    names |= {f"lane/{lane}" for lane in range(LANES)}
    until(lambda: names <= set(server.health()), within_s=15, what="all are listed")
    assert {status["condition"] for status in server.health().values()} == {"ok"}


def test_metrics_have_help_and_type_for_every_family(server):
    server.accepted(bodies.v1())
    answer = server.http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    helped, typed = {}, {}
    for line in answer.text.splitlines():
        if line.startswith("# HELP "):
            _, _, name, text = line.split(" ", 3)
            helped[name] = text
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ", 3)
            typed[name] = kind
        elif line:
            float(line.rsplit(" ", 1)[1])
    assert all(helped.values())
    assert helped.keys() == typed.keys()
    assert set(FAMILIES) <= helped.keys()
    samples = {name.split("{")[0] for name in server.metrics()}
    for name in samples:
        family = name
        for suffix in ("_bucket", "_sum", "_count"):
            if typed.get(name.removesuffix(suffix)) == "histogram":
                family = name.removesuffix(suffix)
        assert family in helped, name


def test_outcomes_of_requests_are_counted(server):
    before = Counter(server.outcomes())
    key, body = bodies.unique_key(), bodies.v1()
    for content in (body, body, bodies.v1(), b"{}"):
        server.post(content, key=key)
    outcomes = ("accepted", "replayed", "conflict", "invalid")
    assert Counter(server.outcomes()) - before == dict.fromkeys(outcomes, 1)


def test_what_the_server_refuses_by_itself_is_counted_too(server):
    before = Counter(server.outcomes())
    server.http.get("/v1/ingest")
    server.post(bodies.v1(), Content_Type="text/plain")
    server.post(bodies.v1(), Expect="a miracle")
    for request in (
        rawhttp.head(
            "POST",
            "/v1/ingest",
            Content_Type="application/json",
            Idempotency_Key=bodies.unique_key(),
            Content_Length=1 << 40,
        ),
        rawhttp.head("GET", "/livez", X_Long="x" * 60000),
        b"\x16\x03\x01 hello\r\n\r\n",
    ):
        rawhttp.exchange(server.address, request)
    # Nobody's business but theirs.
    assert server.http.get("/nowhere").status_code == 404
    assert server.http.post("/healthz", content=b"").status_code == 405
    expected = {"unsupported": 3, "too_large": 2, "malformed": 1}
    assert Counter(server.outcomes()) - before == expected


WRONG = [
    ("LOG_LEVEL", "chatty"),
    ("LOG_FORMAT", "xml"),
    ("BODY_BYTES_MAX", "many"),
    ("QUEUE_MAX", "-1"),
    ("LEASE_TTL_MS", "0"),
    ("JWT_SECRET", "too-short"),
    ("RAW_STORE", "ftp://somewhere"),
    ("RAW_STORE", None),
    ("LISTEN_ADDR", "nowhere"),
    ("BODY_BUDGET_BYTES", str(2 << 20)),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_setting_ends_serve_with_2_and_its_name(server, name, value):
    done = server.space.run("serve", **{name: value}, timeout_s=20)
    assert done.returncode == 2, done.stderr
    assert name in done.stderr
    assert "Hint:" in done.stderr or "must be" in done.stderr
    assert name != "JWT_SECRET" or value not in done.stderr


def test_an_unknown_key_of_the_file_is_an_error(server):
    path = server.space.folder / "exchange.toml"
    path.write_text('log_levle = "info"\n')
    done = server.space.run("check", "--config", str(path))
    assert (done.returncode, "log_levle" in done.stderr) == (2, True)


def test_a_taken_address_is_told(server):
    done = server.space.run("serve", LISTEN_ADDR=server.url.removeprefix("http://"), timeout_s=20)
    assert done.returncode not in (0, None)
    assert server.url.removeprefix("http://") in done.stderr


@pytest.mark.parametrize("arguments", [("nonsense",), (), ("serve", "--roles", "cook")])
def test_wrong_usage_ends_with_2(server, arguments):
    assert server.space.run(*arguments, timeout_s=20).returncode == 2


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("migrat",), "exchange migrate"),
        (("--json", "migrat"), "exchange migrate"),
        (("topics", "aply"), "exchange topics apply"),
    ],
)
def test_an_unknown_verb_suggests_the_nearest(server, words, meant):
    done = server.space.run(*words)
    assert (done.returncode, f"Did you mean: {meant}?" in done.stderr) == (2, True), done.stderr


def test_check_passes_and_shows_every_setting_without_secrets(server):
    done = server.space.run("check")
    assert done.returncode == 0, done.stdout
    assert "KAFKA_BROKERS" in done.stdout
    assert server.space.bucket in done.stdout
    settings = server.space.settings()
    for name in ("AWS_SECRET_ACCESS_KEY", "JWT_SECRET", "DATABASE_URL"):
        assert settings[name] not in done.stdout + done.stderr
    password = settings["DATABASE_URL"].split(":")[2].split("@")[0]
    assert password not in done.stdout + done.stderr


def test_check_as_json_is_one_document(server):
    document = json.loads(server.space.run("check", "--json").stdout)
    assert document["passed"] is True
    assert {"postgres", "kafka", "raw_store", "schema"} <= {
        check["name"] for check in document["checks"]
    }
    origins = {setting["name"]: setting["origin"] for setting in document["settings"]}
    assert (origins["KAFKA_BROKERS"], origins["HTTP_THREADS"]) == ("environment", "default")


FAILING = [
    ("postgres", {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}),
    ("kafka", {"KAFKA_BROKERS": "127.0.0.1:1"}),
    ("raw_store", {"RAW_STORE": "s3://no-such-bucket-here"}),
]


@pytest.mark.parametrize(("name", "changes"), FAILING)
def test_check_ends_with_5_and_names_what_fails_with_cause_and_remedy(server, name, changes):
    done = server.space.run("check", "--json", **changes)
    assert done.returncode == 5, done.stdout
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks[name]["condition"] == "failed"
    assert checks[name]["cause"] and checks[name]["remedy"]


def _refused(space, *names: str) -> dict[str, str]:
    wrong = {
        "postgres": ("DATABASE_URL", f"postgresql://{space.name}:no@{space.pg_address()}/postgres"),
        "raw_store": ("AWS_SECRET_ACCESS_KEY", "not-the-secret"),
    }
    return dict(wrong[name] for name in names)


@pytest.mark.parametrize("names", [("postgres",), ("raw_store",), ("postgres", "raw_store")])
def test_check_ends_with_6_where_refused_credentials_are_all_that_failed(server, names):
    done = server.space.run("check", "--json", **_refused(server.space, *names))
    assert done.returncode == 6, done.stdout
    checks = json.loads(done.stdout)["checks"]
    assert {check["name"] for check in checks if check["condition"] == "failed"} == set(names)


def test_check_ends_with_5_where_one_refused_and_another_is_away(server):
    away = {"KAFKA_BROKERS": "127.0.0.1:1"}
    assert server.space.run("check", **_refused(server.space, "postgres"), **away).returncode == 5


@pytest.mark.parametrize(
    ("verb", "name", "hint"),
    [
        (("migrate", "--status"), "postgres", "PGPASSWORD"),
        (("reconcile",), "postgres", "PGPASSWORD"),
        (("reconcile",), "raw_store", "AWS_SECRET_ACCESS_KEY"),
    ],
)
def test_a_verb_whose_credentials_are_refused_ends_with_6(server, verb, name, hint):
    server.accepted(bodies.v1())
    server.published(1)
    done = server.space.run(*verb, **_refused(server.space, name))
    assert (done.returncode, hint in done.stderr) == (6, True), done.stderr


def test_check_shows_what_the_kafka_client_is_given(server):
    done = server.space.run("check", "--json", KAFKA_SASL_PASSWORD="open-sesame")
    shown = {setting["name"]: setting for setting in json.loads(done.stdout)["settings"]}
    assert shown["KAFKA_SASL_PASSWORD"]["origin"] == "environment"
    assert shown["KAFKA_SASL_PASSWORD"]["value"] == "(hidden)"
    assert "open-sesame" not in done.stdout + done.stderr


def test_check_live_and_ready_ask_the_exchange_that_serves(server):
    address = server.url.removeprefix("http://")
    for flag, answer in (("--live", "alive"), ("--ready", "ready")):
        done = server.space.run("check", flag, LISTEN_ADDR=address)
        assert (done.returncode, done.stdout) == (0, f"{answer}\n")
    document = json.loads(
        server.space.run("check", "--ready", "--json", LISTEN_ADDR=address).stdout
    )
    assert document == {"passed": True, "detail": "ready"}


def test_check_live_and_ready_end_with_5_where_nobody_serves(server):
    for flag in ("--live", "--ready"):
        done = server.space.run("check", flag, LISTEN_ADDR=f"127.0.0.1:{free_port()}")
        assert (done.returncode, "refused" in done.stdout) == (5, True)


def test_an_exchange_without_postgres_is_live_and_not_ready(open_space):
    space = open_space("waits")
    server = Server(space, DATABASE_URL=FAILING[0][1]["DATABASE_URL"]).start(ready=False)
    address = server.url.removeprefix("http://")
    assert space.run("check", "--live", LISTEN_ADDR=address).returncode == 0
    done = space.run("check", "--ready", LISTEN_ADDR=address)
    assert (done.returncode, "Postgres" in done.stdout) == (5, True)
    server.kill()


def test_migrate_twice_changes_nothing_the_second_time(open_space):
    space = open_space("migrate", migrate=False)
    assert "applied" in space.run("migrate", check=True).stdout
    before = _schema(space)
    assert "the schema is current" in space.run("migrate", check=True).stdout
    assert _schema(space) == before


def _schema(space) -> list[tuple]:
    return space.rows(
        "SELECT table_name, column_name, data_type FROM information_schema.columns "
        "WHERE table_schema = 'public' ORDER BY 1, 2"
    )


def test_serve_refuses_a_database_that_is_not_migrated(open_space):
    space = open_space("unmigrated", migrate=False)
    done = space.run("serve", timeout_s=20)
    assert done.returncode not in (0, 2)
    assert "exchange migrate" in done.stderr


def test_serve_refuses_the_schema_of_a_newer_exchange(open_space):
    space = open_space("newer")
    _pretend_newer(space)
    done = space.run("serve", timeout_s=20)
    assert done.returncode not in (0, 2)
    assert "newer" in done.stderr
    assert space.run("migrate").returncode == 7


def _pretend_newer(space) -> None:
    """Copies the last row of the migrations' table under a higher number."""
    table, columns = space.rows(
        "SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position) "
        "FROM information_schema.columns WHERE table_schema = 'public' "
        "AND table_name LIKE '%%migration%%' GROUP BY 1"
    )[0]
    others = ", ".join(columns[1:])
    with space.database() as connection:
        connection.execute(
            f"INSERT INTO {table} ({columns[0]}, {others}) "
            f"SELECT {columns[0]} + 1000, {others} FROM {table} "
            f"ORDER BY {columns[0]} DESC LIMIT 1"
        )


def test_version_is_one_json_document(server):
    document = json.loads(server.space.run("version", "--json", check=True).stdout)
    assert document["version"].count(".") == 2
    assert document["commit"]
    assert document["schema"] >= 1


@pytest.mark.parametrize("output", [(), ("--json",)])
def test_the_option_tells_what_the_verb_version_tells(server, output):
    told = server.space.run("version", *output, check=True).stdout
    assert server.space.run("--version", *output, check=True).stdout == told
    assert server.space.run(*output, "--version", check=True).stdout == told


def test_logs_are_one_json_object_a_line(open_space):
    server = Server(open_space("logs"), LOG_LEVEL="debug").start()
    server.accepted(bodies.v1())
    server.published(1)
    server.stop()
    lines = [json.loads(line) for line in server.log_text().splitlines()]
    assert {"serving", "ready", "record_taken", "stopping", "stopped"} <= {
        line["event"] for line in lines
    }
    assert all({"level", "event"} <= line.keys() for line in lines)


def test_a_process_may_have_one_role_only(open_space):
    space = open_space("roles")
    ingest = Server(space, name="ingest", roles="ingest").start()
    ingest.accepted(bodies.v1())
    ingest.stop()
    assert space.rows("SELECT count(published_at) FROM outbox_events") == [(0,)]
    relay = Server(space, name="relay", roles="relay").start()
    assert relay.post(bodies.v1()).status_code == 404
    relay.published(1)


def test_a_process_that_takes_records_needs_no_other_to_have_room_for_them(open_space):
    # What a relay made ahead is filled, and it is gone.
    space = open_space("alone")
    Server(space, name="both", PARTITION_IDS=100).start().stop()
    ingest = Server(space, name="ingest", roles="ingest", PARTITION_IDS=100).start()

    def taken() -> bool:
        answer = ingest.post(bodies.v1())
        assert answer.status_code in (202, 503), answer.text
        assert answer.status_code == 202 or answer.headers["Retry-After"]
        return answer.status_code == 202

    for _ in range(800):
        until(taken, within_s=20, what="there is room for the next record")
    assert space.rows("SELECT count(*) FROM outbox") == [(800,)]
