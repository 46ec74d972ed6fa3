"""Every command that writes a whole file: links are followed, pipes and terminals written to, nothing is left half done."""

from __future__ import annotations

import os
import pty
import stat
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import FLEET, LIMIT, Ran, Simulator, bounded, called, command, environment, simulating

WRITERS = {
    "plan": (("plan", "m", "--out"), ""),
    "snapshot": (("snapshot", "m", "--out"), ""),
    "schema": (("schema", "--out"), "plan.v1.schema.json"),
    "import": (("import", "losant", "--force", "--out"), "fleet.yaml"),
}
"""What to add to a command before the path it writes, and the file that it writes there if that is a folder."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Simulator, Path]]:
    with simulating(units=12) as simulator:
        yield simulator, simulator.manifest(tmp_path_factory.mktemp("world") / "m", FLEET)


def arguments(simulator: Simulator, writer: str, path: Path) -> list[str]:
    """Return the arguments of a command that writes to a path."""
    args, _ = WRITERS[writer]
    if writer == "import":
        args = (*args[:-1], "--application", simulator.application, "--url", simulator.url, args[-1])
    return [*args, str(path)]


def writing(world: tuple[Simulator, Path], writer: str, path: Path) -> Ran:
    """Run a command that writes to a path."""
    simulator, manifests = world
    ran = called(manifests.parent, arguments(simulator, writer, path), environment(LOSANT_API_TOKEN=simulator.token))
    assert "Traceback" not in ran.err, ran
    return ran


def writing_alone(world: tuple[Simulator, Path], writer: str, path: Path, size: int | None = None) -> Ran:
    """Run it as a process of its own, whose standard output is a pipe, and whose files may have `size` bytes at most."""
    simulator, manifests = world
    done = subprocess.run(
        [*command(), *arguments(simulator, writer, path)],
        cwd=manifests.parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
        **bounded(size, LOSANT_API_TOKEN=simulator.token),
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


def placed(writer: str, folder: Path) -> tuple[Path, Path]:
    """Return what a writer is given in a folder, and the file that it writes then."""
    _, name = WRITERS[writer]
    return (folder, folder / name) if name else (folder / "out.json", folder / "out.json")


@pytest.mark.parametrize("writer", WRITERS)
def test_links_are_followed_and_modes_are_kept(writer: str, world: tuple[Simulator, Path], tmp_path: Path) -> None:
    folder, real = tmp_path / "here", tmp_path / "real"
    folder.mkdir()
    real.write_text("old")
    real.chmod(0o640)
    out, file = placed(writer, folder)
    (folder / "between").symlink_to(real)
    file.symlink_to("between")
    assert (ran := writing(world, writer, out)).code in {0, 2}, ran
    assert file.is_symlink()
    assert real.stat().st_size > 100
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert not [*tmp_path.rglob("*.partial")]


@pytest.mark.parametrize("writer", WRITERS)
def test_a_link_to_a_file_that_is_not_there_yet_makes_it(
    writer: str, world: tuple[Simulator, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    out, file = placed(writer, folder)
    file.symlink_to(tmp_path / "real")
    assert (ran := writing(world, writer, out)).code in {0, 2}, ran
    assert file.is_symlink()
    assert (tmp_path / "real").stat().st_size > 100


@pytest.mark.parametrize("writer", WRITERS)
def test_another_name_of_the_same_file_stays_one(writer: str, world: tuple[Simulator, Path], tmp_path: Path) -> None:
    out, file = placed(writer, tmp_path)
    file.write_text("old")
    (tmp_path / "other").hardlink_to(file)
    assert (ran := writing(world, writer, out)).code in {0, 2}, ran
    assert (tmp_path / "other").read_bytes() == file.read_bytes() != b"old"


@pytest.mark.parametrize("writer", WRITERS)
def test_a_pipe_is_written_to_and_stays_one(writer: str, world: tuple[Simulator, Path], tmp_path: Path) -> None:
    out, file = placed(writer, tmp_path)
    os.mkfifo(file)
    taken: list[str] = []
    reader = threading.Thread(target=lambda: taken.append(file.read_text()), daemon=True)
    reader.start()
    assert (ran := writing(world, writer, out)).code in {0, 2}, ran
    reader.join(LIMIT)
    assert file.is_fifo()
    assert len(taken[0]) > 100


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
@pytest.mark.parametrize("writer", ["plan", "snapshot"])
def test_a_pipe_without_a_name_is_written_to(writer: str, name: str, world: tuple[Simulator, Path]) -> None:
    ran = writing_alone(world, writer, Path(name))
    assert ran.code == 0, ran
    assert '"format"' in ran.out


@pytest.mark.parametrize("writer", ["plan", "snapshot"])
def test_a_file_needs_no_ending(writer: str, world: tuple[Simulator, Path], tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_text("old")
    link.symlink_to("target")
    for out in (file, link):
        assert (ran := writing(world, writer, out)).code == 0, ran
    assert min(file.stat().st_size, (tmp_path / "target").stat().st_size) > 100


@pytest.mark.parametrize("writer", ["plan", "snapshot"])
def test_a_terminal_is_written_to_and_stays_one(writer: str, world: tuple[Simulator, Path], tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    taken: list[bytes] = []

    def read() -> None:
        try:
            while part := os.read(ours, 65_536):
                taken.append(part)
        except OSError:  # closed at its other end
            return

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    link = tmp_path / "terminal"
    link.symlink_to(os.ttyname(theirs))
    ran = writing(world, writer, link)
    os.close(theirs)
    reader.join(LIMIT)
    os.close(ours)
    assert ran.code in {0, 2}, ran
    assert link.is_symlink()
    assert b'"format"' in b"".join(taken) or b'"connection"' in b"".join(taken)


def test_standard_output_by_its_name_gets_the_file_beside_what_else_is_said(
    world: tuple[Simulator, Path], tmp_path: Path
) -> None:
    simulator, manifests = world
    with (tmp_path / "out").open("wb") as out:
        subprocess.run(
            [*command(), "plan", "m", "--out", "/proc/self/fd/1"],
            cwd=manifests.parent,
            env=environment(LOSANT_API_TOKEN=simulator.token),
            stdout=out,
            timeout=LIMIT,
            check=False,
        )
    text = (tmp_path / "out").read_text()
    assert '"fingerprint"' in text
    assert "reconciler apply" in text or "change" in text


@pytest.mark.parametrize("writer", WRITERS)
def test_a_full_disk_is_one_line_and_the_old_file_stays(
    writer: str, world: tuple[Simulator, Path], tmp_path: Path
) -> None:
    out, file = placed(writer, tmp_path)
    file.write_text("old")
    ran = writing_alone(world, writer, out, size=200)
    assert ran.code == 1, ran
    assert ran.err.count("\n") == 1, ran
    assert ran.err.startswith("error: cannot write ")
    assert ran.err.endswith("File too large\n")
    assert file.read_text() == "old"
    assert not [*tmp_path.glob(".*")]


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _astray(path: Path) -> None:
    path.symlink_to("nowhere/file")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [(_loop, "Too many levels"), (_astray, "No such file"), (Path.mkdir, "Is a directory")],
    ids=["loop", "astray", "folder"],
)
@pytest.mark.parametrize("writer", ["schema", "import"])
def test_what_cannot_be_written_is_one_line(
    writer: str, spoil: Callable[[Path], object], why: str, world: tuple[Simulator, Path], tmp_path: Path
) -> None:
    out, file = placed(writer, tmp_path)
    spoil(file)
    ran = writing(world, writer, out)
    assert ran.code == 1, ran
    assert ran.err.count("\n") == 1, ran
    assert why in ran.err
    assert not [*tmp_path.rglob("*.partial")]


def test_a_folder_that_cannot_be_made_is_one_line(world: tuple[Simulator, Path], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for args in (["demo", "--keep"], ["schema", "--out"]):
        done = subprocess.run([*command(), *args, "file"], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (1, "error: cannot create the folder file: File exists\n")
