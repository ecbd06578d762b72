"""How each campaign stands, left as artifacts of the running flow, where the server's pages show them.

Each has a key that stays, so that the page of all artifacts shows its newest version. What would say the same
again is not written again: whoever looks finds the newest, in the run that had something new to say.
"""

from __future__ import annotations

from collections.abc import Sequence

from prefect.artifacts import create_markdown_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactCollectionFilter, ArtifactCollectionFilterKey
from prefect.logging import get_run_logger

from flows.answers.campaign_state import StatePage, state_pages
from flows.answers.reports import Reports
from flows.refused import Refused
from flows.settings import Settings
from warehouse.publish import NoWarehouse

# The server answers with so many at most.
_AT_ONCE = 200


def reports_of(settings: Settings) -> Reports:
    """Where the reports of the home lie, and where people find them."""
    return Reports(settings.reports, settings.reports_url)


def leave_state(settings: Settings) -> None:
    """Leave the state of every published campaign, as far as it is news. Never fails the run over tables that
    cannot be read."""
    try:
        pages = state_pages(settings.warehouse, reports_of(settings))
    except (NoWarehouse, Refused) as trouble:
        get_run_logger().warning("how the campaigns stand was not written: %s", trouble)
        return
    shown = _shown([page.key for page in pages])
    for page in pages:
        if shown.get(page.key) != page:
            create_markdown_artifact(key=page.key, markdown=page.markdown, description=page.description)


def _shown(keys: Sequence[str]) -> dict[str, StatePage]:
    """The newest version that the server has of each key."""
    found = {}
    with get_client(sync_client=True) as client:
        for start in range(0, len(keys), _AT_ONCE):
            wanted = ArtifactCollectionFilter(
                key=ArtifactCollectionFilterKey(any_=[*keys[start : start + _AT_ONCE]])
            )
            for each in client.read_latest_artifacts(artifact_filter=wanted, limit=_AT_ONCE):
                found[each.key] = StatePage(each.key, str(each.data), each.description or "")
    return found
