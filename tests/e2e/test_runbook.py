"""The runbook's scenes: Kafka stops and comes back; a topic is missing; brokers are wrong."""

from confluent_kafka.admin import AdminClient, NewTopic
from support.evidence import check_space
from support.server import Server
from support.space import PARTITIONS
from support.steps import all_well, free_port, send, told
from support.waiting import until

LAST_FIVE = (
    "SELECT id, topic, key, created_at, published_at FROM outbox_events ORDER BY id DESC LIMIT 5;"
)


def test_records_wait_while_kafka_is_down_and_flow_when_it_returns(open_space, stack):
    space = open_space("runbook")
    server = Server(space).start()
    submissions = send(server, 3)
    server.published(3)
    stack.stop("kafka")
    try:
        submissions += send(server, 5)
        assert [row[4] for row in space.rows(LAST_FIVE)] == [None] * 5
        status = told(server, "kafka")
        assert "KAFKA_BROKERS" in status["remedy"]
        assert server.http.get("/readyz").status_code == 200
        assert server.http.get("/readyz?verbose").json()["ready"] is True
        assert server.http.get("/healthz").status_code == 200
        fresh = Server(space, name="started-without-kafka").start()
        submissions += send(fresh, 2)
        fresh.stop()
    finally:
        stack.start("kafka")
    server.published(10, within_s=60)
    assert None not in [row[4] for row in space.rows(LAST_FIVE)]
    all_well(server)
    check_space(space, submissions).demand_clean()


def test_a_missing_topic_is_told_by_name_and_flows_once_it_is_made(open_space):
    space = open_space("topics", topics=False)
    server = Server(space).start()
    submissions = send(server, 4)
    for topic in space.topics:
        status = told(server, f"topic/{topic}")
        assert topic in status["cause"]
        assert "exchange topics apply" in status["remedy"]
    assert server.http.get("/readyz").status_code == 200
    assert space.run("check").returncode != 0
    space.run("topics", "apply", check=True)
    server.published(4)
    all_well(server)
    assert space.run("check").returncode == 0
    check_space(space, submissions).demand_clean()


def test_applying_topics_twice_changes_nothing(open_space):
    space = open_space("twice")
    again = space.run("topics", "apply", check=True)
    assert "created" not in again.stdout.replace("0 created", "").replace("already", "")


def test_wrong_brokers_are_told_by_name_and_records_are_kept(open_space):
    space = open_space("brokers")
    wrong = Server(space, name="wrong", KAFKA_BROKERS=f"127.0.0.1:{free_port()}").start()
    submissions = send(wrong, 4)
    status = told(wrong, "kafka", within_s=8)
    assert "KAFKA_BROKERS" in status["cause"] + status["remedy"]
    assert wrong.http.get("/readyz").status_code == 200
    assert space.rows("SELECT count(published_at) FROM outbox_events") == [(0,)]
    wrong.stop()
    right = Server(space, name="right").start()
    right.published(4)
    check_space(space, submissions).demand_clean()


def test_a_database_that_belongs_to_another_cluster_publishes_nothing(open_space):
    space = open_space("cluster")
    with space.database() as connection:
        connection.execute("INSERT INTO pins VALUES ('kafka_cluster_id', 'another-cluster-id')")
    server = Server(space).start()
    send(server, 2)
    status = told(server, "kafka", within_s=8)
    assert "another-cluster-id" in status["cause"]
    assert space.rows("SELECT count(published_at) FROM outbox_events") == [(0,)]


def test_events_of_a_topic_that_is_there_flow_while_another_is_missing(open_space, stack):
    space = open_space("parked", topics=False)
    there, missing = space.topics
    admin = AdminClient({"bootstrap.servers": stack.kafka})
    for made in admin.create_topics([NewTopic(there, PARTITIONS, 1)]).values():
        made.result(timeout=10)
    server = Server(space, TOPIC_GRACE_MS=1000).start()
    submissions = send(server, 8)
    assert missing in told(server, f"topic/{missing}")["cause"]
    parked = "SELECT count(*) FROM quarantine WHERE code = 'topic_missing'"
    until(lambda: space.rows(parked) == [(4,)], within_s=20, what="events of one topic wait")
    server.published(4)
    submissions += send(server, 8)
    server.published(8)
    until(lambda: space.rows(parked) == [(8,)], within_s=20, what="more events of it wait")
    published = "SELECT DISTINCT topic FROM outbox_events WHERE published_at IS NOT NULL"
    assert space.rows(published) == [("record.ingested.v1",)]
    space.run("topics", "apply", check=True)
    published = "SELECT count(*) FROM outbox_events WHERE published_at IS NOT NULL"
    until(lambda: space.rows(published) == [(16,)], within_s=30, what="all events are published")
    all_well(server)
    assert space.run("outbox", "status").returncode == 0
    check_space(space, submissions).demand_clean()
