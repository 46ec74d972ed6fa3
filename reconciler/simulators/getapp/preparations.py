"""The delivery server's preparations: a release is made ready for download, and that takes time.

The first request answers `start`, later ones the running status; `error` and `delete` begin anew (confirmed:
prepare.service.ts). An `error` comes with HTTP 200 and `{errorCode, message}`; a release that is not released answers
`DELIVERY.downloadNotAvailable` (confirmed: origin-delivery.service.ts). That a preparation is `pending` until it has
its turn is inferred.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from reconciler.simulators.getapp.catalog import RELEASED, Release

PENDING_SHARE = 0.25

MESSAGES: Mapping[str, str] = {
    "DELIVERY.notFound": "there is no release of this catalog id",
    "DELIVERY.download": "the artifact could not be downloaded",
    "DELIVERY.downloadNotAvailable": "the release is not available for download yet",
    "DELIVERY.notExist": "the package is not in the storage",
    "DELIVERY.invalid": "the package is invalid",
    "DELIVERY.notVerified": "the package could not be verified",
    "DELIVERY.packageTooLarge": "the package does not fit into the cache",
}

Status = dict[str, Any]


class Preparations:
    """Preparations by catalogId: when each began (seconds since 1970), and which of them fail with which code."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.failures: dict[str, str] = {}
        self.deleted: set[str] = set()
        self._began: dict[str, float] = {}

    def knows(self, catalog_id: str) -> bool:
        """Whether somebody asked for it, or it was deleted since."""
        return catalog_id in self._began or catalog_id in self.deleted

    def ask(self, catalog_id: str, release: Release | None, now: float) -> Status:
        """Begin a preparation; one that runs or is done is only read."""
        if self.knows(catalog_id):
            status = self.read(catalog_id, release, now)
            if status["status"] not in {"error", "delete"}:
                return status
        self.deleted.discard(catalog_id)
        self._began[catalog_id] = now
        return {"catalogId": catalog_id, "status": "start", "progress": 0}

    def read(self, catalog_id: str, release: Release | None, now: float) -> Status:
        """Where a known preparation stands; a release of None is one that the server has not."""
        if catalog_id in self.deleted:
            return {"catalogId": catalog_id, "status": "delete", "progress": 0}
        if release is None:
            return _error(catalog_id, "DELIVERY.notFound")
        if release.status != RELEASED:
            return _error(catalog_id, "DELIVERY.downloadNotAvailable")
        share = min(1.0, (now - self._began[catalog_id]) / self.seconds) if self.seconds else 1.0
        if share < PENDING_SHARE:
            return {"catalogId": catalog_id, "status": "pending", "progress": 0}
        if share < 1:
            progress = round(100 * share)
            return {"catalogId": catalog_id, "status": "inProgress", "progress": progress, "size": release.size}
        if catalog_id in self.failures:
            return _error(catalog_id, self.failures[catalog_id])
        return _done(release)

    def delete(self, catalog_id: str) -> None:
        """Drop what was prepared from the cache."""
        if self._began.pop(catalog_id, None) is not None:
            self.deleted.add(catalog_id)


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


def _error(catalog_id: str, code: str) -> Status:
    error = {"errorCode": code, "message": MESSAGES.get(code, code)}
    return {"catalogId": catalog_id, "status": "error", "progress": 0, "error": error}
