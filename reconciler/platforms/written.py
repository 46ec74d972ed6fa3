"""What a 2xx to a write says: that it was taken, that it was refused, whole or for some units, or something unexpected.

A good status proves nothing: gateways pass the refusals of what is behind them on with 200, and calls to many units are
answered with a list of results. No document of the platforms here gives the shape of such a list, so any is understood that
says what it is: results in a list, alone or under a name, or by unit; `success: false`, a status of 4xx or 5xx, an error.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from reconciler.errors import PlatformError, Rejected, UnexpectedAnswer
from reconciler.model.outcome import Receipt, ReceiptKind
from reconciler.platforms.answers import Answer, Scrub, clean, excerpt, said, unreadable

T = TypeVar("T")

_IDS = ("deviceId", "device_id", "id")
_AGREES = ("success", "ok", "accepted")
_FAILED = frozenset({"error", "failed", "failure", "rejected", "refused", "denied"})
_FAILURES = ("errors", "fail", "reject", "refus")
"""How names begin under which only what failed is listed."""
_TAKEN: tuple[object, ...] = (None, True, {}, [], "", {"success": True})
"""Bodies that say no more than that the call was taken."""
_STORED = "extra_info"
"""What clients stored with a thing, confirmed (memfault.md section 4): it says nothing of the call."""
_BARE = (202, 204)
"""Statuses that need no body: what is done later, and what has none."""
NO_REASON = "no reason is given"


class Written(NamedTuple, Generic[T]):
    """What came of a write that was taken, with the status that came.

    `value` is the documented answer, where there is more to it than that it was taken; `refused` are units that the call
    did not reach, as (id, why); `besides` is what the body says that no document promises.
    """

    status: int
    value: T | None = None
    refused: tuple[tuple[str, str], ...] = ()
    besides: str = ""

    def receipt(self, units: int) -> Receipt:
        """Return it as the receipt of a call for so many units."""
        refused_all = len(self.refused) >= max(1, units)
        kind = ReceiptKind.REJECTED if refused_all else ReceiptKind.ACCEPTED
        error = f"the platform answered {self.status}, and refuses it for every unit" if refused_all else ""
        return Receipt(kind, error, self.status, refused=self.refused, answer=self.besides)


def written(
    answer: Answer, operation: str, decode: Callable[[bytes], T], units: Collection[str], scrub: Scrub
) -> Written[T]:
    """Return what a 2xx says of a write that names these units.

    `decode` gives the documented answer, and raises msgspec.DecodeError for what is none. Raises Rejected for a refusal of
    the whole, UnexpectedAnswer for what cannot be understood, or tells of failures but not whose.
    """
    if answer.status in _BARE and not answer.content.strip():
        return Written(answer.status)
    body, value, wrong = _body(answer.content), None, ""
    try:
        value = decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        wrong = str(error)
    found = list(_results(body, units))
    named: dict[str, str] = {}
    for one, why in found:
        if one in units:
            named[one] = named.get(one) or why
    others = [why for one, why in found if why and one not in units and not (one and named)]
    whole = _refusal(body) or _refusal(_inner(body)) or (said(answer.content) if wrong else "")
    agreed = isinstance(body, dict) and any(body.get(name) is True for name in _AGREES)
    if not named and others and not agreed and (len(units) == 1 or all(why for _, why in found)):
        whole = whole or others[0]
    refused = {one: clean(scrub(named.get(one) or whole)) for one in units if named.get(one, whole)}
    kind: type[PlatformError] | None = None
    why = how_much = ""
    if (whole and not named) or (refused and len(units) == 1):
        kind, why = Rejected, whole if not named else next(iter(refused.values()))
    elif others:
        kind, why, how_much = UnexpectedAnswer, others[0], " in part"
    if kind is not None:
        text = f"the platform answered {answer.status}, and refuses it{how_much}: {clean(scrub(why))}"
        raise kind(text, operation=operation, status=answer.status, request_id=answer.request_id)
    if wrong and not named:
        raise unreadable(answer, operation, wrong, scrub)
    understood = value is not None or body in _TAKEN or len(found) == len(named) == len(units) > 0
    besides = "" if understood else excerpt(answer.content, scrub)
    return Written(answer.status, value, tuple(refused.items()), besides)


def status_named(content: bytes) -> int | None:
    """Return the status of a refusal that a body names."""
    body = _body(content)
    return next((code for one in (body, _inner(body)) for code in _codes(one)), None)


def _inner(body: object) -> object:
    """Return what an envelope holds; None where there is none."""
    return body.get("data") if isinstance(body, dict) else None


def _body(content: bytes) -> object:
    """Return a body as JSON, else as text."""
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return content.decode("utf-8", "replace").strip()


def _refusal(result: object) -> str:
    """Return why a result is a refusal; empty where it is none."""
    if not isinstance(result, dict):
        return ""
    words = [result.get(name) for name in ("status", "result")]
    agreed = any(result.get(name) is True for name in _AGREES)
    refused = (
        any(result.get(name) is False for name in _AGREES)
        or any(_codes(result))
        # A record of what a device does, which names what was asked of it, may tell of something older.
        or ("requestedStatus" not in result and any(isinstance(one, str) and one.lower() in _FAILED for one in words))
        or bool(result.get("error"))
        or (
            not agreed
            and isinstance(result.get("message"), str)
            and not result.keys().isdisjoint(("type", "errorCode"))
        )
    )
    return _why(result) if refused else ""


def _codes(result: object) -> Iterator[int]:
    """Yield the statuses of refusals that a result names."""
    if isinstance(result, dict):
        inner = result.get("error")
        codes = [result.get(name) for name in ("statusCode", "status", "code")]
        codes += [inner.get("http_code")] if isinstance(inner, dict) else []
        yield from (code for code in codes if isinstance(code, int) and 400 <= code < 600)


def _why(result: Mapping[str, Any]) -> str:
    """Return what a refusal says."""
    texts = (result.get(name) for name in ("error", "errMsg", "reason", "detail"))
    text = next((one for one in texts if isinstance(one, str) and one), NO_REASON)
    return said(msgspec.json.encode(result)) or text


def _results(body: object, units: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield results as (id, why it is a refusal); the id is empty where it names none."""
    if isinstance(body, list):
        for one in body:
            if isinstance(one, dict):
                yield _id(one), _refusal(one) or _refusal(one.get("data"))
    elif isinstance(body, dict):
        for name, one in body.items():
            if name in units:
                yield name, (NO_REASON if one is False else _refusal(one))
            elif isinstance(one, list | dict) and name.lower().startswith(_FAILURES):
                yield from _failures(one, units)
            elif name != _STORED:
                yield from _results(one, units)


def _failures(listed: list[Any] | dict[str, Any], units: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield what is listed as failed: ids, results, or either by id."""
    several = [(name, one) for name, one in listed.items() if name in units] if isinstance(listed, dict) else []
    if isinstance(listed, dict) and listed and not several:
        several = [("", listed)]
    for name, one in several or [("", one) for one in listed]:
        if isinstance(one, dict):
            yield name or _id(one), _why(one)
        elif isinstance(one, str):
            yield (name, one) if name or one not in units else (one, NO_REASON)


def _id(result: Mapping[str, Any]) -> str:
    """Return which unit a result names."""
    return next((str(result[name]) for name in _IDS if isinstance(result.get(name), str | int)), "")
