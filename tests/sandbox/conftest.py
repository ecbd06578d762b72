from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.sandbox.server import Sandbox
from tests.sandbox.plain import Plain


@pytest.fixture(scope="session")
def shared_sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def plain(shared_sandbox: Sandbox) -> Iterator[Plain]:
    """A client of a sandbox that all tests share: ask only, change nothing."""
    client = Plain(shared_sandbox)
    with client.session:
        yield client


@pytest.fixture
def own() -> Iterator[Plain]:
    """A client of a sandbox of the test's own, for clocks, faults and limits."""
    with Sandbox() as sandbox:
        client = Plain(sandbox)
        with client.session:
            yield client
