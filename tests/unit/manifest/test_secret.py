"""References to secrets: how they become values, and what is said when they do not. Never the value."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.errors import SettingsError
from reconciler.manifest.secret import LONGEST, resolve
from reconciler.model.connection import Secret


def test_a_variable(tmp_path: Path) -> None:
    assert resolve(Secret(env="TOKEN"), {"TOKEN": " abc\n"}, tmp_path) == "abc"


@pytest.mark.parametrize(("environ", "words"), [({}, "TOKEN is not set"), ({"TOKEN": " \n"}, "TOKEN is empty")])
def test_a_variable_without_a_value(environ: dict[str, str], words: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=words) as caught:
        resolve(Secret(env="TOKEN"), environ, tmp_path)
    assert "export TOKEN" in caught.value.hint


def test_a_file_beside_the_connection_or_anywhere(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("abc\n")
    assert resolve(Secret(file="token"), {}, tmp_path) == "abc"
    assert resolve(Secret(file=str(tmp_path / "token")), {}, Path("elsewhere")) == "abc"


@pytest.mark.parametrize(
    ("content", "words"), [(None, "No such file"), (b" \n", "is empty"), (b"\xffabc", "it is not UTF-8 text")]
)
def test_a_file_without_a_value(content: bytes | None, words: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    with pytest.raises(SettingsError, match=words) as caught:
        resolve(Secret(file="token"), {}, tmp_path)
    assert "abc" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_file_is_read_to_a_bound(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("x" * (LONGEST + 10))
    assert len(resolve(Secret(file="token"), {}, tmp_path)) == LONGEST


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "token")
    with pytest.raises(SettingsError, match="is a named pipe"):
        resolve(Secret(file="token"), {}, tmp_path)
