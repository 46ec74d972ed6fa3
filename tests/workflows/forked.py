"""The command `reconciler`, forked from a process in which all of it is loaded: starting is most of what a short run costs.

Each run is a process of its own all the same, with its own arguments, folder, environment and streams. Signals do not
reach it, and Python's own variables have no effect. `test_installed` and the recipes run what is installed.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

from tests.house.tree import ROOT

CLIENT = """\
#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    socket.send_fds(server, [b"f"], [0, 1, 2])
    server.sendall(json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode())
    server.shutdown(socket.SHUT_WR)
    sys.exit(int(server.recv(8)))
"""


@contextmanager
def forking() -> Iterator[Path]:
    """Serve until the end of the block; give a folder for the PATH, in which the command is."""
    with tempfile.TemporaryDirectory(prefix="forked") as name:  # short: the path of a socket has 107 bytes at most
        folder = Path(name)
        address = str(folder / "socket")
        server = [sys.executable, "-m", "tests.workflows.forked", address]
        clean = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE")}
        with subprocess.Popen(server, cwd=ROOT, env=clean, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stdout.readline()
            client = folder / "bin" / "reconciler"
            client.parent.mkdir()
            client.write_text(CLIENT.format(python=sys.executable, address=address))
            client.chmod(0o755)
            yield client.parent
            process.stdin.close()


def serve(address: str) -> None:
    """Fork a process for whoever asks, until standard input ends."""
    import reconciler

    for module in walk_packages(reconciler.__path__, "reconciler."):
        if not module.name.startswith(("reconciler.testing", "reconciler.__main__", "reconciler.journal.migrations")):
            import_module(module.name)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen()
        print("ready", flush=True)
        while sys.stdin not in select.select([listening, sys.stdin], [], [])[0]:
            asked, _ = listening.accept()
            with asked:
                if not os.fork():
                    listening.close()
                    _answer(asked)


def _answer(asked: socket.socket) -> None:
    """Run a command in a process of its own, and say how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, streams, _, _ = socket.recv_fds(asked, 1, 3)
    with asked.makefile("rb") as rest:
        args, folder, environment = json.load(rest)
    runner = os.fork()
    if runner:
        _, status = os.waitpid(runner, 0)
        asked.sendall(str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    asked.close()
    for number, (stream, name) in enumerate(zip(streams, ("stdin", "stdout", "stderr"), strict=True)):
        os.dup2(stream, number)
        os.close(stream)
        setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8", closefd=False))
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    from reconciler.cli import main

    main(args)


if __name__ == "__main__":
    serve(sys.argv[1])
