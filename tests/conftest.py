"""What all tests share: where the shared folder is, and whether R can be used."""

import os
from pathlib import Path

import pytest

from tests.builders.small_study import Small

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED = REPOSITORY.parent / "shared"


def pytest_configure(config):
    """Numerics in tests use one thread: small matrices are slower with more."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")


def pytest_runtest_setup(item):
    """A test that needs R is skipped where R is missing, but fails where IPDMA_REQUIRE_R is set."""
    if item.get_closest_marker("needs_r") is None:
        return
    from ipdma.model.engines import engine_missing

    why = engine_missing("lme4")
    if why and os.environ.get("IPDMA_REQUIRE_R"):
        pytest.fail(f"IPDMA_REQUIRE_R is set, but {why}", pytrace=False)
    if why:
        pytest.skip(why)


@pytest.fixture(scope="session")
def shared():
    """The folder of shared reference material beside the repository; the test is skipped without it."""
    if not SHARED.is_dir():
        pytest.skip("no shared folder beside the repository")
    return SHARED


@pytest.fixture
def small(tmp_path):
    """A study of twelve participants, to be altered and written."""
    return Small(tmp_path / "S")
