from __future__ import annotations

import csv
import inspect
import sys
from pathlib import Path
from types import ModuleType

import pytest
import requests

import connectors
from connectors import errors, sandbox
from flows.settings import CREDENTIALS, Settings

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


def test_every_promised_platform_is_found_in_order():
    assert set(CREDENTIALS) <= set(CONNECTORS)
    assert list(CONNECTORS) == sorted(CONNECTORS)


def test_only_modules_that_name_a_platform_are_connectors():
    assert "errors" not in CONNECTORS
    assert "wire" not in CONNECTORS


@pytest.mark.parametrize("how", ["import PLATFORM", "import *", "import (\n    PLATFORM,\n)"])
def test_a_connector_may_have_its_name_from_another_module(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    package = tmp_path / "jackdaw"
    package.mkdir()
    (package / "__init__.py").write_text(f"from connectors.jackdaw.bird {how}\n")
    (package / "bird.py").write_text('PLATFORM = "jackdaw"\n')
    monkeypatch.setattr(connectors, "__path__", [*connectors.__path__, str(tmp_path)])
    monkeypatch.setattr(connectors, "jackdaw", None, raising=False)
    for name in ("connectors.jackdaw", "connectors.jackdaw.bird"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    try:
        assert connectors.discover()["jackdaw"].PLATFORM == "jackdaw"
    finally:
        for name in ("connectors.jackdaw", "connectors.jackdaw.bird"):
            sys.modules.pop(name, None)


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
    assert connector.__file__ is not None
    place = Path(connector.__file__)
    for path in place.parent.glob("*.py") if place.name == "__init__.py" else [place]:
        source = path.read_text(encoding="utf-8")
        for word in ("time.sleep", "datetime.now", "time.time", "open(", "utcnow", "print("):
            assert word not in source, path


@every_connector
def test_a_connector_says_how_many_of_its_requests_may_be_on_their_way_at_once(connector: ModuleType):
    # A session keeps ten connections open; more would be opened anew for each request.
    assert 1 <= getattr(connector, "IN_FLIGHT", 1) <= 10


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


SIBLINGS = {
    "readings SQL": "warehouse/readings/{platform}.sql",
    "texts": "warehouse/readings/{platform}.toml",
    "metric rows": "warehouse/dictionary/{platform}.csv",
    "sandbox face": "connectors/sandbox/{platform}.py",
    "tests of the connector": "tests/connectors/test_{platform}.py",
    "tests of the readings": "tests/warehouse/test_readings_{platform}.py",
}


@pytest.mark.parametrize("sibling", SIBLINGS)
@every_connector
def test_a_connector_has_every_sibling(connector: ModuleType, sibling: str):
    path = ROOT / SIBLINGS[sibling].format(platform=connector.PLATFORM)
    is_there = path.exists() or (path.with_suffix("") / "__init__.py").exists()
    assert is_there, f"{connector.PLATFORM} has a connector but no {sibling}: {path.relative_to(ROOT)}"


@every_connector
def test_a_platforms_metric_rows_say_what_the_marts_can_show(connector: ModuleType):
    with (ROOT / SIBLINGS["metric rows"].format(platform=connector.PLATFORM)).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["platform"] for row in rows} == {connector.PLATFORM}
    assert any(row["canonical_name"] == "views" and row["kind"] == "counter" for row in rows)
    for row in rows:
        assert row["definition"], f"{row['native_name']} is not defined"
        assert row["source"], f"{row['native_name']} has no source"
        assert row["kind"] in ("counter", "daily", "window", "estimate")
        assert bool(row["day_boundary"]) == (row["kind"] in ("daily", "window")), row["native_name"]


@every_connector
def test_a_platforms_sandbox_face_takes_the_connectors_credential(connector: ModuleType):
    faces = sandbox.faces()
    assert connector.PLATFORM in faces, f"{connector.PLATFORM} has no sandbox face"
    settings = sandbox.SETTINGS(1)
    for name in (connector.CREDENTIAL, f"{connector.PLATFORM.upper()}_API_URL"):
        assert name in settings, f"the sandbox face of {connector.PLATFORM} does not set {name}"


@every_connector
def test_further_credentials_are_settings_and_parameters_of_collect(
    connector: ModuleType, monkeypatch: pytest.MonkeyPatch
):
    parameters = inspect.signature(connector.collect).parameters
    for parameter, setting in getattr(connector, "FURTHER_CREDENTIALS", {}).items():
        assert parameter in parameters
        monkeypatch.setenv(setting, "a-secret")
        secret = Settings().credential(connector.PLATFORM, setting)
        assert secret is not None, f"{setting} is not a name that settings can have"


@every_connector
def test_a_platform_that_guides_people_says_where_and_for_what(connector: ModuleType):
    guide = getattr(connector, "GUIDE", None)
    assert guide is not None or connector.PLATFORM not in CREDENTIALS, f"{connector.PLATFORM} has no GUIDE"
    if guide is None:
        return
    places = [guide.made_at, guide.grants, *(further.made_at for further in guide.further)]
    assert all(place.address.startswith("https://") and place.way for place in places)
    assert guide.own
    assert guide.name
    # Each permission that the platform is asked about has a line of what is missing without it.
    needed = (*getattr(connector, "NEEDED_PERMISSIONS", ()), *guide.for_audiences)
    assert set(needed) <= set(guide.permissions)
    told = {setting for further in guide.further for setting in further.settings}
    assert told == set(getattr(connector, "FURTHER_CREDENTIALS", {}).values())
    # Whoever is not asked says why.
    assert bool(guide.untold) != hasattr(connector, "credential_health")


def test_the_example_settings_name_every_credential_of_the_promised_platforms():
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    for platform, credential in CREDENTIALS.items():
        connector = CONNECTORS[platform]
        for setting in (credential, *getattr(connector, "FURTHER_CREDENTIALS", {}).values()):
            assert f"#{setting}=" in text, f"{setting} is not in .env.example"
