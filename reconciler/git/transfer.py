"""Git commands that talk to another host: bounded in time and size, never a prompt, and stopped when the run is.

They run in a session of their own: no terminal to ask on, no signal that was meant for us, and all of one can be ended.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from reconciler.git.command import GUARDS, Answer, environment, failed

LONGEST = 300.0
"""Seconds that a transfer may take."""
LARGEST = 1024**3
"""Bytes that one may leave in the folder it writes to."""
STEP = 0.1
"""Seconds between two looks at how far it is."""


def transfer(
    folder: Path,
    *arguments: str,
    env: Mapping[str, str],
    stopping: Callable[[], bool],
    kept: tuple[int, ...] = (),
) -> Answer:
    """Run git in a folder. `env` says how to get in; `kept` are files that stay open in it. Never raises for what git says."""
    try:
        process = subprocess.Popen(
            ["git", *GUARDS, *arguments],
            cwd=folder,
            env=environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            pass_fds=kept,
        )
    except OSError as error:
        return Answer(b"", "git is not installed" if folder.is_dir() else f"git could not be run: {error}")
    with process:
        return _ended(process, folder, stopping)


def _ended(process: subprocess.Popen[bytes], folder: Path, stopping: Callable[[], bool]) -> Answer:
    waited = 0.0
    while True:
        try:
            output, said = process.communicate(timeout=STEP)
        except subprocess.TimeoutExpired:
            waited += STEP
            reason = _too_much(folder, waited) or ("the run was stopped" if stopping() else "")
            if reason:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                return Answer(b"", reason)
            continue
        if process.returncode:
            return failed(said.decode(errors="replace"), process.returncode)
        return Answer(output)


def _too_much(folder: Path, waited: float) -> str:
    """Return why a transfer that runs so many seconds is to be ended; empty where it is not."""
    if waited >= LONGEST:
        return f"git was not done within {LONGEST:.0f} s"
    size = 0
    for place in (folder / "objects" / "pack", folder / "objects"):
        with suppress(OSError), os.scandir(place) as entries:
            size += sum(entry.stat().st_size for entry in entries if entry.is_file())
    return f"it is larger than {LARGEST // 1024**2:,} MiB" if size > LARGEST else ""
