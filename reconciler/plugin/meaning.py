"""What is wrong with a connection although its structure is right, without anything that was typed there. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv6Address, ip_address
from posixpath import normpath
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from reconciler.model.connection import Requests, Secret
from reconciler.model.origin import Path
from reconciler.model.quantity import seconds

_STRANGE = re.compile(r"[\s\x00-\x1f\x7f\\]")


class Finding(msgspec.Struct, frozen=True):
    """What is wrong at a path below the connection, or below a setting: a code for machines, words for people."""

    path: Path
    code: str
    message: str
    hint: str = ""


def address(url: str) -> str:
    """Return one text for all spellings of a web address: without scheme, default port and closing slash, in lower case.

    Names of this machine are one: a connection to any of them ends at the same server.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    with suppress(ValueError):
        host = "localhost" if ip_address(host).is_loopback else ip_address(host).compressed
    port = "" if parts.port in {None, 80, 443} else f":{parts.port}"
    return f"{host}{port}{normpath('/' + unquote(parts.path).lstrip('/')).rstrip('/')}"


def wrong_address(url: str, path: Path, *, secret: bool = True) -> Iterator[Finding]:
    """Yield what is wrong with an address that requests go to; with `secret` they carry one."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
        if host is not None and ":" in host:
            IPv6Address(host)
    except ValueError:
        host, parts = None, urlsplit("")
    if not host or parts.scheme not in {"http", "https"} or _STRANGE.search(url):
        yield Finding(path, "url", "this is no web address such as https://api.example.com")
        return
    if parts.username is not None or parts.password is not None:
        message = "the address carries credentials; use a secret reference instead"
        yield Finding(path, "url-credentials", message, "give the token as `token:`")
    if secret and parts.scheme == "http" and not _is_loopback(host):
        message = f"plain http would show the token to everybody on the way to {host}"
        yield Finding(
            path, "plain-http", message, "use https; plain http is for this machine (127.0.0.1, localhost) alone"
        )
    if parts.query or parts.fragment:
        yield Finding(path, "url", "the address must not have a query or fragment")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def wrong_parts(value: Any, path: Path = ()) -> Iterator[Finding]:
    """Yield what is wrong with the secrets and limits of requests anywhere in a connection, whatever its platform is."""
    if isinstance(value, Secret) and (value.env is None) == (value.file is None):
        message = "a secret names exactly one of `env` (a variable) and `file` (a path)"
        yield Finding(path, "secret", message)
    elif isinstance(value, Requests) and seconds(value.timeout) <= 0:
        yield Finding((*path, "timeout"), "zero-duration", "a timeout of zero lets no request through")
    elif isinstance(value, msgspec.Struct):
        for field in msgspec.structs.fields(value):
            yield from wrong_parts(getattr(value, field.name), (*path, field.encode_name))
