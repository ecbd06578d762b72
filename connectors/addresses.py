"""Addresses as people paste them."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit


def web_address(text: str) -> SplitResult | None:
    """A pasted address in parts, with or without its scheme; None when it is not a web address."""
    text = text.strip()
    if "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return None
    return parts if host and parts.scheme.lower() in ("http", "https") else None
