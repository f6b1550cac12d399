"""The contracts held against each other. src/record holds itself against the same files."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
EXAMPLES = CONTRACTS / "examples"
VERSIONS = (1, 2)


def read_json(path: Path) -> object:
    return json.loads(path.read_text(encoding="utf-8"))


def read_yaml(name: str) -> dict:
    return yaml.safe_load((CONTRACTS / name).read_text(encoding="utf-8"))


def retrieve(uri: str) -> Resource:
    path = Path(uri.removeprefix("file://"))
    return Resource(contents=read_json(path), specification=DRAFT202012)


def validator(schema: dict, base: Path) -> Draft202012Validator:
    """Of `schema`, whose references are relative to the folder of `base`."""
    root = {"$id": base.as_uri(), **schema}
    return Draft202012Validator(
        root, registry=Registry(retrieve=retrieve), format_checker=FormatChecker()
    )


def validator_of(name: str) -> Draft202012Validator:
    path = CONTRACTS / "schemas" / name
    return validator(read_json(path), path)


def strict_json(text: str) -> object:
    def unique(pairs: list) -> dict:
        assert len(dict(pairs)) == len(pairs), "a member occurs twice"
        return dict(pairs)

    return json.loads(text, object_pairs_hook=unique)


def references(node: object) -> list[str]:
    if isinstance(node, dict):
        own = [value for name, value in node.items() if name in ("$ref", "externalValue")]
        return own + [found for value in node.values() for found in references(value)]
    if isinstance(node, list):
        return [found for value in node for found in references(value)]
    return []


def resolve(document: dict, pointer: str) -> object:
    node = document
    for part in pointer.strip("/").split("/"):
        node = node[part.replace("~1", "/").replace("~0", "~")]
    return node


@pytest.mark.parametrize(
    "path", sorted((CONTRACTS / "schemas").glob("*.json")), ids=lambda p: p.name
)
def test_schema_is_a_schema(path: Path) -> None:
    Draft202012Validator.check_schema(read_json(path))


@pytest.mark.parametrize("version", VERSIONS)
def test_valid_requests_follow_their_schema_and_only_theirs(version: int) -> None:
    own = validator_of(f"ingest-request.v{version}.json")
    other = validator_of(f"ingest-request.v{3 - version}.json")
    paths = [p for p in EXAMPLES.glob(f"ingest-v{version}*.json") if "invalid" not in p.name]
    assert len(paths) == 2
    for path in paths:
        body = strict_json(path.read_text(encoding="utf-8"))
        own.validate(body)
        assert not other.is_valid(body)


@pytest.mark.parametrize("version", VERSIONS)
def test_invalid_requests_are_refused_by_the_schema_where_it_can(version: int) -> None:
    schema = validator_of(f"ingest-request.v{version}.json")
    rows = read_json(EXAMPLES / f"ingest-v{version}-invalid.json")
    assert len({row["name"] for row in rows}) == len(rows)
    for row in rows:
        assert row["violations"], row["name"]
        body = row.get("json")
        if "text" in row:
            try:
                body = json.loads(row["text"])
            except json.JSONDecodeError:
                assert row["schema_refuses"], row["name"]
                continue
        assert schema.is_valid(body) != row["schema_refuses"], row["name"]


@pytest.mark.parametrize("version", VERSIONS)
def test_events_follow_their_schema(version: int) -> None:
    event = strict_json((EXAMPLES / f"event-v{version}.json").read_text(encoding="utf-8"))
    path = f"record-ingested.v{version}.json"
    validator_of(path).validate(event)
    assert list(event) == list(read_json(CONTRACTS / "schemas" / path)["properties"])
    assert event["raw_object"]["size_bytes"] == event["raw_object"]["length"]
    assert not validator_of(f"record-ingested.v{3 - version}.json").is_valid(event)


@pytest.mark.parametrize("version", VERSIONS)
def test_event_headers_follow_asyncapi_and_match_the_value(version: int) -> None:
    headers = read_json(EXAMPLES / f"event-v{version}-headers.json")
    of_relay = {"x-id": "1024", "x-pseq": "17", "x-lane": "2", "x-epoch": "3"}
    schema = read_yaml("asyncapi.yaml")["components"]["schemas"]["headers"]
    validator(schema, CONTRACTS / "asyncapi.yaml").validate(headers | of_relay)
    assert set(headers | of_relay) <= set(schema["properties"])

    event = read_json(EXAMPLES / f"event-v{version}.json")
    assert headers["ce_id"] == event["event_id"]
    assert headers["ce_subject"] == event["record_id"]
    assert headers["ce_time"] == event["occurred_at"]
    assert headers["ce_source"] == f"/exchange/sources/{event['source']}"
    assert headers["ce_type"] == f"record.ingested.v{version}"


def test_answers_follow_their_schemas() -> None:
    validator_of("accepted.json").validate(read_json(EXAMPLES / "accepted.json"))
    schema = validator_of("problem.json")
    problems = read_json(EXAMPLES / "problems.json")
    for problem in [*problems, read_json(EXAMPLES / "problem-body-invalid.json")]:
        schema.validate(problem)
        assert problem["type"] == f"urn:exchange:problem:{problem['code']}"
    codes = read_json(CONTRACTS / "schemas" / "problem.json")["properties"]["code"]["enum"]
    assert [problem["code"] for problem in problems] == codes


def test_openapi_is_valid() -> None:
    validate(read_yaml("openapi.yaml"), base_uri=(CONTRACTS / "openapi.yaml").as_uri())


@pytest.mark.parametrize("name", ["openapi.yaml", "asyncapi.yaml"])
def test_every_reference_leads_somewhere(name: str) -> None:
    document = read_yaml(name)
    found = references(document)
    assert found
    for reference in found:
        file, _, pointer = reference.partition("#")
        target = read_json(CONTRACTS / file) if file else document
        if pointer:
            resolve(target, pointer)


def test_openapi_lists_every_problem_under_its_status() -> None:
    document = read_yaml("openapi.yaml")
    listed = set()
    for name, response in document["components"]["responses"].items():
        for content in response["content"].values():
            if "allOf" not in content["schema"]:
                continue
            says = content["schema"]["allOf"][1]["properties"]
            listed |= {(says["status"]["const"], code) for code in says["code"]["enum"]}
            for path in ("/v1/ingest", "/v2/ingest"):
                at = document["paths"][path]["post"]["responses"][str(says["status"]["const"])]
                assert at["$ref"] == f"#/components/responses/{name}"
    problems = read_json(EXAMPLES / "problems.json")
    assert listed == {(problem["status"], problem["code"]) for problem in problems}


def test_openapi_examples_follow_the_schemas_beside_them() -> None:
    document = read_yaml("openapi.yaml")
    bodies = [
        document["paths"][path]["post"]["requestBody"] for path in ("/v1/ingest", "/v2/ingest")
    ]
    contents = [
        content
        for holder in [*bodies, *document["components"]["responses"].values()]
        for content in holder["content"].values()
        if "examples" in content
    ]
    assert len(contents) == 4
    for content in contents:
        schema = {"components": document["components"], **content["schema"]}
        for example in content["examples"].values():
            value = read_json(CONTRACTS / example["externalValue"])
            validator(schema, CONTRACTS / "openapi.yaml").validate(value)


def test_topics_are_the_channels() -> None:
    topics = tomllib.loads((CONTRACTS / "topics.toml").read_text(encoding="utf-8"))["topic"]
    channels = read_yaml("asyncapi.yaml")["channels"].values()
    assert [topic["name"] for topic in topics] == [channel["address"] for channel in channels]
    for topic, channel in zip(topics, channels, strict=True):
        kafka = channel["bindings"]["kafka"]
        assert topic["partitions"] == kafka["partitions"]
        settings = {
            name: ",".join(value) if isinstance(value, list) else str(value)
            for name, value in kafka["topicConfiguration"].items()
        }
        assert topic["config"] == settings


def test_no_example_holds_a_plausible_ssn() -> None:
    """Area number 000 was never issued: nobody's number is in this repository."""
    for path in EXAMPLES.glob("*.json"):
        for number in re.findall(r'"ssn": ?"([^"]*)"', path.read_text(encoding="utf-8")):
            assert number.startswith("000"), path.name
