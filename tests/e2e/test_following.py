"""`watch --git` against real repositories: what is in force, what is refused, and that a fleet is what git says in the end."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.conftest import LIMIT, Ran, Simulator, content, simulating, started, until
from tests.e2e.git_host import Host, serving
from tests.e2e.repositories import WHO, Clone, repository

Run = Callable[..., Ran]

SECRET = "s3cret-t0ken"


@pytest.fixture(scope="module")
def plant() -> Iterator[Simulator]:
    with simulating(units=12, settle=0.1) as one:
        yield one


@pytest.fixture
def origin(tmp_path: Path, plant: Simulator, run: Run) -> Clone:
    """A repository whose main branch says what runs, and accepts pushes."""
    made = repository(tmp_path / "origin", plant, run)
    made.git("config", "receive.denyCurrentBranch", "updateInstead")
    return made


def follow(origin: Clone, *options: str, url: str = "", **env: str) -> Ran:
    """Make one pass over the repository."""
    where = ("--git", url or f"file://{origin.top}", "--path", "fleets", "--git-cache", "cache")
    how = ("--once", "--mode", "apply", "--wait", "1m")
    return origin.run("watch", *where, *how, *options, token=origin.simulator.token, **{**WHO, **env})


def to(origin: Clone, version: str) -> str:
    """Commit a version."""
    old = (origin.top / "fleets/channels.yaml").read_text().split("modbus-poller: ")[1].split("\n")[0]
    origin.edit(f"modbus-poller: {old}", f"modbus-poller: {version}")
    return origin.commit(f"to {version}")


def test_a_commit_takes_effect_at_once_and_names_who_made_it(origin: Clone) -> None:
    head = to(origin, "v1.4.0")
    ran = follow(origin, "--ref", "main", "--result", "all.jsonl")
    assert ran.code == 0, ran
    assert f"manifests in force: 1 fleet, commit {head[:12]} by Ada: to v1.4.0" in ran.out
    assert origin.holds("v1.4.0") == 12
    for path in (
        "origin",
        "./origin",
        f"../{origin.top.parent.name}/origin",
    ):  # as git takes them, from the folder one is in
        assert follow(origin, url=path).code == 0
    events = [json.loads(line) for line in (origin.top.parent / "all.jsonl").read_text().splitlines()]
    (adopted,) = (one for one in events if one["event"] == "inforce")
    assert (adopted["commit"], adopted["author"], adopted["summary"]) == (head, "Ada", "to v1.4.0")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda one: one.git("mv", "fleets", "elsewhere"), "it has no manifests in fleets"),
        (lambda one: one.git("rm", "-q", "fleets/fleet.yaml"), "there is no Fleet in fleets"),
        (lambda one: one.write("fleets/fleet.yaml", "apiVersion: reconciler/v1\nkind: ["), "fleets/fleet.yaml:2:"),
        (
            lambda one: (one.top / "fleets/more.yaml").symlink_to("/etc/hostname"),
            "fleets/more.yaml is a link that leads out",
        ),
        (lambda one: (one.top / "fleets/more").symlink_to("../../x"), "fleets/more is a link that leads out"),
        (
            lambda one: one.write("fleets/big.yaml", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"),
            "fleets/big.yaml is a pointer of Git LFS",
        ),
        (
            lambda one: one.git("submodule", "--quiet", "add", f"file://{one.top}", "fleets/inner"),
            "fleets/inner is a submodule",
        ),
    ],
    ids=["folder gone", "no fleet", "not valid", "link to a file", "link to a folder", "lfs", "submodule"],
)  # fmt: skip
def test_a_commit_that_is_refused_leaves_the_one_before_in_force(
    origin: Clone, spoil: Callable[[Clone], object], words: str
) -> None:
    good = to(origin, "v1.4.0")
    assert follow(origin).code == 0
    to(origin, "v1.3.0")
    spoil(origin)
    bad = origin.commit("spoilt")
    for _ in range(2):
        refused = follow(origin)
        assert refused.code == 1, refused
        assert f"the commit {good[:12]} stays in force: the commit {bad[:12]} is refused: " in refused.out
        assert words in refused.out
        assert "cache" not in refused.out + refused.err, "files are named as the repository names them"
        assert origin.holds("v1.4.0") == 12
    fresh = follow(origin, "--git-cache", "other")
    assert (fresh.code, fresh.out) == (1, ""), "without any good one nothing is done"
    assert words in fresh.err
    origin.git("reset", "-q", "--hard", "HEAD~1")
    assert follow(origin).code == 0
    assert origin.holds("v1.3.0") == 12


def test_a_branch_that_is_moved_back_or_rewritten_is_followed_with_a_warning(origin: Clone) -> None:
    first = origin.git("rev-parse", "HEAD")
    second = to(origin, "v1.4.0")
    assert follow(origin).code == 0
    origin.git("reset", "-q", "--hard", first)
    back = follow(origin)
    assert back.code == 0, back
    assert f"HEAD was moved back: the commit {first[:12]} comes into force, which does not contain" in back.out
    assert second[:12] in back.out
    assert origin.holds("v1.3.0") == 12
    origin.git("commit", "-q", "--amend", "-m", "another first")
    other = to(origin, "v1.4.0")
    assert f"HEAD was rewritten: the commit {other[:12]}" in follow(origin).out
    assert "was" not in follow(origin).out, "it is said once"


def test_a_cache_that_is_broken_is_made_anew(origin: Clone) -> None:
    assert follow(origin).code == 0
    (clone,) = (origin.top.parent / "cache").iterdir()
    for pack in (clone / ".git/objects/pack").glob("*.pack"):
        pack.chmod(0o600)
        pack.write_bytes(b"broken")
    (clone / ".git/shallow.lock").touch()
    to(origin, "v1.4.0")
    assert follow(origin).code == 0
    shutil.rmtree(clone / ".git")
    (clone / "commits" / ".half").mkdir()
    assert follow(origin).code == 0
    assert not (clone / "commits" / ".half").exists()


def test_old_folders_of_commits_go(origin: Clone) -> None:
    for number in range(6):
        to(origin, f"v1.{4 - number % 2}.0")
        assert follow(origin).code == 0
    (clone,) = (origin.top.parent / "cache").iterdir()
    assert len(list((clone / "commits").iterdir())) == 3


# --- how to get in --------------------------------------------------------------------------------------------------


@pytest.fixture
def host(origin: Clone) -> Iterator[Host]:
    with serving(origin.top.parent, SECRET) as one:
        yield one


def test_a_token_goes_to_the_host_and_nowhere_else(origin: Clone, host: Host) -> None:
    url = f"{host.url}/origin/.git"
    env = {"GIT_TOKEN": SECRET, "GIT_TRACE": str(origin.top.parent / "trace"), "GIT_TRACE_CURL": "1"}
    ran = follow(origin, "--git-token", "GIT_TOKEN", "--result", "all.jsonl", url=url, **env)
    assert ran.code == 0, ran
    kept = b"".join(path.read_bytes() for path in origin.top.parent.rglob("*") if path.is_file())
    assert SECRET.encode() not in kept
    assert "Authorization" in host.asked[-1]
    for wrong in ("other", ""):
        refused = follow(origin, *(("--git-token", "GIT_TOKEN") if wrong else ()), url=url, GIT_TOKEN=wrong)
        assert refused.code == 1, refused
        assert "does not accept the credentials" in refused.err
        assert "--git-token" in refused.err
    with serving(origin.top.parent, "x") as thief:
        host.elsewhere = thief.url
        moved = follow(origin, "--git-token", "GIT_TOKEN", url=url, GIT_TOKEN=SECRET)
        assert moved.code == 1, moved
        assert thief.asked == [], "a redirect is not followed with a token"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://me:pa55@example.com/x.git", "credentials do not belong in a URL"),
        ("https://example.com/x.git?token=pa55", "credentials do not belong in a URL"),
        ("--upload-pack=pa55", "is not the URL"),
        ("ext::sh -c pa55", "is not the URL"),
        ("http://example.com/x.git", "not sent without TLS"),
        ("git@example.com:x.git", "a token is for https"),
    ],
)
def test_a_url_that_gives_something_away_is_refused(run: Run, url: str, words: str) -> None:
    refused = run("watch", f"--git={url}", "--once", "--git-token", "GIT_TOKEN", GIT_TOKEN=SECRET)
    assert refused.code == 1, refused
    assert words in refused.err
    if "://" in url:
        assert "pa55" not in refused.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--ref", "main"), "--ref needs --git"),
        (("--path", "x"), "--path needs --git"),
        (("--git", "file:///x", "m"), "--path says where"),
    ],
)
def test_options_that_do_not_go_together(run: Run, options: tuple[str, ...], words: str) -> None:
    refused = run("watch", *options)
    assert (refused.code, words in refused.err) == (64, True), refused


@pytest.mark.parametrize("path", ["../x", "a/../../x"])
def test_a_path_is_one_of_the_repository(run: Run, path: str) -> None:
    refused = run("watch", "--git", "file:///x", "--once", "--path", path)
    assert (refused.code, "is not in the repository" in refused.err) == (1, True), refused


# --- signatures -----------------------------------------------------------------------------------------------------


def key(folder: Path, name: str) -> Path:
    """Make a key of SSH."""
    made = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", made], check=True)
    return made


def sign(origin: Clone, version: str, *config: str) -> str:
    """Commit a version, signed as configured."""
    to(origin, version)
    origin.git(*(word for one in config for word in ("-c", one)), "commit", "-q", "--amend", "--no-edit", "-S")
    return origin.git("rev-parse", "HEAD")


def test_only_a_commit_that_an_allowed_signer_signed_comes_into_force(origin: Clone) -> None:
    folder = origin.top.parent
    ours, foreign = key(folder, "ours"), key(folder, "foreign")
    signers = folder / "signers"
    signers.write_text(f"ada@example.com {ours.with_suffix('.pub').read_text()}")
    verify = ("--verify-signatures", "signers")
    ssh = "gpg.format=ssh"
    unsigned = follow(origin, *verify)
    assert (unsigned.code, "is not signed" in unsigned.err) == (1, True), unsigned
    good = sign(origin, "v1.4.0", ssh, f"user.signingKey={ours}")
    accepted = follow(origin, *verify)
    assert accepted.code == 0, accepted
    assert "signed by ada@example.com (SHA256:" in accepted.out
    sign(origin, "v1.3.0", ssh, f"user.signingKey={foreign}")
    refused = follow(origin, *verify)
    assert f"the commit {good[:12]} stays in force" in refused.out, refused
    assert "is signed with the key SHA256:" in refused.out
    assert (refused.code, origin.holds("v1.4.0")) == (1, 12)
    fake = folder / "gpg"
    fake.write_text(
        "#!/bin/sh\ncat > /dev/null; echo '-----BEGIN PGP SIGNATURE-----'; echo '[GNUPG:] SIG_CREATED ' >&2\n"
    )
    fake.chmod(0o755)
    sign(origin, "v1.2.0", f"gpg.program={fake}", "user.signingKey=x")
    other = follow(origin, *verify)
    assert "is signed, but not with an SSH key" in other.out, other
    signers.write_text("# nobody\n")
    assert "names no signer" in follow(origin, *verify).err
    assert "cannot read gone" in follow(origin, "--verify-signatures", "gone").err


# --- a watch that goes on -------------------------------------------------------------------------------------------


class Watch:
    """An installed watch of a repository, which may be killed and started again."""

    def __init__(self, origin: Clone, url: str, *options: str, **env: str) -> None:
        self.origin = origin
        self.out = origin.top.parent / "out"
        self.how = ("watch", "--git", url, "--path", "fleets", "--git-cache", "cache", "--mode", "apply", *options)
        self.env = {"LOSANT_API_TOKEN": origin.simulator.token, **WHO, **env}
        self.process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        return started(self.origin.top.parent, *self.how, out=self.out, **self.env)

    def said(self, words: str) -> None:
        until(lambda: words in content(self.out), words)

    def killed(self) -> None:
        """Kill it and start another one."""
        self.process.kill()
        self.process.communicate(timeout=LIMIT)
        self.process = self._start()

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        _, err = self.process.communicate(timeout=LIMIT)
        assert self.process.returncode == 0, err


def test_a_host_that_is_gone_leaves_the_last_commit_in_force(origin: Clone, host: Host) -> None:
    host.down = True
    watch = Watch(
        origin, f"{host.url}/origin/.git", "--git-token", "TOKEN", "--interval", "0.1s", "--result", "all.jsonl", TOKEN=SECRET
    )  # fmt: skip
    log = origin.top.parent / "all.jsonl"

    def passes(more: int) -> None:
        before = content(log).count('"completed"')
        until(lambda: content(log).count('"completed"') >= before + more, "more passes")

    watch.said("nothing is done until a commit can come into force: cannot fetch HEAD")
    host.down = False
    watch.said("by Ada: what runs")
    host.down = True
    watch.said("stays in force: cannot fetch HEAD")
    origin.simulator.control("POST", "console", device="gw-001", flow="modbus-poller", version="v1.1.0")
    until(lambda: origin.holds("v1.3.0") == 12, "drift corrected")
    passes(2)
    host.down = False
    watch.said("the newest commit is in force again")
    to(origin, "v1.4.0")
    until(lambda: origin.holds("v1.4.0") == 12, "the next commit")
    watch.end()
    said = content(watch.out)
    assert said.count("stays in force: cannot fetch") == 1
    assert "error: 503" in said
    assert SECRET not in said + content(log)


def test_a_hangup_begins_the_next_pass(origin: Clone) -> None:
    watch = Watch(origin, f"file://{origin.top}", "--interval", "1h")
    watch.said("pass 1:")
    to(origin, "v1.4.0")
    watch.process.send_signal(signal.SIGHUP)
    until(lambda: origin.holds("v1.4.0") == 12, "the pass")
    watch.end()


def test_a_fleet_is_what_git_says_whatever_is_committed_and_killed(origin: Clone) -> None:
    """A few commits over real connections, with real kills; `tests/laws/test_commits.py` makes a hundred."""
    commits = 6
    draw = random.Random(commits)
    origin.edit("version: {channel: stable}", "version: {channel: stable}\n      overrides: []", "fleets/fleet.yaml")
    origin.edit(
        "units: {all: true}", "units: {all: true}\n  limits: {replace: 100%, remove: 100%}", "fleets/fleet.yaml"
    )
    origin.commit("limits")
    plain = (origin.top / "fleets/fleet.yaml").read_text()
    names = sorted({row["device"] for row in origin.simulator.control("GET", "state")["rows"]})

    def assigned() -> dict[str, str | None]:
        rows = origin.simulator.control("GET", "state")["rows"]
        return {row["device"]: row["desired"] for row in rows if row["flow"] == "modbus-poller" and row["desired"]}

    def agrees(expected: dict[str, str]) -> bool:
        return assigned() == expected

    watch = Watch(origin, f"file://{origin.top}", "--interval", "0.1s")
    heads = [origin.git("rev-parse", "HEAD")]
    wanted = {heads[0]: dict.fromkeys(names, "v1.3.0")}
    try:
        for number in range(commits):
            kind = draw.choice(["version", "version", "override", "override", "invalid", "back"])
            if kind == "back" and len(heads) > 1:
                origin.git("reset", "-q", "--hard", heads[draw.randrange(len(heads))])
                head = origin.git("rev-parse", "HEAD")
            else:
                version, other = draw.sample(["v1.1.0", "v1.2.0", "v1.3.0", "v1.4.0"], 2)
                some = draw.sample(names, 3) if kind == "override" else []
                origin.write("fleets/channels.yaml", _channel(version))
                origin.write("fleets/fleet.yaml", plain.replace("[]", _override(some, other)))
                if kind == "invalid":
                    origin.write("fleets/fleet.yaml", plain.replace("channel: stable", "channel: none"))
                head = (
                    origin.commit(f"{number}: {kind} {version}") if origin.git("status", "--porcelain") else heads[-1]
                )
                wanted[head] = (
                    wanted[heads[-1]]
                    if kind == "invalid"
                    else {**dict.fromkeys(names, version), **dict.fromkeys(some, other)}
                )
            heads.append(head)
            if draw.random() < 0.25:
                watch.killed()
            until(partial(agrees, wanted[head]), f"{number}: {kind} {head}")
    finally:
        watch.end()


def _channel(version: str) -> str:
    return f"apiVersion: reconciler/v1\nkind: Channel\nmetadata: {{name: stable}}\nspec:\n  versions: {{modbus-poller: {version}}}\n"


def _override(names: list[str], version: str) -> str:
    return f"[{{units: {{names: [{', '.join(names)}]}}, version: {version}}}]" if names else "[]"
