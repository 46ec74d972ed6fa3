"""Options of commands that serve a page: where, by which names, and who may look and act."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from reconciler.errors import SettingsError
from reconciler.manifest.secret import resolve
from reconciler.model.connection import Secret

if TYPE_CHECKING:
    from reconciler.web.access import Network, Rules

LOOPBACK = "127.0.0.1"


class Address(msgspec.Struct, frozen=True):
    """Where a server listens."""

    host: str
    port: int

    @property
    def loopback(self) -> bool:
        """Return whether this machine alone can reach it."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host.lower() == "localhost"


class AddressType(click.ParamType[Address]):
    """A port, `9464`, or an address with one, `0.0.0.0:9464` or `[::]:9464`; a port alone is on the loopback interface."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Address:
        """Return host and port."""
        if isinstance(value, Address):
            return value
        host, colon, port = str(value).rpartition(":")
        if colon and not host:
            self.fail(f"{value!r} names no address; use 0.0.0.0:{port or 'PORT'} for all interfaces", param, ctx)
        bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        if not port.isascii() or not port.isdigit() or int(port) > 65535 or (":" in bare and bare == host):
            self.fail(f"{value!r} is not [HOST:]PORT, for example 127.0.0.1:9464 or [::1]:9464", param, ctx)
        return Address(bare or LOOPBACK, int(port))


class ReferenceType(click.ParamType[Secret]):
    """Where a secret is: `env:NAME` or `file:PATH`; never the secret itself, which would stand in the list of processes."""

    name = "reference"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Secret:
        """Return the reference; what is wrong with it is said without it."""
        if isinstance(value, Secret):
            return value
        kind, _, rest = str(value).partition(":")
        if kind == "env" and rest:
            return Secret(env=rest)
        if kind == "file" and rest:
            return Secret(file=rest)
        return self.fail("a token is given by reference: env:NAME or file:PATH", param, ctx)


class NetworkType(click.ParamType["Network"]):
    """An address, `10.0.0.5`, or a network, `10.0.0.0/24`."""

    name = "network"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Network:
        """Return the network."""
        try:
            return ip_network(value)
        except ValueError:
            return self.fail(
                f"{value!r} is no address such as 10.0.0.5, and no network such as 10.0.0.0/24", param, ctx
            )


class PageOptions(msgspec.Struct, frozen=True, kw_only=True):
    """By which names a page may be called, and who may look and act."""

    hosts: tuple[str, ...] = ()
    viewer: Secret | None = None
    operator: Secret | None = None
    proxies: tuple[Any, ...] = ()
    header: str = "X-Forwarded-User"
    operators: tuple[str, ...] = ()

    def rules(self, *, loopback: bool) -> Rules:
        """Return who may do what, with the digests of tokens. Raises SettingsError."""
        from reconciler.web.access import Rules, digest

        def of(secret: Secret | None, name: str) -> bytes | None:
            return None if secret is None else digest(resolve(secret, os.environ, Path()), name)

        if (self.operators or self.header.lower() != "x-forwarded-user") and not self.proxies:
            raise SettingsError("a proxy's word is taken from no address", hint="name it with --trust-proxy ADDRESS")
        return Rules(
            viewer=of(self.viewer, "viewer's"),
            operator=of(self.operator, "operator's"),
            loopback=loopback,
            proxies=self.proxies,
            header=self.header.lower(),
            operators=frozenset(self.operators),
        )


OPTIONS = (
    click.option(
        "--token-viewer",
        type=ReferenceType(),
        metavar="env:NAME|file:PATH",
        help="Who has this token may look at the page. On the loopback interface all may where none is set.",
    ),
    click.option(
        "--token-operator",
        type=ReferenceType(),
        metavar="env:NAME|file:PATH",
        help="Who has this token may act on the page as well; nobody may where none is set.",
    ),
    click.option("--host", multiple=True, metavar="NAME", help="A name that the page is called by (repeatable)."),
    click.option(
        "--trust-proxy",
        multiple=True,
        type=NetworkType(),
        metavar="ADDRESS",
        help="Take a proxy's word for who looks, if it comes from this address or network (repeatable).",
    ),
    click.option(
        "--identity-header",
        metavar="NAME",
        default="X-Forwarded-User",
        show_default=True,
        help="With --trust-proxy: the header in which it names who looks.",
    ),
    click.option(
        "--proxy-operator",
        multiple=True,
        metavar="NAME",
        help="With --trust-proxy: somebody who may act, by the name that it gives (repeatable).",
    ),
)


def page_options(function: Callable[..., int]) -> Callable[..., int]:
    """Add them; the command takes all as one `page`."""

    @wraps(function)
    def taking(
        *,
        token_viewer: Secret | None,
        token_operator: Secret | None,
        host: tuple[str, ...],
        trust_proxy: tuple[Any, ...],
        identity_header: str,
        proxy_operator: tuple[str, ...],
        **others: Any,
    ) -> int:
        page = PageOptions(
            hosts=host,
            viewer=token_viewer,
            operator=token_operator,
            proxies=trust_proxy,
            header=identity_header,
            operators=proxy_operator,
        )
        return function(page=page, **others)

    found: Callable[..., int] = taking
    for option in reversed(OPTIONS):
        found = option(found)
    return found
