"""GitHub with a real git repository behind it: pull requests are merged by git, runs keep artefacts, people approve."""

from __future__ import annotations

import io
import subprocess
import time
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.forge.servers import GitHub, Json

REPOSITORY = "acme/fleets"
PLAN_WORKFLOW = ".github/workflows/plan.yml"
US = 1
"""The id of our repository; a fork's is another."""


@dataclass
class Pull:
    """A pull request. `head` is what its branch had when it was last pushed."""

    number: int
    branch: str
    base: str
    head: str
    merged_at: str | None = None
    merge_commit_sha: str | None = None
    reviews: list[dict[str, Json]] = field(default_factory=list)


@dataclass
class Artifact:
    id: int
    run: int
    name: str
    content: bytes
    created_at: str
    expired: bool = False


class Hub(GitHub):
    """`acme/fleets`, whose bare repository and working clone are below a folder."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.pulls: dict[str, Pull] = {}
        self.runs: list[dict[str, Json]] = []
        self.artifacts: list[Artifact] = []
        self.permissions = dict.fromkeys(("ann", "bob", "cleo", "dora"), "write")
        """Who may do what."""
        self.talk: dict[str, tuple[list[dict[str, Json]], list[str]]] = {}
        self.now = time.time() - 7200

    def started(self, folder: Path, files: dict[str, str]) -> None:
        """Begin with these files on the main branch."""
        self.origin, self.work = folder / "origin.git", folder / "work"
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(self.origin)], check=True)
        subprocess.run(["git", "clone", "-q", str(self.origin), str(self.work)], check=True, capture_output=True)
        for name, value in (("user.name", "ann"), ("user.email", "ann@example.com"), ("commit.gpgsign", "false")):
            self.git("config", name, value)
        self.git("checkout", "-q", "-b", "main")
        self._written(files, "first")
        self.git("push", "-q", "origin", "main")

    def git(self, *args: str) -> str:
        ran = subprocess.run(["git", *args], cwd=self.work, check=False, capture_output=True, text=True)
        assert ran.returncode == 0, f"git {args}: {ran.stdout}{ran.stderr}"
        return ran.stdout.strip()

    def tick(self) -> str:
        """Let a minute go by, and return what time it is."""
        self.now += 60
        return datetime.fromtimestamp(self.now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def tip(self, branch: str = "main") -> str:
        return self.git("rev-parse", f"origin/{branch}")

    def _written(self, files: dict[str, str], message: str) -> str:
        for name, text in files.items():
            (self.work / name).parent.mkdir(parents=True, exist_ok=True)
            (self.work / name).write_text(text)
        self.git("add", "--all")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def push(self, branch: str, files: dict[str, str], start: str = "origin/main") -> dict[str, Json]:
        """Commit onto a branch, a new one from `start`; open pull requests of it follow."""
        known = f"origin/{branch}" in self.git("branch", "-r").split()
        before = self.tip(branch) if known else "0" * 40
        self.git("checkout", "-q", "-B", branch, f"origin/{branch}" if known else start)
        self._written(files, f"change {sorted(files)}")
        return self._pushed(branch, before)

    def _pushed(self, branch: str, before: str, *, force: bool = False) -> dict[str, Json]:
        self.git("push", "-q", *(["--force"] if force else []), "origin", f"HEAD:refs/heads/{branch}")
        self.git("fetch", "-q", "origin")
        for pull in self.pulls.values():
            if pull.branch == branch and pull.merged_at is None:
                pull.head = self.tip(branch)
        return {"before": before, "after": self.tip(branch), "ref": f"refs/heads/{branch}", "forced": force}

    def reset(self, branch: str, to: str) -> dict[str, Json]:
        """Push a branch to another commit, by force."""
        before = self.tip(branch)
        self.git("checkout", "-q", "--detach", to)
        return self._pushed(branch, before, force=True)

    def open_pull(self, number: int, branch: str, base: str = "main") -> Pull:
        self.pulls[str(number)] = Pull(number, branch, base, self.tip(branch))
        return self.pulls[str(number)]

    def merge_ref(self, pull: Pull) -> str:
        """Make `refs/pull/N/merge`: the head merged into its base."""
        self.git("checkout", "-q", "--detach", f"origin/{pull.base}")
        self.git("merge", "-q", "--no-ff", "-m", f"Merge {pull.head} into {pull.base}", pull.head)
        self.git("push", "-q", "--force", "origin", f"HEAD:refs/pull/{pull.number}/merge")
        return self.git("rev-parse", "HEAD")

    def approve(self, pull: Pull, by: str = "bob", state: str = "APPROVED") -> None:
        at = self.tick()
        pull.reviews.append({"state": state, "commit_id": pull.head, "submitted_at": at, "user": {"login": by}})

    def merge(self, *pulls: Pull, how: str = "merge") -> dict[str, Json]:
        """Merge, in one push where there are several, as a merge queue does; return the push."""
        base = pulls[0].base
        before = self.tip(base)
        self.git("checkout", "-q", "--detach", f"origin/{base}")
        for pull in pulls:
            at = self.git("rev-parse", "HEAD")
            if how == "rebase":
                self.git("checkout", "-q", "--detach", pull.head)
                self.git("rebase", "-q", "--force-rebase", at)
            elif how == "squash":
                self.git("merge", "-q", "--squash", pull.head)
                self.git("commit", "-q", "-m", f"squashed #{pull.number}")
            else:
                self.git("merge", "-q", "--no-ff", "-m", f"Merge #{pull.number}", pull.head)
            pull.merged_at, pull.merge_commit_sha = self.tick(), self.git("rev-parse", "HEAD")
        return self._pushed(base, before)

    def revert(self, branch: str = "main") -> dict[str, Json]:
        """Undo the last commit of a branch with another one, as the button does."""
        before = self.tip(branch)
        self.git("checkout", "-q", "--detach", f"origin/{branch}")
        merge = len(self.git("rev-list", "--parents", "-1", "HEAD").split()) > 2
        self.git("revert", "--no-edit", *(["-m", "1"] if merge else []), "HEAD")
        return self._pushed(branch, before)

    def run(self, event: str, head: str, *, path: str = PLAN_WORKFLOW, repository: int = US) -> int:
        """Begin a run; return its id."""
        self.runs.append(
            {
                "id": self.number(), "event": event, "path": path, "head_sha": head,
                "repository": {"id": US}, "head_repository": {"id": repository},
            }
        )  # fmt: skip
        return self.runs[-1]["id"]

    def keep(self, run: int, name: str, files: dict[str, bytes]) -> int:
        """Keep an artefact of a run, and return its id."""
        assert all((one.run, one.name) != (run, name) for one in self.artifacts), "a name is taken once a run"
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for file, content in files.items():
                archive.writestr(file, content)
        self.artifacts.append(Artifact(self.number(), run, name, packed.getvalue(), self.tick()))
        return self.artifacts[-1].id

    @staticmethod
    def content(artifact: Artifact) -> dict[str, bytes]:
        """Return the files of an artefact."""
        with zipfile.ZipFile(io.BytesIO(artifact.content)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    def comments_on(self, pull: Pull) -> list[str]:
        return [one["body"] for one in self.talk.get(str(pull.number), ([], []))[0]]

    def labels_on(self, pull: Pull) -> list[str]:
        return self.talk.get(str(pull.number), ([], []))[1]

    def answer(
        self, method: str, path: str, query: dict[str, str], body: Json, headers: dict[str, str]
    ) -> tuple[int, Json, dict[str, str]]:
        if path.startswith("/store/"):  # where files are: another address, which is no place for a token
            if "authorization" in headers or query != {"sig": "s1gned"}:
                return 403, {"message": "no"}, {}
            (one,) = (one for one in self.artifacts if path == f"/store/{one.id}.zip")
            return 200, one.content, {"Content-Type": "application/zip"}
        status, found, more = super().answer(method, path, query, body, headers)
        return (status, {}, found) if status == 302 else (status, found, more)

    @property
    def store(self) -> str:
        return self.url.replace("127.0.0.1", "localhost")

    def route(self, method: str, path: str, query: dict[str, str], body: Json) -> tuple[int, Json]:
        match method, path.removeprefix("/repos/acme/fleets").strip("/").split("/"):
            case "GET", ["compare", span]:
                before, _, after = span.partition("...")
                return self._compared(before, after, query)
            case "GET", ["commits", sha, "pulls"]:
                return 200, [self._pull(one) for one in self.pulls.values() if self._contains(one, sha)]
            case "GET", ["pulls", number] if number in self.pulls:
                return 200, {**self._pull(self.pulls[number]), "merged_by": {"login": "ann"}}
            case "GET", ["pulls", number, "reviews"] if number in self.pulls:
                return 200, self.pulls[number].reviews
            case "GET", ["collaborators", login, "permission"] if login in self.permissions:
                return 200, {"permission": self.permissions[login], "user": {"login": login}}
            case "GET", ["actions", "runs"]:
                found = [
                    one for one in self.runs if one["head_sha"] == query["head_sha"] and one["event"] == query["event"]
                ]
                return 200, {"total_count": len(found), "workflow_runs": _page(found, query)}
            case "GET", ["actions", "runs", run, "artifacts"]:
                rows = [_shown(one) for one in self.artifacts if str(one.run) == run]
                return 200, {"total_count": len(rows), "artifacts": _page(rows, query)}
            case "GET", ["actions", "artifacts", id_, "zip"]:
                return 302, {"Location": f"{self.store}/store/{id_}.zip?sig=s1gned"}
            case _, ["issues", number, "comments" | "labels", *_] if number in self.pulls:
                self.comments, self.labels = self.talk.setdefault(number, ([], []))
                return super().route(method, path.replace(f"/issues/{number}/", "/issues/7/"), query, body)
            case "PATCH", ["issues", "comments", id_]:
                self.comments = [one for talk, _ in self.talk.values() for one in talk if str(one["id"]) == id_]
        return super().route(method, path, query, body)

    def _compared(self, before: str, after: str, query: dict[str, str]) -> tuple[int, Json]:
        if subprocess.run(
            ["git", "cat-file", "-e", before], cwd=self.origin, check=False, capture_output=True
        ).returncode:
            return 404, {"message": "Not Found"}
        commits = self.git("rev-list", "--reverse", f"{before}..{after}").split()
        return 200, {"status": "ahead", "commits": _page([{"sha": one} for one in commits], query)}

    def _contains(self, pull: Pull, sha: str) -> bool:
        """As GitHub says it: a commit of the branch, or the one that merged it."""
        if sha == pull.merge_commit_sha:
            return True
        return sha in self.git("rev-list", f"origin/main..{pull.head}").split()

    def _pull(self, pull: Pull) -> dict[str, Any]:
        return {
            "number": pull.number, "head": {"sha": pull.head, "ref": pull.branch}, "base": {"ref": pull.base},
            "merged_at": pull.merged_at, "merge_commit_sha": pull.merge_commit_sha,
        }  # fmt: skip


def _page(rows: list[Json], query: dict[str, str]) -> list[Json]:
    size, page = int(query.get("per_page", "30")), int(query.get("page", "1"))
    return rows[(page - 1) * size : page * size]


def _shown(one: Artifact) -> dict[str, Json]:
    return {"id": one.id, "name": one.name, "created_at": one.created_at, "expired": one.expired}
