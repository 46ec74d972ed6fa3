"""Connections: one application of one platform, with references to its credentials, exactly as people write them."""

from typing import Annotated

import msgspec

from reconciler.model.desired import Scalar
from reconciler.model.kind import Duration, Kind, Text


class Secret(Kind, frozen=True, kw_only=True):
    """A reference to a secret, never its value: exactly one of `env` (a variable) and `file` (a path)."""

    env: Text | None = None
    file: Text | None = None


class Requests(Kind, frozen=True, kw_only=True):
    """How hard a connection may be used."""

    concurrency: Annotated[int, msgspec.Meta(ge=1, le=64)] = 4
    per_second: Annotated[float, msgspec.Meta(gt=0, le=1000)] | None = None
    timeout: Duration = "30s"


class LosantConnection(Kind, frozen=True, kw_only=True):
    """One Losant application."""

    application: Annotated[
        str, msgspec.Meta(pattern=r"^[A-Fa-f0-9]{24}$(?!\n)", description="The application's id, 24 hex digits.")
    ]
    token: Secret
    url: Text = "https://api.losant.com"
    requests: Requests = Requests()
    wide_calls: Annotated[str, msgspec.Meta(pattern=r"^(never|scope|proved)$(?!\n)")] = "scope"


class Login(Kind, frozen=True, kw_only=True):
    """A user of a server, by reference."""

    username: Secret
    password: Secret


class StepRoute(Kind, frozen=True, kw_only=True):
    """The call of one step. `{catalog_id}` and `{device_id}` stand in path and body, `{device_ids}` in the body alone."""

    method: Annotated[str, msgspec.Meta(pattern=r"^(POST|PUT|PATCH|DELETE)$(?!\n)")] = "POST"
    path: Annotated[str, msgspec.Meta(min_length=1, description="The path, from the agent's address on.")]
    body: dict[Text, Scalar] = {}


class StepRoutes(Kind, frozen=True, kw_only=True):
    """Calls of steps whose route the platform's documents do not confirm. `reconciler doctor` proposes them."""

    deliver: StepRoute | None = None
    cancel: StepRoute | None = None
    deploy: StepRoute | None = None
    uninstall: StepRoute | None = None
    delete: StepRoute | None = None


class DeliveryServer(Kind, frozen=True, kw_only=True):
    """The GetApp server that prepares releases before devices fetch them."""

    url: Text
    login: Login
    source: Annotated[str, msgspec.Meta(pattern=r"^(cache|remote)$(?!\n)")] = "cache"


class GetAppConnection(Kind, frozen=True, kw_only=True):
    """One GetApp agent: a CDN master with its devices (`topology: cdn`), or one agent alone.

    `api` is the version of the agent's interface that steps are sent through (`topology: agent`).
    """

    agent: Text
    topology: Annotated[str, msgspec.Meta(pattern=r"^(cdn|agent)$(?!\n)")] = "cdn"
    api: Annotated[str, msgspec.Meta(pattern=r"^(v1|v2)$(?!\n)")] = "v1"
    routes: StepRoutes = StepRoutes()
    delivery: DeliveryServer | None = None
    requests: Requests = Requests()


class UserKey(Kind, frozen=True, kw_only=True):
    """A Memfault user and a key of theirs, by reference."""

    email: Secret
    key: Secret


Slug = Annotated[
    str, msgspec.Meta(pattern=r"^[-A-Za-z0-9_]{1,128}$(?!\n)", description="Letters, digits, `-`, `_`; at most 128.")
]


class MemfaultConnection(Kind, frozen=True, kw_only=True):
    """One Memfault project, with exactly one of `token` (an organization token) and `user`.

    Devices not seen within `seen_within` are counted but not waited for. `redraw` allows a staged percentage to be
    raised by pulling the activation and making it anew where the server takes no other way: the sample is drawn again.
    """

    organization: Slug
    project: Slug
    token: Secret | None = None
    user: UserKey | None = None
    url: Text = "https://api.memfault.com"
    seen_within: Duration = "1d"
    redraw: bool = False
    requests: Requests = Requests()


class ConnectionSpec(Kind, frozen=True, kw_only=True):
    """Exactly one platform."""

    losant: LosantConnection | None = None
    getapp: GetAppConnection | None = None
    memfault: MemfaultConnection | None = None

    @property
    def platform(self) -> str:
        """Return the name of the platform it is a connection of."""
        return next((name for name in self.__struct_fields__ if getattr(self, name) is not None), "")


PLATFORMS = {"losant": "Losant", "getapp": "GetApp", "memfault": "Memfault"}
"""What platforms call themselves."""

SETTINGS: dict[str, frozenset[str]] = {
    "losant": frozenset(),
    "getapp": frozenset(),
    "memfault": frozenset({"rollout_percent"}),
}
"""What `settings:` of a version may say, by platform."""

COHORTS = frozenset({"memfault"})
"""Platforms whose units are cohorts."""
