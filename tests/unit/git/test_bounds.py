"""What another host may take: time, room and the clone are bounded, with a real git on both sides."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import pytest

from reconciler.errors import SourceError
from reconciler.git import transfer
from reconciler.git.address import address
from reconciler.git.clone import WAITED, Clone
from tests.unit.engine.memory import Clock

NEVER = "sh -c 'git-upload-pack \"$@\"; sleep 600' -"
"""An upload-pack that sends everything and does not end."""


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """A repository with 3 MiB that no compression makes smaller."""
    made = tmp_path / "origin"
    made.mkdir()
    (made / "large").write_bytes(random.Random(1).randbytes(3 * 1024**2))
    for command in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-q", "-m", "large")):
        who = {f"GIT_{one}_{what}": "a@b" for one in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        subprocess.run(["git", *command], cwd=made, env={**os.environ, **who}, check=True)
    return made


def fetched(into: Path, origin: Path, upload: str) -> str:
    """Fetch through an upload-pack; return what was wrong."""
    into.mkdir()
    subprocess.run(["git", "init", "-q", "--bare"], cwd=into, check=True)
    how = ("-c", "fetch.unpackLimit=1", "fetch", "-q", f"--upload-pack={upload}", f"file://{origin}", "main")
    return transfer.transfer(into, *how, env={}, stopping=lambda: False).problem


def test_a_transfer_that_does_not_end_is_ended(tmp_path: Path, origin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fetched(tmp_path / "whole", origin, "git-upload-pack") == ""
    monkeypatch.setattr(transfer, "LONGEST", 1.0)
    assert fetched(tmp_path / "slow", origin, NEVER) == "git was not done within 1 s"


def test_a_transfer_that_is_too_large_is_ended(tmp_path: Path, origin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "LARGEST", 2 * 1024**2)
    assert fetched(tmp_path / "large", origin, NEVER) == "it is larger than 2 MiB"


def test_a_clone_that_another_process_works_in_is_waited_for_and_then_given_up(tmp_path: Path) -> None:
    where, clock = address("file:///nowhere", None, {}), Clock()
    first, second = (Clone(tmp_path, where, ("main",), one) for one in (Clock(), clock))
    with first.locked():
        before = clock.monotonic()
        with pytest.raises(SourceError, match="another process works in"), second.locked():
            pass
        assert clock.monotonic() - before >= WAITED
    with second.locked():
        assert second.in_force == ""
