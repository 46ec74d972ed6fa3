"""What the delivery server keeps: who is logged in, and what it prepares.

A login gives an access token and one to refresh it, `{accessToken, expireAt, refreshToken, refreshExpireAt}` (confirmed:
modules/login).

A release is made ready for download, and that takes time. The first request answers `start`, later ones the running
status; `error` begins anew (confirmed: prepare.service.ts). An `error` comes with HTTP 200 and `{errorCode, message}`; a
release that is not released answers `DELIVERY.downloadNotAvailable` (confirmed: origin-delivery.service.ts). That a
preparation is `pending` until it has its turn is inferred.
"""

import base64
import hashlib
from collections.abc import Mapping
from itertools import count
from typing import Any

from reconciler.simulators.getapp.fleet import RELEASED, Release, iso

USERNAME, PASSWORD = "operator", "simulated-password"
REFRESH_LIVES = 10


class Tokens:
    """The tokens in force and until when (seconds since 1970); an access token is good for `life` seconds."""

    def __init__(self, life: float) -> None:
        self.life = life
        self._access: dict[str, float] = {}
        self._refresh: dict[str, float] = {}
        self._numbers = count(1)

    def login(self, username: object, password: object, now: float) -> dict[str, str] | None:
        """New tokens; None for a wrong name or password."""
        return self._issue(now) if (username, password) == (USERNAME, PASSWORD) else None

    def refresh(self, token: object, now: float) -> dict[str, str] | None:
        """New tokens for a refresh token; None where it is unknown or expired."""
        good = isinstance(token, str) and self._refresh.get(token, 0.0) > now
        return self._issue(now) if good else None

    def good(self, headers: Mapping[str, str], now: float) -> bool:
        """Whether a request bears an access token that is in force."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self._access.get(token.strip(), 0.0) > now

    def expire(self) -> None:
        """Forget all tokens."""
        self._access.clear()
        self._refresh.clear()

    def _issue(self, now: float) -> dict[str, str]:
        number = next(self._numbers)
        access, refresh = f"simulated-access-{number}", f"simulated-refresh-{number}"
        self._access[access] = now + self.life
        self._refresh[refresh] = now + self.life * REFRESH_LIVES
        return {
            "accessToken": access,
            "expireAt": iso(self._access[access]),
            "refreshToken": refresh,
            "refreshExpireAt": iso(self._refresh[refresh]),
        }


PENDING_SHARE = 0.25

NOT_FOUND = "DELIVERY.notFound", "there is no release of this catalog id"
NOT_AVAILABLE = "DELIVERY.downloadNotAvailable", "the release is not available for download yet"

Status = dict[str, Any]


class Preparations:
    """Preparations by catalogId: when each began (seconds since 1970); each takes so many `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._began: dict[str, float] = {}

    def knows(self, catalog_id: str) -> bool:
        """Whether somebody asked for it."""
        return catalog_id in self._began

    def ask(self, catalog_id: str, release: Release | None, now: float) -> Status:
        """Begin a preparation; one that runs or is done is only read."""
        if self.knows(catalog_id):
            status = self.read(catalog_id, release, now)
            if status["status"] != "error":
                return status
        self._began[catalog_id] = now
        return {"catalogId": catalog_id, "status": "start", "progress": 0}

    def read(self, catalog_id: str, release: Release | None, now: float) -> Status:
        """Where a known preparation stands; a release of None is one that the server has not."""
        if release is None:
            return _error(catalog_id, *NOT_FOUND)
        if release.status != RELEASED:
            return _error(catalog_id, *NOT_AVAILABLE)
        share = min(1.0, (now - self._began[catalog_id]) / self.seconds) if self.seconds else 1.0
        if share < PENDING_SHARE:
            return {"catalogId": catalog_id, "status": "pending", "progress": 0}
        if share < 1:
            progress = round(100 * share)
            return {"catalogId": catalog_id, "status": "inProgress", "progress": progress, "size": release.size}
        return _done(release)


def artifacts(release: Release) -> list[dict[str, Any]]:
    """The files of a release, with both kinds of hash (confirmed: seed 004)."""
    notes = 4096
    parts = (
        (f"{release.project.name}.rpm", "rpm", release.size - notes, "SHA256Hex", True, "--quiet"),
        ("settings.json", "file", notes, "SHA256Base64", False, ""),
    )
    return [
        {
            "catalogId": release.id,
            "id": release.project.number * 1000 + number,
            "itemKey": key,
            "artifactType": kind,
            "metaData": "{}",
            "url": f"https://store.example/{release.project.name}/{release.version}/{key}?signature=simulated",
            "size": size,
            "hash": {"algorithm": algorithm, "hash": _hash(f"{release.id}/{key}", algorithm)},
            "signature": "simulated",
            "isExecutable": executable,
            "arguments": arguments,
        }
        for number, (key, kind, size, algorithm, executable, arguments) in enumerate(parts)
    ]


def _hash(text: str, algorithm: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return digest.hex() if algorithm == "SHA256Hex" else base64.b64encode(digest).decode()


def _done(release: Release) -> Status:
    files = artifacts(release)
    return {
        "catalogId": release.id,
        "status": "done",
        "progress": 100,
        "size": release.size,
        "url": files[0]["url"],
        "artifacts": files,
    }


def _error(catalog_id: str, code: str, message: str) -> Status:
    error = {"errorCode": code, "message": message}
    return {"catalogId": catalog_id, "status": "error", "progress": 0, "error": error}
