"""Holds what clients were told against what Postgres, Kafka and the raw store hold.

Pure: `check` reads no server (evidence.py does). One kind of violation a promise:

lost        acknowledged but not in the ledger, or in the ledger and not in Kafka
duplicated  one key with two records, or one record announced twice
ghost       in the ledger, in Kafka or in an object, and never sent
reordered   a partition whose outbox ids fall, or that belongs to another lane; windows that overlap
epoch       a partition in which a former owner wrote after a later one
gap         a partition whose sequence is not 1, 2, 3, …; ids between two windows of a lane
torn        a window of which a part is in Kafka and the rest neither there nor in quarantine
unbalanced  accepted is not published + pending + quarantined, or published is not what Kafka holds
mismatch    bytes, hash, size or place differ from what was sent
orphan      an object without a bundle row
missing     a bundle row without its object, or with another object
"""

import hashlib
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from support.events import Event


@dataclass
class Submission:
    """A body under a key, and every record id that a 202 named for it."""

    source: str
    key: str
    body: bytes
    api: int = 1
    record_ids: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class LedgerRow:
    record_id: str
    lane: int
    outbox_id: int
    source: str
    key: str
    api: int
    sha256: str
    size: int


@dataclass(frozen=True)
class BundleRow:
    key: str
    sha256: str
    size: int
    ids: tuple[int, ...]
    lengths: tuple[int, ...]


@dataclass(frozen=True)
class WindowRow:
    """Rows (after, to] of a lane, planned at once. `published`: recorded as such."""

    lane: int
    after: int
    to: int
    rows: int
    published: bool = True


@dataclass(frozen=True)
class Accounts:
    """What Postgres counts, of all that was ever accepted."""

    accepted: int
    published: int
    pending: int
    quarantined: int


@dataclass
class Evidence:
    ledger: list[LedgerRow]
    bundles: list[BundleRow]
    objects: dict[str, bytes]
    events: list[Event]
    # How many lanes there were from each outbox id on, exclusive; rising.
    layouts: tuple[tuple[int, int], ...]
    # Outbox ids in quarantine: accepted, and rightly not in Kafka.
    quarantined: frozenset[int] = frozenset()
    windows: list[WindowRow] = field(default_factory=list)
    accounts: Accounts | None = None


class Report:
    def __init__(self) -> None:
        self.violations: dict[str, list[str]] = defaultdict(list)
        self.copies = 0

    def add(self, kind: str, text: str) -> None:
        self.violations[kind].append(text)

    def kinds(self) -> set[str]:
        return set(self.violations)

    def demand_clean(self) -> None:
        found = self.violations.items()
        told = [f"{kind}: {len(texts)}, e.g. {texts[0]}" for kind, texts in found]
        assert not told, "\n".join(told)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def check(
    submissions: list[Submission], evidence: Evidence, *, drop_copies: bool = False
) -> Report:
    """`drop_copies` reads the log as our consumer does: an id that is not above the one before it
    in its partition is dropped and counted, not reported."""
    report = Report()
    _check_ledger(report, submissions, evidence.ledger)
    events = _check_order(report, evidence, drop_copies)
    _check_events(report, evidence, events)
    _check_windows(report, evidence, events)
    _check_accounts(report, evidence, events)
    _check_objects(report, evidence)
    _check_places(report, evidence, events, {(s.source, s.key): s.body for s in submissions})
    return report


def _check_ledger(report: Report, submissions: list[Submission], ledger: list[LedgerRow]) -> None:
    rows = defaultdict(list)
    for row in ledger:
        rows[row.source, row.key].append(row)
    for sent in submissions:
        _check_submission(report, sent, rows.pop((sent.source, sent.key), []))
    for key, unknown in rows.items():
        report.add("ghost", f"ledger holds {unknown[0].record_id} of {key}, never sent")


def _check_submission(report: Report, sent: Submission, found: list[LedgerRow]) -> None:
    if len(sent.record_ids) > 1 or len(found) > 1:
        ids = sent.record_ids | {row.record_id for row in found}
        report.add("duplicated", f"{sent.key} has the records {sorted(ids)}")
    if not found:
        if sent.record_ids:
            report.add("lost", f"{sent.key} was acknowledged and is not in the ledger")
        return
    row = found[0]
    if sent.record_ids and row.record_id not in sent.record_ids:
        report.add("lost", f"{sent.key} was acknowledged as another record than {row.record_id}")
    if (row.sha256, row.size) != (sha256(sent.body), len(sent.body)):
        report.add("mismatch", f"ledger row {row.record_id} is not of the body sent")


def _check_order(report: Report, evidence: Evidence, drop_copies: bool) -> list[Event]:
    """Order and sequence of each partition. Answers the events that count."""
    kept = []
    last: dict[tuple[str, int], Event] = {}
    lanes = {str(row.record_id): row.lane for row in evidence.ledger}
    for event in evidence.events:
        partition = (event.topic, event.partition)
        before = last.get(partition)
        if drop_copies and before and event.number("x-id") <= before.number("x-id"):
            report.copies += 1
            continue
        _check_step(report, before, event)
        lane = event.partition % _lanes_at(evidence, event.number("x-id"))
        if lanes.get(event.key, lane) != lane:
            report.add("reordered", f"{event.key} is in {event.partition}, of another lane")
        last[partition] = event
        kept.append(event)
    return kept


def _lanes_at(evidence: Evidence, number: int) -> int:
    return [lanes for since, lanes in evidence.layouts if number > since or since == 0][-1]


def _check_step(report: Report, before: Event | None, event: Event) -> None:
    place = f"{event.topic}/{event.partition}@{event.offset}"
    expected = before.number("x-pseq") + 1 if before else 1
    if event.number("x-pseq") != expected:
        report.add("gap", f"{place} is number {event.number('x-pseq')}, not {expected}")
    if before is None:
        return
    if event.number("x-id") < before.number("x-id"):
        report.add("reordered", f"{place}: id {event.number('x-id')} after a higher one")
    if event.number("x-epoch") < before.number("x-epoch"):
        report.add("epoch", f"{place}: epoch {event.number('x-epoch')} after a higher one")


def _check_events(report: Report, evidence: Evidence, events: list[Event]) -> None:
    announced = Counter(event.number("x-id") for event in events)
    announced_keys = Counter(event.key for event in events)
    ids = {row.outbox_id: row for row in evidence.ledger}
    for number, times in announced.items():
        if times > 1:
            report.add("duplicated", f"outbox id {number} is in Kafka {times} times")
        if number not in ids:
            report.add("ghost", f"outbox id {number} is in Kafka and not in the ledger")
    for event_id, times in Counter(event.headers.get("ce_id") for event in events).items():
        if event_id and times > 1:
            report.add("duplicated", f"event {event_id} is in Kafka {times} times")
    for key, times in announced_keys.items():
        if times > 1:
            report.add("duplicated", f"record {key} is in Kafka {times} times")
    for number, row in ids.items():
        if number not in announced and number not in evidence.quarantined:
            report.add("lost", f"record {row.record_id} (id {number}) is not in Kafka")


def _check_windows(report: Report, evidence: Evidence, events: list[Event]) -> None:
    announced = {event.number("x-id") for event in events} | evidence.quarantined
    ids = defaultdict(list)
    for row in evidence.ledger:
        ids[row.lane].append(row.outbox_id)
    last: dict[int, int] = {}
    for window in sorted(evidence.windows, key=lambda window: (window.lane, window.to)):
        told = f"window ({window.after}, {window.to}] of lane {window.lane}"
        before = last.get(window.lane, window.after)
        if window.after < before:
            report.add("reordered", f"{told} begins before {before}, the end of the one before it")
        if any(before < number <= window.after for number in ids[window.lane]):
            report.add("gap", f"{told} leaves out rows after {before}")
        last[window.lane] = window.to
        mine = {number for number in ids[window.lane] if window.after < number <= window.to}
        missing = mine - announced
        if missing and missing != mine:
            report.add("torn", f"{told}: {len(missing)} of {len(mine)} rows are not in Kafka")
        if window.published and missing:
            report.add("lost", f"{told} is recorded as published without {min(missing)}")


def _check_accounts(report: Report, evidence: Evidence, events: list[Event]) -> None:
    accounts = evidence.accounts
    if accounts is None:
        return
    told = str(accounts)
    if accounts.accepted != accounts.published + accounts.pending + accounts.quarantined:
        report.add("unbalanced", f"{told} does not add up")
    if accounts.accepted != len(evidence.ledger):
        report.add("unbalanced", f"{told}, but the ledger holds {len(evidence.ledger)}")
    in_kafka = len({event.number("x-id") for event in events})
    # What is in Kafka and not recorded yet is pending.
    if not accounts.published <= in_kafka <= accounts.published + accounts.pending:
        report.add("unbalanced", f"{told}, but Kafka holds {in_kafka}")


def _check_objects(report: Report, evidence: Evidence) -> None:
    known = {row.sha256 for row in evidence.ledger}
    rows = {bundle.key: bundle for bundle in evidence.bundles}
    for key in rows.keys() - evidence.objects.keys():
        report.add("missing", f"bundle {key} is not in the raw store")
    for key, data in evidence.objects.items():
        bundle = rows.get(key)
        if bundle is None:
            report.add("orphan", f"object {key} has no bundle row")
        elif (bundle.sha256, bundle.size) != (sha256(data), len(data)):
            report.add("missing", f"object {key} holds other bytes than its bundle row says")
        # Bodies of these tests hold no newline, so it separates records and nothing else.
        for part in data.split(b"\n"):
            if sha256(part) not in known:
                report.add("ghost", f"object {key} holds bytes of no accepted record")


def _check_places(
    report: Report,
    evidence: Evidence,
    events: list[Event],
    sent: dict[tuple[str, str], bytes],
) -> None:
    rows = {row.record_id: row for row in evidence.ledger}
    places = _bundled_places(evidence.bundles)
    for event in events:
        row = rows.get(event.key)
        if row is None:
            continue
        raw = json.loads(event.value)["raw_object"]
        place = (raw["key"], raw["offset"], raw["length"])
        if places.get(row.outbox_id) != place:
            report.add("mismatch", f"{event.key} is announced at {place}, not where it is")
        data = evidence.objects.get(raw["key"], b"")[raw["offset"] :][: raw["length"]]
        if data != sent.get((row.source, row.key), data) or sha256(data) != raw["sha256"]:
            report.add("mismatch", f"{event.key}: the raw bytes are not those that were sent")
        if raw["sha256"] != row.sha256 or raw["size_bytes"] != row.size:
            report.add("mismatch", f"{event.key}: event and ledger differ in hash or size")


def _bundled_places(bundles: list[BundleRow]) -> dict[int, tuple[str, int, int]]:
    places = {}
    for bundle in bundles:
        offset = 0
        for number, length in zip(bundle.ids, bundle.lengths, strict=True):
            places[number] = (bundle.key, offset, length)
            offset += length + 1
    return places
