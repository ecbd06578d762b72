from __future__ import annotations

from warehouse import sightings


def test_the_answers_of_pigeon_can_be_read() -> None:
    assert "pigeon" in sightings.platforms()
