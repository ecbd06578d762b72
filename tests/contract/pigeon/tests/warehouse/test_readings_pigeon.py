from __future__ import annotations

from warehouse import readings


def test_the_answers_of_pigeon_can_be_read() -> None:
    assert "pigeon" in readings.platforms()
