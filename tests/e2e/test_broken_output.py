"""Whatever breaks once something was sent ends with 4 and says what is known; before that, one line and 1."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.e2e.conftest import FLEET, LIMIT, Ran, Simulator, bounded, command, content, environment, simulating, until

APPLY = ("apply", "m", "--yes", "--no-wait")
WATCH = ("watch", "m", "--once", "--mode", "apply")
PLAN = ("plan", "m")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Simulator]:
    with simulating(units=30) as simulator:
        simulator.manifest(tmp_path / "m", FLEET + "  mode: apply\n")
        yield simulator


@contextmanager
def full() -> Iterator[int]:
    with Path("/dev/full").open("wb") as file:
        yield file.fileno()


@contextmanager
def unread() -> Iterator[int]:
    read, write = os.pipe()
    os.close(read)
    yield write
    os.close(write)


@contextmanager
def gone() -> Iterator[int]:
    ours, theirs = pty.openpty()
    os.close(ours)
    yield theirs
    os.close(theirs)


@contextmanager
def limited() -> Iterator[int]:
    """A file on a disk that is nearly full: a limit on the size of files stands for it."""
    with Path("out").open("wb") as file:
        yield file.fileno()


STREAMS: Mapping[str, Callable[[], AbstractContextManager[int]]] = {"full": full, "unread": unread, "gone": gone}


def ended(folder: Path, simulator: Simulator, *args: str, stdout: int, size: int | None = None) -> tuple[int, str]:
    """Return exit code and standard error of a command whose files may have `size` bytes at most."""
    done = subprocess.run(
        [*command(), *args],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=LIMIT,
        check=False,
        **bounded(size, LOSANT_API_TOKEN=simulator.token),
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert "Exception ignored" not in done.stderr, done.stderr
    return done.returncode, done.stderr


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("args", [APPLY, (*APPLY, "-o", "json"), WATCH], ids=" ".join)
def test_output_that_breaks_after_something_was_sent(
    stream: str, args: tuple[str, ...], tmp_path: Path, world: Simulator
) -> None:
    with STREAMS[stream]() as stdout:
        code, err = ended(tmp_path, world, *args, stdout=stdout)
    if args[0] == "watch":  # it says what it is about to do before it does, so that nothing was sent yet
        assert (code, len(world.writes)) == (1, 0), err
        assert err.splitlines()[-1].startswith("error: cannot write to standard output: ")
        return
    assert (code, len(world.writes)) == (4, 1), err
    assert "error: cannot write to standard output: " in err
    assert " changes: still waiting" in err
    assert err.splitlines()[-1].startswith("run `reconciler plan`")


@pytest.mark.parametrize("stream", STREAMS)
def test_output_that_breaks_where_nothing_is_sent(stream: str, tmp_path: Path, world: Simulator) -> None:
    with STREAMS[stream]() as stdout:
        code, err = ended(tmp_path, world, *PLAN, stdout=stdout)
    assert (code, err.count("\n")) == (1, 1)
    assert err.startswith("error: cannot write to standard output: ")


@pytest.mark.parametrize(("args", "code"), [(APPLY, 4), (PLAN, 1)], ids=lambda args: str(args)[:10])
def test_output_that_a_shell_closed_is_said_once(
    args: tuple[str, ...], code: int, tmp_path: Path, world: Simulator
) -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *command(), *args],
        cwd=tmp_path,
        env=environment(LOSANT_API_TOKEN=world.token),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert done.stderr.count("error: cannot write to standard output: ") == 1


@pytest.mark.parametrize("args", [APPLY, WATCH], ids=lambda args: args[0])
@pytest.mark.parametrize("size", [300, 3000, 5000])
def test_a_result_file_that_is_full(
    args: tuple[str, ...], size: int, tmp_path: Path, world: Simulator, run: Callable[..., Ran]
) -> None:
    code, err = ended(tmp_path, world, *args, "--result", "run.jsonl", stdout=subprocess.DEVNULL, size=size)
    assert "error: cannot write run.jsonl: File too large" in err
    assert code == (4 if len(world.writes) else 1), err
    torn = (tmp_path / "run.jsonl").read_bytes()
    assert not torn.endswith(b"\n")
    ran = run(*APPLY, "--result", "run.jsonl", token=world.token)
    assert ran.code == 0, ran
    lines = (tmp_path / "run.jsonl").read_bytes()[len(torn) :]
    assert lines.startswith(b"\n")
    assert [json.loads(line)["event"] for line in lines.splitlines()[1:]][::-1][0] == "finished"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "koi8-r", "utf-16"])
@pytest.mark.parametrize("args", [PLAN, APPLY], ids=lambda args: args[0])
def test_an_encoding_costs_only_the_characters_that_it_does_not_have(
    encoding: str, args: tuple[str, ...], tmp_path: Path, world: Simulator
) -> None:
    done = subprocess.run(
        [*command(), *args, *(("-v",) if args is PLAN else ())],
        cwd=tmp_path,
        env=environment(LOSANT_API_TOKEN=world.token, PYTHONIOENCODING=encoding),
        capture_output=True,
        timeout=LIMIT,
        check=False,
    )
    text = done.stdout.decode(encoding)
    told = done.stderr.decode(encoding)
    assert done.returncode == 0, told
    assert (told == "") if args is PLAN else told.startswith("warning: "), told
    if args is PLAN:
        assert ("→" if encoding.startswith("utf") else "->") in text


# --- signals --------------------------------------------------------------------------------------------------------


def begun(folder: Path, simulator: Simulator, *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*command(), *args],
        cwd=folder,
        env=environment(LOSANT_API_TOKEN=simulator.token),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("args", [APPLY, WATCH], ids=lambda args: args[0])
def test_a_second_signal_ends_a_run_at_once_and_says_what_is_unknown(
    number: int, args: tuple[str, ...], tmp_path: Path, world: Simulator
) -> None:
    world.control("POST", "faults", slow={"rate": 1, "on": "writes"})
    process = begun(tmp_path, world, *args, "--result", "run.jsonl")
    until(lambda: '"intended"' in content(tmp_path / "run.jsonl"), "a call")
    process.send_signal(number)
    assert process.stderr is not None
    while "a second time ends at once" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(number)
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 4, err
    assert "unknown: whether POST /applications/" in err
    assert "(fleet all; " in err


@pytest.mark.parametrize("args", [APPLY, WATCH], ids=lambda args: args[0])
def test_signals_end_a_run_whose_words_nobody_reads(args: tuple[str, ...], tmp_path: Path, world: Simulator) -> None:
    world.control("POST", "faults", slow={"rate": 1, "on": "writes"})
    process = begun(tmp_path, world, *args, "--result", "run.jsonl")
    until(lambda: '"intended"' in content(tmp_path / "run.jsonl"), "a call")
    assert process.stderr is not None
    with open(f"/proc/{process.pid}/fd/2", "wb", buffering=0, opener=_unblocked) as full:
        while full.write(bytes(4096)):
            pass

    def ended() -> bool:
        process.send_signal(signal.SIGTERM)
        return process.poll() is not None

    until(ended, "the end")
    process.communicate(timeout=LIMIT)
    assert process.returncode == 4


def _unblocked(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


@pytest.mark.parametrize(
    ("number", "args"),
    [
        (signal.SIGINT, PLAN),
        (signal.SIGTERM, ("doctor", "m")),
        (signal.SIGINT, ("status", "m")),
        (signal.SIGTERM, ("snapshot", "m", "--out", "s.json")),
    ],
    ids=lambda one: one[0] if isinstance(one, tuple) else one.name,
)
def test_a_signal_ends_what_only_reads(number: int, args: tuple[str, ...], tmp_path: Path, world: Simulator) -> None:
    world.control("POST", "faults", drip={"rate": 1, "on": "reads"})
    before = len(world.control("GET", "calls")["reads"])
    process = begun(tmp_path, world, *args)
    until(lambda: len(world.control("GET", "calls")["reads"]) > before, "a read")
    process.send_signal(number)
    _, err = process.communicate(timeout=LIMIT)
    assert (process.returncode, err.splitlines()[-1]) == (128 + number, "interrupted; nothing more was sent")
    assert not (tmp_path / "s.json").exists()
