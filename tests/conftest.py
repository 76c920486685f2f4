"""Fixtures every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# Shared machines are slow at times: a law is judged by its answer, never by the clock.
settings.register_profile("vnetsim", deadline=None)
settings.load_profile("vnetsim")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded Azure answers and real logs beside the checkout; tests that need it skip without it."""
    folder = REPOSITORY.parent / "shared"
    if not (folder / "truth").is_dir():
        pytest.skip("needs ../shared (recorded Azure answers, real flow logs), which is not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def scenarios() -> Path:
    return REPOSITORY / "scenarios"
