#!/usr/bin/env python3
"""Writes deploy/grafana/dashboards/exchange.json from deploy/grafana/exchange.toml."""

import json
import tomllib
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "deploy/grafana"
SOURCE = FOLDER / "exchange.toml"
TARGET = FOLDER / "dashboards/exchange.json"

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS = 24
KINDS = {"numbers": "stat", "states": "state-timeline", "lines": "timeseries"}
CONDITIONS = {"0": ("ok", "green"), "1": ("degraded", "orange"), "2": ("failed", "red")}


def dashboard(source: dict) -> dict:
    return {
        "uid": source["uid"],
        "title": source["title"],
        "tags": ["exchange"],
        "timezone": "utc",
        "editable": True,
        "graphTooltip": 1,
        "refresh": "10s",
        "schemaVersion": 39,
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [variable()]},
        "panels": place([panel(number, told) for number, told in enumerate(source["panel"], 1)]),
    }


def variable() -> dict:
    """Whichever Prometheus this Grafana has, so that the dashboard fits everywhere."""
    return {
        "name": "datasource",
        "label": "Prometheus",
        "type": "datasource",
        "query": "prometheus",
        "refresh": 1,
    }


def panel(number: int, told: dict) -> dict:
    kind = told.get("kind", "lines")
    return {
        "id": number,
        "type": KINDS[kind],
        "title": told["title"],
        "description": f"{told['text']}\n\nRead on: `{told['page']}`",
        "datasource": DATASOURCE,
        "gridPos": {"w": told.get("width", 12), "h": told.get("height", 7), "x": 0, "y": 0},
        "targets": [
            {
                "refId": chr(ord("A") + at),
                "datasource": DATASOURCE,
                "expr": expression.replace("$i", "$__rate_interval"),
                "legendFormat": legend,
            }
            for at, (legend, expression) in enumerate(told["queries"])
        ],
        "fieldConfig": {"defaults": defaults(kind, told.get("unit", "short")), "overrides": []},
        "options": options(kind),
    }


def defaults(kind: str, unit: str) -> dict:
    if kind == "lines":
        return {"unit": unit, "min": 0, "custom": {"fillOpacity": 10, "showPoints": "never"}}
    if kind == "states":
        states = {
            value: {"text": text, "color": color, "index": int(value)}
            for value, (text, color) in CONDITIONS.items()
        }
        return {"mappings": [{"type": "value", "options": states}]}
    return {"unit": unit, "decimals": 0}


def options(kind: str) -> dict:
    if kind == "lines":
        return {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True}}
    if kind == "states":
        return {"mergeValues": True, "showValue": "never", "rowHeight": 0.9}
    return {"reduceOptions": {"calcs": ["lastNotNull"]}, "graphMode": "none"}


def place(panels: list[dict]) -> list[dict]:
    """From left to right, row by row; a row is as high as its first panel."""
    x = y = row_height = 0
    for each in panels:
        place_of = each["gridPos"]
        if x + place_of["w"] > COLUMNS:
            x, y = 0, y + row_height
        if x == 0:
            row_height = place_of["h"]
        place_of["x"], place_of["y"] = x, y
        x += place_of["w"]
    return panels


def render() -> str:
    source = tomllib.loads(SOURCE.read_text())
    return json.dumps(dashboard(source), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    TARGET.write_text(render())
