"""The package's life on a clean Debian 12, in order: installed, used, upgraded, removed, purged.

`./dev package --check` runs it; each test goes on from where the one before has left the machine.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from package.clean_root import APT, ENVIRONMENT, CleanRoot
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
def space(open_module_space) -> Space:
    return open_module_space("package", migrate=False)


@pytest.fixture(scope="module")
def configured(root, space) -> CleanRoot:
    """The settings of the space at the end of exchange.env."""
    wanted = {name: v for name, v in space.settings().items() if name not in ("PATH", "HOME")}
    lines = "".join(f"{name}={shlex.quote(value)}\n" for name, value in wanted.items())
    with (root.path / "etc/exchange/exchange.env").open("a") as file:
        file.write(MARK + lines)
    (root.path / "etc/exchange/relay.env").write_text(f"{MARK}LISTEN_ADDR=127.0.0.1:0\n")
    return root


def as_service(root: CleanRoot, command: str) -> list[str]:
    text = f"set -a; . /etc/exchange/exchange.env; cd /var/lib/exchange; exec {command}"
    return root.command("sh", "-c", text, user="exchange")


def commands_of(root: CleanRoot, unit: str) -> list[str]:
    return re.findall(r"^ExecStart=(.+)$", root.text(unit), re.M)


def run_as_service(root: CleanRoot, command: str) -> None:
    done = subprocess.run(
        as_service(root, command), env=ENVIRONMENT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


@pytest.fixture(scope="module")
def trace(configured, space, tmp_path_factory) -> str:
    """Migrates and serves as the units do, one record from HTTP to Kafka, and gives all system
    calls that this took."""
    root = configured
    for command in commands_of(root, "/lib/systemd/system/exchange-migrate.service"):
        run_as_service(root, command)
    port_file = root.path / "var/lib/exchange/port"
    (command,) = commands_of(root, UNIT)
    serve = command.replace("%i", "all") + " --port-file /var/lib/exchange/port"
    calls = tmp_path_factory.mktemp("trace") / "calls"
    tracer = subprocess.Popen(
        ["strace", "-f", "-qq", "-o", str(calls), *as_service(root, serve)],
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(port_file.exists, within_s=60, what="the installed exchange takes records")
        answer = httpx.post(
            f"http://127.0.0.1:{port_file.read_text().strip()}/v1/ingest",
            json=bodies.v1(),
            headers={
                "Authorization": "Bearer dev",
                "Idempotency-Key": bodies.unique_key(),
            },
            timeout=20,
        )
        assert answer.status_code == 202, answer.text
        published = "SELECT count(published_at) FROM outbox_events"
        until(lambda: space.rows(published) == [(1,)], within_s=60, what="it is published")
    finally:
        began = re.findall(r"^(\d+) +execve\(\"/usr/bin/exchange\"", calls.read_text(), re.M)
        for pid in began:
            os.kill(int(pid), signal.SIGTERM)
        code = tracer.wait(60)
    assert code == 0
    return calls.read_text().split('execve("/usr/bin/exchange"')[1]


def test_it_serves_as_the_unit_says_and_publishes_a_record(trace, space):
    assert trace
    assert space.s3.list_objects_v2(Bucket=space.bucket)["KeyCount"] >= 1


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


def test_an_upgrade_keeps_settings_that_were_edited(configured):
    next_package = Path(os.environ["EXCHANGE_TEST_NEXT_PACKAGE"])
    edited = {name: configured.text(f"/etc/exchange/{name}") for name in SETTINGS}
    configured.install(configured.take_in(next_package))
    assert "+next" in configured.run("dpkg-query", "-W", "exchange").stdout
    assert {name: configured.text(f"/etc/exchange/{name}") for name in SETTINGS} == edited
    assert "A line that is new." in configured.text("/etc/exchange/exchange.env.dpkg-dist")
    assert configured.stat("/etc/exchange/exchange.env") == "root:exchange 640"
    assert configured.run("exchange", "version").returncode == 0


def test_removal_keeps_settings_and_records(configured):
    configured.run("systemctl", "enable", "exchange@all.service")
    (configured.path / "var/lib/exchange/raw").mkdir()
    configured.run(*APT, "remove", "exchange")
    assert not (configured.path / "usr/bin/exchange").exists()
    assert MARK in configured.text("/etc/exchange/exchange.env")
    assert (configured.path / "var/lib/exchange/raw").exists()


def test_a_purge_removes_all_but_records(configured, before):
    done = configured.run(*APT, "purge", "exchange")
    assert "/var/lib/exchange is not empty and is kept" in done.stdout
    assert configured.stat("/var/lib/exchange") == "exchange:exchange 700"
    assert configured.named("exchange") - before == {"/var/lib/exchange"}


def test_a_purge_without_records_leaves_nothing(root, before, package):
    shutil.rmtree(root.path / "var/lib/exchange")
    root.install(root.take_in(package))
    root.run(*APT, "purge", "exchange")
    assert root.named("exchange") == before
    for database in ("passwd", "group", "shadow", "gshadow"):
        assert "exchange" not in root.text(f"/etc/{database}")
