"""The dashboard: generated, small, explained; and each of its queries, like those of the alerts,
gives data when a real Prometheus watches a real exchange at work."""

import importlib.util
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from support.collector import Collector
from support.load import Load
from support.prometheus import Prometheus
from support.server import Server
from support.waiting import until

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy/prometheus/exchange.rules.yaml"
DASHBOARD = ROOT / "deploy/grafana/dashboards/exchange.json"
TOGETHER_MAX = 24


def panels() -> list[dict]:
    return json.loads(DASHBOARD.read_text())["panels"]


def alerts() -> list[dict]:
    return yaml.safe_load(RULES.read_text())["groups"][0]["rules"]


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("dashboards", ROOT / "tools/dashboards.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def queries() -> list[str]:
    """Of the panels, with an interval in place of the one that Grafana would choose."""
    return [
        target["expr"].replace("$__rate_interval", "10s")
        for panel in panels()
        for target in panel["targets"]
    ]


def measures() -> list[str]:
    """What the alerts compare with their limits."""
    return [re.sub(r"\s*(==|!=|>)\s*\d+$", "", alert["expr"]) for alert in alerts()]


def test_the_dashboard_is_what_its_source_says():
    assert generator().render() == DASHBOARD.read_text(), "run tools/dashboards.py"


def lost(given: object, kept: object, path: str = "") -> Iterator[str]:
    """Where what is given is not in what was kept."""
    if isinstance(given, dict) and isinstance(kept, dict):
        for name, value in given.items():
            yield from lost(value, kept.get(name), f"{path}/{name}")
    elif isinstance(given, list) and isinstance(kept, list) and len(given) == len(kept):
        for at, (left, right) in enumerate(zip(given, kept, strict=True)):
            yield from lost(left, right, f"{path}/{at}")
    elif given != kept:
        yield path


def read_by_grafanas_models(document: dict) -> dict:
    register_default_plugins()
    return json.loads(JSONEncoder().encode(Dashboard.from_json(document)))


def test_grafanas_own_models_know_every_member():
    document = json.loads(DASHBOARD.read_text())
    assert list(lost(document, read_by_grafanas_models(document))) == []
    document["panels"][0]["options"]["graphMod"] = "none"
    assert list(lost(document, read_by_grafanas_models(document))) == ["/panels/0/options/graphMod"]


def test_alerts_and_panels_are_few_enough_to_know_them_all():
    assert len(panels()) + len(alerts()) <= TOGETHER_MAX


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
def test_each_panel_says_what_is_right_what_to_do_and_where_to_read_on(panel):
    assert panel["title"]
    text, page = panel["description"].split("\n\nRead on: ")
    assert text.strip()
    assert (ROOT / page.strip("`")).is_file()
    assert all(target["legendFormat"] for target in panel["targets"])


def rows_of_the_guide(heading: str) -> list[list[str]]:
    section = (ROOT / "docs/guides/monitor.md").read_text().split(f"## {heading}\n")[1]
    table = [line for line in section.split("\n## ")[0].splitlines() if line.startswith("| ")]
    return [[cell.strip("` ") for cell in line.strip("| ").split(" | ")] for line in table[1:]]


def test_the_guide_has_each_panel_and_each_alert():
    assert [row[0] for row in rows_of_the_guide("Panels")] == [panel["title"] for panel in panels()]
    told = {row[0]: row[1] for row in rows_of_the_guide("Alerts")}
    assert told == {alert["alert"]: alert["labels"]["severity"] for alert in alerts()}


def test_no_two_panels_lie_on_each_other():
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
    assert max(x for x, _ in taken) < 24


def test_each_metric_of_a_panel_is_on_the_metrics_page():
    used = set(re.findall(r"exchange_\w+", " ".join(queries())))
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in used}
    page = (ROOT / "docs/reference/metrics.md").read_text()
    assert {name for name in families if f"`{name}`" not in page} == set()


def test_each_measure_of_an_alert_is_one_without_its_limit():
    for alert, measure in zip(alerts(), measures(), strict=True):
        assert measure != alert["expr"]


class Watched(NamedTuple):
    """An exchange at work and the Prometheus that watches it."""

    server: Server
    prometheus: Prometheus
    load: Load


@pytest.fixture(scope="module")
def watched(open_module_space) -> Iterator[Watched]:
    space = open_module_space("watched")
    with Collector() as collector:
        server = Server(space, OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint).start()
        target = server.url.removeprefix("http://")
        with (
            Load(lambda: [server.url], clients=4, twins_every=5) as load,
            Prometheus(space.folder, [target]) as prometheus,
        ):
            yield Watched(server, prometheus, load)
        # The collector must outlive the exchange, which sends what is left.
        server.stop()


def test_each_query_of_a_panel_and_of_an_alert_gives_data(watched):
    asked = queries() + measures()
    assert len(asked) > TOGETHER_MAX
    missing: list[str] = []

    def all_there() -> bool:
        missing[:] = watched.prometheus.without_data(asked)
        return not missing

    try:
        until(all_there, within_s=40, what="each query gives data", pause_s=0.5)
    except AssertionError:
        pytest.fail("no data: " + "\n".join(missing), pytrace=False)


@pytest.mark.parametrize(
    "misspelt",
    [
        "sum(max by (lane) (exchange_conservation_acepted))",
        'sum(rate(exchange_ingest_requests_total{outcome="acepted"}[10s]))',
        "histogram_quantile(0.5, sum by (le) (rate(exchange_ingest_commit_bucket[10s])))",
    ],
)
def test_a_misspelt_query_is_found(watched, misspelt):
    assert watched.prometheus.without_data([misspelt, "vector(1)"]) == [misspelt]


def test_every_metric_is_well_named_and_explained(watched):
    program = os.environ.get("EXCHANGE_TEST_PROMTOOL")
    assert program, "EXCHANGE_TEST_PROMTOOL is not set: `./dev test` fetches promtool"

    def complaints(text: str) -> str:
        command = [program, "check", "metrics"]
        checked = subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=60, check=False
        )
        return checked.stdout + checked.stderr

    exposed = watched.server.http.get("/metrics").text
    assert "exchange_traces_exported_spans_total " in exposed
    assert complaints(exposed) == ""
    assert "no help text" in complaints("# TYPE exchange_new_total counter\nexchange_new_total 1\n")
    assert "_total" in complaints(
        "# HELP exchange_new It.\n# TYPE exchange_new counter\nexchange_new 1\n"
    )
