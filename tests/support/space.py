"""A place of its own for one test or module: database, role, bucket, topics."""

import os
import secrets
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import psycopg
from botocore.config import Config
from confluent_kafka.admin import AdminClient
from psycopg import sql
from support import tokens
from support.stack import Stack

LANES = 2
PARTITIONS = 8


class Space:
    """Everything one exchange works with. `prepare` migrates and makes the topics."""

    def __init__(self, stack: Stack, name: str, folder: Path | None = None) -> None:
        self.stack = stack
        self.name = f"e2e_{name}_{secrets.token_hex(4)}"
        self.folder = folder or Path(tempfile.mkdtemp(prefix="exchange-e2e-"))
        self.bucket = self.name.replace("_", "-")
        self.topic_prefix = f"{self.name}."
        self.topics = tuple(f"{self.topic_prefix}record.ingested.v{api}" for api in (1, 2))
        self._password = secrets.token_hex(16)
        self._servers: list = []
        self.s3 = boto3.client(
            "s3",
            endpoint_url=stack.s3,
            aws_access_key_id=stack.s3_access_key,
            aws_secret_access_key=stack.s3_secret_key,
            region_name="us-east-1",
            config=Config(retries={"max_attempts": 2}, s3={"addressing_style": "path"}),
        )
        self._make_database()
        self.s3.create_bucket(Bucket=self.bucket)

    def prepare(self, *, topics: bool = True, lanes: int | None = LANES) -> "Space":
        """No `lanes`: as many as the exchange makes of itself."""
        self.run("migrate", *(("--lanes", str(lanes)) if lanes else ()), check=True)
        if topics:
            self.run("topics", "apply", check=True)
        return self

    def _make_database(self) -> None:
        with psycopg.connect(self.stack.pg, autocommit=True) as admin:
            role = sql.Identifier(self.name)
            admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, self._password))
            admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, role))

    def database_url(self, address: str | None = None) -> str:
        address = address or self.pg_address()
        return f"postgresql://{self.name}:{self._password}@{address}/{self.name}"

    def pg_address(self) -> str:
        parts = psycopg.conninfo.conninfo_to_dict(self.stack.pg)
        return f"{parts.get('host', '127.0.0.1')}:{parts.get('port', 5432)}"

    def settings(self, **changes: object) -> dict[str, str]:
        """The environment of a process of this space; a change to None takes a setting away."""
        settings = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "ENV": "local",
            "LISTEN_ADDR": "127.0.0.1:0",
            "DATABASE_URL": self.database_url(),
            "KAFKA_BROKERS": self.stack.kafka,
            "TOPIC_PREFIX": self.topic_prefix,
            "RAW_STORE": f"s3://{self.bucket}",
            "S3_ENDPOINT": self.stack.s3,
            "AWS_ACCESS_KEY_ID": self.stack.s3_access_key,
            "AWS_SECRET_ACCESS_KEY": self.stack.s3_secret_key,
            "AWS_REGION": "us-east-1",
            "JWT_SECRET": tokens.SECRET,
            "JWT_ISSUER": tokens.ISSUER,
            "JWT_AUDIENCE": tokens.AUDIENCE,
            "LOG_FORMAT": "json",
            **{name: os.environ[name] for name in os.environ if name.endswith("SAN_OPTIONS")},
            **changes,
        }
        return {name: str(value) for name, value in settings.items() if value is not None}

    def run(
        self, *arguments: str, check: bool = False, timeout_s: float = 60, **changes: object
    ) -> subprocess.CompletedProcess[str]:
        """Runs a verb of the binary to its end."""
        done = subprocess.run(
            [self.stack.binary, *arguments],
            env=self.settings(**changes),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )
        told = f"exchange {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
        assert not check or done.returncode == 0, told
        return done

    def database(self) -> psycopg.Connection:
        """A connection that sees every table."""
        return psycopg.connect(self.stack.pg, dbname=self.name, autocommit=True)

    def rows(self, query: str, *parameters: object) -> list[tuple]:
        with self.database() as connection:
            return connection.execute(query, parameters or None).fetchall()

    def adopt(self, server) -> None:
        self._servers.append(server)

    def stop(self) -> None:
        """Ends the servers, which must end well."""
        for server in self._servers:
            server.close()

    def close(self) -> None:
        """Ends the servers and removes what the space held."""
        try:
            self.stop()
        finally:
            self._drop()

    def _drop(self) -> None:
        self.drop_events_and_bytes()
        self.drop_database()

    def drop_events_and_bytes(self) -> None:
        admin = AdminClient({"bootstrap.servers": self.stack.kafka})
        for deleted in admin.delete_topics(list(self.topics)).values():
            deleted.exception(timeout=10)
        self._drop_bucket()

    def drop_database(self) -> None:
        with psycopg.connect(self.stack.pg, autocommit=True) as connection:
            role = sql.Identifier(self.name)
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(role))
            connection.execute(sql.SQL("DROP ROLE {}").format(role))

    def _drop_bucket(self) -> None:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
        with ThreadPoolExecutor(8) as workers:
            for _ in workers.map(lambda k: self.s3.delete_object(Bucket=self.bucket, Key=k), keys):
                pass
        self.s3.delete_bucket(Bucket=self.bucket)
