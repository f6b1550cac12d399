"""The package's life on a clean Debian 12, in order: installed, used, upgraded, removed, purged.

`./dev package --check` runs it; each test goes on from where the one before has left the machine.
"""

import os
import re
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from package.clean_root import APT, ENVIRONMENT, KEEP, CleanRoot
from package.machine import Machine
from support import bodies
from support.commands import all_commands
from support.space import Space
from support.waiting import until

SETTINGS = ("exchange.env", "relay.env", "migrate.env")
UNIT = "/lib/systemd/system/exchange@.service"
MARK = "# An administrator was here.\n"


@pytest.fixture(scope="module")
def package() -> Path:
    return Path(os.environ["EXCHANGE_TEST_PACKAGE"])


@pytest.fixture(scope="module")
def root() -> Iterator[CleanRoot]:
    folder = Path(tempfile.mkdtemp(prefix="exchange-clean-root-", dir="/var/tmp"))
    try:
        clean = CleanRoot(Path(os.environ["EXCHANGE_TEST_CLEAN_ROOT"]), folder)
        clean.run(*APT, "update")
        clean.install("man-db", "systemd")
        yield clean
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def before(root) -> set[str]:
    """What was named so on the machine before the package came."""
    return root.named("exchange")


def test_lintian_has_nothing_against_it(package):
    done = subprocess.run(
        ["lintian", "--fail-on", "error,warning", "--tag-display-limit", "0", package],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_no_file_is_setuid_or_of_another_owner_than_root(package):
    listed = subprocess.run(
        ["dpkg-deb", "--contents", package], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert len(listed) > 20
    assert [line for line in listed if not re.match(r"[-dl][rwx-]{9} root/root ", line)] == []


def test_it_installs_with_what_it_needs(root, before, package):
    root.install(root.take_in(package))
    shown = root.run("exchange", "version").stdout
    version = re.match(r"exchange_([\d.]+)-", package.name)[1]
    assert shown.startswith(f"exchange {version} (commit ")


def test_its_user_can_log_in_nowhere_and_owns_the_state_folder(root):
    entry = root.run("getent", "passwd", "exchange").stdout.strip().split(":")
    assert entry[5:] == ["/var/lib/exchange", "/usr/sbin/nologin"]
    assert 100 <= int(entry[2]) < 1000
    assert root.stat("/var/lib/exchange") == "exchange:exchange 700"


def test_settings_are_read_by_the_service_and_nobody_else(root):
    modes = [root.stat(f"/etc/exchange/{name}") for name in SETTINGS]
    assert modes == ["root:exchange 640", "root:exchange 640", "root:root 600"]
    owned = root.run("cat", "/var/lib/dpkg/info/exchange.conffiles").stdout.split()
    assert set(owned) == {f"/etc/exchange/{name}" for name in SETTINGS}


def test_each_page_of_the_manual_renders(root):
    for verb in ("", *(f"-{verb}" for verb in all_commands()[0].verbs)):
        done = root.run("man", "--warnings", "-P", "cat", f"exchange{verb}")
        assert f"EXCHANGE{verb.upper()}(1)" in done.stdout
        assert "warning" not in done.stdout


def test_systemd_takes_the_units(root):
    for unit in (UNIT.replace("@", "@all"), "/lib/systemd/system/exchange-migrate.service"):
        done = root.run("systemd-analyze", "verify", "--man=no", unit)
        assert done.stdout == ""
        root.run("systemd-analyze", "security", "--offline=true", "--threshold=25", unit)
    assert not [name for name in root.named("exchange") if ".wants/" in name]


@pytest.fixture(scope="module")
def service_role(stack) -> Iterator[str]:
    """A role that owns nothing; set up before the database, and so dropped after it."""
    name = f"package_{secrets.token_hex(4)}"
    with psycopg.connect(stack.pg, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{name}'")
        yield name
        admin.execute(f"DROP ROLE {name}")


@pytest.fixture(scope="module")
def space(service_role, open_module_space) -> Space:
    return open_module_space("package", migrate=False)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    return {"all": free_port(), "relay": free_port()}


def append(root: CleanRoot, name: str, **settings: str) -> None:
    lines = "".join(f"{setting}={shlex.quote(value)}\n" for setting, value in settings.items())
    with (root.path / "etc/exchange" / name).open("a") as file:
        file.write(MARK + lines)


@pytest.fixture(scope="module")
def configured(root, space, service_role, ports) -> CleanRoot:
    """The settings of the space, as docs/guides/install.md tells: each role in its file."""
    wanted = {name: v for name, v in space.settings().items() if name not in ("PATH", "HOME")}
    wanted["LISTEN_ADDR"] = f"127.0.0.1:{ports['all']}"
    wanted["DATABASE_URL"] = (
        f"postgresql://{service_role}:{service_role}@{space.pg_address()}/{space.name}"
    )
    append(root, "exchange.env", **wanted)
    append(root, "relay.env", LISTEN_ADDR=f"127.0.0.1:{ports['relay']}")
    owner = {"MIGRATE_DATABASE_URL": space.database_url()}
    append(root, "migrate.env", **owner, MIGRATE_OPTIONS=f"--grant-to {service_role}")
    return root


@pytest.fixture(scope="module")
def machine(configured) -> Iterator[Machine]:
    booted = Machine(configured)
    try:
        # What the unit forbids ends the process here, rather than being refused.
        folder = configured.path / "etc/systemd/system/exchange@.service.d"
        folder.mkdir()
        (folder / "kill.conf").write_text("[Service]\nSystemCallErrorNumber=kill\n")
        booted.run("systemctl", "daemon-reload")
        yield booted
    finally:
        booted.close()


def ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def is_published(space: Space, port: int) -> None:
    """Sends a record, and waits until its event is recorded as published."""
    before = space.rows("SELECT count(published_at) FROM outbox_events")[0][0]
    answer = httpx.post(
        f"http://127.0.0.1:{port}/v1/ingest",
        json=bodies.v1(),
        headers={"Authorization": "Bearer dev", "Idempotency-Key": bodies.unique_key()},
        timeout=20,
    )
    assert answer.status_code == 202, answer.text
    query = "SELECT count(published_at) FROM outbox_events"
    until(lambda: space.rows(query)[0][0] > before, within_s=60, what="it is published")


def test_the_unit_migrates_as_the_owner_and_makes_the_topics(machine, space):
    machine.run("systemctl", "start", "exchange-migrate")
    assert machine.shown("exchange-migrate", "Result") == "success"
    assert space.rows("SELECT count(*) FROM outbox_events") == [(0,)]
    told = machine.log_of("exchange-migrate")
    assert all(f"created {topic}" in told for topic in space.topics)


def test_the_unit_serves_and_publishes_a_record(machine, space, ports):
    machine.run("systemctl", "enable", "--now", "exchange@all")
    until(lambda: ready(ports["all"]), within_s=60, what="exchange@all is ready")
    is_published(space, ports["all"])
    assert space.s3.list_objects_v2(Bucket=space.bucket)["KeyCount"] >= 1
    machine.run("systemctl", "stop", "exchange@all")
    assert machine.shown("exchange@all", "Result") == "success"
    assert machine.shown("exchange@all", "NRestarts") == "0"


def test_each_role_runs_on_its_own(machine, space, ports):
    machine.run("systemctl", "start", "exchange@ingest", "exchange@relay")
    for port in ports.values():
        until(lambda port=port: ready(port), within_s=60, what="both are ready")
    is_published(space, ports["all"])
    machine.run("systemctl", "stop", "exchange@ingest", "exchange@relay")
    assert machine.shown("exchange@relay", "Result") == "success"


def test_a_wrong_setting_is_told_once(machine, configured):
    (configured.path / "etc/exchange/other.env").write_text("LOG_LEVEL=chatty\n")
    machine.run("systemctl", "start", "exchange@other", check=False)
    until(
        lambda: machine.shown("exchange@other", "ActiveState") == "failed",
        within_s=20,
        what="it has ended",
    )
    assert machine.log_of("exchange@other").count("LOG_LEVEL is not valid. Hint:") == 1
    (configured.path / "etc/exchange/other.env").unlink()


def as_service(root: CleanRoot, command: str) -> list[str]:
    text = f"set -a; . /etc/exchange/exchange.env; cd /var/lib/exchange; exec {command}"
    return root.command("sh", "-c", text, user="exchange")


def test_an_administrator_tries_the_settings_as_the_file_says(configured, machine):
    done = subprocess.run(
        as_service(configured, "exchange check"), env=ENVIRONMENT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def trace(machine, configured, space, ports, tmp_path_factory) -> str:
    """All system calls of serving as the unit does, from the start over a record to the end."""
    command = re.search(r"^ExecStart=(.+)$", configured.text(UNIT), re.M)[1].replace("%i", "all")
    calls = tmp_path_factory.mktemp("trace") / "calls"
    tracer = subprocess.Popen(
        ["strace", "-f", "-qq", "-o", str(calls), *as_service(configured, command)],
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: ready(ports["all"]), within_s=60, what="the traced exchange is ready")
        is_published(space, ports["all"])
    finally:
        began = re.findall(r"^(\d+) +execve\(\"/usr/bin/exchange\"", calls.read_text(), re.M)
        for pid in began:
            os.kill(int(pid), signal.SIGTERM)
        code = tracer.wait(60)
    assert code == 0
    return calls.read_text().split('execve("/usr/bin/exchange"')[1]


def allowed_calls() -> set[str]:
    """@system-service without @privileged and @resources, as this machine's systemd has them."""

    def members(group: str) -> set[str]:
        told = subprocess.run(
            ["systemd-analyze", "syscall-filter", group], capture_output=True, text=True, check=True
        ).stdout
        words = {line.strip() for line in told.splitlines()[1:] if not line.strip().startswith("#")}
        below = [members(word) for word in words if word.startswith("@")]
        return words.union(*below)

    return members("@system-service") - members("@privileged") - members("@resources")


def test_the_unit_allows_every_system_call_that_serving_takes(trace):
    made = set(re.findall(r"^\d+ +(?:<\.\.\. )?(\w+)(?:\(| resumed)", trace, re.M))
    assert {"sendto", "openat"} <= made
    assert made - allowed_calls() == set()


def test_serving_takes_no_memory_that_is_written_and_run(trace):
    assert not re.search(r"(?:mmap|mprotect)\(.*PROT_WRITE\|PROT_EXEC", trace)


def test_serving_takes_only_the_families_of_addresses_that_the_unit_allows(trace, root):
    allowed = re.search(r"^RestrictAddressFamilies=(.+)$", root.text(UNIT), re.M)[1].split()
    used = set(re.findall(r"socket\((AF_\w+)", trace))
    assert "AF_INET" in used
    assert used <= set(allowed)


def test_an_upgrade_keeps_settings_that_were_edited_and_what_runs(machine, configured, ports):
    machine.run("systemctl", "start", "exchange@all")
    until(lambda: ready(ports["all"]), within_s=60, what="exchange@all is ready")
    pid = machine.shown("exchange@all", "MainPID")
    edited = {name: configured.text(f"/etc/exchange/{name}") for name in SETTINGS}
    package = configured.take_in(Path(os.environ["EXCHANGE_TEST_NEXT_PACKAGE"]))
    told = machine.run(*APT, *KEEP, "install", package)
    assert "+next" in machine.run("dpkg-query", "-W", "exchange")
    assert {name: configured.text(f"/etc/exchange/{name}") for name in SETTINGS} == edited
    assert "A line that is new." in configured.text("/etc/exchange/exchange.env.dpkg-dist")
    assert configured.stat("/etc/exchange/exchange.env") == "root:exchange 640"
    assert "the former version still runs" in told
    assert machine.shown("exchange@all", "MainPID") == pid
    machine.run("sh", "-c", "systemctl start exchange-migrate && systemctl restart 'exchange@*'")
    assert machine.shown("exchange@all", "MainPID") != pid
    until(lambda: ready(ports["all"]), within_s=60, what="the next version is ready")


def test_removal_ends_what_runs_and_keeps_settings_and_records(machine, configured):
    (configured.path / "var/lib/exchange/raw").mkdir()
    machine.run(*APT, "remove", "exchange")
    assert machine.shown("exchange@all", "ActiveState") == "inactive"
    assert not (configured.path / "usr/bin/exchange").exists()
    assert MARK in configured.text("/etc/exchange/exchange.env")
    assert (configured.path / "var/lib/exchange/raw").exists()


def test_a_purge_removes_all_but_records(machine, configured, before):
    shutil.rmtree(configured.path / "etc/systemd/system/exchange@.service.d")
    told = machine.run(*APT, "purge", "exchange")
    assert "/var/lib/exchange is not empty and is kept" in told
    assert configured.stat("/var/lib/exchange") == "exchange:exchange 700"
    assert configured.named("exchange") - before == {"/var/lib/exchange"}


def test_a_purge_without_records_leaves_nothing(machine, root, before, package):
    shutil.rmtree(root.path / "var/lib/exchange")
    machine.run(*APT, "install", root.take_in(package))
    machine.run(*APT, "purge", "exchange")
    assert root.named("exchange") == before
    for database in ("passwd", "group", "shadow", "gshadow"):
        assert "exchange" not in root.text(f"/etc/{database}")
