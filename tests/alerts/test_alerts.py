"""The alert rules: valid, proved by promtool's own tests, and each with its page."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy/prometheus/exchange.rules.yaml"
RUNBOOK = ROOT / "docs/runbook"


def alerts() -> list[dict]:
    return yaml.safe_load(RULES.read_text())["groups"][0]["rules"]


def promtool(*arguments: str) -> subprocess.CompletedProcess:
    program = os.environ.get("EXCHANGE_TEST_PROMTOOL")
    assert program, "EXCHANGE_TEST_PROMTOOL is not set: `./dev test` fetches promtool"
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60)


def test_the_rules_are_valid():
    checked = promtool("check", "rules", "--lint-fatal", str(RULES))
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_each_alert_fires_when_it_should_and_not_before():
    checked = promtool("test", "rules", str(Path(__file__).with_name("exchange.test.yaml")))
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_each_alert_is_shown_to_fire():
    cases = yaml.safe_load(Path(__file__).with_name("exchange.test.yaml").read_text())["tests"]
    fired = {
        check["alertname"]
        for case in cases
        for check in case["alert_rule_test"]
        if check.get("exp_alerts")
    }
    assert fired == {alert["alert"] for alert in alerts()}


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_each_alert_has_a_page_that_names_it(alert):
    page = (ROOT / alert["annotations"]["runbook"]).read_text()
    assert alert["alert"] in page
    index = (RUNBOOK / "README.md").read_text()
    assert f"`{alert['alert']}`" in index


def test_the_index_names_no_alert_that_is_not_there():
    named = set(re.findall(r"`(Exchange\w+)`", (RUNBOOK / "README.md").read_text()))
    assert named == {alert["alert"] for alert in alerts()}


def test_each_metric_of_a_rule_is_on_the_metrics_page():
    used = set(re.findall(r"exchange_\w+", " ".join(alert["expr"] for alert in alerts())))
    page = (ROOT / "docs/reference/metrics.md").read_text()
    assert {name for name in used if f"`{name}`" not in page} == set()


def test_what_the_exchange_exposes_is_well_formed(server):
    program = os.environ["EXCHANGE_TEST_PROMTOOL"]
    text = server.http.get("/metrics").text
    checked = subprocess.run(
        [program, "check", "metrics"], input=text, capture_output=True, text=True, timeout=60
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "exchange_component_condition{" in text
