"""No secret in anything that a run writes, logs, says or raises: what was given, derived or handed out by a
platform is looked for in every spelling, in every byte and every decoded value.
"""

from __future__ import annotations

import base64
import contextlib
import html
import io
import json
import logging
import re
import socket
import sqlite3
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from urllib.parse import quote, quote_plus

import duckdb
import pyarrow.parquet as pq
import pytest

import connectors
from connectors.asking import AccountDays, Ask, Walk, Wanted
from connectors.errors import Trouble
from connectors.sandbox.server import Sandbox
from connectors.wire import WireSession
from flows.cli import main
from flows.collecting.round import PlatformReport, Stopping, prepare
from flows.registry import load
from flows.settings import Settings
from tests.connectors.loopback import Answer, Asked, Loopback, serving

CONNECTORS = connectors.discover()
NOON = datetime(2019, 12, 1, 12, tzinfo=UTC)

# What a run under Prefect shows of a platform.
RowOf = Callable[[PlatformReport], object]

REGISTRY = """\
id = "election"
name = "Election"
starts = 2019-10-29
ends = 2019-12-12
timezone = "Europe/London"

[[sides]]
id = "ours"
ours = true

[[sides]]
id = "theirs"
ours = false

[[assets]]
id = "film"
title = "Film"
side = "ours"
kind = "video"
posts = ["x:1194256123456789012", "facebook:118273904551_8097613241034693"]

[[audiences]]
id = "gb"
label = "Great Britain"
ad_account = "act_1700420191212"
targeting = { geo_locations = { countries = ["GB"] } }
""" + "".join(
    f'\n[[accounts]]\nside = "{side}"\nplatform = "{platform}"\nhandle = "{handle}"\n'
    for side, platform, handle in (
        ("ours", "x", "UKLabour"),
        ("ours", "facebook", "uklabour"),
        ("ours", "instagram", "uklabour"),
        ("theirs", "instagram", "conservatives"),
        ("ours", "youtube", "UKLabour"),
        ("ours", "tiktok", "uklabour"),
    )
)
# What a URL, a JSON text or a page writes otherwise than it is.
AWKWARD = "/+=|%41&"


def credentials(*, awkward: bool) -> dict[str, str]:
    """A value for every credential that any connector can be given."""
    named = [
        setting
        for connector in CONNECTORS.values()
        for setting in (connector.CREDENTIAL, *getattr(connector, "FURTHER_CREDENTIALS", {}).values())
    ]
    return {name: f"secret-{n}-of-{name.lower()}{AWKWARD if awkward else ''}" for n, name in enumerate(named)}


def spellings(secret: str) -> set[bytes]:
    """The ways in which a secret may be written."""
    plain = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), html.escape(secret)}
    escaped = {json.dumps(form)[1:-1] for form in plain} | {repr(secret)[1:-1]}
    escaped |= {form.replace("/", "\\/") for form in escaped}
    lower = {re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), form) for form in plain}
    forms = {form.encode() for form in plain | escaped | lower}
    return forms | {base64.b64encode(secret.encode()).rstrip(b"=")}


def found_in(texts: Iterable[tuple[str, bytes]], secrets: Iterable[str]) -> list[str]:
    """Where secrets were found; says the place and no secret."""
    forms = {form for secret in secrets for form in spellings(secret)}
    return [place for place, text in texts if any(form in text for form in forms)]


def written(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file under a folder: its name and bytes, and for the kinds that compress, every value decoded."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        place = str(path.relative_to(folder))
        yield place, place.encode() + path.read_bytes()
        if path.suffix == ".parquet":
            yield from by_column(place, pq.ParquetFile(path).read().to_pylist())
        elif path.suffix == ".duckdb":
            with duckdb.connect(path, read_only=True) as con:
                tables = con.execute(
                    "select table_schema, table_name from information_schema.tables"
                ).fetchall()
                for schema, table in tables:
                    rows = con.sql(f'from "{schema}"."{table}"').to_arrow_table().to_pylist()
                    yield from by_column(f"{place}: {schema}.{table}", rows)
        elif path.suffix == ".sqlite":
            with contextlib.closing(sqlite3.connect(path)) as ledger:
                ledger.row_factory = sqlite3.Row
                names = ledger.execute("select name from sqlite_master where type = 'table'").fetchall()
                for (table,) in names:
                    rows = [dict(row) for row in ledger.execute(f'select * from "{table}"')]
                    yield from by_column(f"{place}: {table}", rows)


def by_column(place: str, rows: Iterable[Mapping[str, object]]) -> Iterator[tuple[str, bytes]]:
    """The texts of each column, however deep in lists and structs, one under the other."""
    columns: dict[str, list[str]] = {}
    for row in rows:
        for column, value in row.items():
            columns.setdefault(column, []).extend(texts_in(value))
    for column, texts in columns.items():
        yield f"{place}: {column}", "\n".join(texts).encode()


def texts_in(found: object) -> Iterator[str]:
    match found:
        case dict():
            for value in found.values():
                yield from texts_in(value)
        case list() | tuple():
            for value in found:
                yield from texts_in(value)
        case str():
            yield found


class Everything(logging.Handler):
    """Keeps every log record whole."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(f"{record.name}: {self.format(record)} {vars(record)}")


@dataclass
class Traces:
    """What runs left behind: the folder they wrote in, what they logged and said, what they raised."""

    folder: Path
    secrets: set[str]
    logged: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    exits: list[int] = field(default_factory=list)

    def texts(self) -> Iterator[tuple[str, bytes]]:
        yield from written(self.folder)
        yield from (("log", text.encode()) for text in self.logged)
        yield from (("said", text.encode()) for text in self.said)

    def raised(self, error: BaseException) -> None:
        """Keeps all that a log or a report could show of an exception and of those behind it."""
        self.said.append("".join(traceback.format_exception(error)))
        waiting: list[BaseException | None] = [error]
        while waiting:
            one = waiting.pop()
            if one is not None:
                self.said += [str(one), repr(one), repr(one.args), repr(vars(one))]
                waiting += [one.__cause__, one.__context__]


@contextlib.contextmanager
def run_in(folder: Path, settings: Mapping[str, str], secrets: Iterable[str]) -> Iterator[Traces]:
    """A home with a registry and settings, everything that is logged at any level, and all that is said."""
    (folder / "campaigns").mkdir(parents=True)
    (folder / "campaigns" / "election.toml").write_text(REGISTRY)
    everything, root, out = Everything(), logging.getLogger(), io.StringIO()
    traces = Traces(folder, set(secrets))
    with pytest.MonkeyPatch.context() as patch:
        for name in ("CAMPAIGN_HOME", "CAMPAIGN_LAKE", "CAMPAIGN_REGISTRY", "PREFECT_API_URL"):
            patch.delenv(name, raising=False)
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            patch.delenv(name, raising=False)
            patch.delenv(name.upper(), raising=False)
        for name, value in settings.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        level = root.level
        root.addHandler(everything)
        root.setLevel(logging.DEBUG)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
                yield traces
        finally:
            root.removeHandler(everything)
            root.setLevel(level)
            traces.logged += everything.texts
            traces.said.append(out.getvalue())


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> Traces:
    """Every platform collected twice from the sandbox with all that it can be given, built, checked and
    told."""
    with Sandbox(now=NOON) as sandbox:
        given = {name: value for name, value in sandbox.settings.items() if not name.endswith("_API_URL")}
        folder = tmp_path_factory.mktemp("whole")
        with run_in(folder, sandbox.settings, given.values()) as traces:
            for arguments in (
                ["collect", "--all", "--as-of", "2019-12-01T06:00Z"],
                ["collect", "--as-of", "2019-12-01T12:00Z"],
                ["build"],
                ["check"],
                ["status"],
                ["sql", "from marts.asset_totals", "--format", "json"],
            ):
                with pytest.raises(SystemExit) as left:
                    main(arguments)
                traces.exits.append(int(left.value.code or 0))
        traces.secrets |= sandbox.tokens
    return traces


def test_a_whole_run_reaches_every_platform_and_derives_tokens(whole_run: Traces) -> None:
    landed = {path.name for path in (whole_run.folder / "data" / "landing").iterdir()}
    assert landed >= {f"platform={platform}" for platform in CONNECTORS}
    given = {value for name, value in credentials(awkward=False).items()}
    assert not given & whole_run.secrets
    # Page tokens, signed values and the tokens of sign-ins come on top of what the settings hold.
    assert len(whole_run.secrets) >= 15 + 3
    assert any("DEBUG" in text for text in whole_run.logged)
    assert whole_run.exits[2] == 0, whole_run.said


def test_no_secret_is_in_anything_that_a_whole_run_leaves_behind(whole_run: Traces) -> None:
    assert found_in(whole_run.texts(), whole_run.secrets) == []


# Runs in which everything goes wrong


class NoWaiting(Stopping):
    def sleep(self, seconds: float) -> None:
        self.check()


class Echo(Loopback):
    """A platform that answers with all that it was sent, in the way of `kind`."""

    def __init__(self) -> None:
        super().__init__()
        self.kind = ""

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        sent = f"{asked.query} {json.dumps(asked.parameters)} {asked.headers.get('Authorization', '')}"
        match self.kind:
            case "refused":
                error = {"message": f"Malformed {sent}", "type": "OAuthException", "code": 190, "status": 401}
                return Answer({"error": error, "title": sent, "detail": sent}, status=401)
            case "forbidden":
                error = {"message": sent, "code": 10, "errors": [{"reason": "forbidden", "message": sent}]}
                return Answer({"error": error, "title": sent, "detail": sent}, status=403)
            case "page":
                return Answer(
                    f"<html>{html.escape(sent)}</html>", status=502, headers={"X-Echo": quote(sent)}
                )
            case "moved":
                return Answer("", status=302, headers={"Location": f"https://h.example/?{quote(sent)}"})
        return Answer({"data": [{"id": "1", "text": sent}], "paging": {"next": f"https://h/?{asked.query}"}})


ECHOES = ("refused", "forbidden", "page", "moved", "fine")


def take(traces: Traces, url: str, row_of: RowOf) -> None:
    """One round of every platform at `url`, and each connector by itself."""
    take_rounds(traces, url, row_of)
    for connector in CONNECTORS.values():
        ask_by(connector, traces, url)


def take_rounds(traces: Traces, url: str, row_of: RowOf) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for platform in CONNECTORS:
            patch.setenv(f"{platform.upper()}_API_URL", url)
        settings = Settings()
        registry = load(settings.registry, CONNECTORS)
        collection = prepare(
            None, settings=settings, registry=registry, clock=NOON, as_of=NOON, everything=True
        )
        report = collection.report([collection.take(one, NoWaiting()) for one in collection.platforms])
    traces.said += [repr(report), *report.complaints]
    traces.said += [str(row_of(each)) for each in report.platforms]


def ask_by(connector: ModuleType, traces: Traces, url: str) -> None:
    """What the connector raises itself."""
    platform, settings = connector.PLATFORM, Settings()
    more = {
        parameter: settings.credential(platform, setting).get_secret_value()  # type: ignore[union-attr]
        for parameter, setting in getattr(connector, "FURTHER_CREDENTIALS", {}).items()
    }
    credential = settings.credential(platform, connector.CREDENTIAL)
    assert credential is not None
    with WireSession(
        platform,
        run_id="r",
        sdk_url=connector.SDK_URL,
        base_url=url,
        more_hosts=getattr(connector, "MORE_HOSTS", ()),
        secrets=[credential.get_secret_value(), *more.values()],
        judge=connector.judge,
        land=lambda row: traces.said.append(str(row)),
        attempts=1,
        sleep=lambda seconds: None,
    ) as session:
        ask = Ask(
            platform,
            walks=(Walk("election", NOON, "uklabour"),),
            posts=(Wanted("election", "1194256123456789012"),),
            days=(AccountDays("election", date(2019, 12, 1), date(2019, 12, 2), "uklabour"),),
        )
        try:
            connector.collect(ask, session, credential.get_secret_value(), **more)
        except Trouble as trouble:
            traces.raised(trouble)
        traces.said += [str(trouble) for trouble in session.report.troubles]


@pytest.fixture(scope="module")
def failing_runs(tmp_path_factory: pytest.TempPathFactory) -> Traces:
    """Every platform answered by its own requests in five ways, then by nobody: a closed port, an unknown
    host."""
    # Prefect takes long to import, and every worker collects these tests; it also sets up all logging anew.
    from flows.collect import _artifact_row

    given = credentials(awkward=True)
    folder = tmp_path_factory.mktemp("failing")
    with run_in(folder, given, given.values()) as traces:
        with serving(echo := Echo()) as server:
            for echo.kind in ECHOES:
                take(traces, server.url, _artifact_row)
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        take(traces, f"http://127.0.0.1:{port}", _artifact_row)
        # Not all of them: where names are looked up slowly, each takes its time.
        ask_by(CONNECTORS["facebook"], traces, "http://platform.invalid")
    # Of a text that is cut short, no part may be left by which a secret is known.
    traces.secrets |= {secret[:12] for secret in given.values()}
    return traces


def test_failing_runs_name_the_cause(failing_runs: Traces) -> None:
    said = "\n".join(failing_runs.said)
    for words in ("token was refused", "not allowed", "connection refused", "host name is not known"):
        assert words in said
    assert "[secret]" in said
    assert "[secret]" in "\n".join(failing_runs.logged)


def test_no_secret_is_in_anything_that_failing_runs_leave_behind(failing_runs: Traces) -> None:
    assert found_in(failing_runs.texts(), failing_runs.secrets) == []


# The search itself


@pytest.mark.parametrize(
    "spelled",
    [
        str,
        lambda secret: quote(secret, safe=""),
        quote_plus,
        lambda secret: json.dumps(secret)[1:-1],
        lambda secret: json.dumps(secret).replace("/", "\\/"),
        html.escape,
        lambda secret: base64.b64encode(secret.encode()).decode(),
    ],
)
def test_a_secret_that_is_there_is_found(spelled: object, tmp_path: Path) -> None:
    assert callable(spelled)
    secret = f"planted{AWKWARD}"
    text = f"before {spelled(secret)} after"
    (tmp_path / "plain.txt").write_text(text)
    with duckdb.connect(tmp_path / "warehouse.duckdb") as con:
        con.execute("create table t as select 'harmless' as a")
        con.execute("insert into t values (?)", [text])
        con.execute("copy t to '" + str(tmp_path / "rows.parquet") + "' (compression zstd)")
    with contextlib.closing(sqlite3.connect(tmp_path / "spending.sqlite")) as ledger:
        ledger.execute("create table t (a)")
        ledger.execute("insert into t values (?)", [text])
        ledger.commit()
    with run_in(tmp_path / "run", {}, [secret]) as traces:
        logging.getLogger("anybody").debug("a message of %s", text)
        sys.stdout.write(text)
        traces.raised(ValueError(text))
    places = set(found_in([*written(tmp_path), *traces.texts()], [secret]))
    assert places >= {
        *("plain.txt", "rows.parquet: a", "warehouse.duckdb: main.t: a", "spending.sqlite: t: a"),
        *("log", "said"),
    }
