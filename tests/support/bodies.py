"""Bodies that follow the contract, unique in every call."""

import itertools
import json
import secrets

_serial = itertools.count(1)


def unique_key() -> str:
    return f"key-{next(_serial)}-{secrets.token_hex(8)}"


def v1(source: str = "clinic-a", *, filler: int = 0, **changes: object) -> dict:
    return {
        "source": source,
        "record_type": "encounter",
        "patient": {"first_name": "Sam", "last_name": "Lee", "dob": "1990-01-01"},
        "payload": {"serial": next(_serial), "note": "x" * filler},
        **changes,
    }


def v2(source: str = "partner-b", *, filler: int = 0, **changes: object) -> dict:
    return {
        "source": source,
        "record_kind": "lab_result",
        "schema_hint": "partnerB.v1",
        "patient": {
            "given_name": "Sam",
            "family_name": "Lee",
            "dob": "1990-01-01",
            "ssn": "123-45-6789",
        },
        "payload": {"serial": next(_serial), "note": "x" * filler},
        **changes,
    }


def body_of(api: int, source: str = "clinic-a", **changes: object) -> dict:
    return v1(source, **changes) if api == 1 else v2(source, **changes)


def encode(body: object) -> bytes:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
