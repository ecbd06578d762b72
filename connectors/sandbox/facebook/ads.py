"""The sandbox's advertising edges of the Graph API: reach in a window, and estimates of audiences.

Written from the vendor SDK's field lists (26.0.3) and clients' code. Guesses, where those are silent: the
envelope of `/reachestimate`; that a window's `date_stop` is the day that was asked for, past or not; that a
window without impressions has no row; the wording and the codes of refusals.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import orjson

from connectors.sandbox.advertising import OLDEST, AdAccount, Area
from connectors.sandbox.graph_errors import refusal, unseen
from connectors.sandbox.growth import Moment

_FIELDS = ("account_id", "date_start", "date_stop", "frequency", "impressions", "reach")
_BREAKDOWNS = ("age", "gender", "region")
_YOUNGEST = 13


def estimate(account: AdAccount, edge: str, parameters: Mapping[str, str]) -> object:
    """How many people a targeting may reach, by one of the two edges that say so. Raises Refused."""
    match edge:
        case "reachestimate":
            low, high = _bounds(account, parameters)
            return {"data": {"users_lower_bound": low, "users_upper_bound": high, "estimate_ready": True}}
        case "delivery_estimate":
            if not parameters.get("optimization_goal"):
                raise refusal(100, "(#100) The parameter optimization_goal is required")
            low, high = _bounds(account, parameters)
            found = {
                "estimate_mau_lower_bound": low,
                "estimate_mau_upper_bound": high,
                "estimate_ready": True,
            }
            return {"data": [found]}
    raise refusal(2500, f"Unknown path components: /{edge}")


def reach_rows(account: AdAccount, parameters: Mapping[str, str], now: Moment) -> list[dict[str, str]]:
    """The rows of `/insights`: one, or one for each band of a breakdown. Raises Refused."""
    if parameters.get("level", "account") != "account":
        raise refusal(100, "(#100) level must be account here")
    if "time_increment" in parameters:
        raise refusal(100, "(#100) time_increment is not served here")
    fields = [name.strip() for name in parameters.get("fields", "impressions").split(",") if name.strip()]
    for name in fields:
        if name not in _FIELDS:
            raise refusal(100, f"(#100) {name} is not valid for fields param")
    breakdown = parameters.get("breakdowns", "")
    if breakdown and breakdown not in _BREAKDOWNS:
        raise refusal(100, f"(#100) breakdowns must be one of {', '.join(_BREAKDOWNS)}")
    first, last = _window(parameters)
    reached = account.reached_by(*_filtered(parameters))
    if reached is None:
        return []
    part = account.part(first, last, now)
    people = reached.bands[breakdown] if breakdown else {"": reached.people}
    rows = []
    for band, final in people.items():
        reach, impressions = reached.within(part, final)
        if not impressions or not reach:
            continue
        shown = {
            "account_id": account.id.removeprefix("act_"),
            "reach": str(reach),
            "impressions": str(impressions),
            "frequency": f"{impressions / reach:.6f}",
            "date_start": first.isoformat(),
            "date_stop": last.isoformat(),
        }
        asked = {name: shown[name] for name in dict.fromkeys([*fields, "date_start", "date_stop"])}
        rows.append({**({breakdown: band} if breakdown else {}), **asked})
    return rows


def _window(parameters: Mapping[str, str]) -> tuple[date, date]:
    window = _json(parameters, "time_range")
    named = window if isinstance(window, dict) else {}
    try:
        first, last = (date.fromisoformat(str(named.get(name))) for name in ("since", "until"))
    except ValueError:
        raise refusal(100, "(#100) param time_range must have since and until as YYYY-MM-DD") from None
    if first > last or last.year > 2100:
        raise refusal(100, "(#100) time_range since must not be after until")
    return first, last


def _filtered(parameters: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The campaigns and the ad sets that are named; both empty for all."""
    found: dict[str, list[str]] = {"campaign.id": [], "adset.id": []}
    filters = _json(parameters, "filtering") if parameters.get("filtering") else []
    for one in filters if isinstance(filters, list) else [None]:
        name = one.get("field") if isinstance(one, dict) else None
        if not isinstance(one, dict) or name not in found or one.get("operator") not in ("IN", "EQUAL"):
            raise refusal(100, "(#100) filtering must be a list of field, operator and value")
        value = one.get("value")
        found[name] += [str(each) for each in value] if isinstance(value, list) else [str(value)]
    return found["campaign.id"], found["adset.id"]


def _json(parameters: Mapping[str, str], name: str) -> object:
    try:
        found: object = orjson.loads(parameters.get(name, ""))
    except orjson.JSONDecodeError:
        raise refusal(100, f"(#100) param {name} must be JSON") from None
    return found


def _bounds(account: AdAccount, parameters: Mapping[str, str]) -> tuple[int, int]:
    """Rounded to three figures, as the platform's are."""
    targeting = _json(parameters, "targeting_spec")
    if not isinstance(targeting, dict) or not isinstance(targeting.get("geo_locations"), dict):
        raise refusal(100, "(#100) Missing required field geo_locations in targeting_spec")
    youngest, oldest = (
        value if isinstance(value := targeting.get(name, usual), int) else usual
        for name, usual in (("age_min", 18), ("age_max", OLDEST))
    )
    if not _YOUNGEST <= youngest <= oldest <= OLDEST:
        raise refusal(100, "(#100) age_min and age_max must be ages from 13 to 65")
    low, high = _area(account, targeting["geo_locations"]).of_age(youngest, oldest)
    return _rounded(low), _rounded(high)


def _area(account: AdAccount, places: Mapping[str, object]) -> Area:
    """The area that a targeting names: one country, or one place by its key."""
    countries, keys = places.get("countries"), places.get("places")
    for area in account.areas:
        if isinstance(countries, list) and area.countries and set(area.countries) == set(map(str, countries)):
            return area
        if isinstance(keys, list) and any(
            isinstance(one, dict) and area.place and str(one.get("key")) == area.place for one in keys
        ):
            return area
    raise refusal(100, "(#100) Invalid location in targeting_spec", subcode=1487756)


def _rounded(people: int) -> int:
    step = int(10 ** max(0, len(str(people)) - 3))
    return people // step * step


def known_account(accounts: Mapping[str, AdAccount], name: str) -> AdAccount:
    """Raises Refused, as for anything that is not there."""
    if name not in accounts:
        raise unseen(name)
    return accounts[name]
