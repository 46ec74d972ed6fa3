"""What several laws share."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.journal.address import address
from reconciler.journal.database import Database
from tests.laws.keeping import File


@pytest.fixture
def empty_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the empty history that those in files begin as."""
    path = tmp_path / "empty.db"
    Database(address(str(path)), writes=True).opened().close()
    monkeypatch.setattr(File, "empty", path)
