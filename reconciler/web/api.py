"""Requests to the API → operations of the table → answers, and what went wrong in words that a script can read."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from reconciler.errors import JournalError, PlatformError, ReconcilerError
from reconciler.web.access import Access, Person, Role
from reconciler.web.acting import Acts
from reconciler.web.answers import NotThere
from reconciler.web.board import Board
from reconciler.web.guarding import Refused, Site, body_of, problem, who
from reconciler.web.hosts import same_origin
from reconciler.web.openapi import document
from reconciler.web.operations import OPERATIONS, PREFIX, Call, Operation, ReadOnly

JSON = "application/json"
PROOF = "x-csrf-token"
"""The header in which a script of ours brings what a form has in a field."""


class Served(msgspec.Struct, frozen=True):
    """What requests are answered from."""

    board: Board
    acts: Acts | None
    access: Access
    site: Site


def routes(served: Served) -> list[Route]:
    """Return the routes of the API."""
    text = msgspec.json.encode(document())

    async def described(request: Request) -> Response:
        del request
        return Response(text, media_type=JSON)

    found = [Route(f"{PREFIX}{one.path}", _endpoint(served, one), methods=[one.method]) for one in OPERATIONS]
    return [*found, Route(f"{PREFIX}/openapi.json", described, methods=["GET"])]


def _endpoint(served: Served, one: Operation) -> Any:  # any callable that starlette takes
    async def answer(request: Request) -> Response:
        try:
            person = who(request, served.access, served.site, served.board.clock)
            may(person, one.role)
            call = Call(
                board=served.board,
                acts=served.acts,
                person=person,
                path=request.path_params,
                query=query_of(one, request),
                body=None if one.body is None else await _body(request, one, served, person),
            )
            return Response(await run_in_threadpool(done, one, call), media_type=JSON)
        except Refused as refused:
            return Response(problem(refused), refused.status, refused.headers, JSON)

    return answer


def may(person: Person, role: Role) -> None:
    """Raise Refused where somebody may not do what a role may."""
    if person.role is Role.NOBODY:
        headers = {"www-authenticate": "Bearer"}
        raise Refused(401, "who asks is not known", "give a token: Authorization: Bearer TOKEN", headers)
    if person.role < role:
        raise Refused(403, "this needs the role operator", "--token-operator says who has it")


def query_of(one: Operation, request: Request) -> Any:
    """Return what stands in the query; raise Refused where it is not what the operation takes."""
    given: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in given:
            raise Refused(400, f"{name} is given twice")
        given[name] = value
    try:
        return msgspec.convert(given, one.query, strict=False)
    except msgspec.ValidationError as wrong:
        raise Refused(400, str(wrong)) from None


async def _body(request: Request, one: Operation, served: Served, person: Person) -> Any:
    """Return what is given in the body. Raises Refused, also where a browser's request is not known to be a page's of ours."""
    checked(request, served, person, request.headers.get(PROOF, ""))
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise Refused(415, f"the body must be {JSON}")
    content = await body_of(request)
    try:
        return msgspec.json.decode(content, type=one.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
        raise Refused(400, str(wrong)) from None


def checked(request: Request, served: Served, person: Person, proof: str) -> None:
    """Raise Refused unless a request that changes something comes from a page of ours, or from no browser."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    if not same_origin(headers, served.site.names):
        raise Refused(403, "the request comes from another site")
    if person.key and not served.access.proved(person.key, proof):
        raise Refused(403, "the form is not one of this page, or of another session", "load the page again")


def done(one: Operation, call: Call) -> bytes:
    """Return what an operation answers, as JSON. Raises Refused."""
    found = carried_out(one, call)
    return found if isinstance(found, bytes) else msgspec.json.encode(found)


def carried_out(one: Operation, call: Call) -> Any:
    """Return what an operation answers. Raises Refused for whatever keeps it from that."""
    try:
        return one.do(call)
    except ReadOnly:
        raise Refused(
            403, "a history alone is shown: nothing can be done here", "`reconciler watch --listen`"
        ) from None
    except NotThere as error:
        raise Refused(404, str(error), error.hint) from None
    except ValueError as error:
        raise Refused(400, str(error)) from None
    except (JournalError, PlatformError) as error:
        raise Refused(503, str(error), error.hint or "") from None
    except ReconcilerError as error:
        raise Refused(409, str(error), error.hint or "") from None
