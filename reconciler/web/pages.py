"""The pages: what the API answers, drawn. Forms go the way of the API's operations, and each must prove where it comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from reconciler.web import shown
from reconciler.web.access import LASTS, Person, Role, TooManyGuesses
from reconciler.web.api import Served, carried_out, checked, may, query_of
from reconciler.web.guarding import Refused, body_of, cookie, too_many, who
from reconciler.web.hosts import same_origin
from reconciler.web.operations import OPERATIONS, Call, Operation
from reconciler.web.rendering import Pages, assets, visible_lines
from reconciler.web.shapes import Done

FORM = "application/x-www-form-urlencoded"

Draw = Callable[["Viewer"], Response]


class Viewer(msgspec.Struct, frozen=True):
    """One request for a page, and who asks."""

    site: WebSite
    request: Request
    person: Person

    def page(self, name: str, here: str, status: int = 200, /, **values: Any) -> Response:
        """Return a page."""
        served = self.site.served
        acting = served.acts is not None and self.person.role is Role.OPERATOR and bool(self.person.key)
        frame = {
            "here": here,
            "person": self.person,
            "can_act": acting,
            "can_enter": not self.person.key and self.site.has_tokens,
            "proof": served.access.proof(self.person.key) if self.person.key else "",
            "generation": served.board.generation,
            "live": self.person.role is not Role.NOBODY,
        }
        return HTMLResponse(self.site.pages.render(name, frame | values), status)

    def message(self, title: str, text: str, hint: str = "", *, status: int, back: str = "/") -> Response:
        """Return a page that says why there is nothing else."""
        values = {"title": title, "text": text, "hint": hint, "bad": True, "branch": "", "commit": "", "lines": ""}
        return self.page("message.html", "", status, back=back, **values)


class WebSite:
    """All pages."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.pages = Pages()
        rules = served.access.rules
        self.has_tokens = rules.viewer is not None or rules.operator is not None

    def routes(self) -> list[Route]:
        """Return the routes of all pages."""
        drawn: dict[str, Draw] = {
            "/": shown.overview,
            "/fleets/{fleet}": shown.fleet,
            "/unit": shown.unit,
            "/history": shown.history,
            "/account": _account,
        }
        found = [Route(path, self._page(draw), methods=["GET"]) for path, draw in drawn.items()]
        found += [Route(one.path, self._form(one), methods=["POST"]) for one in OPERATIONS if one.body is not None]
        found += [
            Route("/login", self._page(_login, open_=True), methods=["GET"]),
            Route("/login", self._enter, methods=["POST"]),
            Route("/logout", self._leave, methods=["POST"]),
        ]
        return [*found, *map(_asset, assets().items())]

    # --- looking ------------------------------------------------------------------------------------------------------

    def _page(self, draw: Draw, *, open_: bool = False) -> Any:  # any callable that starlette takes
        async def answer(request: Request) -> Response:
            viewer = Viewer(self, request, Person(Role.NOBODY))
            try:
                viewer = Viewer(self, request, who(request, self.served.access, self.served.site, self._clock))
                if not open_ and viewer.person.role is Role.NOBODY:
                    return self._to_login(request)
                return await run_in_threadpool(draw, viewer)
            except Refused as refused:
                return viewer.message(_title(refused), refused.error, refused.hint, status=refused.status)

        return answer

    @property
    def _clock(self) -> Any:
        return self.served.board.clock

    def _to_login(self, request: Request) -> Response:
        if not self.has_tokens:
            raise Refused(403, "only those whom the proxy names may look")
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?{urlencode({'next': target})}", 303)

    # --- acting -------------------------------------------------------------------------------------------------------

    def _form(self, one: Operation) -> Any:  # any callable that starlette takes
        async def answer(request: Request) -> Response:
            viewer = Viewer(self, request, Person(Role.NOBODY))
            back = f"/fleets/{request.path_params['fleet']}" if "fleet" in request.path_params else "/"
            try:
                viewer = Viewer(self, request, who(request, self.served.access, self.served.site, self._clock))
                given = await _fields(request)
                may(viewer.person, one.role)
                checked(request, self.served, viewer.person, given.pop("csrf", ""))
                call = Call(
                    board=self.served.board,
                    acts=self.served.acts,
                    person=viewer.person,
                    path=request.path_params,
                    query=query_of(one, request),
                    body=_filled(one, given),
                )
                done: Done = await run_in_threadpool(carried_out, one, call)
            except Refused as refused:
                return viewer.message(_title(refused), refused.error, refused.hint, status=refused.status, back=back)
            values = {"title": "Done", "text": done.message, "hint": "", "bad": False, "back": back}
            made = {"branch": done.branch, "commit": done.commit, "lines": visible_lines(done.lines)}
            return viewer.page("message.html", "", **values, **made)

        return answer

    # --- entering and leaving -----------------------------------------------------------------------------------------

    async def _enter(self, request: Request) -> Response:
        served = self.served
        viewer = Viewer(self, request, Person(Role.NOBODY))
        try:
            given = await _fields(request)
            session = self._session(request, given)
        except Refused as refused:
            answer = viewer.message(_title(refused), refused.error, refused.hint, status=refused.status, back="/login")
            answer.headers.update(refused.headers)
            return answer
        if not session:
            return entry(viewer, "This token is not one of this page.", given.get("next", "/"), 401)
        answer = RedirectResponse(_inside(given.get("next", "/")), 303)
        self._set(answer, served.site.cookie, session, LASTS)
        answer.delete_cookie(served.site.entry, path="/", secure=served.site.secure, httponly=True, samesite="strict")
        return answer

    def _session(self, request: Request, given: Mapping[str, str]) -> str:
        """Return the session that a filled form begins; empty for a wrong token. Raises Refused."""
        served = self.served
        headers = {name.lower(): value for name, value in request.headers.items()}
        proved = served.access.proved(cookie(request, served.site.entry), given.get("csrf", ""))
        if not same_origin(headers, served.site.names) or not proved:
            raise Refused(403, "the form is not one of this page, or too old", "load the page again")
        peer = request.client.host if request.client is not None else ""
        now = self._clock.monotonic()
        try:
            return served.access.enter(given.get("token", ""), given.get("name", ""), peer=peer, now=now)
        except TooManyGuesses as wrong:
            raise too_many(wrong) from None

    async def _leave(self, request: Request) -> Response:
        served = self.served
        viewer = Viewer(self, request, Person(Role.NOBODY))
        try:
            person = who(request, served.access, served.site, self._clock)
            given = await _fields(request)
            checked(request, served, person, given.get("csrf", ""))
        except Refused as refused:
            return viewer.message(_title(refused), refused.error, refused.hint, status=refused.status)
        served.access.leave(cookie(request, served.site.cookie))
        answer = RedirectResponse("/", 303)
        answer.delete_cookie(served.site.cookie, path="/", secure=served.site.secure, httponly=True, samesite="strict")
        return answer

    def _set(self, answer: Response, name: str, value: str, seconds: float) -> None:
        secure = self.served.site.secure
        answer.set_cookie(name, value, int(seconds), path="/", secure=secure, httponly=True, samesite="strict")

    def bind(self, answer: Response, value: str) -> None:
        """Give whom a form for entering is for what it is bound to."""
        self._set(answer, self.served.site.entry, value, 3600.0)


def _account(viewer: Viewer) -> Response:
    return viewer.page("account.html", "account") if viewer.person.key else RedirectResponse("/login", 303)


def _login(viewer: Viewer) -> Response:
    if not viewer.site.has_tokens:
        raise Refused(404, "nobody signs in here: no token is configured")
    return entry(viewer, "", viewer.request.query_params.get("next", "/"), 200)


def entry(viewer: Viewer, wrong: str, target: str, status: int) -> Response:
    """Return the form for entering, bound to whom it is given."""
    import secrets

    bound = secrets.token_urlsafe(16)
    proof = viewer.site.served.access.proof(bound)
    answer = viewer.page("login.html", "login", status, wrong=wrong, next=_inside(target), proof=proof, can_enter=True)
    viewer.site.bind(answer, bound)
    return answer


def _inside(target: str) -> str:
    """Return where to go on: a path of this page, and nothing that a browser takes for another site."""
    plain = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if plain and "\\" not in target else "/"


async def _fields(request: Request) -> dict[str, str]:
    """Return the fields of a form. Raises Refused."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise Refused(415, "this is not a form")
    content = await body_of(request)
    try:
        return dict(parse_qsl(content.decode(), keep_blank_values=True, max_num_fields=20, errors="strict"))
    except ValueError:
        raise Refused(400, "this form cannot be read") from None


def _filled(one: Operation, given: Mapping[str, str]) -> Any:
    """Return the fields of a form as what the operation takes; what was left empty was not given."""
    try:
        return msgspec.convert({name: value for name, value in given.items() if value.strip()}, one.body, strict=False)
    except msgspec.ValidationError as wrong:
        raise Refused(400, str(wrong)) from None


def _title(refused: Refused) -> str:
    return {404: "Not there", 403: "Not allowed", 401: "Not allowed", 429: "Wait"}.get(refused.status, "Not done")


def _asset(item: tuple[str, tuple[bytes, str]]) -> Route:
    name, (content, kind) = item

    async def answer(request: Request) -> Response:
        del request
        return Response(content, media_type=kind, headers={"cache-control": "no-cache"})

    return Route(f"/assets/{name}", answer, methods=["GET"])
