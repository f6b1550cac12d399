"""compose.yaml and compose.scale.yaml: what can be told without starting them."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILES = ("compose.yaml", "compose.scale.yaml")
OWN_IMAGE = "exchange:0.1.0"
# Makes MinIO's volume the property of a user that is not root.
MAY_BE_ROOT = {"minio-volume": ["CHOWN"]}


class Loader(yaml.SafeLoader):
    """Knows Compose's tags, which say how one file is laid over another."""


Loader.add_constructor("!reset", lambda loader, node: None)


def load(name: str) -> dict:
    return yaml.load((ROOT / name).read_text(), Loader)  # noqa: S506


def services() -> list:
    """Every service that is defined; what compose.scale.yaml changes of another is merged."""
    single, scaled = (load(name)["services"] for name in FILES)
    merged = {**single}
    for name, service in scaled.items():
        base = service.get("extends", {}).get("service", name)
        merged[name] = {**single.get(base, {}), **service}
    return [pytest.param(name, service, id=name) for name, service in merged.items()]


def test_the_services_have_the_names_that_runbooks_use():
    assert {"postgres", "redpanda", "minio", "ingest-api", "prometheus", "grafana"} <= set(
        load("compose.yaml")["services"]
    )


@pytest.mark.parametrize(("name", "service"), services())
def test_an_image_is_pinned_to_one_release(name, service):
    tag = service["image"].rpartition(":")[2]
    assert re.match(r"(v?\d+\.\d+(\.\d+)?|RELEASE\.\d{4}-\d\d-\d\dT[\d-]+Z)", tag), service["image"]
    assert ("build" in service) <= (service["image"] == OWN_IMAGE)


@pytest.mark.parametrize(("name", "service"), services())
def test_a_service_has_no_right_that_it_does_not_need(name, service):
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("cap_add", []) == MAY_BE_ROOT.get(name, [])
    assert ("root" in service.get("user", "")) == (name in MAY_BE_ROOT)
    assert not {"privileged", "devices", "pid", "ipc", "userns_mode"} & service.keys()


@pytest.mark.parametrize(("name", "service"), services())
def test_a_service_is_reached_from_this_machine_only(name, service):
    for port in service.get("ports") or []:
        assert port.startswith("127.0.0.1:"), port
    assert service.get("network_mode", "none") == "none"


@pytest.mark.parametrize(("name", "service"), services())
def test_a_service_keeps_its_data_in_a_volume_and_cannot_write_to_the_tree(name, service):
    volumes = load("compose.yaml")["volumes"]
    for mount in service.get("volumes", []):
        source, _, mode = mount.partition(":")[0], *mount.split(":")[1:2], mount.split(":")[-1]
        if source.startswith("."):
            assert mode == "ro" and (ROOT / source).exists(), mount
        else:
            assert source in volumes, mount


def awaited() -> dict[str, set[str]]:
    """For each service, those that start only when it has done its work."""
    waiting: dict[str, set[str]] = {}
    for parameters in services():
        name, service = parameters.values
        for other, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_completed_successfully":
                waiting.setdefault(other, set()).add(name)
    return waiting


@pytest.mark.parametrize(("name", "service"), services())
def test_a_service_tells_its_health_or_ends_and_is_waited_for(name, service):
    if service["restart"] == "no":
        # `up --wait` calls a service that ended a failure, unless another one waits for its end.
        assert awaited()[name]
    else:
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize(("name", "service"), services())
def test_passwords_stand_where_env_is_local_only(name, service):
    secrets = {
        setting: value
        for setting, value in service.get("environment", {}).items()
        if re.search(r"PASSWORD|SECRET|TOKEN|KEY|DATABASE_URL|MC_HOST", setting)
    }
    if service["image"] == OWN_IMAGE:
        assert service["environment"]["ENV"] == "local"
    for setting, value in secrets.items():
        assert value in ("local-only", "exchange", "true") or ":local-only@" in value, setting


def test_the_image_has_no_secret_built_in():
    text = (ROOT / "Containerfile").read_text()
    assert not re.search(r"^(ENV|ARG).*(PASSWORD|SECRET|TOKEN|ACCESS_KEY)", text, re.M)


def test_each_public_image_has_a_stand_in_and_nothing_else_is_replaced():
    public = {
        parameters.values[0]
        for parameters in services()
        if parameters.values[1]["image"] != OWN_IMAGE
    }
    stand_ins = {
        name: change
        for file in ("standins.yaml", "standins.scale.yaml")
        for name, change in load(f"deploy/compose/{file}")["services"].items()
    }
    assert set(stand_ins) == public
    assert stand_ins.pop("grafana").keys() == {"profiles"}
    assert all(change.keys() == {"image"} for change in stand_ins.values())
    targets = re.findall(
        r"^FROM .* AS (\w+)$", (ROOT / "deploy/compose/standins/Containerfile").read_text(), re.M
    )
    assert {change["image"] for change in stand_ins.values()} == {
        f"localhost/exchange-standin-{target}" for target in targets if target != "base"
    }


def test_grafana_looks_for_dashboards_where_they_are_mounted():
    (provider,) = load("deploy/grafana/provisioning/dashboards/exchange.yaml")["providers"]
    mounts = load("compose.yaml")["services"]["grafana"]["volumes"]
    assert f"./deploy/grafana/dashboards:{provider['options']['path']}:ro" in mounts


def test_the_proxy_and_prometheus_know_the_services_by_their_names():
    proxy = (ROOT / "deploy/compose/proxy/haproxy.cfg").read_text()
    (job,) = load("deploy/prometheus/prometheus.yaml")["scrape_configs"]
    named = {name.removesuffix(".") for name in job["dns_sd_configs"][0]["names"]}
    named |= set(re.findall(r"([a-z-]+):8080 resolvers", proxy))
    assert named == {"ingest-api", "relay"}
    defined = {name for file in FILES for name in load(file)["services"]}
    assert named <= defined
