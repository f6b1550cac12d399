#!/usr/bin/env python3
"""The runbook, performed and checked: a record is taken while Kafka is down, published when Kafka
is back, and found byte for byte behind its event. ./dev demo starts it and sets the addresses."""

import hashlib
import json
import os
import shlex
import subprocess
import sys
import time
import uuid

URL = os.environ["EXCHANGE_DEMO_URL"]
DEV = shlex.split(os.environ["EXCHANGE_TEST_STACK"])
KAFKA = os.environ["EXCHANGE_TEST_KAFKA"]
S3 = os.environ["EXCHANGE_TEST_S3"]
TOPIC = "record.ingested.v1"
PUBLISHED_WITHIN_S = 60
BODY = (
    '{"source":"demo-source","record_type":"encounter","patient":{"first_name":"Sam",'
    '"last_name":"Lee","dob":"1990-01-01"},"payload":{"example":true}}'
)
QUERY = (
    "SELECT id, topic, key, created_at, published_at FROM outbox_events ORDER BY id DESC LIMIT 5;"
)
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


class CheckFailed(Exception):
    """A step did not show what the runbook says; the text says what was seen instead."""


def check(condition, otherwise):
    if not condition:
        raise CheckFailed(otherwise)


class Steps:
    def __init__(self):
        self.count = 0

    def heading(self, text):
        self.count += 1
        print(f"\n== {self.count}. {text}", flush=True)


def shown(command):
    """The command as one would type it in the tree."""
    if command[: len(DEV)] == DEV:
        stack = [] if DEV[-1] == "dev" else DEV[1:]
        return shlex.join(["./dev", *stack, *command[len(DEV) :]])
    return shlex.join(command)


def run(command, *, stdin=None, show=True, timeout=90):
    """Runs a command and returns its output; a command that fails ends the demo."""
    if show:
        print(f"$ {shown(command)}", flush=True)
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=timeout, check=False)
    output = done.stdout.decode(errors="replace")
    talk = done.stderr.decode(errors="replace").strip()
    if show:
        for line in (output + talk).rstrip().splitlines():
            print(f"  {line}", flush=True)
    check(done.returncode == 0, f"{command[0]} ended with status {done.returncode}: {talk}")
    return output


def services_run():
    table = run([*DEV, "ps"])
    running = [line.split()[0] for line in table.splitlines() if line.split()[1] == "running"]
    for name in ("postgres", "kafka", "s3", "exchange"):
        check(name in running, f"{name} does not run")


def ingest(key):
    """Sends the record and returns the status line, the headers and the body of the answer."""
    answer = run([
        "curl", "-sS", "-i", "-m", "30", f"{URL}/v1/ingest",
        "-H", "Authorization: Bearer dev", "-H", "Content-Type: application/json",
        "-H", f"Idempotency-Key: {key}", "--data-binary", BODY,
    ])  # fmt: skip
    head, _, body = answer.replace("\r\n", "\n").partition("\n\n")
    status, *headers = head.splitlines()
    check(" 202" in status, f"the answer is not 202 but: {status}")
    return [header.lower() for header in headers], body


def outbox_row(record_id, *, show=True):
    """The record's row of the runbook's query, as a dictionary."""
    lines = run([*DEV, "psql", "-c", QUERY], show=show).splitlines()
    names = [cell.strip() for cell in lines[0].split("|")]
    for line in lines[2:]:
        row = dict(zip(names, (cell.strip() for cell in line.split("|")), strict=False))
        if row.get("key") == record_id:
            return row
    raise CheckFailed(f"the outbox shows no event with the key {record_id}")


def wait_until_published(record_id):
    began = time.monotonic()
    while not outbox_row(record_id, show=False)["published_at"]:
        check(
            time.monotonic() < began + PUBLISHED_WITHIN_S,
            f"published_at is still empty {PUBLISHED_WITHIN_S} s after Kafka answers",
        )
        time.sleep(0.2)
    outbox_row(record_id)
    return time.monotonic() - began


def events_of(record_id):
    output = run(
        ["kcat", "-C", "-b", KAFKA, "-t", TOPIC, "-o", "beginning", "-e", "-q", "-J"], show=False
    )
    envelopes = [json.loads(line) for line in output.splitlines()]
    return [json.loads(each["payload"]) for each in envelopes if each["key"] == record_id]


def consume(record_id):
    print(f"$ kcat -C -b {KAFKA} -t {TOPIC} -o beginning -e -q -J | grep {record_id}")
    events = events_of(record_id)
    check(len(events) == 1, f"the topic holds {len(events)} events of this record, not 1")
    for line in json.dumps(events[0], indent=2).splitlines():
        print(f"  {line}")
    return events[0]


def fetch(raw):
    """The record's bytes out of the stored object, by a signed range request."""
    last = raw["offset"] + raw["length"] - 1
    url = f"{S3}/{raw['bucket']}/{raw['key']}"
    command = [
        "curl", "-sS", "-f", "-m", "30", "--aws-sigv4", "aws:amz:us-east-1:s3",
        "-H", f"x-amz-content-sha256: {EMPTY_SHA256}", "-r", f"{raw['offset']}-{last}", url,
    ]  # fmt: skip
    print(f'$ {shlex.join(command)} -u "$ACCESS_KEY:$SECRET_KEY"', flush=True)
    key = os.environ["EXCHANGE_TEST_S3_ACCESS_KEY"]
    secret = os.environ["EXCHANGE_TEST_S3_SECRET_KEY"]
    # The key goes by standard input, so that it shows in no process list.
    found = run([*command, "-K", "-"], stdin=f'user = "{key}:{secret}"'.encode(), show=False)
    print(f"  {found}")
    return found.encode()


def ingest_without_kafka(steps):
    key = f"demo-{uuid.uuid4()}"
    steps.heading("A record is accepted all the same")
    _, answer = ingest(key)
    record_id = json.loads(answer)["record_id"]

    steps.heading("Its event waits in the outbox: published_at is empty")
    row = outbox_row(record_id)
    check(row["topic"] == TOPIC, f"the topic is {row['topic']}, not {TOPIC}")
    check(not row["published_at"], "published_at is set although Kafka is stopped")

    steps.heading("The same request again gets the same answer, and no second record")
    headers, again = ingest(key)
    check(again == answer, "the answer differs from the first")
    check("idempotent-replayed: true" in headers, "the answer is not marked as replayed")
    return record_id


def verify_raw_bytes(steps, event):
    steps.heading("Its raw bytes are in S3, as they were sent")
    raw = event["raw_object"]
    found = fetch(raw)
    digest = hashlib.sha256(found).hexdigest()
    print(f"  sha256 of the stored bytes  {digest}")
    print(f"  sha256 in the event         {raw['sha256']}")
    print(f"  sha256 of the body sent     {hashlib.sha256(BODY.encode()).hexdigest()}", flush=True)
    check(digest == raw["sha256"], "the stored bytes do not have the hash that the event states")
    check(found == BODY.encode(), "the stored bytes are not the bytes that were sent")


def demo(steps):
    steps.heading("Every service answers")
    services_run()
    try:
        steps.heading("Kafka is stopped")
        run([*DEV, "stop", "kafka"])
        record_id = ingest_without_kafka(steps)
        steps.heading("Kafka is started")
    finally:
        run([*DEV, "start", "kafka"])

    steps.heading("The event is published by itself")
    took = wait_until_published(record_id)
    print(f"  published {took:.1f} s after Kafka answered")

    steps.heading("A consumer reads the event")
    verify_raw_bytes(steps, consume(record_id))
    return record_id


def main():
    steps = Steps()
    try:
        record_id = demo(steps)
    except (CheckFailed, subprocess.TimeoutExpired, KeyError, ValueError) as problem:
        print(f"\ndemo FAILED at step {steps.count}: {problem}", flush=True)
        return 1
    print(f"\ndemo passed: record {record_id} was accepted without Kafka, published once, intact")
    return 0


if __name__ == "__main__":
    sys.exit(main())
