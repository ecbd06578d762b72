"""A home of one's own, and the import as a user calls it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from flows.cli import main
from tests.warehouse.lake import Lake

CROWDTANGLE_NAME = "2019-11-22-07-00-00-EST-Historical-Report-Pages-2019-11-01--2019-11-22.csv"


@dataclass
class Home:
    """A data folder with its lake, and what the last command said."""

    lake: Lake
    files: Path
    call: Callable[[list[str]], tuple[int, str, str]]
    said: str = field(default="")
    complained: str = field(default="")

    def file(self, name: str, content: str | bytes) -> Path:
        """A file as somebody downloaded it."""
        self.files.mkdir(exist_ok=True)
        path = self.files / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def imports(self, *arguments: object) -> int:
        """`campaign import`; its exit code."""
        code, self.said, self.complained = self.call(["import", *map(str, arguments)])
        return code

    def landed(self) -> list[dict[str, Any]]:
        """Every response of an export, body and parameters parsed, in order."""
        paths = sorted(self.lake.landing.glob("platform=*/endpoint=export/date=*/*.parquet"))
        rows = [row for path in paths for row in pq.ParquetFile(path).read().to_pylist()]
        parsed = [
            row | {"body": json.loads(row["body"]), "params": json.loads(row["params"])} for row in rows
        ]
        return sorted(parsed, key=lambda row: (row["url"], row["page"]))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Home:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CAMPAIGN_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CAMPAIGN_LAKE", raising=False)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    # A table is as wide as its terminal.
    monkeypatch.delenv("COLUMNS", raising=False)

    def call(arguments: list[str]) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(arguments)
        told = capsys.readouterr()
        return int(left.value.code or 0), told.out, told.err

    return Home(Lake(tmp_path / "home"), tmp_path / "downloads", call)
