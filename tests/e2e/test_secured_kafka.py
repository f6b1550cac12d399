"""A broker with passwords and ACLs: what the manual lists is enough, a refusal is told."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AclOperation, ResourceType
from support.evidence import check_space
from support.secured_kafka import SecuredKafka
from support.server import Server
from support.space import Space
from support.stack import Stack
from support.steps import all_well, send, told
from support.waiting import until

WRITE, READ, DESCRIBE = AclOperation.WRITE, AclOperation.READ, AclOperation.DESCRIBE
# As docs/guides/configure.md lists them: on the topics, and on the transactional ids.
ON_TOPICS = (WRITE, READ, DESCRIBE, AclOperation.DESCRIBE_CONFIGS)
ON_IDS = (WRITE, DESCRIBE)


@pytest.fixture(scope="module")
def broker(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    broker = SecuredKafka(stack, tmp_path_factory.mktemp("secured"))
    try:
        yield broker.start()
    finally:
        broker.close()


class Service:
    """A space on the secured broker, and the principal its exchange runs as."""

    def __init__(self, broker: SecuredKafka, stack: Stack, folder: Path) -> None:
        self.broker = broker
        self.space = Space(dataclasses.replace(stack, kafka=broker.open_address), "acl", folder)
        self.space.prepare()
        self.user = broker.take_user()
        self.v1, self.v2 = self.space.topics

    def grant(self, *, on_topics=ON_TOPICS, on_ids=ON_IDS) -> None:
        prefix = self.space.topic_prefix
        if on_topics:
            self.broker.allow(self.user, ResourceType.TOPIC, prefix, *on_topics)
        if on_ids:
            self.broker.allow(self.user, ResourceType.TRANSACTIONAL_ID, prefix, *on_ids)

    def server(self, password: str = "") -> Server:
        return Server(self.space, **self.broker.settings(self.user, password))


@pytest.fixture
def service(
    broker: SecuredKafka, stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    made = Service(broker, stack, tmp_path_factory.mktemp("acl"))
    try:
        yield made
    finally:
        made.space.close()


def test_check_ends_with_6_where_kafka_refuses_the_password(service):
    wrong = service.broker.settings(service.user, "not-the-password")
    done = service.space.run("check", **wrong)
    assert done.returncode == 6, done.stdout


def test_the_acls_of_the_manual_are_enough(service):
    service.grant()

    def checks() -> bool:
        # Brokers learn of an ACL a moment after it was made.
        return service.space.run("check", **service.broker.settings(service.user)).returncode == 0

    until(checks, within_s=15, what="exchange check finds nothing to complain about")
    server = service.server().start()
    submissions = send(server, 10)
    server.published(10)
    all_well(server)
    check_space(service.space, submissions).demand_clean()


def test_a_wrong_password_is_told_and_nothing_is_lost(service):
    service.grant()
    server = service.server("not-the-password").start()
    status = told(server, "kafka", within_s=10)
    assert status["condition"] == "failed"
    assert "KAFKA_SASL" in status["cause"] + status["remedy"]
    assert "not-the-password" not in server.log_text() + str(server.health())
    submissions = send(server, 6)
    server.stop()

    server = service.server().start()
    server.published(6)
    all_well(server)
    check_space(service.space, submissions).demand_clean()


@pytest.mark.parametrize(
    ("granted", "named"),
    [
        ({"on_topics": (READ, DESCRIBE)}, "lane/0"),
        ({"on_topics": (WRITE,)}, "lane/0"),
        ({"on_topics": ()}, "kafka"),
        ({"on_ids": ()}, "lane/0"),
    ],
    ids=["no write", "no read", "nothing on topics", "no transactional id"],
)
def test_a_missing_acl_is_told_and_granting_it_is_enough(service, granted, named):
    service.grant(**granted)
    server = service.server().start()
    submissions = send(server, 20)

    # What a broker refuses may show as something else at first.
    def failed() -> dict | None:
        found = server.health().get(named)
        return found if found and found["condition"] == "failed" else None

    status = until(failed, within_s=60, what=f"{named} is told as failed")
    assert "ACL" in status["cause"] + status["remedy"], status
    service.grant()
    server.published(20, within_s=30)
    all_well(server)
    check_space(service.space, submissions).demand_clean()


def test_a_denied_topic_holds_up_only_its_own_events(service):
    service.grant()
    server = service.server().start()
    submissions = send(server, 10)
    server.published(10)
    service.broker.deny(service.user, service.v2, WRITE)
    submissions += send(server, 20)

    def named() -> dict | None:
        found = server.health().get("lane/0", {})
        return found if service.v2 in found.get("cause", "") else None

    # The first refusal may be told of the other topic: they share a transaction.
    status = until(named, within_s=20, what="the lane names the topic")
    assert status["condition"] == "failed", status
    assert "ACL" in status["remedy"], status
    # Ten of either topic were sent, half of them before.
    server.published(20, within_s=20)
    parked = "SELECT count(*) FROM quarantine WHERE code = 'topic_denied'"
    until(lambda: service.space.rows(parked) == [(10,)], within_s=20, what="events of v2 wait")
    submissions += send(server, 10)
    server.published(25, within_s=20)
    assert server.http.get("/readyz").status_code == 200

    # Whoever owns the lanes next must find out by itself.
    server.kill()
    server = service.server().start()
    told(server, "lane/1", within_s=20)
    service.broker.deny_no_more(service.user, service.v2, WRITE)
    server.published(40, within_s=60)
    all_well(server)
    check_space(service.space, submissions).demand_clean()
