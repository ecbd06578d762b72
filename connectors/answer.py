"""An answer as SDKs, connectors and judges get it: its JSON is read once, whoever asks for it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import orjson
import requests

# orjson reads a whole number of more than 64 bits as a fraction, which loses its last digits. Such a number
# has twenty digits or more, or nineteen and a sign; to look for so many in a row takes less than half as
# long as orjson does.
_TO_ZEROS = bytes(ord("0") if chr(code) in "-0123456789" else ord(" ") for code in range(256))
_MAY_BE_LONG = b"0" * 20


class _Body(bytes):
    """The body of an answer, which is not written out where somebody formats it: tweepy does so at every
    answer, for a log that nobody keeps, and it takes as long as reading the JSON.
    """

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"

    __str__ = __repr__


class Answer(requests.Response):
    """A `requests.Response` whose body has arrived. All who ask for its JSON get the same object, which is
    not to be changed.
    """

    _document: tuple[object] | None = None

    @classmethod
    def of(cls, response: requests.Response, body: bytes | bytearray) -> Answer:
        """The answer that is as a response, with a body."""
        answer = cls.__new__(cls)
        vars(answer).update(vars(response))
        answer._content = _Body(body)
        answer._document = None
        # Nothing is left in the socket.
        answer._content_consumed = True  # type: ignore[attr-defined]
        answer.raw = None
        # The platforms answer in UTF-8; without this, requests guesses from the bytes.
        answer.encoding = "utf-8"
        return answer

    def json(self, **options: Any) -> Any:
        """The document. Raises `requests.JSONDecodeError`, a ValueError, where it is none."""
        if options:
            return super().json(**options)
        if self._document is None:
            self._document = (self._read(),)
        return self._document[0]

    def _read(self) -> object:
        if _MAY_BE_LONG not in self.content.translate(_TO_ZEROS):
            # What JSON does not know and Python takes: NaN, half a character, bytes that are no UTF-8.
            with suppress(orjson.JSONDecodeError):
                return orjson.loads(memoryview(self.content))
        return super().json()
