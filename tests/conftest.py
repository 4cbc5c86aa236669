"""What every test may ask for: the real servers, and the real names of units."""

import csv
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from ktxh import units_data
from tests import servers

settings.register_profile("ktxh", deadline=None)  # a busy machine is no failure
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ktxh"))

REFERENCE_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A superuser's address of a real PostgreSQL (see `tests/servers.py`)."""
    with servers.postgres() as url:
        yield url


@pytest.fixture(scope="session")
def broker() -> Iterator[servers.Broker]:
    """A real RabbitMQ and, where it is on this machine, its administration (see `tests/servers.py`)."""
    with servers.broker() as found:
        yield found


@pytest.fixture(scope="session")
def amqp_url(broker: servers.Broker) -> str:
    """An administrator's address of a real RabbitMQ."""
    return broker.url


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of checked lists that lies beside the checkout; it is no part of it."""
    if not REFERENCE_DATA.is_dir():
        pytest.skip("needs the checked lists in ../shared/data beside the checkout, which are not there")
    return REFERENCE_DATA


@pytest.fixture(scope="session")
def unit_names() -> list[str]:
    """Every official name of a unit, old and new: from the packaged list, and from the checked ones where they are there."""
    names = units_data.every_name()
    for path in sorted(REFERENCE_DATA.glob("units_20*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            names |= {row["full_name"] for row in csv.DictReader(file)}
    return sorted(names)
