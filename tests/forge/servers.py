"""GitHub and GitLab as far as reviews need them, over real HTTP, written from their documentation.

State stands in plain attributes that tests fill and read; `requests` is what came, `faults` what is answered instead.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, TypeVar
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

Json = Any
S = TypeVar("S", bound="Server")
TOKEN = "t0k3n-of-the-job"


@dataclass
class Fault:
    """An answer in place of the right one, `times` times, to requests of a method whose path ends so."""

    method: str
    ends: str
    status: int
    body: Json = None
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1
    after: bool = False
    """Do what was asked, and then answer so all the same."""


class Server:
    """What both have in common: pages, limits, faults, and who may do what."""

    limit: ClassVar[int]
    prefix = ""

    def __init__(self, url: str) -> None:
        self.url = url
        self.page = 100
        self.next = 100
        self.us = "reconciler-bot"
        self.may_write = True
        self.viewer = True
        """GraphQL tells who we are."""
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str]] = []
        self.comments: list[dict[str, Json]] = []
        self.labels: list[str] = []
        self.issues: list[dict[str, Json]] = []
        self.remarks: list[tuple[str, str]] = []
        """Comments on issues: number and text."""

    def say(self, author: str, body: str) -> dict[str, Json]:
        """Have somebody comment on the request."""
        raise NotImplementedError

    def open(self, author: str, body: str) -> dict[str, Json]:
        """Have somebody open an issue."""
        raise NotImplementedError

    def number(self) -> int:
        self.next += 1
        return self.next

    @property
    def bodies(self) -> list[str]:
        return [one["body"] for one in self.comments]

    def answer(
        self, method: str, path: str, query: dict[str, str], body: Json, headers: dict[str, str]
    ) -> tuple[int, Json, dict[str, str]]:
        self.requests.append((method, path))
        for fault in self.faults:
            if fault.times and fault.method == method and path.endswith(fault.ends):
                fault.times -= 1
                if fault.after:
                    self.route(method, path.removeprefix(self.prefix), query, body)
                return fault.status, fault.body, fault.headers
        if not self.known(headers):
            return 401, {"message": "Bad credentials"}, {}
        if path.endswith("graphql") and path.startswith(self.prefix.removesuffix("v3")):
            return (200, {"data": {"viewer": {"login": self.us}}}, {}) if self.viewer else (404, {}, {})
        if not path.startswith(self.prefix):
            return 404, {"message": "Not Found"}, {}
        if method != "GET" and not self.may_write:
            return 403, {"message": "Resource not accessible by integration"}, {}
        text = (body or {}).get("body") or (body or {}).get("description") or ""
        if len(text) > self.limit:
            return 422, {"message": f"body is too long (maximum is {self.limit} characters)"}, {}
        status, found = self.route(method, path.removeprefix(self.prefix), query, body)
        if isinstance(found, list):
            return self.paged(path, query, found)
        return status, found, {}

    def paged(self, path: str, query: dict[str, str], rows: list[Json]) -> tuple[int, Json, dict[str, str]]:
        size = min(int(query.get("per_page", "30")), self.page)
        page = int(query.get("page", "1"))
        some = rows[(page - 1) * size : page * size]
        headers = {}
        if page * size < len(rows):
            following = urlencode({**query, "page": page + 1})
            headers["Link"] = f'<{self.url}{path}?page=1>; rel="first", <{self.url}{path}?{following}>; rel="next"'
        return 200, some, headers

    def known(self, headers: dict[str, str]) -> bool:
        raise NotImplementedError

    def route(self, method: str, path: str, query: dict[str, str], body: Json) -> tuple[int, Json]:
        raise NotImplementedError


class GitHub(Server):
    """api.github.com, pull request 7 of `acme/fleets`."""

    limit = 65_536

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.us = "github-actions[bot]"
        self.app = True
        """The token is an app's: it has no user."""

    def say(self, author: str, body: str) -> dict[str, Json]:
        one = {
            "id": self.number(),
            "user": {"login": author},
            "body": body,
            "html_url": f"https://github.test/c/{self.next}",
        }
        self.comments.append(one)
        return one

    def open(self, author: str, body: str, **more: Json) -> dict[str, Json]:
        number = self.number()
        one = {"number": number, "user": {"login": author}, "title": "", "body": body, "state": "open"}
        self.issues.append({**one, "html_url": f"https://github.test/issues/{number}", **more})
        return self.issues[-1]

    def known(self, headers: dict[str, str]) -> bool:
        return headers.get("authorization") in {f"Bearer {TOKEN}", f"token {TOKEN}"}

    def route(self, method: str, path: str, query: dict[str, str], body: Json) -> tuple[int, Json]:  # noqa: C901 - a table
        root = "/repos/acme/fleets"
        match method, path.removeprefix(root).strip("/").split("/"):
            case "GET", ["user"]:
                return (
                    (403, {"message": "Resource not accessible by integration"})
                    if self.app
                    else (200, {"login": self.us})
                )
            case "GET", ["issues", "7", "comments"]:
                return 200, list(self.comments)
            case "POST", ["issues", "7", "comments"]:
                return 201, self.say(self.us, body["body"])
            case "PATCH", ["issues", "comments", number]:
                (one,) = (one for one in self.comments if one["id"] == int(number))
                one["body"] = body["body"]
                return 200, one
            case "DELETE", ["issues", "comments", number]:
                self.comments = [one for one in self.comments if one["id"] != int(number)]
                return 204, None
            case "GET", ["issues", "7", "labels"]:
                return 200, [{"name": name} for name in self.labels]
            case "POST", ["issues", "7", "labels"]:
                self.labels += body["labels"]
                return 200, [{"name": name} for name in self.labels]
            case "DELETE", ["issues", "7", "labels", name]:
                self.labels.remove(unquote(name))
                return 200, [{"name": name} for name in self.labels]
            case "GET", ["issues"]:
                assert query["state"] == "all"
                return 200, [one for one in reversed(self.issues) if one["user"]["login"] == query["creator"]]
            case "POST", ["issues"]:
                return 201, self.open(self.us, body["body"], title=body["title"])
            case "PATCH", ["issues", number]:
                (one,) = (one for one in self.issues if one["number"] == int(number))
                one |= body
                return 200, one
            case "POST", ["issues", number, "comments"]:
                self.remarks.append((number, body["body"]))
                return 201, {"id": self.number()}
        return 404, {"message": "Not Found"}


class GitLab(Server):
    """gitlab.com, merge request 7 of project 42."""

    limit = 1_000_000
    prefix = "/api/v4"

    def say(self, author: str, body: str) -> dict[str, Json]:
        one = {"id": self.number(), "author": {"username": author}, "body": body}
        self.comments.append(one)
        return one

    def open(self, author: str, body: str, **more: Json) -> dict[str, Json]:
        number = self.number()
        one = {"iid": number, "author": {"username": author}, "title": "", "description": body, "state": "opened"}
        self.issues.append({**one, "web_url": f"https://gitlab.test/issues/{number}", **more})
        return self.issues[-1]

    def known(self, headers: dict[str, str]) -> bool:
        return headers.get("private-token") == TOKEN

    def route(self, method: str, path: str, query: dict[str, str], body: Json) -> tuple[int, Json]:
        match method, path.removeprefix("/projects/42").strip("/").split("/"):
            case "GET", ["user"]:
                return 200, {"id": 3, "username": self.us}
            case "GET", ["merge_requests", "7", "notes"]:
                assert (query["sort"], query["order_by"]) == ("asc", "created_at")
                return 200, list(self.comments)
            case "POST", ["merge_requests", "7", "notes"]:
                return 201, self.say(self.us, body["body"])
            case "PUT", ["merge_requests", "7", "notes", number]:
                (one,) = (one for one in self.comments if one["id"] == int(number))
                one["body"] = body["body"]
                return 200, one
            case "DELETE", ["merge_requests", "7", "notes", number]:
                self.comments = [one for one in self.comments if one["id"] != int(number)]
                return 204, None
            case "GET", ["merge_requests", "7"]:
                return 200, {"iid": 7, "labels": self.labels}
            case "PUT", ["merge_requests", "7"]:
                self.labels += [one for one in body.get("add_labels", "").split(",") if one]
                gone = body.get("remove_labels", "").split(",")
                self.labels = [one for one in self.labels if one not in gone]
                return 200, {"iid": 7, "labels": self.labels}
            case "GET", ["issues"]:
                return 200, [
                    one for one in reversed(self.issues) if one["author"]["username"] == query["author_username"]
                ]
            case "POST", ["issues"]:
                return 201, self.open(self.us, body["description"], title=body["title"])
            case "PUT", ["issues", number]:
                (one,) = (one for one in self.issues if one["iid"] == int(number))
                state = {"close": "closed", "reopen": "opened"}.get(body.pop("state_event", ""))
                one |= {**body, **({"state": state} if state else {})}
                return 200, one
            case "POST", ["issues", number, "notes"]:
                self.remarks.append((number, body["body"]))
                return 201, {"id": self.number()}
        return 404, {"message": "404 Not found"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    forge: Server

    def do_GET(self) -> None:
        sent = self.rfile.read(int(self.headers.get("content-length", "0")))
        at = urlsplit(self.path)
        query = {key: values[-1] for key, values in parse_qs(at.query).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, found, more = self.forge.answer(self.command, at.path, query, json.loads(sent or b"null"), headers)
        found = b"" if status == 204 else found
        content = (
            found if isinstance(found, bytes) else (found if isinstance(found, str) else json.dumps(found)).encode()
        )
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **more, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_PATCH = do_PUT = do_DELETE = do_GET

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving(kind: type[S]) -> Iterator[S]:
    """Serve a forge until the end of the block."""
    handler = type("Handler", (_Handler,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        forge = kind(f"http://127.0.0.1:{server.server_port}")
        handler.forge = forge  # type: ignore[attr-defined]  # made for this server
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield forge
        finally:
            server.shutdown()
            thread.join()
