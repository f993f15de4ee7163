"""``bma up``: a demo that is opened again goes on in the world that it lived in."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from rich.progress import Progress

from cli import up
from sandbox.crm_world import make_world


def test_the_crm_of_a_demo_opened_again_is_made_around_the_day_until_which_it_lived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lived: list[datetime] = []

    def live(*, end: datetime, **_told: Any) -> None:  # its minutes are test_journey's; here it is about the day alone
        lived.append(end)

    monkeypatch.setattr(up, "run_demo", live)
    with Progress() as progress:
        bases = [up._live_through(tmp_path, 3, 2, 7, progress) for _ in range(2)]

    assert len(lived) == 1
    assert [make_world(3, 7, each).base for each in bases] == [make_world(3, 7, lived[0]).base] * 2
