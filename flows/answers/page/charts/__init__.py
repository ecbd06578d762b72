"""The charts of a report: Vega-Lite drawn to SVG here, so that a page needs no script and no network.

Each module is named for what it draws and gives a `Figure`, or None of nothing. Colours are the page's own
variables (`--series-1` to `--series-8`, `--ours`, and `--side-1` on for sides, `--nobodys` for what is no
side's, `--ink`, `--quiet`, `--line`), so that one drawing serves light, dark and print.
"""
