"""Preparations on the delivery server: which were asked for, how they stand, what of them is odd.

On a caching server the question itself starts a preparation (confirmed, prepare.service.ts), so only those are asked
about that this process started, unless `probe` allows more. An error comes with HTTP 200 (confirmed, seed 004).
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Collection
from threading import Lock

from reconciler.errors import NotFound, PlatformError
from reconciler.model.delivery import Preparation, PrepareStatus
from reconciler.model.release import Artifact
from reconciler.platforms.answers import clean
from reconciler.platforms.getapp import wire
from reconciler.platforms.getapp.compile import AGAIN, FAILED, RUNNING, UNCLEAR
from reconciler.platforms.getapp.refusals import REFUSALS, UNKNOWN_CODE, refusal
from reconciler.platforms.getapp.routes import Server

_HEX = re.compile(r"[0-9A-Fa-f]{64}")
_OWN_WORDS = frozenset({PrepareStatus.NOT_ASKED, PrepareStatus.UNKNOWN})
STATUSES = {status.value: status for status in PrepareStatus if status not in _OWN_WORDS}
"""The server's words, confirmed (seed 004)."""
_RUNNING = frozenset({PrepareStatus.START, PrepareStatus.IN_PROGRESS, PrepareStatus.PENDING})


class Preparations:
    """What this process asked a delivery server to prepare, and how that stands."""

    def __init__(self, server: Server | None) -> None:
        """Take the server; None where the connection names none."""
        self._server = server
        self._asked: set[str] = set()
        self._lock = Lock()

    def started(self, catalog_id: str) -> None:
        """Take note that a preparation was asked for."""
        with self._lock:
            self._asked.add(catalog_id)

    def of(self, references: Collection[str], *, probe: bool) -> tuple[Preparation, ...]:
        """Return how preparations stand, in the order asked; all that were started here where none is named."""
        if self._server is None:
            return ()
        with self._lock:
            asked = sorted(self._asked)
        return tuple(self._one(self._server, one, ask=probe or one in asked) for one in references or asked)

    def words(self, catalog_id: str, *, probe: bool) -> str:
        """Return how a preparation stands as the catalogue says it; empty where nothing is prepared."""
        found = self.of((catalog_id,), probe=probe)
        if not found:
            return ""
        one = found[0]
        if one.status in _RUNNING:
            return f"{RUNNING}{one.status.value}, {one.progress or 0:g} %"
        if one.status is PrepareStatus.ERROR:
            helps = "trying again helps" if one.again else "trying again does not help"
            return f"{AGAIN if one.again else FAILED}{one.error} ({one.code}; {helps})"
        if one.status is PrepareStatus.UNKNOWN:
            return f"{UNCLEAR}{'; '.join(one.notes)}"
        return one.status.value

    def _one(self, server: Server, catalog_id: str, *, ask: bool) -> Preparation:
        if not ask:
            return Preparation(reference=catalog_id, status=PrepareStatus.NOT_ASKED)
        try:
            return preparation(server.prepared(catalog_id))
        except NotFound:
            note = "the server was asked, and knows no preparation of it"
            return Preparation(reference=catalog_id, status=PrepareStatus.NOT_ASKED, notes=(note,))
        except PlatformError as error:
            return Preparation(reference=catalog_id, status=PrepareStatus.UNKNOWN, notes=(str(error),))


def preparation(told: wire.Prepared) -> Preparation:
    """Return what the server says of a preparation, with what is odd about it."""
    notes: list[str] = []
    status = STATUSES.get(told.status, PrepareStatus.UNKNOWN)
    if status is PrepareStatus.UNKNOWN:
        notes.append(f"status {clean(repr(told.status), 80)} is not known")
    artifacts = tuple(_artifact(one, notes) for one in told.artifacts or ())
    code = error = ""
    again: bool | None = None
    if status is PrepareStatus.ERROR:
        given = told.error or wire.PrepareError()
        code = given.error_code if given.error_code in REFUSALS else UNKNOWN_CODE
        if given.error_code and given.error_code != code:
            notes.append(f"error code {clean(given.error_code, 80)!r} is not known")
        meaning = refusal(code)
        said = clean(given.message)
        error, again = f"{meaning.text}: {said}" if said else meaning.text, meaning.again
    return Preparation(
        reference=told.catalog_id,
        status=status,
        progress=told.progress,
        size=None if told.size is None else int(told.size),
        artifacts=artifacts,
        code=code,
        error=error,
        again=again,
        notes=tuple(notes),
    )


def _artifact(told: wire.PreparedArtifact, notes: list[str]) -> Artifact:
    name = clean(told.item_key, 120)
    digest = ""
    if told.hash is not None:
        wrong = _wrong_hash(told.hash)
        if wrong:
            notes.append(f"the hash of {name or 'an artifact'} {wrong}")
        else:
            digest = f"{told.hash.algorithm}:{told.hash.hash}"
    size = None if told.size is None else int(told.size)
    return Artifact(name=name, kind=told.artifact_type or "", size=size, digest=digest)


def _wrong_hash(told: wire.Hash) -> str:
    """Return what is wrong with the form of a hash; empty where nothing is."""
    if told.algorithm == "SHA256Hex":
        return "" if _HEX.fullmatch(told.hash) else "is not 64 hex digits, as SHA256Hex is"
    if told.algorithm == "SHA256Base64":
        try:
            right = len(told.hash) == 44 and len(b64decode(told.hash, validate=True)) == 32
        except (binascii.Error, ValueError):
            right = False
        return "" if right else "is not 32 bytes in base64, as SHA256Base64 is"
    return f"is of algorithm {clean(repr(told.algorithm), 80)}, which is not known"
