"""Requests generated from contracts/openapi.yaml, valid and not, and answers held against it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS, load_all_checks
from support.server import Server

CONTRACT = Path(__file__).parents[2] / "contracts" / "openapi.yaml"

# Rules that no JSON Schema can state; a generated body that breaks one of them is rightly refused.
BEYOND_SCHEMAS = {
    "date_invalid": "the calendar lacks the day",
    "member_duplicate": "names that differ in their escapes only",
    "nesting_too_deep": "deeper than 32",
    "nul_character": "U+0000",
    "number_out_of_range": "neither a 64-bit integer nor a finite double",
}

schema = schemathesis.openapi.from_path(CONTRACT)
# Off, since it takes minutes to find cases that test_ingest_contract.py states one by one.
schema.config.phases.coverage.enabled = False
# A malformed traceparent is ignored, as W3C Trace Context wants it, so none is a violation.
schema.raw_schema["components"]["parameters"]["Traceparent"]["schema"] = {"type": "string"}

load_all_checks()
POSITIVE = CHECKS.get_by_names(["positive_data_acceptance"])


@pytest.fixture(scope="module")
def target(open_module_space) -> Iterator[Server]:
    server = Server(open_module_space("openapi")).start()
    yield server
    samples = server.metrics()
    for outcome in ("accepted", "invalid"):
        assert samples[f'exchange_ingest_requests_total{{outcome="{outcome}"}}'] > 20, outcome


def rightly_refused(answer) -> bool:
    if answer.status_code != 400 or "errors" not in answer.json():
        return False
    codes = {violation["code"] for violation in answer.json()["errors"]}
    return codes <= BEYOND_SCHEMAS.keys()


@schema.parametrize()
@settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_a_generated_request_gets_only_answers_of_the_contract(case, target):
    headers = {"Authorization": "Bearer dev"}
    answer = case.call(base_url=target.url, headers=headers)
    excluded = POSITIVE if rightly_refused(answer) else []
    case.validate_response(answer, excluded_checks=excluded, headers=headers)
