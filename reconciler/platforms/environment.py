"""What the environment says of the way to a platform: the proxy to take, and whom TLS trusts."""

from __future__ import annotations

import ipaddress
import os
import ssl
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote_to_bytes, urlsplit

from reconciler.errors import SettingsError

PROXIES = ("https_proxy", "all_proxy")
"""Variables that name a proxy; the first that says anything counts. They may be written in any case."""
EXCEPTIONS = ("no_proxy",)


class Proxy(NamedTuple):
    """Where a proxy is, and who asks it: user and password."""

    url: str
    user: tuple[bytes, bytes] | None = None

    @property
    def authorization(self) -> list[tuple[str, str]]:
        """Return the header that says who asks."""
        if self.user is None:
            return []
        return [("Proxy-Authorization", f"Basic {b64encode(b':'.join(self.user)).decode()}")]


def proxy_of(host: str, port: int, environ: Mapping[str, str]) -> Proxy | None:
    """Return the proxy by which a host is reached over https; None where it is reached directly.

    Raises SettingsError for a value that is no address of a proxy. The value is not shown: it may hold a password.
    """
    name, value = _set(environ, PROXIES) or ("the system's setting of a proxy", _of_the_system())
    _, exceptions = _set(environ, EXCEPTIONS) or ("", "")
    return None if not value or excepted(host, port, exceptions) else _proxy(name, value)


def _of_the_system() -> str:
    from urllib.request import getproxies  # slow to load

    return getproxies().get("https", "")


def _set(environ: Mapping[str, str], names: Sequence[str]) -> tuple[str, str] | None:
    """Return the first variable of some that holds anything, in lower case if it is written in several, and its value."""
    said = {name: value.strip() for name, value in sorted(environ.items(), reverse=True) if value.strip()}
    return next(((name, said[name]) for one in names for name in said if name.lower() == one), None)


def _proxy(name: str, value: str) -> Proxy:
    hint = f"set {name} to an address such as http://proxy.example.com:3128, or unset it"
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        host, port = parts.hostname, parts.port
        if host and ":" in host:
            host = f"[{ipaddress.IPv6Address(host)}]"
        user = None if parts.username is None else (_bytes(parts.username), _bytes(parts.password or ""))
    except ValueError:
        host, port, parts, user = None, None, urlsplit("http://"), None
    if parts.scheme not in {"http", "https"}:
        raise SettingsError(f"{name} names a proxy of the kind {parts.scheme}://, which is not supported", hint=hint)
    if not host or not host.isascii() or not host.isprintable() or " " in host:
        raise SettingsError(f"{name} is not the address of a proxy", hint=hint)
    return Proxy(f"{parts.scheme}://{host}:{port or (443 if parts.scheme == 'https' else 3128)}", user)


def _bytes(quoted: str) -> bytes:
    return unquote_to_bytes(os.fsencode(quoted))


def excepted(host: str, port: int, exceptions: str) -> bool:
    """Return whether a list such as NO_PROXY holds a host.

    Its entries are `*`, names (with all names below them), addresses and networks of IPv4 and IPv6, with brackets or
    without, and each of them may name a port.
    """
    host = host.strip("[]").rstrip(".").lower()
    return any(_matches(entry.lower(), host, port) for entry in exceptions.replace(",", " ").split())


def _matches(entry: str, host: str, port: int) -> bool:
    entry = entry.rpartition("://")[2]
    network = _network(entry)
    if network is None:
        name, colon, number = entry.rpartition(":")
        if colon and number.isdecimal():
            if int(number) != port:
                return False
            entry, network = name, _network(name)
    if network is not None:
        address = _address(host)
        return address is not None and address.version == network.version and address in network
    name = entry.removeprefix("*").strip(".")
    return entry == "*" or (bool(name) and (host == name or host.endswith(f".{name}")))


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    if "]:" in text:
        return None
    try:
        return ipaddress.ip_network(text.replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return None


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def tls_context(environ: Mapping[str, str]) -> ssl.SSLContext:
    """Return what TLS is verified with: SSL_CERT_FILE and SSL_CERT_DIR where they are set, else whom the system trusts.

    Raises SettingsError that names the variable which cannot be used.
    """
    file, folders = environ.get("SSL_CERT_FILE", ""), environ.get("SSL_CERT_DIR", "")
    context: ssl.SSLContext
    if file or folders:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        _trust(context, file, folders)
    else:
        import truststore

        context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    log = environ.get("SSLKEYLOGFILE", "")
    if log:
        _must_not_wait("SSLKEYLOGFILE", log)
        try:
            context.keylog_filename = log
        except OSError as error:
            raise _unusable("SSLKEYLOGFILE", log, error.strerror or str(error)) from None
    return context


def _trust(context: ssl.SSLContext, file: str, folders: str) -> None:
    if file:
        _must_not_wait("SSL_CERT_FILE", file)
        try:
            context.load_verify_locations(cafile=file)
        except ssl.SSLError:
            raise _unusable("SSL_CERT_FILE", file, "it holds no certificates in the PEM format") from None
        except OSError as error:
            raise _unusable("SSL_CERT_FILE", file, error.strerror or str(error)) from None
    if folders:
        if not any(Path(folder).is_dir() for folder in folders.split(os.pathsep)):
            raise _unusable("SSL_CERT_DIR", folders, "there is no such folder")
        context.load_verify_locations(capath=folders)


def _must_not_wait(name: str, value: str) -> None:
    if Path(value).is_fifo():
        raise _unusable(name, value, "it is a named pipe")


def _unusable(name: str, value: str, why: str) -> SettingsError:
    return SettingsError(f"{name}={value} cannot be used: {why}", hint=f"set {name} to a file that can, or unset it")
