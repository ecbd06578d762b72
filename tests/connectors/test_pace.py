from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import facebook as facebook_sdk
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import facebook, x
from connectors.errors import RateLimited
from connectors.pace import LONGEST_HOLD, Pace, SharedPace, seconds_to_regain
from tests.connectors.conftest import NOW, TOKEN, Wire
from tests.connectors.loopback import Answer, Asked, Loopback

Connect = Callable[..., Wire]

POSTS = "/2/tweets"
GOOD = Answer({"data": []})


def ask_x(wire: Wire, endpoint: str = "posts") -> None:
    with wire.session.asking(endpoint, "c1"):
        wire.session.get(f"https://api.twitter.com{POSTS}")


def ask_graph(wire: Wire, endpoint: str = "pages") -> None:
    graph = facebook_sdk.GraphAPI(access_token=TOKEN, session=wire.session)
    graph.version = "v26.0"
    with wire.session.asking(endpoint, "c1"):
        graph.request("v26.0/111")


def counted(remaining: int, reset: datetime) -> Answer:
    headers = {"x-rate-limit-remaining": str(remaining), "x-rate-limit-reset": str(int(reset.timestamp()))}
    return Answer(GOOD.body, headers=headers)


# What usage headers ask for

PAGES = {"type": "pages", "call_count": 100, "total_cputime": 23, "total_time": 23}


@pytest.mark.parametrize(
    ("name", "usage", "waits"),
    [
        ("X-App-Usage", {"call_count": 98, "total_time": 1, "total_cputime": 1}, [12.0]),
        ("X-Page-Usage", {"call_count": 1, "total_time": 97, "total_cputime": 1}, [9.0]),
        ("X-Business-Use-Case-Usage", {str(n): [{**PAGES, "call_count": n + 70}] for n in range(32)}, [18.0]),
        ("X-Business-Use-Case-Usage", {"1": [PAGES | {"estimated_time_to_regain_access": 0}]}, [18.0]),
        ("X-Business-Use-Case-Usage", {"1": [PAGES | {"estimated_time_to_regain_access": 4}]}, [240.0]),
        (
            "X-Business-Use-Case-Usage",
            {"1": [PAGES | {"estimated_time_to_regain_access": 40}], "2": [{**PAGES, "call_count": 3}]},
            [18.0],
        ),
        ("X-Ad-Account-Usage", {"acc_id_util_pct": 96, "ads_api_access_tier": "standard_access"}, [6.0]),
        ("X-Ad-Account-Usage", {"acc_id_util_pct": 100.0, "reset_time_duration": 300}, [300.0]),
        ("X-Ad-Account-Usage", {"acc_id_util_pct": 9.67, "reset_time_duration": 300}, []),
    ],
)
def test_usage_headers_of_every_form_are_heeded(
    server: Loopback, connect: Connect, name: str, usage: object, waits: list[float]
) -> None:
    server.on("/v26.0/111", Answer({"id": "1"}, headers={name: json.dumps(usage)}), Answer({"id": "1"}))
    wire = connect(facebook)
    for _ in range(3):
        ask_graph(wire)
    assert wire.slept == waits


def test_a_used_up_ad_account_holds_only_the_endpoint_that_asked_it(
    server: Loopback, connect: Connect
) -> None:
    used_up = {"X-Ad-Account-Usage": '{"acc_id_util_pct":100,"reset_time_duration":3600}'}
    server.on("/v26.0/111", Answer({"id": "1"}, headers=used_up), Answer({"id": "1"}))
    wire = connect(facebook)
    ask_graph(wire, "ads")
    ask_graph(wire, "pages")
    with pytest.raises(RateLimited, match="2026-11-02 13:00:00"):
        ask_graph(wire, "ads")
    assert wire.slept == []
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"X-App-Usage": '{"call_count":101}'}, None),
        (
            {"X-Business-Use-Case-Usage": '{"1":[{"call_count":1,"estimated_time_to_regain_access":5}],'
             '"2":[{"call_count":1,"estimated_time_to_regain_access":7}]}'},
            420.0,
        ),
        ({"X-Ad-Account-Usage": '{"acc_id_util_pct":100,"reset_time_duration":90}'}, 90.0),
        ({"X-App-Usage": '{"call_count":NaN,"estimated_time_to_regain_access":Infinity}'}, None),
        ({"X-Page-Usage": "[" * 100_000}, None),
    ],
)  # fmt: skip
def test_how_long_to_stay_away_is_read_from_any_usage_header(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert seconds_to_regain(headers) == seconds


def test_a_refusal_without_a_time_is_waited_for_as_its_ad_account_header_says(
    server: Loopback, connect: Connect
) -> None:
    refusal = {"error": {"code": 80004, "error_subcode": 2446079, "message": "too many calls"}}
    headers = {"X-Ad-Account-Usage": '{"acc_id_util_pct":100,"reset_time_duration":120}'}
    server.on("/v26.0/111", Answer(refusal, status=400, headers=headers), Answer({"id": "1"}))
    wire = connect(facebook)
    ask_graph(wire)
    assert wire.slept == [121.0]


# The calls that are left


def test_a_window_is_counted_down_and_then_waited_for(server: Loopback, connect: Connect) -> None:
    server.on(POSTS, counted(2, NOW + timedelta(seconds=60)), GOOD)
    wire = connect(x)
    for _ in range(3):
        ask_x(wire)
    assert wire.slept == []
    ask_x(wire)
    assert wire.slept == [60.0]


def test_a_window_of_one_endpoint_holds_no_other(server: Loopback, connect: Connect) -> None:
    server.on(POSTS, counted(0, NOW + timedelta(seconds=60)), GOOD)
    wire = connect(x)
    ask_x(wire, "users")
    ask_x(wire, "posts")
    assert wire.slept == []


def test_calls_under_way_elsewhere_are_not_left_for_us() -> None:
    pace = Pace()
    _, ours = pace.begin("posts", NOW)
    _, theirs = pace.begin("posts", NOW)
    pace.settle("posts", ours, NOW, counted(2, NOW + timedelta(seconds=60)).headers)
    assert pace.begin("posts", NOW)[0] is None
    assert pace.begin("posts", NOW)[0] == NOW + timedelta(seconds=60)
    pace.settle("posts", theirs, NOW, counted(1, NOW + timedelta(seconds=60)).headers)
    assert pace.begin("posts", NOW)[0] == NOW + timedelta(seconds=60)


def test_a_call_that_nobody_settled_is_forgotten_in_time() -> None:
    pace = Pace()
    pace.begin("posts", NOW)
    later = NOW + timedelta(seconds=901)
    _, ours = pace.begin("posts", later)
    pace.settle("posts", ours, later, counted(1, later + timedelta(seconds=60)).headers)
    assert pace.begin("posts", later)[0] is None


@given(
    st.lists(st.floats(0, 3), min_size=1, max_size=60),
    st.integers(1, 7),
    st.sampled_from([1.0, 4.0, 60.0]),
)
def test_no_stretch_of_time_holds_more_calls_than_the_budget(
    gaps: list[float], most: int, per_s: float
) -> None:
    pace = Pace()
    clock, sent = NOW, []
    for gap in gaps:
        clock += timedelta(seconds=gap)
        until, place = pace.begin("videos", clock, (most, per_s))
        clock = until or clock
        pace.waited(clock)
        pace.settle("videos", place, clock)
        sent.append(clock.timestamp())
    for first in sent:
        assert sum(first <= one < first + per_s for one in sent) <= most


def test_a_budget_costs_no_time_until_it_is_used_up(server: Loopback, connect: Connect) -> None:
    server.on(POSTS, GOOD)
    wire = connect(x, calls=(5, 60))
    for _ in range(5):
        ask_x(wire)
    assert wire.slept == []
    ask_x(wire)
    assert 57 <= wire.slept[0] <= 63


# Shared between processes


def test_what_one_run_was_told_the_next_one_heeds(server: Loopback, connect: Connect, tmp_path: Path) -> None:
    reset = str(int((NOW + timedelta(hours=1)).timestamp()))
    refused = {"title": "Too Many Requests", "status": 429}
    server.on(POSTS, Answer(refused, status=429, headers={"x-rate-limit-reset": reset}))
    for _ in range(2):
        wire = connect(x, pace=SharedPace(tmp_path / ".pace", TOKEN))
        with pytest.raises(RateLimited, match="start again after 2026-11-02 13:00:00 UTC") as limited:
            ask_x(wire)
        assert limited.value.until == NOW + timedelta(hours=1)
    assert len(server.asked) == 1
    ask_after = connect(x, pace=SharedPace(tmp_path / ".pace", TOKEN), now=lambda: NOW + timedelta(hours=2))
    server.on(POSTS, GOOD)
    ask_x(ask_after)
    assert ask_after.slept == []


def test_another_credential_is_not_held(server: Loopback, connect: Connect, tmp_path: Path) -> None:
    server.on(POSTS, counted(0, NOW + timedelta(hours=1)), GOOD)
    ask_x(connect(x, pace=SharedPace(tmp_path, TOKEN)))
    ask_x(connect(x, pace=SharedPace(tmp_path, "another credential")))
    assert len({path.name for path in tmp_path.iterdir()}) == 2


def test_a_credential_of_two_platforms_is_held_on_the_one_that_refused_it(
    server: Loopback, connect: Connect, tmp_path: Path
) -> None:
    refused = Answer({"error": {"code": 4, "message": "limit"}}, status=403, headers={"Retry-After": "3600"})
    server.on("/v26.0/111", refused)
    with pytest.raises(RateLimited):
        ask_graph(connect(facebook, pace=SharedPace(tmp_path, TOKEN)))
    server.on(POSTS, GOOD)
    ask_x(connect(x, pace=SharedPace(tmp_path, TOKEN)))
    with pytest.raises(RateLimited, match="13:00:00"):
        ask_graph(connect(facebook, pace=SharedPace(tmp_path, TOKEN)), "other")
    assert len(server.asked) == 2


def test_calls_in_a_users_name_are_counted_apart(server: Loopback, connect: Connect) -> None:
    server.on(POSTS, counted(0, NOW + timedelta(hours=1)), GOOD)
    wire = connect(x)
    ask_x(wire)
    with wire.session.asking("posts", "c1"):
        wire.session.get(f"https://api.twitter.com{POSTS}", headers={"Authorization": "OAuth a=1"})
    assert wire.slept == []


def test_the_shared_record_holds_no_secret_and_is_its_owners_alone(
    server: Loopback, connect: Connect, tmp_path: Path
) -> None:
    server.on(POSTS, counted(3, NOW + timedelta(hours=1)))
    ask_x(connect(x, pace=SharedPace(tmp_path, TOKEN), calls=(600, 60)))
    [path] = tmp_path.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert TOKEN not in path.name + path.read_text()
    assert set(json.loads(path.read_text())) == {"not_before", "windows", "under_way", "parts"}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"not_before":7}', "\x00" * 40, '{"not_before":{"":"x"}}'])
def test_a_damaged_record_costs_nothing(
    server: Loopback, connect: Connect, tmp_path: Path, text: str
) -> None:
    server.on(POSTS, counted(0, NOW + timedelta(seconds=60)), GOOD)
    pace = SharedPace(tmp_path, TOKEN)
    pace.path.write_text(text)
    wire = connect(x, pace=pace)
    ask_x(wire)
    ask_x(wire)
    assert wire.slept == [60.0]


def test_a_reset_in_another_century_locks_nobody_out(
    server: Loopback, connect: Connect, tmp_path: Path
) -> None:
    refused = Answer({}, status=429, headers={"x-rate-limit-reset": "99999999999"})
    server.on(POSTS, refused)
    with pytest.raises(RateLimited):
        ask_x(connect(x, pace=SharedPace(tmp_path, TOKEN)))
    server.on(POSTS, GOOD)
    later = NOW + LONGEST_HOLD + timedelta(seconds=1)
    ask_x(connect(x, pace=SharedPace(tmp_path, TOKEN), now=lambda: later))
    with pytest.raises(RateLimited, match="12:00:10"):
        ask_x(connect(x, pace=_written_by_a_clock_ahead(tmp_path / "other"), patience=0))


def _written_by_a_clock_ahead(folder: Path) -> SharedPace:
    """A record with a moment two years ahead, which is not heeded, and one 10 s ahead, which is."""
    pace = SharedPace(folder, TOKEN)
    soon, far = NOW + timedelta(seconds=10), NOW + timedelta(days=730)
    pace.hold("x/posts", soon, NOW)
    pace.hold("x/", far, far)
    return pace


WORKER = """
import sys
from pathlib import Path
from connectors import x
from connectors.errors import RateLimited
from connectors.pace import SharedPace
from connectors.wire import WireSession

url, folder = sys.argv[1:]
pace = SharedPace(Path(folder), "one credential")
with WireSession("x", run_id="r", sdk_url=x.SDK_URL, base_url=url, secrets=[], judge=x.judge,
                 land=lambda row: None, patience=0, pace=pace) as session:
    sys.stdin.readline()
    try:
        with session.asking("posts", "c1"):
            while True:
                session.get("https://api.twitter.com/2/tweets")
    except RateLimited as limited:
        print("told" if "429" in str(limited) or "too often" in str(limited) else "knew")
"""


def test_four_processes_together_never_overshoot_a_window(server: Loopback, tmp_path: Path) -> None:
    window, processes = 150, 4
    reset = datetime.now(UTC) + timedelta(minutes=10)
    lock, calls = threading.Lock(), []

    def answer(asked: Asked) -> Answer:
        with lock:
            calls.append(asked)
            remaining = window - len(calls)
        return counted(remaining, reset) if remaining >= 0 else Answer({"title": "no"}, status=429)

    server.on(POSTS, answer)
    command = [sys.executable, "-c", WORKER, server.url, str(tmp_path / ".pace")]
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    said = [worker.communicate(timeout=60)[0].strip() for worker in workers]
    assert said == ["knew"] * processes
    assert window - processes <= len(calls) <= window
