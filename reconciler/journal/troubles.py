"""What databases say when something is wrong, and what a person can do about it."""

from __future__ import annotations

import errno
import sqlite3

from reconciler.errors import JournalError
from reconciler.journal.address import Address

SQLITE: tuple[tuple[str, str, str], ...] = (
    ("database is locked", "another process has been writing to it for several seconds", "end it, or try again"),
    ("database or disk is full", "there is no space left", "make room on its disk"),
    ("disk i/o error", "its disk does not take or give what it should, or is full", "look at the disk"),
    ("readonly database", "it may not be written to", "give this user the right to write the file and its folder"),
    ("unable to open database file", "it cannot be opened", "its folder must be there, and be readable and writable"),
    ("file is not a database", "it is no history, and no database at all", "give another file with --history"),
    (
        "malformed",
        "the file is damaged",
        "move it away, or restore it: without it no plan is wrong, but limits over time, waves and halts begin anew",
    ),
)
"""What SQLite says, what it means, and what to do."""

POSTGRES: tuple[tuple[str, str], ...] = (
    (
        "permission denied for table",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO this role; SELECT is enough to read",
    ),
    (
        "permission denied",
        "GRANT USAGE, CREATE ON SCHEMA public TO this role, or let another role create the tables once",
    ),
    (
        "password authentication failed",
        "check user and password; RECONCILER_HISTORY keeps them out of the command line",
    ),
    ("connection failed", "check host and port, and that the server runs and lets this machine in"),
    ("does not exist", "create the database, or check its name and the user"),
    ("lock timeout", "another process has been writing for several seconds: end it, or try again"),
    ("read-only transaction", "this server takes no writes: connect to the primary"),
)
"""What PostgreSQL says, and what to do."""

NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def error(doing: str, address: Address, found: BaseException) -> JournalError:
    """Return an error that says what could not be done, why, and what to do next."""
    said = str(found).partition("\nLINE ")[0]  # what follows is a statement of ours
    text = address.harmless(" ".join(said.split()) or type(found).__name__)
    if isinstance(found, OSError):
        reason, hint = found.strerror or text, "make room on its disk" if found.errno in NO_SPACE else ""
    elif isinstance(found, sqlite3.Error):
        reason, hint = next(((why, do) for sign, why, do in SQLITE if sign in text.lower()), (text, ""))
    else:
        reason, hint = text, next((do for sign, do in POSTGRES if sign in text), "")
    return JournalError(f"cannot {doing} the history {address.name}: {reason}", hint=hint)
