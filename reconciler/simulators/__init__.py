"""The platforms as real HTTP servers: for the demo, for tests, for benchmarks.

Each simulator is written from the recorded facts about a platform's API alone and imports nothing of
`reconciler.platforms`, so that a misunderstanding cannot agree with itself on both sides of the wire. A simulator is a
pure world with a `handle(request) -> reply` function; `server` puts it behind a socket, which takes what the extra
`simulators` installs.
"""

from importlib import import_module

from reconciler.errors import ReconcilerError

EXTRA = ("starlette", "uvicorn")
"""What the extra `simulators` installs."""


def require_server() -> None:
    """Raise `ReconcilerError` where what puts a simulator behind a socket is not installed."""
    for name in EXTRA:
        try:
            import_module(name)
        except ImportError:
            raise ReconcilerError(
                f"a simulated platform needs {name}, which is not installed: pip install 'fleet-reconciler[simulators]'"
            ) from None
