"""What every test may ask for: the real servers, and the real names of units."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("ktxh", deadline=None)  # a busy machine is no failure
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ktxh"))

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A superuser's address of a real PostgreSQL (see `tests/servers.py`)."""
    from tests import servers

    with servers.postgres() as url:
        yield url


@pytest.fixture(scope="session")
def amqp_url() -> Iterator[str]:
    """An administrator's address of a real RabbitMQ (see `tests/servers.py`)."""
    from tests import servers

    with servers.rabbitmq() as url:
        yield url


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of checked lists that lies beside the checkout; it is no part of it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the checked lists in ../shared/data beside the checkout, which are not there")
    return folder


@pytest.fixture(scope="session")
def unit_names() -> list[str]:
    """Every official name of a unit, old and new, from the packaged list."""
    from ktxh import units_data

    return sorted(units_data.every_name())
