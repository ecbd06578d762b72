"""What Instagram's answers mean where it words its refusals otherwise than the rest of the Graph API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from connectors.errors import Gone, MetricWithdrawn, NotOffered, OtherVersion, Trouble
from connectors.graph_answers import GraphAnswers

# "(#100) The Media Insights API does not support the follows metric for this media product type."
_UNSUPPORTED = re.compile(r"does not support the ([a-z0-9_,\s]+?) metrics?\b")
# "(#100) Tried accessing nonexisting field (view_count) on node type (ShadowIGMedia)"
_NONEXISTING = re.compile(r"nonexisting field \((\w+)\)")
_NAME = re.compile(r"\b(?!and\b|or\b)[a-z][a-z0-9_]*\b")
_BEFORE_BUSINESS = 2108006


@dataclass(frozen=True)
class InstagramAnswers(GraphAnswers):
    """Reads Graph's answers, and Instagram's own refusals first."""

    def trouble_of(self, error: object, status: int, headers: Mapping[str, str]) -> Trouble:
        """What an `error` object means.

        A MetricWithdrawn names the metrics or the field that the platform named, with commas between; empty
        when it named none.
        """
        if isinstance(error, dict):
            own = self._own_meaning(error)
            if own is not None:
                return own
        return super().trouble_of(error, status, headers)

    def other_version(self, headers: Mapping[str, str], asked: str) -> OtherVersion | None:
        """What to tell when another version was served than was asked; there is no setting for it here."""
        other = super().other_version(headers, asked)
        if other is None:
            return None
        told = other.message.partition("; ")[0]
        return OtherVersion(self.platform, f"{told}; use a newer release of this pipeline")

    def _own_meaning(self, error: Mapping[str, object]) -> Trouble | None:
        code, subcode = error.get("code"), error.get("error_subcode")
        said = str(error.get("message", "no reason given"))[:300]
        words = said.lower()
        told = f"code {code}" if subcode is None else f"code {code}/{subcode}"
        name = self.platform
        if code == 110:
            text = f"{name}: the account is not known ({told}: {said})"
            return Gone(name, f"{text}; correct its handle in the registry, personal accounts cannot be read")
        if code == 10 and "not enough viewers" in words:
            text = (
                f"{name}: too few have seen it for insights ({told}: {said}); its numbers are missing, not 0"
            )
            return NotOffered(name, text)
        if code != 100:
            return None
        if subcode == _BEFORE_BUSINESS:
            text = f"{name}: posted before the account was a professional one ({told}: {said})"
            return NotOffered(name, f"{text}; it has no insights")
        unsupported, nonexisting = _UNSUPPORTED.search(words), _NONEXISTING.search(words)
        if unsupported:
            metrics = ",".join(_NAME.findall(unsupported[1]))
            text = f"{name}: a metric is not given here ({told}: {said}); the others are read without it"
            return MetricWithdrawn(name, text, metrics)
        if nonexisting:
            text = f"{name}: a field is not given here ({told}: {said}); the others are read without it"
            return MetricWithdrawn(name, text, nonexisting[1])
        if words.startswith("(#100) metric[") or "valid insights metric" in words:
            # A list of what is valid names none that is not.
            named = ",".join(_NAME.findall(words.partition("valid insights metric:")[2]))
            text = f"{name}: a metric is refused ({told}: {said}); take it out of the connector's list"
            return MetricWithdrawn(name, text, named)
        return None
