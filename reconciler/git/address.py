"""Where a repository is, and how to get in: no secret is in a URL, on a command line, or in what is said of either."""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from reconciler.errors import SettingsError

SECRET = re.compile(r"(?<=://)[^/@\s']*:[^/@\s']*@")
"""What stands before a host and has a password in it."""
QUERY = re.compile(r"(://[^\s?']*)\?[^\s']*")
USER = "x-access-token"
"""The user that forges take with a token, where the URL names none."""
SAFE = "--git-token NAME"


class Address(msgspec.Struct, frozen=True):
    """A repository. `env` is what git needs in its environment to get in; never shown."""

    url: str
    env: Mapping[str, str]
    hidden: tuple[str, ...] = ()

    def clean(self, text: str) -> str:
        """Return what git said without anything secret: a user's own configuration may put that into a URL."""
        for one in self.hidden:
            text = text.replace(one, "***")
        return without_secrets(text)


def without_secrets(text: str) -> str:
    """Return a text whose URLs have no passwords and no queries."""
    return QUERY.sub(r"\1?***", SECRET.sub("***@", text))


def rooted(url: str, folder: Path) -> str:
    """Return a URL as it is, and a path as it is meant in `folder`: git works with it elsewhere."""
    path = bool(url.strip()) and not url.startswith("-") and ":" not in url.partition("/")[0]
    return str(folder / url) if path else url


def address(url: str, token: str | None, env: Mapping[str, str]) -> Address:
    """Return the repository at a URL; `token` names the variable of `env` that holds one. Raises SettingsError."""
    shown = without_secrets(url)
    if not url.strip() or url.startswith("-") or "::" in url or any(not one.isprintable() for one in url):
        raise SettingsError(f"{shown!r} is not the URL of a git repository")
    try:
        parts = urlsplit(url)
        password, query = parts.password, parts.query
    except ValueError as wrong:
        raise SettingsError(f"{shown} is not the URL of a git repository: {wrong}") from None
    if parts.scheme and parts.netloc and (password is not None or query):
        hint = f"put the token into an environment variable and name that with {SAFE}"
        raise SettingsError(f"{shown}: credentials do not belong in a URL, which everybody can read", hint=hint)
    if token is None:
        return Address(url, quiet(env))
    secret = env.get(token, "").strip()
    if not secret:
        raise SettingsError(f"the environment variable {token} is empty or not set", hint=f"{SAFE} names it")
    if parts.scheme not in {"http", "https"}:
        raise SettingsError(
            f"{shown}: a token is for https", hint="ssh takes the keys of your agent: leave --git-token out"
        )
    if parts.scheme == "http" and not _loopback(parts.hostname or ""):
        raise SettingsError(f"{shown}: a token is not sent without TLS", hint="use https")
    basic = base64.b64encode(f"{parts.username or USER}:{secret}".encode()).decode()
    config = {
        f"http.{parts.scheme}://{parts.netloc.rpartition('@')[2]}/.extraHeader": f"Authorization: Basic {basic}",
        "http.followRedirects": "false",
        "credential.helper": "",
    }
    return Address(url, {**quiet(env), **configured(config)}, (secret, basic))


def configured(values: Mapping[str, str]) -> dict[str, str]:
    """Return the environment that gives git a configuration."""
    found = {"GIT_CONFIG_COUNT": f"{len(values)}"}
    for number, (name, value) in enumerate(values.items()):
        found |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return found


def quiet(env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which nothing asks: neither git, nor ssh, nor a helper with a window."""
    found = {"GIT_ASKPASS": "", "SSH_ASKPASS": "", "SSH_ASKPASS_REQUIRE": "never", "GCM_INTERACTIVE": "never"}
    if not any(env.get(name) for name in ("GIT_SSH_COMMAND", "GIT_SSH")):
        found["GIT_SSH_COMMAND"] = "ssh -o BatchMode=yes -o ConnectTimeout=30"
    return found


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
