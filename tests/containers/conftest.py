"""One project for all tests of a module; it ends with its volumes."""

import os
from collections.abc import Iterator

import pytest
from containers.podman import HealthTimers, podman
from containers.project import Project


@pytest.fixture(scope="session")
def image() -> str:
    name = os.environ.get("EXCHANGE_TEST_IMAGE")
    assert name, "EXCHANGE_TEST_IMAGE is not set: `./dev test --containers` sets it"
    return name


@pytest.fixture(scope="module")
def project(image: str) -> Iterator[Project]:
    assert podman("image", "exists", image) == ""
    made = Project("exchange-test")
    with HealthTimers():
        try:
            yield made
        finally:
            made.down()
