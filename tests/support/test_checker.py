"""The checker finds each violation when it is there, and none when it is not."""

import json
from dataclasses import replace

import pytest
from support.checker import (
    Accounts,
    BundleRow,
    Evidence,
    LedgerRow,
    Submission,
    WindowRow,
    check,
    sha256,
)
from support.events import Event

BODIES = {number: b'{"serial":%d}' % number for number in range(1, 5)}
TOPIC = "record.ingested.v1"


def _event(number: int, sequence: int) -> Event:
    body = BODIES[number]
    place = sum(len(BODIES[n]) + 1 for n in range(1, number))
    raw = {
        "key": "bundles/1",
        "offset": place,
        "length": len(body),
        "sha256": sha256(body),
        "size_bytes": len(body),
    }
    headers = {
        "ce_id": f"event-{number}",
        "x-id": str(number),
        "x-pseq": str(sequence),
        "x-epoch": "1",
    }
    value = json.dumps({"raw_object": raw}).encode()
    return Event(TOPIC, 0, sequence - 1, f"record-{number}", value, headers)


def _clean() -> tuple[list[Submission], Evidence]:
    submissions = [
        Submission("s", f"key-{n}", body, 1, {f"record-{n}"}) for n, body in BODIES.items()
    ]
    ledger = [
        LedgerRow(f"record-{n}", 0, n, "s", f"key-{n}", 1, sha256(body), len(body))
        for n, body in BODIES.items()
    ]
    data = b"\n".join(BODIES.values())
    lengths = tuple(len(body) for body in BODIES.values())
    bundle = BundleRow("bundles/1", sha256(data), len(data), tuple(BODIES), lengths)
    events = [_event(n, n) for n in BODIES]
    evidence = Evidence(
        ledger,
        [bundle],
        {"bundles/1": data},
        events,
        layouts=((0, 4),),
        windows=[WindowRow(0, 0, 2, 2), WindowRow(0, 2, 4, 2)],
        accounts=Accounts(accepted=4, published=4, pending=0, quarantined=0),
    )
    return submissions, evidence


def _changed(event: Event, **headers: str) -> Event:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return replace(event, headers={**event.headers, **names})


def test_a_faithful_history_has_no_violation():
    assert check(*_clean()).kinds() == set()


def test_an_unacknowledged_record_may_be_stored_or_not():
    submissions, evidence = _clean()
    submissions[0].record_ids.clear()
    submissions.append(Submission("s", "key-unknown", b"{}"))
    assert check(submissions, evidence).kinds() == set()


def _lose_from_ledger(submissions, evidence):
    submissions.append(Submission("s", "key-9", b"{}", 1, {"record-9"}))


def _lose_from_kafka(submissions, evidence):
    evidence.events.pop()


def _answer_twice(submissions, evidence):
    submissions[0].record_ids.add("record-99")


def _announce_twice(submissions, evidence):
    evidence.events.append(_changed(replace(evidence.events[3], offset=4), x_pseq="5"))


def _invent_ledger_row(submissions, evidence):
    del submissions[3]


def _invent_event(submissions, evidence):
    extra = _changed(evidence.events[3], x_id="77", x_pseq="5")
    evidence.events.append(replace(extra, key="record-77", offset=4))


def _invent_bytes(submissions, evidence):
    evidence.objects["bundles/2"] = b'{"serial":99}'


def _swap_ids(submissions, evidence):
    first, second = _event(1, 2), _event(2, 1)
    evidence.events[:2] = [second, first]


def _lower_epoch(submissions, evidence):
    evidence.events[3] = _changed(evidence.events[3], x_epoch="0")


def _wrong_lane(submissions, evidence):
    evidence.ledger[0] = replace(evidence.ledger[0], lane=1)


def _skip_a_number(submissions, evidence):
    evidence.events[3] = _changed(evidence.events[3], x_pseq="5")


def _store_other_bytes(submissions, evidence):
    evidence.objects["bundles/1"] = evidence.objects["bundles/1"].replace(b"1", b"4")


def _send_another_body(submissions, evidence):
    submissions[0].body = b'{"serial":8}'


def _announce_another_place(submissions, evidence):
    first = evidence.events[0]
    evidence.events[0] = replace(first, value=first.value.replace(b'"offset": 0', b'"offset": 1'))


def _leave_an_object(submissions, evidence):
    evidence.objects["bundles/2"] = BODIES[1]


def _remove_an_object(submissions, evidence):
    evidence.objects.clear()


def _announce_an_event_for_two_records(submissions, evidence):
    last = evidence.events[3]
    evidence.events[3] = replace(last, headers={**last.headers, "ce_id": "event-1"})


def _tear_a_window(submissions, evidence):
    evidence.windows[1] = replace(evidence.windows[1], published=False)
    evidence.events.pop()


def _record_a_torn_window(submissions, evidence):
    evidence.events.pop()


def _leave_rows_out_of_the_plan(submissions, evidence):
    evidence.windows[0] = replace(evidence.windows[0], to=1, rows=1)


def _plan_a_row_twice(submissions, evidence):
    evidence.windows[1] = replace(evidence.windows[1], after=1, rows=3)


def _miscount(submissions, evidence):
    evidence.accounts = replace(evidence.accounts, published=3)


def _count_what_the_ledger_lacks(submissions, evidence):
    evidence.accounts = replace(evidence.accounts, accepted=5, pending=1)


def _record_more_than_kafka_holds(submissions, evidence):
    evidence.events.pop()
    evidence.ledger.pop()
    evidence.accounts = replace(evidence.accounts, accepted=3, published=4, pending=-1)


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (_lose_from_ledger, "lost"),
        (_lose_from_kafka, "lost"),
        (_answer_twice, "duplicated"),
        (_announce_twice, "duplicated"),
        (_invent_ledger_row, "ghost"),
        (_invent_event, "ghost"),
        (_invent_bytes, "ghost"),
        (_swap_ids, "reordered"),
        (_lower_epoch, "epoch"),
        (_announce_an_event_for_two_records, "duplicated"),
        (_tear_a_window, "torn"),
        (_record_a_torn_window, "lost"),
        (_leave_rows_out_of_the_plan, "gap"),
        (_plan_a_row_twice, "reordered"),
        (_miscount, "unbalanced"),
        (_count_what_the_ledger_lacks, "unbalanced"),
        (_record_more_than_kafka_holds, "unbalanced"),
        (_wrong_lane, "reordered"),
        (_skip_a_number, "gap"),
        (_store_other_bytes, "missing"),
        (_store_other_bytes, "mismatch"),
        (_send_another_body, "mismatch"),
        (_announce_another_place, "mismatch"),
        (_leave_an_object, "orphan"),
        (_remove_an_object, "missing"),
    ],
)
def test_a_seeded_violation_is_found(damage, kind):
    submissions, evidence = _clean()
    damage(submissions, evidence)
    report = check(submissions, evidence)
    assert kind in report.kinds()
    with pytest.raises(AssertionError, match=kind):
        report.demand_clean()


def test_a_copy_is_dropped_and_counted_only_when_asked_for():
    submissions, evidence = _clean()
    evidence.events.append(replace(evidence.events[3], offset=4))
    assert {"duplicated", "gap"} <= check(submissions, evidence).kinds()
    report = check(submissions, evidence, drop_copies=True)
    assert (report.kinds(), report.copies) == (set(), 1)


def test_a_quarantined_row_need_not_be_in_kafka():
    submissions, evidence = _clean()
    evidence.events.pop()
    evidence.quarantined = frozenset({4})
    evidence.accounts = Accounts(accepted=4, published=3, pending=0, quarantined=1)
    assert check(submissions, evidence).kinds() == set()
