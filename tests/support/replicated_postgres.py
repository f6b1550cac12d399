"""A Postgres of a test's own with a streaming standby, to be promoted."""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
from support.ports import free_ports
from support.waiting import until

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
# The server refuses to run as root.
AS_SERVER = (
    ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups")
    if os.geteuid() == 0
    else ()
)


class ReplicatedPostgres:
    """Primary and standby; `primary` and `standby` are conninfos of a superuser."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="exchange-pg-"))
        self._password = secrets.token_hex(16)
        self._processes: dict[str, subprocess.Popen] = {}
        self._environment: dict[str, str] = {}
        self._ports = dict(zip(("primary", "standby"), free_ports(2), strict=True))
        (self._folder / "password").write_text(self._password)
        if AS_SERVER:
            shutil.chown(self._folder, "postgres", "postgres")
            shutil.chown(self._folder / "password", "postgres", "postgres")

    @property
    def primary(self) -> str:
        return self._conninfo("primary")

    @property
    def standby(self) -> str:
        return self._conninfo("standby")

    @property
    def tables(self) -> Path:
        """Where the primary keeps tables and indexes, without its WAL."""
        return self._data("primary") / "base"

    @property
    def log(self) -> str:
        """The primary's."""
        return (self._folder / "primary.log").read_text()

    def start_alone(self, environment: dict[str, str]) -> "ReplicatedPostgres":
        """Without a standby."""
        self._environment = environment
        self._start_primary()
        return self

    def start(self) -> "ReplicatedPostgres":
        self._start_primary()
        source = f"{self.primary} application_name=standby"
        self._run("pg_basebackup", "-D", self._data("standby"), "-d", source, "-R", "-c", "fast")
        self._serve("standby")
        return self

    def _start_primary(self) -> None:
        self._run("initdb", "-D", self._data("primary"), "-U", "postgres", "-E", "UTF8")
        self._serve("primary")

    def close(self) -> None:
        for process in self._processes.values():
            process.kill()
            process.wait(10)
        shutil.rmtree(self._folder)

    def catch_up(self) -> None:
        """Waits until the standby has replayed what the primary has committed by now."""
        end = self._ask("primary", "SELECT pg_current_wal_flush_lsn()::text")
        query = f"SELECT pg_last_wal_replay_lsn() >= '{end}'"
        until(lambda: self._ask("standby", query), within_s=20, what="the standby catches up")

    def cut_off(self) -> None:
        """The standby gets nothing any more."""
        with psycopg.connect(self.standby, autocommit=True) as standby:
            standby.execute("ALTER SYSTEM SET primary_conninfo = ''")
            standby.execute("SELECT pg_reload_conf()")
        senders = "SELECT count(*) = 0 FROM pg_stat_replication"
        until(lambda: self._ask("primary", senders), within_s=20, what="replication has ended")

    def wait_for_standby(self) -> None:
        """From here on no commit is done before the standby has it."""
        with psycopg.connect(self.primary, autocommit=True) as primary:
            primary.execute("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
            primary.execute("SELECT pg_reload_conf()")
        state = "SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'"
        until(lambda: self._ask("primary", state), within_s=20, what="the standby is synchronous")

    @contextlib.contextmanager
    def standby_asleep(self) -> Iterator[None]:
        """The standby stays connected and takes nothing: what commits meanwhile waits for it."""
        receiver = self._ask("standby", "SELECT pid FROM pg_stat_wal_receiver")
        os.kill(receiver, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(receiver, signal.SIGCONT)

    def fail_over(self) -> None:
        """The primary dies, and the standby is promoted."""
        self._processes["primary"].kill()
        self._processes["primary"].wait(10)
        self._ask("standby", "SELECT pg_promote()")
        recovering = "SELECT NOT pg_is_in_recovery()"
        until(lambda: self._ask("standby", recovering), within_s=20, what="it is promoted")

    def _serve(self, name: str) -> None:
        command = [
            *AS_SERVER,
            PROGRAMS / "postgres",
            *("-D", self._data(name), "-p", str(self._ports[name])),
            *("-c", "listen_addresses=127.0.0.1"),
            *("-c", f"unix_socket_directories={self._folder}"),
        ]
        with (self._folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                command,
                cwd="/",
                env={**os.environ, **self._environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(lambda: self._answers(name), within_s=30, what=f"the {name} answers")

    def _answers(self, name: str) -> bool:
        assert self._processes[name].poll() is None, (self._folder / f"{name}.log").read_text()
        try:
            return bool(self._ask(name, "SELECT true"))
        except psycopg.OperationalError:
            return False

    def _ask(self, name: str, query: str) -> object:
        with psycopg.connect(self._conninfo(name), autocommit=True) as connection:
            return connection.execute(query).fetchone()[0]

    def _conninfo(self, name: str) -> str:
        return (
            f"host=127.0.0.1 port={self._ports[name]} user=postgres "
            f"password={self._password} dbname=postgres"
        )

    def _data(self, name: str) -> Path:
        return self._folder / name

    def _run(self, program: str, *arguments: object) -> None:
        options = []
        if program == "initdb":
            password = self._folder / "password"
            options = ["--locale=C.UTF-8", "-A", "scram-sha-256", f"--pwfile={password}"]
        done = subprocess.run(
            [*AS_SERVER, PROGRAMS / program, *map(str, arguments), *options],
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
