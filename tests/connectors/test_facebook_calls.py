"""What every call to Facebook has in common: the proof, the version served, limits, and what errors mean."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors import errors, facebook
from connectors.asking import Ask, Walk, Wanted
from connectors.graph_answers import GraphAnswers
from connectors.sandbox.server import Sandbox
from tests.connectors.conftest import Wire

Connect = Callable[..., Wire]

NOW = datetime(2019, 11, 20, 18, tzinfo=UTC)
WALK = Walk("c1", datetime(2019, 11, 15, tzinfo=UTC), handle="uklabour")
POST = "118273904551_8097613241034693"


@pytest.fixture(scope="module")
def served() -> Iterator[Sandbox]:
    with Sandbox(now=NOW) as one:
        yield one


@pytest.fixture
def sandbox(served: Sandbox) -> Sandbox:
    """As if started for the test: without faults, and asked nothing yet."""
    served.program()
    served.service.requests.clear()
    return served


def connected(sandbox: Sandbox, connect: Connect, **changes: Any) -> Wire:
    secrets = [sandbox.settings["FACEBOOK_ACCESS_TOKEN"], sandbox.settings["FACEBOOK_APP_SECRET"]]
    return connect(facebook, base_url=sandbox.facebook_url, as_of=NOW, secrets=secrets, **changes)


def collect(sandbox: Sandbox, wire: Wire, *posts: str, walks: tuple[Walk, ...] = (), **options: Any) -> None:
    wanted = tuple(Wanted("c1", post) for post in posts)
    token = sandbox.settings["FACEBOOK_ACCESS_TOKEN"]
    facebook.collect(Ask("facebook", walks, wanted), wire.session, token, **options)


def proof(secret: str, token: str) -> str:
    return hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()


def test_every_call_carries_its_tokens_proof_and_none_lands(sandbox: Sandbox, connect: Connect):
    sandbox.program({"match": "/v26.0/", "fault": "proof_required", "times": 1000})
    secret = sandbox.settings["FACEBOOK_APP_SECRET"]
    wire = connected(sandbox, connect)
    collect(sandbox, wire, walks=(WALK,), app_secret=secret)
    assert wire.session.report.troubles == []
    assert {row["status"] for row in wire.rows} == {200}
    assert "insights" in wire.endpoints()
    tokens = (sandbox.settings["FACEBOOK_ACCESS_TOKEN"], "sandbox-page-token-118273904551")
    landed = repr(wire.rows)
    for token in tokens:
        assert any(proof(secret, token) in request for request in sandbox.requests)
        assert proof(secret, token) not in landed
    assert secret not in landed
    assert "appsecret_proof" in wire.rows[0]["params"]


def test_a_secret_that_is_not_the_apps_ends_the_run_with_its_cure(sandbox: Sandbox, connect: Connect):
    with pytest.raises(errors.TokenInvalid, match="FACEBOOK_APP_SECRET, which belong together"):
        collect(sandbox, connected(sandbox, connect), walks=(WALK,), app_secret="another")


@pytest.mark.parametrize(
    ("error", "cure"),
    [
        (
            {"code": 104, "message": "Invalid appsecret_proof"},
            "check SOME_TOKEN; let the app ask for no proof",
        ),
        ({"code": 100, "message": "must be called with an app secret proof"}, "let the app ask for no proof"),
    ],
)
def test_a_setting_that_is_not_read_is_no_cure(error: dict[str, Any], cure: str):
    trouble = GraphAnswers("some", "SOME_TOKEN").trouble_of(error, 400, {})
    assert cure in trouble.message
    assert "SECRET" not in trouble.message


def test_without_a_secret_no_proof_is_sent(sandbox: Sandbox, connect: Connect):
    collect(sandbox, connected(sandbox, connect), walks=(WALK,))
    assert not any("appsecret_proof" in request for request in sandbox.requests)


def test_another_version_than_was_asked_is_told_once(sandbox: Sandbox, connect: Connect):
    wire = connected(sandbox, connect)
    collect(sandbox, wire, walks=(WALK,), version="v20.0")
    assert wire.session.report.troubles == [
        (
            "OtherVersion",
            "facebook: v20.0 was asked and v21.0 served; set FACEBOOK_API_VERSION to a current one",
            1,
        )
    ]
    assert all('"facebook-api-version": "v21.0"' in row["headers"] for row in wire.rows)
    again = connected(sandbox, connect)
    collect(sandbox, again, POST)
    assert again.session.report.troubles == []


@pytest.mark.parametrize("form", ["app", "page", "business", "ads", "none"])
@pytest.mark.parametrize("code", [4, 17, 32, 341, 368, 613, 80001, 80005, 80014])
def test_a_reached_limit_is_waited_out_in_whatever_form_it_is_told(
    sandbox: Sandbox, connect: Connect, form: str, code: int
):
    fault = {"match": "ids=", "fault": "graph_throttled", "times": 1}
    sandbox.program({**fault, "code": code, "form": form, "minutes": 3})
    wire = connected(sandbox, connect)
    collect(sandbox, wire, POST)
    assert wire.session.report.troubles == []
    first = wire.slept[0]
    assert first == 181.0 if form in ("business", "ads") else first < 2


@pytest.mark.parametrize(
    ("code", "subcode", "trouble", "cure"),
    [
        (102, None, errors.TokenInvalid, "make a new one and set FACEBOOK_ACCESS_TOKEN"),
        (190, 458, errors.TokenInvalid, "let them grant it again"),
        (190, 459, errors.TokenInvalid, "pass a security check on facebook.com"),
        (190, 460, errors.TokenInvalid, "changed the password: make a new one and set FACEBOOK_ACCESS_TOKEN"),
        (190, 463, errors.TokenInvalid, "it has expired: make a new one and set FACEBOOK_ACCESS_TOKEN"),
        (102, 464, errors.TokenInvalid, "confirm the account on facebook.com"),
        (190, 467, errors.TokenInvalid, "it was withdrawn: make a new one and set FACEBOOK_ACCESS_TOKEN"),
        (190, 492, errors.TokenInvalid, "give the role back"),
        (104, None, errors.TokenInvalid, "check FACEBOOK_ACCESS_TOKEN and FACEBOOK_APP_SECRET"),
    ],
)
def test_a_refused_token_names_what_to_do(
    sandbox: Sandbox,
    connect: Connect,
    code: int,
    subcode: int | None,
    trouble: type[errors.Trouble],
    cure: str,
):
    more = {} if subcode is None else {"subcode": subcode}
    sandbox.program({"match": "me/accounts", "fault": "refused", "message": "No", "code": code, **more})
    with pytest.raises(trouble, match=cure):
        collect(sandbox, connected(sandbox, connect), POST)


@pytest.mark.parametrize(
    ("code", "subcode", "message", "kind", "cure"),
    [
        (190, 2069032, "A Page access token is required", "PermissionMissing", "a role on the Page"),
        (10, None, "(#10) no", "PermissionMissing", "grant the token that permission"),
        (299, None, "(#299) no", "PermissionMissing", "grant the token that permission"),
        (3, None, "(#3) no", "PermissionMissing", "grant the token that permission"),
        (
            100,
            None,
            "(#100) Pages Public Content Access requires either app secret proof or an app token",
            "PermissionMissing",
            "set FACEBOOK_APP_SECRET",
        ),
        (2500, None, "An active access token must be used", "BadRequest", "report this"),
        (3001, 1504028, "(#3001) No metric was specified", "BadRequest", "report this"),
        (100, None, "(#100) Tried accessing nonexisting field (x)", "BadRequest", "report this"),
        (100, 33, "Unsupported get request", "Gone", "check it in the registry"),
    ],
)
def test_a_refused_question_costs_only_itself_and_names_what_to_do(
    sandbox: Sandbox, connect: Connect, code: int, subcode: int | None, message: str, kind: str, cure: str
):
    more = {} if subcode is None else {"subcode": subcode}
    fault = {"match": "ids=", "fault": "refused", "times": 9, "code": code, "message": message, **more}
    sandbox.program(fault)
    wire = connected(sandbox, connect)
    collect(sandbox, wire, POST)
    ((found, told, _),) = [trouble for trouble in wire.session.report.troubles if trouble[0] == kind]
    assert found == kind
    assert cure in told


def test_ids_that_are_asked_twice_or_answered_with_null_cost_only_themselves(
    sandbox: Sandbox, connect: Connect
):
    sandbox.program({"match": "ids=", "fault": "null_object"})
    wire = connected(sandbox, connect)
    other = "10214770963_2864950776862990"
    collect(sandbox, wire, other, POST, POST, other)
    assert wire.kinds() == ["Gone"]
    (asked,) = [row for row in wire.rows if row["endpoint"] == "posts" and other in row["params"]]
    assert json.loads(asked["params"])["ids"].count(other) == 1


def test_too_large_a_look_up_is_asked_in_halves(sandbox: Sandbox, connect: Connect):
    ids = [row["id"] for row in _listed(sandbox, connect)]
    sandbox.program({"match": "ids=", "fault": "reduce_data", "times": 1})
    wire = connected(sandbox, connect)
    collect(sandbox, wire, *ids)
    asked = [
        len(json.loads(row["params"])["ids"].split(",")) for row in wire.rows if row["endpoint"] == "posts"
    ]
    assert asked == [len(ids), len(ids) // 2, len(ids) - len(ids) // 2]
    assert wire.session.report.troubles == []


def _listed(sandbox: Sandbox, connect: Connect) -> list[dict[str, Any]]:
    wire = connected(sandbox, connect)
    collect(sandbox, wire, walks=(Walk("c1", datetime(2019, 11, 10, tzinfo=UTC), handle="uklabour"),))
    rows = [row for row in wire.rows if row["endpoint"] == "page_posts"]
    return [item for row in rows for item in json.loads(row["body"])["data"]]


def test_crossposting_is_asked_and_told_once_where_it_is_not_offered(sandbox: Sandbox, connect: Connect):
    refused = "(#100) Tried accessing nonexisting field (universal_video_id) on node type (Video)"
    fault = {"fault": "refused", "code": 100, "message": refused, "times": 99}
    sandbox.program({"match": "universal_video_id", **fault})
    wire = connected(sandbox, connect)
    collect(sandbox, wire, "663207813267942", walks=(WALK, Walk("c1", WALK.since, handle="conservatives")))
    assert wire.kinds() == ["NotOffered"]
    assert "which videos are crossposted is not told" in wire.session.report.troubles[0][1]
    assert {row["status"] for row in wire.rows if row["endpoint"] in ("page_videos", "videos")} == {200}
    assert sum(row["status"] == 400 for row in wire.rows) == 1
