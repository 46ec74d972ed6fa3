"""Secrets are references; here, and only when a connection is opened, they become values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reconciler.errors import SettingsError
from reconciler.model.connection import Secret

LONGEST = 65_536
"""Bytes of a secret's file at most."""


def resolve(secret: Secret, environ: Mapping[str, str], base: Path) -> str:
    """Return the value a reference names; `base` is the folder that relative paths start from.

    Raises SettingsError when the variable is not set, the file cannot be read, or there is nothing in it.
    """
    if secret.env is not None:
        value = environ.get(secret.env, "")
        if not value.strip():
            state = "empty" if secret.env in environ else "not set"
            raise SettingsError(f"the environment variable {secret.env} is {state}", hint=f"export {secret.env}=…")
        return value.strip()
    path = base / (secret.file or "")
    if path.is_fifo():  # it may be read again during a run, when its writer has exited
        raise SettingsError(f"the secret's file {path} is a named pipe", hint="name a file, which can be read again")
    try:
        with path.open(encoding="utf-8") as file:
            value = file.read(LONGEST).strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise SettingsError(f"cannot read the secret's file {path}: {why}") from None
    if not value:
        raise SettingsError(f"the secret's file {path} is empty")
    return value
