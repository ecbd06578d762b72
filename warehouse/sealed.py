"""Parquet files that tell whether they are still what was written.

Of the bits of a landed file that somebody else's mistake turns round, one in fourteen changes a number or a
text and nothing that a reader of Parquet would notice. So a file's footer holds the CRC-32 of the whole file,
its own eight digits read as zeros. A file without it, of an earlier release or of another program, is taken
as it is.
"""

from __future__ import annotations

import re
import zlib
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

# What reading a damaged Parquet file raises: more than it says, where its names, zones and sizes are noise.
DAMAGED = (OSError, ValueError, LookupError, ArithmeticError, pa.ArrowException)

_KEY = "campaign:crc32"
_OPEN = b"00000000"
# In the footer a value follows its key behind its type and its length, as Thrift's compact protocol has it.
_BEFORE = _KEY.encode() + b"\x18" + bytes([len(_OPEN)])
_SEAL = re.compile(re.escape(_BEFORE) + rb"([0-9a-f]{8})")


def write_sealed(table: pa.Table, file: IO[bytes]) -> None:
    """Write a table to an empty file that is open for reading and writing."""
    # No body is like another: a dictionary of them would be made and thrown away.
    repeating = [name for name in table.schema.names if name != "body"]
    with pq.ParquetWriter(file, table.schema, compression="zstd", use_dictionary=repeating) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({_KEY: _OPEN.decode()})
    file.flush()
    file.seek(0)
    content = file.read()
    place = content.rindex(_BEFORE + _OPEN) + len(_BEFORE)
    file.seek(place)
    file.write(b"%08x" % zlib.crc32(content))
    file.flush()


def is_as_sealed(path: Path) -> bool:
    """Whether a file is byte for byte what `write_sealed` wrote, or was not written by it."""
    content = path.read_bytes()
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    found = _SEAL.search(content, max(0, footer))
    if found is None:
        return True
    start, end = found.span(1)
    return zlib.crc32(content[:start] + _OPEN + content[end:]) == int(found[1], 16)
