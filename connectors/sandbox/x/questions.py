"""Parameters of X's requests, read as strictly as X reads them."""

from __future__ import annotations

from datetime import UTC, datetime

from connectors.sandbox.exchange import Asked
from connectors.sandbox.x.problems import Refused, invalid

_EARLIEST = datetime(2010, 11, 6, tzinfo=UTC).timestamp()
_PAGE_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
# Recorded tokens are base 36 and all begin alike.
_TOKEN_PREFIX = "7140dibdnow9c7btw"  # noqa: S105 -- marks a page, opens nothing


def list_of(asked: Asked, name: str, most: int) -> list[str]:
    if not asked.query.get(name):
        raise Refused(invalid(name, "", f"The `{name}` query parameter can not be empty"))
    values = asked.query[name].split(",")
    if len(values) > most:
        counted = f"The number of values in the `{name}` query parameter list [{len(values)}]"
        message = f"{counted} is not between 1 and {most}"
        raise Refused(invalid(name, asked.query[name], message))
    return values


def choice(asked: Asked, name: str, allowed: frozenset[str] | set[str]) -> list[str]:
    values = [value for value in asked.query.get(name, "").split(",") if value]
    for value in values:
        if value not in allowed:
            listed = ",".join(sorted(allowed))
            raise Refused(
                invalid(name, value, f"The `{name}` query parameter value [{value}] is not one of [{listed}]")
            )
    return values


def check_id(name: str, value: str) -> None:
    if not (value.isascii() and value.isdigit() and len(value) <= 19):
        raise Refused(invalid(name, value, f"The `{name}` query parameter value [{value}] is not valid"))


def id_of(asked: Asked, name: str) -> int | None:
    value = asked.query.get(name)
    if value is None:
        return None
    check_id(name, value)
    return int(value)


def number(asked: Asked, name: str, usual: int, least: int, most: int) -> int:
    value = asked.query.get(name)
    if value is None:
        return usual
    if not (value.isascii() and value.isdigit() and least <= int(value) <= most):
        message = f"The `{name}` query parameter value [{value}] is not between {least} and {most}"
        raise Refused(invalid(name, value, message))
    return int(value)


def instant(asked: Asked, name: str) -> float | None:
    value = asked.query.get(name)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or "T" not in value:
        raise Refused(
            invalid(
                name, value, f"The `{name}` query parameter value [{value}] is not a valid RFC3339 date-time"
            )
        )
    if moment.timestamp() < _EARLIEST:
        message = f"The `{name}` query parameter value [{value}] must be on or after 2010-11-06T00:00Z"
        raise Refused(invalid(name, value, message))
    return moment.timestamp()


def page_token(number: int) -> str:
    """Opaque to clients; names where the next page begins."""
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _PAGE_ALPHABET[digit] + digits
    return _TOKEN_PREFIX + digits


def page_bound(asked: Asked, *names: str) -> int | None:
    """The number that the token of a page holds, under the first of the names that is there."""
    name = next((name for name in names if name in asked.query), names[0])
    token = asked.query.get(name)
    if token is None:
        return None
    digits = token.removeprefix(_TOKEN_PREFIX)
    if digits == token or not digits or not set(digits) <= set(_PAGE_ALPHABET) or len(digits) > 13:
        message = f"The `{name}` query parameter value [{token}] is not valid"
        raise Refused(invalid(name, token, message))
    return int(digits, 36)


def know(asked: Asked, allowed: frozenset[str] | set[str]) -> None:
    """X refuses parameters that it does not know, rather than ignoring them."""
    for name, value in asked.query.items():
        if name not in allowed:
            listed = ",".join(sorted(allowed))
            raise Refused(invalid(name, value, f"The query parameter [{name}] is not one of [{listed}]"))
