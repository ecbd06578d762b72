"""Files as they are handed in: their bytes' digest, encoding and delimiter, and their records with the lines
that they came from.

UTF-8 with or without its mark and UTF-16 with its mark are told by the bytes; what is neither is taken for
Windows-1252, which is said. A file is read several times and never held whole.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from connectors.exports.headers import MOST_COLUMNS, is_series_header, nearest
from connectors.exports.mistakes import Mistake, NotAnExport, shown

# Lines between two words of how far it is.
_TOLD_EVERY = 1000
BLOCK = 64 * 1024
# The longest line and the longest cell that any text can have; Facebook's texts end at 63,206 characters.
MOST_OF_A_LINE = 4 * 1024 * 1024
MOST_OF_A_CELL = 1024 * 1024

DELIMITERS = (",", ";", "\t")
DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab"}
FALLBACK = "cp1252"
ENCODING_NAMES = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 with its mark",
    "utf-16-le": "UTF-16, little end first",
    "utf-16-be": "UTF-16, big end first",
    FALLBACK: "Windows-1252",
}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


# What people take for the export: how the bytes of such files begin.
HEAD = 512
_NO_CSV = {
    "a workbook of old Excel": re.compile(rb"\xd0\xcf\x11\xe0"),
    "a PDF": re.compile(rb"\s*%PDF-"),
    "a web page": re.compile(
        rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|!--|\?xml|html|head|body|table|meta)", re.IGNORECASE
    ),
}


@dataclass(frozen=True)
class Record:
    """One record: the line on which it begins, its cells, and its lines as they were received."""

    line: int
    cells: tuple[str, ...]
    raw: str


class ReceivedFile:
    """An open file. Close it with `with`; raises NotAnExport where it is no text, and OSError where it cannot
    be opened. Each time that it is read, `told` hears now and then how many of its lines were."""

    def __init__(self, path: Path, told: Callable[[int, int], None] = lambda lines, of: None) -> None:
        self.name = path.name
        self._told = told
        self._lines_in_all = 0
        mode = path.stat().st_mode
        # A device may have no end, and a pipe can be read once.
        if not stat.S_ISREG(mode):
            what = "this is a folder" if stat.S_ISDIR(mode) else "this is no file, but a device or a pipe"
            cure = "name the files in it" if stat.S_ISDIR(mode) else "name a file, as it was downloaded"
            raise NotAnExport([Mistake(str(path), what, cure)])
        self._file: BinaryIO = path.open("rb")
        try:
            self._as_it_was = self._stamp()
            self.encoding, self.sha256 = self._examine()
            self.delimiter = self._delimiter()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> ReceivedFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _stamp(self) -> tuple[int, int]:
        state = os.fstat(self._file.fileno())
        return state.st_size, state.st_mtime_ns

    def has_changed(self) -> bool:
        """Whether somebody has written to the file since it was opened."""
        return self._stamp() != self._as_it_was

    def _mistake(self, what: str, cure: str, line: int | None = None) -> NotAnExport:
        return NotAnExport([Mistake(self.name, what, cure, line)])

    def _examine(self) -> tuple[str, str]:
        """The encoding and the SHA-256 of the bytes, in one pass."""
        self._file.seek(0)
        head = self._file.read(HEAD)
        if not head:
            raise self._mistake("the file is empty", "export it again")
        marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
        if head.startswith(b"PK"):
            raise self._mistake(
                "this is a workbook or an archive, no CSV", "choose CSV when exporting, or unpack the archive"
            )
        for kind, begins in _NO_CSV.items():
            if begins.match(head):
                raise self._mistake(f"this is {kind}, no CSV", "download the export again, as CSV")
        digest = hashlib.sha256()
        candidates = [marked] if marked else ["utf-8", FALLBACK]
        decoders = {name: codecs.getincrementaldecoder(name)() for name in candidates}
        self._file.seek(0)
        while block := self._file.read(BLOCK):
            digest.update(block)
            self._lines_in_all += block.count(b"\n")
            self._decode(decoders, block, final=False)
        self._decode(decoders, b"", final=True)
        return next(name for name in candidates if name in decoders), digest.hexdigest()

    def _decode(self, decoders: dict[str, codecs.IncrementalDecoder], block: bytes, *, final: bool) -> None:
        """Leave out the encodings that a block cannot be in."""
        for name in list(decoders):
            try:
                decoders[name].decode(block, final)
            except UnicodeDecodeError:
                del decoders[name]
        if not decoders:
            raise self._mistake(
                "the file is no text in UTF-8, UTF-16 or Windows-1252",
                "export it again, or save it as CSV in UTF-8",
            )

    def _lines(self) -> Iterator[str]:
        """The lines with their ends, as they were received, without the mark at the beginning."""
        self._file.seek(0)
        number = 0
        # A descriptor of its own, so that closing the reader leaves the file open.
        with open(os.dup(self._file.fileno()), encoding=self.encoding, newline="") as text:
            while line := text.readline(MOST_OF_A_LINE):
                number += 1
                if number % _TOLD_EVERY == 0:
                    self._told(number, max(number, self._lines_in_all))
                if len(line) >= MOST_OF_A_LINE:
                    raise self._mistake(
                        f"the line has more than {MOST_OF_A_LINE:,} characters",
                        "export the file again",
                        number,
                    )
                yield line.removeprefix("\ufeff") if number == 1 else line

    def _delimiter(self) -> str:
        """What parts the cells: as a first line `sep=;` says, else what makes most of the header known."""
        csv.field_size_limit(MOST_OF_A_LINE)
        first = next(self._lines(), "").strip()
        declared = re.fullmatch(r'"?sep=(.)"?', first, re.IGNORECASE)
        if declared:
            if declared[1] not in DELIMITERS:
                raise self._mistake(
                    f"the cells are parted by {shown(declared[1])}", "export the file again", 1
                )
            return declared[1]

        def known(delimiter: str) -> tuple[bool, int, int]:
            cells = next(csv.reader([first], delimiter=delimiter), [])[: MOST_COLUMNS + 1]
            header = nearest(cells)
            return is_series_header(cells), header.recognised, first.count(delimiter)

        return max(DELIMITERS, key=known)

    def records(self) -> Iterator[Record]:
        """Every record that is not blank, `sep=` left out. Raises NotAnExport for a quotation mark that is
        not closed and the like."""
        csv.field_size_limit(MOST_OF_A_CELL)
        waiting: list[str] = []

        def handed_on() -> Iterator[str]:
            for line in self._lines():
                waiting.append(line)
                yield line

        reader = csv.reader(handed_on(), delimiter=self.delimiter, strict=True)
        begins = 1
        while True:
            try:
                cells = next(reader, None)
            except csv.Error as error:
                raise self._mistake(
                    f"the record that begins here cannot be read ({error})",
                    "look for a quotation mark that is not closed, or export the file again",
                    begins,
                ) from None
            if cells is None:
                return
            raw = "".join(waiting)
            waiting.clear()
            is_hint = begins == 1 and re.fullmatch(r'"?sep=.?"?', raw.strip(), re.IGNORECASE) is not None
            if not is_hint and any(cell.strip() for cell in cells):
                yield Record(begins, tuple(cells), raw)
            begins = reader.line_num + 1
