"""Is a request meant for this page, and does it come from it. Pure.

A page of somebody else can point its own name at our address (DNS rebinding): it then reads answers as its own, and the
`Host` header has its name. It cannot do that with a bare address. So an address and `localhost` are always meant for us;
a name is where it was configured.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit


def is_ours(host: str, names: Collection[str]) -> bool:
    """Return whether a `Host` header names this page. `names` are the configured ones, in lower case."""
    name = _name(host)
    return bool(name) and (name == "localhost" or name in names or _is_address(name))


def same_origin(headers: Mapping[str, str], names: Collection[str]) -> bool:
    """Return whether a request that changes something comes from a page of ours, as far as its browser says.

    `headers` have names in lower case. A client that is no browser says nothing, and brings no cookie by itself either.
    """
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    parts = urlsplit(origin)
    return parts.netloc != "" and (parts.netloc == headers.get("host", "") or _name(parts.netloc) in names)


def _name(host: str) -> str:
    """Return the name or address in a `Host` header, in lower case; empty for what is none."""
    if any(one in host for one in "@/\\?# "):
        return ""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
        return (parts.hostname or "").removesuffix(".")
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
