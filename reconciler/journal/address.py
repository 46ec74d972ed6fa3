"""Where a history is: a file, or a database by URL. What of it may be shown never holds a password."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, urlsplit

import msgspec

from reconciler.errors import SettingsError

POSTGRES = ("postgresql", "postgres", "postgresql+psycopg")
ENCODE = "write it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with special characters as %40, %2F, %3A"


class Address(msgspec.Struct, frozen=True):
    """A file, or the URL of a database; `name` is what messages call it."""

    name: str
    path: Path | None = None
    url: str = ""

    def __repr__(self) -> str:
        return self.name

    def harmless(self, text: str) -> str:
        """Return the text of an error without anything of the URL that is not in the name as well."""
        known = set(_parts(self.name))
        for part in sorted(set(_parts(self.url)) - known, key=len, reverse=True):
            text = text.replace(part, "***") if len(part) > 2 else text
        return text


def address(text: str) -> Address:
    """Return where a history is; raise SettingsError, which shows nothing of a URL but its scheme."""
    scheme, colon, _ = text.partition("://")
    if not colon:
        path = Path(text).expanduser()
        if not text.strip():
            raise SettingsError("the history has no name", hint="give a file, a postgresql:// URL, or none")
        if path.is_dir():
            raise SettingsError(f"the history {path} is a folder", hint=f"give a file, such as {path / 'history.db'}")
        return Address(str(path), path)
    if scheme.lower() not in POSTGRES:
        known = scheme if re.fullmatch(r"[a-zA-Z][a-zA-Z0-9+.-]{0,30}", scheme) else "this"
        raise SettingsError(f"a history cannot be kept in {known}:// URLs", hint="give a file, or a postgresql:// URL")
    rest = text.partition("://")[2]
    return Address(_shown(rest), url=f"postgresql://{rest}")


def _shown(rest: str) -> str:
    try:
        split = urlsplit(f"postgresql://{rest}")
        name = _named(split)
    except ValueError:
        name = ""
    if not name:
        raise SettingsError("the URL of the history is not one of PostgreSQL", hint=ENCODE)
    return name


def _named(split: SplitResult) -> str:
    """Return a URL without password and options; nothing where a part of a password may stand in the wrong place."""
    if "@" in split.path or "@" in split.fragment or split.fragment:
        return ""
    user = f"{split.username}@" if split.username else ""
    folder = parse_qs(split.query).get("host", [""])[0]
    host = split.hostname or folder
    port = f":{split.port}" if split.port is not None else ""
    return f"postgresql://{user}{host}{port}{split.path if split.hostname or not folder else f' {split.path}'}"


def _parts(text: str) -> list[str]:
    return [part for part in re.split(r"[:/@?&= ]+", text) if part]
