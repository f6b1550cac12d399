"""A broker that asks who one is and what one may do, beside the stack's, which asks nothing."""

import os
import secrets
import socket
import subprocess
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)
from support.ports import free_ports
from support.stack import Stack
from support.waiting import until

LOCAL_KAFKA = Path(__file__).resolve().parents[2] / "deploy" / "local" / "kafka"

USERS = 20

# Its first listener lets everyone do everything, for the test itself and for the broker. No SCRAM:
# Debian's librdkafka cannot with this broker (docs/guides/configure.md).
SECURITY = """
listeners=PLAINTEXT://127.0.0.1:{open},SECURED://127.0.0.1:{secured},\
CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{open},SECURED://127.0.0.1:{secured}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SECURED:SASL_PLAINTEXT
sasl.enabled.mechanisms=PLAIN
listener.name.secured.plain.sasl.jaas.config=\
org.apache.kafka.common.security.plain.PlainLoginModule required {users};
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
"""


class SecuredKafka:
    def __init__(self, stack: Stack, folder: Path) -> None:
        self._jars = stack.kafka_jars
        self._folder = folder
        self._ports = dict(zip(("open", "secured", "controller"), free_ports(3), strict=True))
        self._process: subprocess.Popen | None = None
        self._passwords = {f"user{at}": secrets.token_hex(16) for at in range(USERS)}
        self._unused = list(self._passwords)
        self.open_address = f"127.0.0.1:{self._ports['open']}"
        self._admin: AdminClient | None = None
        self._environment: dict[str, str] = {}

    @property
    def data(self) -> Path:
        return self._folder / "data"

    @property
    def log(self) -> str:
        return (self._folder / "kafka.log").read_text()

    def start(self, environment: dict[str, str] | None = None) -> "SecuredKafka":
        self._environment = environment or {}
        settings = (LOCAL_KAFKA / "server.properties").read_text()
        kept = [line for line in settings.splitlines() if "listeners=" not in line]
        kept = [line for line in kept if not line.startswith("listener.security")]
        users = " ".join(f'user_{name}="{word}"' for name, word in self._passwords.items())
        text = "\n".join(kept) + SECURITY.format(users=users, **self._ports)
        text = text.replace("@controller_port@", str(self._ports["controller"]))
        text = text.replace("@data@", str(self.data))
        properties = self._folder / "server.properties"
        properties.write_text(text)
        cluster = "A" + secrets.token_urlsafe(16)[:21]
        format_it = ("kafka.tools.StorageTool", "format", "-t", cluster, "-c", properties)
        assert self._java(*format_it).wait(60) == 0, (
            f"the broker cannot begin: {self._folder}/kafka.log"
        )
        self._run()
        return self

    def start_again(self) -> None:
        """One that has ended."""
        assert not self.runs()
        self._run()

    def runs(self) -> bool:
        return self._process.poll() is None

    def _run(self) -> None:
        self._process = self._java("kafka.Kafka", self._folder / "server.properties")
        until(self._listens, within_s=60, what="the secured broker listens")
        self._admin = AdminClient({"bootstrap.servers": self.open_address})
        until(self._answers, within_s=60, what="the secured broker answers")

    def close(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait(10)

    def take_user(self) -> str:
        """One that nobody granted anything."""
        return self._unused.pop()

    def settings(self, user: str, password: str = "") -> dict[str, str]:
        """Of an exchange that is this user; with its own password, if none is given."""
        return {
            "KAFKA_BROKERS": f"127.0.0.1:{self._ports['secured']}",
            "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
            "KAFKA_SASL_MECHANISM": "PLAIN",
            "KAFKA_SASL_USERNAME": user,
            "KAFKA_SASL_PASSWORD": password or self._passwords[user],
        }

    def allow(self, user: str, kind: ResourceType, name: str, *operations: AclOperation) -> None:
        """On every resource of the kind whose name begins so."""
        begins, allowed = ResourcePatternType.PREFIXED, AclPermissionType.ALLOW
        bindings = [
            AclBinding(kind, name, begins, f"User:{user}", "*", operation, allowed)
            for operation in operations
        ]
        for done in self._admin.create_acls(bindings).values():
            done.result(10)

    def deny(self, user: str, topic: str, operation: AclOperation) -> None:
        for done in self._admin.create_acls(
            [AclBinding(*_denial(user, topic, operation))]
        ).values():
            done.result(10)

    def deny_no_more(self, user: str, topic: str, operation: AclOperation) -> None:
        matching = [AclBindingFilter(*_denial(user, topic, operation))]
        for done in self._admin.delete_acls(matching).values():
            assert len(done.result(10)) == 1

    def _listens(self) -> bool:
        code = self._process.poll()
        assert code is None, f"the broker ended with {code}: {self._folder}/kafka.log"
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", self._ports["open"])) == 0

    def _answers(self) -> bool:
        try:
            return bool(self._admin.list_topics(timeout=2).brokers)
        except KafkaException:
            return False

    def _java(self, *arguments: object) -> subprocess.Popen:
        with (self._folder / "kafka.log").open("ab") as log:
            return subprocess.Popen(
                ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
                + [f"-Dlog4j2.configurationFile={LOCAL_KAFKA / 'log4j2.yaml'}"]
                + ["-cp", f"{self._jars}/*", *arguments],
                env={"PATH": os.environ["PATH"], **self._environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )


def _denial(user: str, topic: str, operation: AclOperation) -> tuple:
    literal, denied = ResourcePatternType.LITERAL, AclPermissionType.DENY
    return (ResourceType.TOPIC, topic, literal, f"User:{user}", "*", operation, denied)
