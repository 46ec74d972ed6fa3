"""One API call on its way through an endpoint: its parameters, its body, what its path names, and pages of answers.

Lists repeat their key, plain or with `[]`; sorts repeat, a dash turns them round (confirmed: SW info for filters, sorts,
pages from 1, `per_page` 100; CLI deploy.py for a sort that repeats). What is not known is ignored (inferred). A page is
`{"data", "paging"}` (confirmed: SW info); that an empty listing has no pages is inferred.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from reconciler.simulators.exchange import Json, Reply, json_object, json_reply
from reconciler.simulators.memfault.access import malformed, not_found
from reconciler.simulators.memfault.inventory import Cohort, Deployment, Release
from reconciler.simulators.memfault.project import Project
from reconciler.simulators.memfault.variants import Variants
from reconciler.simulators.memfault.world import MemfaultWorld
from reconciler.simulators.routes import Call as AnyCall

T = TypeVar("T")

PER_PAGE = 100
NUMBER = re.compile(r"[0-9]{1,9}")
NO_CONTENT = Reply(204, b"", {})
QUEUED = Reply(202, b"", {"location": "/api/v0/queue/1"})
"""Taken, and to be done (confirmed: WEB reference-http-response-status-codes; SW Tasks)."""

Body = Mapping[str, Json]
Keys = Mapping[str, Callable[[T], Any]]
"""What a listing can be sorted by."""


class Parameters:
    """The query of one request. Every reader raises a 400 `Refusal` on a value that does not fit."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self.pairs = pairs

    def values(self, name: str) -> tuple[str, ...]:
        """All values of a list; empty where it is not given."""
        return tuple(value for key, value in self.pairs if key in {name, f"{name}[]"} and value)

    def number(self, name: str, default: int) -> int:
        """A whole number from 1."""
        found = self.values(name)
        if not found:
            return default
        if not NUMBER.fullmatch(found[-1]) or int(found[-1]) < 1:
            raise malformed(f"{name} must be a number of at least 1")
        return int(found[-1])

    def allows(self, name: str, *values: str | None) -> bool:
        """Whether one of some values is among those of a list; always where it is not given."""
        wanted = self.values(name)
        return not wanted or any(value in wanted for value in values)

    def sort(self, rows: list[T], keys: Keys[T], default: Sequence[str] = ()) -> list[T]:
        """Sort rows in place by the `sort` parameters, the last one first, so that the first one wins."""
        for text in reversed(self.values("sort") or default):
            name = text.removeprefix("-")
            if name not in keys:
                raise malformed(f"sort must be one of {', '.join(keys)}")
            rows.sort(key=keys[name], reverse=text.startswith("-"))
        return rows


class Call(AnyCall[MemfaultWorld]):
    """A call of the project."""

    @property
    def parameters(self) -> Parameters:
        """What its query asks for."""
        return Parameters(self.request.query)

    @property
    def project(self) -> Project:
        """The project that is called."""
        return self.world.project

    @property
    def variants(self) -> Variants:
        """How the project answers what is not known."""
        return self.world.project.variants

    def body(self) -> Body:
        """The body, which must be a JSON object."""
        found = json_object(self.request.body)
        if found is None:
            raise malformed("the body must be a JSON object")
        return found

    def commit(self, effect: Callable[[], None], *, later: bool = False) -> Reply:
        """Have an effect happen: now, or after a while where the fault `lag` or a variant says so; how to say no more."""
        queued = self.variants["write-status"] == "202"
        self.project.later(self.world.faults.lag_for if later or queued or self.lag else 0, effect)
        return QUEUED if queued else NO_CONTENT

    def page(self, rows: Sequence[T], encode: Callable[[T], bytes] = msgspec.json.encode) -> Reply:
        """One page of these rows; more than 100 a page can be had by a variant only."""
        page, per_page = self.parameters.number("page", 1), self.parameters.number("per_page", PER_PAGE)
        if self.variants["per-page"] == "capped-100":
            per_page = min(per_page, PER_PAGE)
        shown = [encode(row) for row in rows[(page - 1) * per_page : page * per_page]]
        about = {
            "item_count": len(shown),
            "page": page,
            "page_count": -(-len(rows) // per_page),
            "per_page": per_page,
            "total_count": len(rows),
        }
        return Reply(200, b'{"data":[' + b",".join(shown) + b'],"paging":' + msgspec.json.encode(about) + b"}")

    # --- what the path names ------------------------------------------------------------------------------------------

    def release(self) -> Release:
        """The full release of the path; 404."""
        found = self.project.release(self.path["release"])
        if found is None:
            raise not_found(f"Release {self.path['release']!r}")
        return found

    def cohort(self) -> Cohort:
        """The cohort of the path; 404."""
        return self.cohort_of(self.path["cohort"])

    def cohort_of(self, text: Json) -> Cohort:
        """The cohort of a slug or an id; 404."""
        found = self.project.cohort(text)
        if found is None:
            raise not_found(f"Cohort {text!r}")
        return found

    def deployment(self) -> Deployment:
        """The deployment of the path; 404."""
        text = self.path["deployment"]
        found = self.project.deployments.get(int(text)) if NUMBER.fullmatch(text) else None
        if found is None:
            raise not_found(f"Deployment {text!r}")
        return found


def data(payload: Json) -> Reply:
    """A single object in its envelope."""
    return json_reply(200, {"data": payload})


def percent(body: Body, name: str) -> int:
    """A whole percentage of a body, 0 to 100; 400."""
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 100:
        raise malformed(f"{name} must be a whole number from 0 to 100")
    return value
