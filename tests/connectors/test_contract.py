from __future__ import annotations

import inspect
from pathlib import Path
from types import ModuleType

import pytest
import requests

import connectors
from connectors import errors

ROOT = Path(__file__).parents[2]
CONNECTORS = connectors.discover()
CONSTANTS = ("PLATFORM", "CREDENTIAL", "SDK_URL", "API_URL")
FUNCTIONS = {
    "parse_post_url": ["url"],
    "parse_post_id": ["text"],
    "parse_handle": ["text"],
    "judge": ["response"],
    "collect": ["ask", "session", "credential"],
}

every_connector = pytest.mark.parametrize("connector", CONNECTORS.values(), ids=CONNECTORS.keys())


def test_both_platforms_of_the_sdks_are_found_in_order():
    assert {"facebook", "x"} <= set(CONNECTORS)
    assert list(CONNECTORS) == sorted(CONNECTORS)


def test_only_modules_that_name_a_platform_are_connectors():
    assert "errors" not in CONNECTORS
    assert "wire" not in CONNECTORS


@every_connector
def test_a_connector_has_every_constant(connector: ModuleType):
    for name in CONSTANTS:
        assert isinstance(getattr(connector, name, None), str), f"{connector.__name__} lacks {name}"
    assert connector.SDK_URL.startswith("https://")
    assert connector.API_URL.startswith("https://")


@every_connector
def test_a_connector_has_every_function_with_its_parameters(connector: ModuleType):
    for name, parameters in FUNCTIONS.items():
        function = getattr(connector, name, None)
        assert inspect.isfunction(function), f"{connector.__name__} lacks {name}()"
        assert list(inspect.signature(function).parameters)[: len(parameters)] == parameters
        assert function.__doc__, f"{connector.__name__}.{name} says nothing about itself"


@every_connector
def test_a_connector_owns_no_clock_sleep_or_file(connector: ModuleType):
    source = inspect.getsource(connector)
    for word in ("time.sleep", "datetime.now", "time.time", "open(", "utcnow", "print("):
        assert word not in source


@every_connector
def test_a_connector_leaves_other_addresses_to_others(connector: ModuleType):
    for url in (
        "https://example.org/a/status/1",
        "https://[broken",
        "",
        "just words",
        "ftp://x.com/a/status/1",
    ):
        assert connector.parse_post_url(url) is None


@every_connector
@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"null", b"false", b'{"a"', b"[" * 5000, b"[" * 300 + b"]" * 300]
)
@pytest.mark.parametrize("status", [200, 400, 403, 404, 429, 500, 503])
def test_a_connector_judges_any_answer_without_failing(connector: ModuleType, body: bytes, status: int):
    response = requests.Response()
    response.status_code, response.encoding, response._content = status, "utf-8", body
    trouble = connector.judge(response)
    if status == 200 and not body.startswith(b"[[["):
        assert isinstance(trouble, errors.Unreadable)
    assert isinstance(trouble, errors.Trouble) or status == 200


@pytest.mark.parametrize(
    "sibling",
    [
        "warehouse/readings/{platform}.sql",
        "warehouse/dictionary/{platform}.csv",
        "connectors/sandbox/{platform}.py",
        "tests/connectors/test_{platform}.py",
        "tests/warehouse/test_readings_{platform}.py",
    ],
)
@every_connector
def test_a_connector_has_every_sibling(connector: ModuleType, sibling: str):
    path = ROOT / sibling.format(platform=connector.PLATFORM)
    assert path.exists(), f"{connector.PLATFORM} has a connector but no {path.relative_to(ROOT)}"


@every_connector
def test_a_connectors_credential_is_in_the_example_settings(connector: ModuleType):
    assert connector.CREDENTIAL in (ROOT / ".env.example").read_text(encoding="utf-8")
