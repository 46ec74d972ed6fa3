"""Which addresses a client may talk to: a secret goes over https, or stays on this machine."""

from __future__ import annotations

import ipaddress

import httpx

from reconciler.errors import SettingsError
from reconciler.platforms.answers import clean


def checked_url(text: str, *, secret: bool = True) -> str:
    """Return the base URL without a closing slash; raise SettingsError where a `secret` must not go there."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        raise SettingsError(f"the connection's url {clean(text)!r} is not a URL") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise SettingsError(f"the connection's url {clean(text)!r} is not an http or https URL")
    if url.userinfo or url.query or url.fragment:
        raise SettingsError(
            "the connection's url may have no user, query or fragment", hint="give the token as `token:`"
        )
    if secret and url.scheme == "http" and not _is_loopback(url.host):
        raise SettingsError(
            f"the connection's url would send the token to {url.host} in plain http",
            hint="use https; plain http is for this machine (127.0.0.1, localhost) alone",
        )
    return str(url).rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
