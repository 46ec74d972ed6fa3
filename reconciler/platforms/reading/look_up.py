"""Looks up one release: what is there is believed at once, what is not only when it is proved.

Proved means: its own route answers 404 while the collection that it would stand in can be listed. A list that merely
lacks it proves nothing, nor does a failed reading: then `found` is None, and the release is held.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from reconciler.errors import NotFound, PlatformError
from reconciler.model.release import ReleaseInfo, ReleaseQuery
from reconciler.platforms.answers import clean

T = TypeVar("T")


def looked_up(
    version: str,
    ask: Callable[[], T],
    *,
    named: Callable[[T], str],
    info_of: Callable[[T], ReleaseInfo],
    listed: Callable[[], object],
    place: str,
) -> ReleaseInfo:
    """Return what `ask` says of a version, or that it is not there, if `listed` works; never raises PlatformError.

    `named` gives the version that an answer is about; `place` names in words what is listed.
    """
    try:
        found = ask()
    except NotFound:
        return _missing(listed, place)
    except PlatformError as error:
        return ReleaseInfo(found=None, detail=str(error))
    if named(found) != version:
        return ReleaseInfo(found=None, detail=f"the platform answered with version {clean(named(found))!r}")
    return info_of(found)


def _missing(listed: Callable[[], object], place: str) -> ReleaseInfo:
    try:
        listed()
    except NotFound:
        return ReleaseInfo(found=None, detail=f"the platform knows neither this version nor {place}")
    except PlatformError as error:
        return ReleaseInfo(found=None, detail=f"that it is missing could not be confirmed: {error}")
    return ReleaseInfo(found=False)


def without_field(query: ReleaseQuery) -> list[str]:
    """Return the filters of a query that a platform without revisions, hardware versions and builds cannot answer."""
    given = (("revision", query.revisions), ("hardware version", query.hardware), ("build id", query.builds))
    return [what for what, values in given if values]


def unsortable(query: ReleaseQuery, what: str) -> list[str]:
    """Return a note on each field that releases were to be sorted by, where only their date and version can be."""
    fields = [key.removeprefix("-") for key in query.sort]
    known = {"created_date", "version"}
    return [f"{what} cannot be sorted by {one!r}: by created_date or version" for one in fields if one not in known]
