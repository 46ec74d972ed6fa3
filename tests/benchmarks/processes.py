"""Whole processes, measured: wall and CPU time of a command with all that it starts, alternating, and how noisy that was.

Commands run as they are installed: with bytecode that stands beside nothing, in a folder of the run.
"""

from __future__ import annotations

import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import median
from typing import NamedTuple

Command = Sequence[str]


class Spent(NamedTuple):
    """Seconds that one run took."""

    wall: float
    cpu: float


class Figures(NamedTuple):
    """Several runs. The least is what is judged: a busy machine only ever adds. `noise` is how much it added to half of them."""

    wall: float
    cpu: float
    noise: float


@contextmanager
def compiled(environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Give an environment in which Python keeps what it compiled, as it does where something is installed."""
    with tempfile.TemporaryDirectory(prefix="reconciler-bytecode-") as folder:
        kept = {name: value for name, value in environment.items() if name != "PYTHONDONTWRITEBYTECODE"}
        yield {**kept, "PYTHONPYCACHEPREFIX": folder}


def alternating(runs: int, *jobs: Callable[[], Spent]) -> list[Figures]:
    """Do several jobs in turn, and once before that uncounted."""
    spent: list[list[Spent]] = [[] for _ in jobs]
    for turn in range(runs + 1):
        for job, found in zip(jobs, spent, strict=True):
            one = job()
            if turn:
                found.append(one)
    return [figures(found) for found in spent]


def figures(spent: Sequence[Spent]) -> Figures:
    """Return what several runs come to."""
    walls, cpus = [one.wall for one in spent], [one.cpu for one in spent]
    return Figures(min(walls), min(cpus), median(walls) / min(walls) - 1)


def process(command: Command, environment: Mapping[str, str], *codes: int) -> Spent:
    """Run a command, which must end with one of these exit codes (default: 0)."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, env=dict(environment), capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (codes or (0,)):
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-1000:]}")
    return Spent(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
