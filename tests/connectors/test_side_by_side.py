"""Several requests of one platform on their way at once, over real HTTP: as many as it bears, and no more."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from connectors import tiktok, x
from connectors.asking import Walk
from connectors.errors import Gone, TokenInvalid
from connectors.pace import SharedPace
from tests.connectors.conftest import NOW, TOKEN, Wire
from tests.connectors.loopback import Answer, Asked, Loopback

Connect = Callable[..., Wire]

PATIENCE_S = 20.0
TWEETS = "/2/tweets"
POSTS = {"data": [{"id": "1"}]}


@dataclass
class Crowd:
    """Answers of a platform that come when `together` requests have been on their way at once: whoever sends
    one after the other waits in vain.
    """

    together: int
    most: int = 0
    inside: int = 0
    in_vain: int = 0
    change: threading.Condition = field(default_factory=threading.Condition)

    def answer(self, asked: Asked) -> Answer:
        with self.change:
            self.inside += 1
            self.most = max(self.most, self.inside)
            self.change.notify_all()
            if not self.change.wait_for(lambda: self.most >= self.together, PATIENCE_S):
                self.in_vain += 1
            self.inside -= 1
        return Answer(POSTS)


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    ours = {one for one in threading.enumerate() if one.name.endswith("+")}
    assert not ours - before


def look_up(wire: Wire) -> Callable[[int], None]:
    def ask(number: int) -> None:
        with wire.session.asking("posts", f"c{number}"):
            wire.session.get(f"{x.SDK_URL}{TWEETS}", params={"ids": str(number)})

    return ask


def test_as_many_requests_as_a_platform_bears_are_on_their_way_at_once_and_never_more(
    server: Loopback, connect: Connect
) -> None:
    crowd = Crowd(3)
    server.on(TWEETS, crowd.answer)
    wire = connect(x, in_flight=3)
    wire.session.side_by_side(look_up(wire), range(12))
    assert (crowd.most, crowd.in_vain) == (3, 0)
    assert sorted(asked.parameters["ids"] for asked in server.asked) == sorted(map(str, range(12)))


def test_however_deep_the_work_is_nested_no_more_are_on_their_way(server: Loopback, connect: Connect) -> None:
    crowd = Crowd(4)
    server.on(TWEETS, crowd.answer)
    wire = connect(x, in_flight=4)
    ask = look_up(wire)

    def ask_three(first: int) -> None:
        ask(first)
        wire.session.side_by_side(ask, (first + 1, first + 2))

    wire.session.side_by_side(ask_three, range(0, 30, 3))
    assert (crowd.most, crowd.in_vain) == (4, 0)
    assert len(server.asked) == 30


def test_one_that_works_alone_is_helped_with_its_parts(server: Loopback, connect: Connect) -> None:
    """The last Page of several uses the threads that the others no longer need."""
    crowd = Crowd(3)
    server.on(TWEETS, crowd.answer)
    wire = connect(x, in_flight=3)
    ask = look_up(wire)

    def ask_parts(parts: list[int]) -> None:
        wire.session.side_by_side(ask, parts)

    wire.session.side_by_side(ask_parts, [[], [], list(range(6))])
    assert (crowd.most, crowd.in_vain) == (3, 0)


def test_each_answer_is_landed_under_what_was_asked_around_it(server: Loopback, connect: Connect) -> None:
    crowd = Crowd(4)
    server.on(TWEETS, crowd.answer)
    wire = connect(x, in_flight=4)
    ask = look_up(wire)
    wire.session.side_by_side(ask, range(8))

    def ask_next_page(number: int) -> None:
        wire.session.get(f"{x.SDK_URL}{TWEETS}", params={"ids": str(number)})

    with wire.session.asking("timeline", "whole"):
        wire.session.side_by_side(ask_next_page, range(8, 12))
    found = {(row["endpoint"], row["campaign_id"], row["params"]) for row in wire.rows}
    assert found == {("posts", f"c{n}", f'{{"ids": "{n}"}}') for n in range(8)} | {
        ("timeline", "whole", f'{{"ids": "{n}"}}') for n in range(8, 12)
    }
    assert len({row["response_id"] for row in wire.rows}) == 12
    assert sorted(row["page"] for row in wire.rows if row["endpoint"] == "timeline") == [1, 2, 3, 4]


def test_what_ends_the_run_stops_what_was_not_sent_and_lands_what_was(
    server: Loopback, connect: Connect
) -> None:
    is_refused = threading.Event()

    def answer(asked: Asked) -> Answer:
        if asked.parameters["ids"] == "0":
            return Answer({"title": "Unauthorized"}, status=401)
        is_refused.wait(PATIENCE_S)
        return Answer(POSTS)

    server.on(TWEETS, answer)
    rows: list[dict[str, object]] = []

    def land(row: dict[str, object]) -> None:
        rows.append(row)
        if row["status"] == 401:
            is_refused.set()

    wire = connect(x, in_flight=3, land=land)
    ask = look_up(wire)

    def ask_twice(number: int) -> None:
        ask(number)
        ask(number + 100)

    with pytest.raises(TokenInvalid):
        wire.session.side_by_side(ask_twice, range(10))
    assert 1 <= len(server.asked) <= 3
    assert len(rows) == len(server.asked)


def test_what_costs_only_a_part_costs_no_other(server: Loopback, connect: Connect) -> None:
    def answer(asked: Asked) -> Answer:
        return Answer({"title": "Not Found"}, status=404) if asked.parameters["ids"] == "2" else Answer(POSTS)

    server.on(TWEETS, answer)
    wire = connect(x, in_flight=3)
    ask = look_up(wire)

    def ask_a_part(number: int) -> None:
        with wire.session.costing_only_this():
            ask(number)

    wire.session.side_by_side(ask_a_part, range(6))
    assert len(wire.rows) == 6
    assert wire.kinds() == ["Gone"]


def test_a_walk_that_breaks_off_is_its_own(server: Loopback, connect: Connect) -> None:
    """Its parts speak for it alone, whoever works on the others at the same time."""
    crowd = Crowd(2)

    def answer(asked: Asked) -> Answer:
        crowd.answer(asked)
        return Answer({"title": "gone"}, status=404) if asked.parameters["ids"] == "11" else Answer(POSTS)

    server.on(TWEETS, answer)
    wire = connect(x, in_flight=4)
    ask = look_up(wire)
    walks = [Walk("c", NOW - timedelta(days=day), f"account{day}") for day in (0, 1, 2)]

    def ask_part(number: int) -> None:
        with wire.session.costing_only_this():
            ask(number)
            wire.session.reached(NOW - timedelta(hours=number))

    def list_account(day: int) -> None:
        with wire.session.walking(walks[day]):
            wire.session.side_by_side(ask_part, (10 * day, 10 * day + 1))

    wire.session.side_by_side(list_account, (0, 1, 2))
    assert crowd.in_vain == 0
    assert sorted(walk.handle or "" for walk in wire.session.report.walked) == ["account0", "account2"]
    assert wire.session.report.walked_back == [(walks[1], NOW - timedelta(hours=10))]


def test_an_interrupt_ends_all_soon_with_what_arrived_landed(server: Loopback, connect: Connect) -> None:
    crowd = Crowd(3)
    server.on(TWEETS, crowd.answer)
    rows: list[dict[str, object]] = []

    def land(row: dict[str, object]) -> None:
        rows.append(row)
        raise KeyboardInterrupt

    wire = connect(x, in_flight=3, land=land)
    with pytest.raises(KeyboardInterrupt):
        wire.session.side_by_side(look_up(wire), range(12))
    assert len(rows) == len(server.asked) == 3


def test_the_first_trouble_of_the_lake_is_not_hidden_by_a_platforms(
    server: Loopback, connect: Connect
) -> None:
    both, is_first_landed = threading.Barrier(2), threading.Event()

    def answer(asked: Asked) -> Answer:
        both.wait(PATIENCE_S)
        if asked.parameters["ids"] == "1":
            is_first_landed.wait(PATIENCE_S)
        return Answer({"title": "gone"}, status=404)

    server.on(TWEETS, answer)

    def land(row: dict[str, object]) -> None:
        is_first_landed.set()
        if row["campaign_id"] == "c1":
            raise OSError(28, "No space left on device")

    wire = connect(x, in_flight=2, land=land)
    with pytest.raises(OSError, match="No space"):
        wire.session.side_by_side(look_up(wire), range(2))


def test_without_leave_for_more_one_is_asked_after_the_other_in_order(
    server: Loopback, connect: Connect
) -> None:
    server.on(TWEETS, Answer(POSTS))
    wire = connect(x)
    wire.session.side_by_side(look_up(wire), range(5))
    assert [asked.parameters["ids"] for asked in server.asked] == list("01234")


# The platforms' limits


class Hours:
    """A clock that moves when somebody sleeps; who sleeps at the same time sleeps through the same hours."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = NOW
        self._looked = threading.local()

    def now(self) -> datetime:
        with self._lock:
            self._looked.at = self._now
            return self._now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._looked.at += timedelta(seconds=seconds)
            self._now = max(self._now, self._looked.at)


@dataclass
class Windowed:
    """A platform that grants `limit` calls in each minute of a clock and tells how many are left; its first
    answers come together.
    """

    hours: Hours
    limit: int
    crowd: Crowd
    asked_in: dict[int, int] = field(default_factory=dict)
    refused: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, asked: Asked) -> Answer:
        with self.lock:
            window = int(self.hours.now().timestamp() // 60)
            used = self.asked_in[window] = self.asked_in.get(window, 0) + 1
        headers = {"x-rate-limit-reset": str((window + 1) * 60), "x-rate-limit-remaining": "0"}
        if used > self.limit:
            self.refused += 1
            return Answer({"title": "Too Many Requests"}, status=429, headers=headers)
        self.crowd.answer(asked)
        headers["x-rate-limit-remaining"] = str(self.limit - used)
        return Answer(POSTS, headers=headers)


def test_a_windows_calls_are_never_exceeded_by_those_on_their_way(server: Loopback, connect: Connect) -> None:
    hours = Hours()
    platform = Windowed(hours, 6, Crowd(4))
    server.on(TWEETS, platform.answer)
    wire = connect(x, in_flight=4, now=hours.now, sleep=hours.sleep)
    wire.session.side_by_side(look_up(wire), range(20))
    assert platform.refused == 0
    assert len(platform.asked_in) >= 4
    assert max(platform.asked_in.values()) <= 6
    assert (platform.crowd.most, platform.crowd.in_vain) == (4, 0)


def test_runs_that_share_a_credential_share_what_is_left(
    server: Loopback, connect: Connect, tmp_path_factory: pytest.TempPathFactory
) -> None:
    hours, folder = Hours(), tmp_path_factory.mktemp("pace")
    platform = Windowed(hours, 10, Crowd(6))
    server.on(TWEETS, platform.answer)
    wires = [
        connect(
            x,
            in_flight=3,
            run_id=f"run{number}",
            now=hours.now,
            sleep=hours.sleep,
            pace=SharedPace(folder, TOKEN),
        )
        for number in range(2)
    ]
    runs = [
        threading.Thread(target=wire.session.side_by_side, args=(look_up(wire), range(12))) for wire in wires
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert [len(wire.rows) for wire in wires] == [12, 12]
    assert platform.refused == 0
    assert max(platform.asked_in.values()) <= 10
    assert (platform.crowd.most, platform.crowd.in_vain) == (6, 0)


def test_a_budget_of_calls_that_no_answer_speaks_of_is_kept(server: Loopback, connect: Connect) -> None:
    hours = Hours()
    server.on("/v2/video/query/", Answer({"data": {"videos": []}, "error": {"code": "ok"}}))
    wire = connect(tiktok, in_flight=4, now=hours.now, sleep=hours.sleep, calls=(5, 60.0))

    def ask(number: int) -> None:
        with wire.session.asking("query", "c1"):
            wire.session.post(f"{tiktok.SDK_URL}/v2/video/query/", json={"number": number})

    wire.session.side_by_side(ask, range(17))
    assert len(server.asked) == 17
    # Seventeen calls, five at most in any minute: the last waits three minutes.
    assert hours.now() >= NOW + timedelta(minutes=3)


def test_a_refusal_makes_those_wait_that_were_not_sent(server: Loopback, connect: Connect) -> None:
    hours = Hours()
    ends = NOW + timedelta(minutes=5)
    sent_at: list[datetime] = []
    is_heard = threading.Event()

    def answer(asked: Asked) -> Answer:
        sent_at.append(hours.now())
        if len(sent_at) == 1:
            headers = {"x-rate-limit-reset": str(int(ends.timestamp()))}
            return Answer({"title": "Too Many Requests"}, status=429, headers=headers)
        is_heard.wait(PATIENCE_S)
        return Answer(POSTS)

    def sleep(seconds: float) -> None:
        is_heard.set()
        hours.sleep(seconds)

    server.on(TWEETS, answer)
    wire = connect(x, in_flight=2, now=hours.now, sleep=sleep)
    wire.session.side_by_side(look_up(wire), range(8))
    assert sum(moment < ends for moment in sent_at) <= 2
    assert len(wire.rows) == 9


def test_who_waits_for_a_limit_is_woken_when_another_ends_the_run(server: Loopback, connect: Connect) -> None:
    is_sent, is_waiting = threading.Event(), threading.Event()

    def answer(asked: Asked) -> Answer:
        if asked.parameters["ids"] == "0":
            # Told of the limit before it is sent, the other would wait too.
            is_sent.wait(PATIENCE_S)
            headers = {"x-rate-limit-reset": str(int((NOW + timedelta(minutes=10)).timestamp()))}
            return Answer({"title": "Too Many Requests"}, status=429, headers=headers)
        is_sent.set()
        is_waiting.wait(PATIENCE_S)
        return Answer({"title": "Unauthorized"}, status=401)

    server.on(TWEETS, answer)
    never = threading.Event()
    naps: list[float] = []

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        is_waiting.set()
        never.wait(min(seconds, 0.01))

    wire = connect(x, in_flight=2, sleep=sleep)
    with pytest.raises(TokenInvalid):
        wire.session.side_by_side(look_up(wire), range(2))
    assert max(naps) <= 1
    assert len(naps) < 600


def test_a_trouble_is_the_same_for_whoever_began_it(server: Loopback, connect: Connect) -> None:
    server.on(TWEETS, Answer({"title": "Not Found"}, status=404))
    wire = connect(x, in_flight=2)
    with pytest.raises(Gone, match="x: not found"):
        wire.session.side_by_side(look_up(wire), range(3))


def test_a_session_has_at_least_one_request_on_its_way(connect: Connect) -> None:
    with pytest.raises(ValueError, match="at least one"):
        connect(x, in_flight=0)


class FewThreads:
    """A machine on which so many threads can be begun side by side, and no more."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
        self.has_failed = threading.Event()
        self._left = most
        self._start = threading.Thread.start
        monkeypatch.setattr(threading.Thread, "start", lambda thread: self._begin(thread))

    def _begin(self, thread: threading.Thread) -> None:
        if thread.name.endswith("+"):
            if not self._left:
                self.has_failed.set()
                raise RuntimeError("can't start new thread")
            self._left -= 1
        self._start(thread)


@pytest.mark.parametrize("most", [0, 1])
def test_where_no_thread_can_be_begun_all_ends_and_may_be_tried_again(
    server: Loopback, connect: Connect, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    server.on(TWEETS, Answer(POSTS))
    wire = connect(x, in_flight=3)
    FewThreads(monkeypatch, most)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        wire.session.side_by_side(look_up(wire), range(6))
    assert server.asked == []
    monkeypatch.undo()
    wire.session.side_by_side(look_up(wire), range(6))
    assert len(wire.rows) == 6


def test_a_helper_that_cannot_begin_a_thread_loses_nothing_silently(
    server: Loopback, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second of the parts arrives first, when the other work is done and its thread is free."""
    threads = FewThreads(monkeypatch, 3)

    def are_two_left() -> bool:
        return sum(one.name.endswith("+") for one in threading.enumerate()) == 2

    def answer(asked: Asked) -> Answer:
        if asked.parameters["ids"] == "1":
            threads.has_failed.wait(PATIENCE_S)
        if asked.parameters["ids"] == "2":
            until = time.monotonic() + PATIENCE_S
            while not are_two_left() and time.monotonic() < until:
                threads.has_failed.wait(0.005)
        return Answer(POSTS)

    server.on(TWEETS, answer)
    wire = connect(x, in_flight=3)
    ask = look_up(wire)

    def ask_parts(parts: range) -> None:
        wire.session.side_by_side(ask, parts)

    with pytest.raises(RuntimeError, match="can't start new thread"):
        wire.session.side_by_side(ask_parts, [range(1, 6), range(9, 10)])
    # What was not on its way yet, the second part perhaps among it, is not sent.
    assert {asked.parameters["ids"] for asked in server.asked} <= {"1", "2", "9"}
