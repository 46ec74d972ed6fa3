"""What a Connection says of one GetApp agent, and what options of `import` make of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

import msgspec

from reconciler.model.connection import Login, Requests
from reconciler.model.desired import Scalar
from reconciler.model.kind import Kind, Text
from reconciler.plugin import Finding, Option, address, wrong_address


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


USERNAME = Option("username-env", "NAME", "holds the user of that server", variable="GETAPP_USERNAME")
PASSWORD = Option("password-env", "NAME", "holds the password of that user", variable="GETAPP_PASSWORD")
OPTIONS = (
    Option("url", "URL", "where the CDN master, or the agent, answers", required=True),
    Option("topology", "cdn|agent", "cdn for a CDN master with its devices (the default), agent for one agent alone"),
    Option("api", "v1|v2", "the version of one agent's interface, v1 unless given"),
    Option("delivery", "URL", "the server that prepares releases"),
    USERNAME,
    PASSWORD,
)


def connection(given: Mapping[str, str]) -> GetAppConnection:
    """Return what the options mean; raise ValueError for a login without the server that it is for."""
    delivery = None
    if "delivery" in given:
        login = Login(username=USERNAME.secret(given), password=PASSWORD.secret(given))
        delivery = DeliveryServer(url=given["delivery"], login=login)
    elif USERNAME.name in given or PASSWORD.name in given:
        raise ValueError("--username-env and --password-env are for the server that --delivery URL names")
    spec = GetAppConnection(agent=given["url"], delivery=delivery)
    return msgspec.structs.replace(spec, topology=given.get("topology", spec.topology), api=given.get("api", spec.api))


def target(spec: GetAppConnection) -> str:
    """Return which agent a connection is to, in whichever way it is spoken to."""
    return address(spec.agent)


def check(spec: GetAppConnection) -> Iterator[Finding]:
    """Yield what is wrong with a connection besides its structure."""
    yield from wrong_address(spec.agent, ("agent",), secret=False)
    for step in spec.routes.__struct_fields__:
        route: StepRoute | None = getattr(spec.routes, step)
        if route is not None and not route.path.startswith("/"):
            yield Finding(("routes", step, "path"), "route", "a path starts with `/`")
    if spec.delivery is not None:
        yield from wrong_address(spec.delivery.url, ("delivery", "url"))
