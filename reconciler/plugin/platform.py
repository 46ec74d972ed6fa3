"""One platform as the rest of the program sees it before anything of it is loaded: its connection, options, checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pkgutil import resolve_name
from typing import Any, cast

import msgspec

from reconciler.model.connection import Secret
from reconciler.model.desired import Scalar
from reconciler.model.kind import Kind
from reconciler.plugin.meaning import Finding
from reconciler.plugin.simulation import Simulation
from reconciler.ports import SILENT, Clock, Platform, ReadProgress

Resolve = Callable[[Secret], str]
"""Turns the reference of a secret into its value; raises SettingsError when it cannot."""


class Option(msgspec.Struct, frozen=True):
    """An option of `import` for this platform: `--NAME METAVAR`. Several platforms may have one of the same name."""

    name: str
    metavar: str
    help: str
    """What it is, without a capital and without a full stop: `the application to read`."""
    required: bool = False
    variable: str = ""
    """The environment variable that holds the secret where nobody names another; for options that name one."""

    def secret(self, given: Mapping[str, str]) -> Secret:
        """Return the reference to the secret that this option, or else its variable, names."""
        return Secret(env=given.get(self.name, self.variable))


class PlatformPlugin(msgspec.Struct, frozen=True, kw_only=True):
    """All that belongs to one platform. Its module loads nothing slow: platform and simulator are named by their paths."""

    name: str
    """The key in a Connection; the name of the entry point."""
    title: str
    """What the platform calls itself."""
    spec: type[Kind]
    """What stands below that key."""
    factory: str
    """`package.module:function`; called as `factory(spec, resolve, clock, *, transport=None, progress=SILENT) -> Platform`.

    `transport` replaces the network, `progress` hears how far readings are. Nothing is sent; raises SettingsError.
    """
    options: tuple[Option, ...]
    """What `import` takes of an application."""
    connection: Callable[[Mapping[str, str]], Kind]
    """Makes a spec of the options given (by name; the required ones are there). Raises ValueError for what cannot be meant."""
    target: Callable[[Any], str]
    """Names the application of a spec: two Connections of one name are one application. `address` helps with URLs."""
    example: str
    """Options of `import` as its help shows them."""
    harmless: frozenset[str] = frozenset()
    """Fields of a spec that change neither which secrets are sent nor where to: a request that changes only these can be planned
    before it is merged. Limits of requests are so on all platforms."""
    check: Callable[[Any], Iterable[Finding]] = lambda _: ()
    """What is wrong with a spec besides its structure. Secrets and limits of requests are checked for all platforms."""
    selectors: frozenset[str] = frozenset({"ids", "names", "tags"})
    """Selector keys that mean something, of: ids, names, tags, cohorts."""
    settings: Mapping[str, Callable[[Scalar], Iterable[Finding]]] = {}
    """What `settings:` of a version may say, by key, each with what says what is wrong with a value."""
    stages: bool = False
    """Whether a version can be assigned to a share of the devices of a unit (`Capabilities.staging` of the port)."""
    question: str = ""
    """What a proposal of its checks answers, for `import` to write beside it; empty where they never propose anything."""
    simulation: str = ""
    """`package.module:NAME` of its `Simulation`; empty where there is none."""

    def connect(
        self, spec: Kind, resolve: Resolve, clock: Clock, *, transport: Any = None, progress: ReadProgress = SILENT
    ) -> Platform:
        """Return the platform of a connection, ready to use; nothing is sent. Raises SettingsError."""
        heard = {} if progress is SILENT else {"progress": progress}  # who has nothing to say of it need not take it
        return cast("Platform", resolve_name(self.factory)(spec, resolve, clock, transport=transport, **heard))

    def simulator(self) -> Simulation:
        """Load what runs the platform's simulator; raise ValueError where there is none, ImportError for what it needs."""
        return cast("Simulation", resolve_name(self.simulation))


Plugins = Mapping[str, PlatformPlugin]
"""Plug-ins by name. Those that are installed are loaded when they are first asked for."""
