"""The git adapter against real repositories in temporary folders."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from reconciler.errors import SettingsError
from reconciler.git import command
from reconciler.git.repository import GitRepository
from reconciler.model.origin import NOWHERE, Origin

WHO = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_AUTHOR_DATE": "2026-11-20T08:00:00+01:00",
    "GIT_COMMITTER_DATE": "2026-11-20T08:00:00+01:00",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


def run(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(folder: Path, message: str) -> str:
    run(folder, "add", "-A")
    run(folder, "commit", "-q", "--allow-empty", "-m", message)
    return run(folder, "rev-parse", "HEAD")


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in WHO.items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "work tree"
    folder.mkdir()
    run(folder, "init", "-q", "-b", "main")
    return folder


def exported(into: Path) -> dict[str, bytes]:
    return {str(path.relative_to(into)): path.read_bytes() for path in into.rglob("*") if path.is_file()}


def test_head_is_the_commit_checked_out(top: Path) -> None:
    assert GitRepository(top).head() == "", "nothing is committed yet"
    first = commit(top, "first")
    (top / "sub").mkdir()
    assert GitRepository(top / "sub").head() == first


def test_manifests_that_differ_from_the_commit_are_known(top: Path) -> None:
    (top / "fleets").mkdir()
    manifest = top / "fleets" / "fleet.yaml"
    manifest.write_text("a: 1\n")
    run(top, "add", ".")
    commit(top, "first")
    repository = GitRepository(top / "fleets")
    assert not repository.changed([str(top / "fleets")])
    (top / "fleets" / "plan.json").write_text("{}\n")
    assert not repository.changed([str(top / "fleets")]), "a saved plan is no manifest"
    manifest.write_text("a: 2\n")
    assert repository.changed([str(top / "fleets")])
    assert repository.changed([str(manifest)])
    run(top, "checkout", "-q", "--", ".")
    (top / "fleets" / "new.yml").write_text("b: 1\n")
    assert repository.changed([str(top / "fleets")])
    assert not repository.changed([str(manifest)]), "another file is in nobody's way"


def test_what_was_read_is_known_wherever_it_stands(top: Path, tmp_path: Path) -> None:
    fleets, shared = top / "fleets", top / "shared" / "fleet.yaml"
    fleets.mkdir()
    shared.parent.mkdir()
    shared.write_text("a: 1\n")
    (fleets / "linked.yaml").symlink_to("../shared/fleet.yaml")
    (top / ".gitignore").write_text("secret.yaml\n")
    (fleets / "odd.txt").write_text("a: 1\n")
    commit(top, "first")
    repository, linked = GitRepository(fleets), str(fleets / "linked.yaml")
    assert not repository.changed([str(fleets)], [linked, str(fleets / "odd.txt")])
    (fleets / "odd.txt").write_text("a: 2\n")
    assert repository.changed([str(fleets)], [str(fleets / "odd.txt")])
    assert not repository.changed([str(fleets)], [linked])
    (fleets / "secret.yaml").write_text("a: 1\n")
    assert repository.changed([str(fleets)], [str(fleets / "secret.yaml")]), "git ignores it, so no commit has it"
    assert not repository.changed([str(fleets)], [linked]), "another ignored file is in nobody's way"
    (tmp_path / "out.yaml").write_text("a: 1\n")
    assert repository.changed([str(fleets)], [str(tmp_path / "out.yaml")])
    shared.write_text("a: 2\n")
    assert repository.changed([str(fleets)], [linked]), "what the link leads to"


def test_outside_git_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "fleet.yaml").write_text("a: 1\n")
    repository = GitRepository(tmp_path)
    assert repository.head() == ""
    assert repository.changed([str(tmp_path)]), "nothing says that they are those of a commit"
    assert repository.blame(Origin(str(tmp_path / "fleet.yaml"), 1, 1)) is None
    with pytest.raises(SettingsError, match=r"main.*not a git repository"):
        repository.export("main", [str(tmp_path)], str(tmp_path / "out"))


def test_no_git_and_no_folder_are_not_errors(tmp_path: Path, top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert GitRepository(tmp_path / "nowhere").head() == ""
    assert "no folder" in command.git(tmp_path / "nowhere", "version").problem
    monkeypatch.setenv("PATH", str(tmp_path))
    assert GitRepository(top).head() == ""
    assert command.git(top, "version").problem == "git is not installed"


def test_a_slow_git_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "TIMEOUT", 0.05)
    sleeper = tmp_path / "git"
    sleeper.write_text("#!/bin/sh\nexec sleep 5\n")
    sleeper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert "no answer within" in command.git(tmp_path, "version").problem


def test_git_that_fails_without_words_still_has_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = tmp_path / "git"
    silent.write_text("#!/bin/sh\nexit 7\n")
    silent.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert command.git(tmp_path, "version").problem == "git ended with 7"


def test_blame_names_commit_author_and_date_of_a_line(top: Path) -> None:
    file = top / "sub" / "fleet.yaml"
    file.parent.mkdir()
    file.write_text("one\ntwo\n")
    first = commit(top, "Write it")
    file.write_text("one\nTWO\n")
    second = commit(top, "Shout: it is urgent")
    file.write_text("one\nTWO\nthree\n")
    repository = GitRepository(top)
    author = repository.blame(Origin(str(file), 1, 3))
    assert author is not None
    assert (author.commit, author.author, author.summary) == (first, "Ada", "Write it")
    assert author.date == "2026-11-20T07:00:00Z"
    shouted = repository.blame(Origin(str(file), 2, 1))
    assert shouted is not None
    assert (shouted.commit, shouted.summary) == (second, "Shout: it is urgent")
    assert repository.blame(Origin(str(file), 3, 1)) is None, "not committed"
    assert repository.blame(Origin(str(file), 99, 1)) is None, "no such line"
    assert repository.blame(Origin(str(file))) is None, "a whole file has no one author"
    assert repository.blame(NOWHERE) is None


def test_blame_is_about_the_file_that_a_link_leads_to(top: Path) -> None:
    (top / "shared.yaml").write_text("one\ntwo\n")
    first = commit(top, "Write it")
    (top / "fleet.yaml").symlink_to("shared.yaml")
    commit(top, "Link it")
    for line in (1, 2):
        found = GitRepository(top).blame(Origin(str(top / "fleet.yaml"), line, 1))
        assert found is not None
        assert found.commit == first


def test_a_line_that_is_not_committed_has_no_author_whatever_the_hash(top: Path) -> None:
    long = top.parent / "sha256"
    run(top.parent, "init", "-q", "--object-format=sha256", str(long))
    (long / "fleet.yaml").write_text("one\n")
    commit(long, "Write it")
    (long / "fleet.yaml").write_text("ONE\n")
    assert GitRepository(long).blame(Origin(str(long / "fleet.yaml"), 1, 1)) is None


def test_blame_follows_a_path_relative_to_where_we_are(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (top / "-fleet.yaml").write_text("one\n")
    first = commit(top, "first")
    monkeypatch.chdir(top)
    found = GitRepository(Path()).blame(Origin("-fleet.yaml", 1, 1))
    assert found is not None
    assert found.commit == first


def test_export_gives_the_files_of_a_ref(top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = top / "fleets" / "é"
    folder.mkdir(parents=True)
    (folder / "fleet.yaml").write_bytes(b"old\r\n\x00\xff")
    (folder / "empty.yaml").write_bytes(b"")
    (top / "other.yaml").write_text("other\n")
    (folder / "notes.txt").write_text("no manifest\n")
    commit(top, "old")
    run(top, "tag", "v1")
    (folder / "fleet.yaml").write_text("new\n")
    (top / "added").mkdir()
    commit(top, "new")
    monkeypatch.chdir(top / "fleets")
    into = tmp_path / "base"
    GitRepository(Path()).export("v1", [".", str(top / "added")], str(into))
    assert exported(into) == {"fleets/é/fleet.yaml": b"old\r\n\x00\xff", "fleets/é/empty.yaml": b""}


def fleet(name: str) -> str:
    return f"apiVersion: reconciler/v1\nkind: Fleet\nmetadata: {{name: {name}}}\n"


def test_links_lead_to_what_the_ref_has_there(top: Path, tmp_path: Path) -> None:
    shared, fleets = top / "shared", top / "fleets"
    (shared / "inner").mkdir(parents=True)
    fleets.mkdir()
    (shared / "a.yaml").write_text("old\n")
    (shared / "inner" / "b.yaml").write_text("b\n")
    (shared / "twice.yaml").symlink_to("inner/../a.yaml")
    (fleets / "a.yaml").symlink_to("../shared/a.yaml")
    (fleets / "whole.yaml").symlink_to(shared / "a.yaml")
    (fleets / "folder").symlink_to("../shared/inner")
    (fleets / "chain.yaml").symlink_to("../via/twice.yaml")
    (fleets / "folder.yaml").symlink_to("../shared")
    (top / "via").symlink_to("shared")
    (top / "all").symlink_to("fleets")
    commit(top, "old")
    (shared / "a.yaml").write_text("new\n")
    (fleets / "a.yaml").unlink()
    (top / "all").unlink()
    (top / "all").mkdir()
    found = GitRepository(top).export("HEAD", [str(top / "all"), str(fleets / "folder")], str(tmp_path / "base"))
    assert found.left_out == ()
    assert found.paths == (str(tmp_path / "base" / "all"), str(tmp_path / "base" / "fleets" / "folder"))
    assert exported(tmp_path / "base") == {
        "all/a.yaml": b"old\n",
        "all/whole.yaml": b"old\n",
        "all/chain.yaml": b"old\n",
        "fleets/folder/b.yaml": b"b\n",
    }


def test_what_the_repository_does_not_hold_is_left_out_and_named(top: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    run(other, "init", "-q", "-b", "main")
    (other / "x.yaml").write_text("x\n")
    commit(other, "first")
    fleets = top / "fleets"
    fleets.mkdir()
    run(top, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "fleets/sub")
    (fleets / "absolute.yaml").symlink_to("/etc/hostname")
    (fleets / "climbs.yaml").symlink_to("../../out.yaml")
    (fleets / "circle.yaml").symlink_to("circle.yaml")
    (fleets / "deep.yaml").symlink_to("sub/x.yaml")
    (fleets / "dangling.yaml").symlink_to("nothing.yaml")
    (top / "out").symlink_to("/srv/fleets")
    commit(top, "first")
    found = GitRepository(top).export("main", [str(fleets), str(top / "out")], str(tmp_path / "base"))
    assert dict(found.left_out) == {
        "fleets/sub": "is a submodule",
        "fleets/absolute.yaml": "leads out of the repository",
        "fleets/climbs.yaml": "leads out of the repository",
        "fleets/circle.yaml": "is a link that leads to itself",
        "fleets/deep.yaml": "is in the submodule fleets/sub",
        "out": "leads out of the repository",
    }
    assert exported(tmp_path / "base") == {}


def test_what_was_moved_is_found_where_it_was(top: Path, tmp_path: Path) -> None:
    (top / "fleets").mkdir()
    for name in ("fleets/a.yaml", "stays.yaml"):
        (top / name).write_text(fleet("a"))
    (top / "fleets" / "other.yaml").write_text("kind: Deployment\n")
    commit(top, "old")
    run(top, "mv", "fleets", "plants")
    into = tmp_path / "base"
    found = GitRepository(top).export("HEAD", [str(top / "plants")], str(into))
    assert (found.paths, found.moved) == ((), str(into / ".moved"))
    assert exported(into) == {".moved/fleets/a.yaml": fleet("a").encode()}


def test_the_variables_of_another_repository_are_dropped(
    top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(top, "first")
    local = set(run(top, "rev-parse", "--local-env-vars").split())
    assert local <= command.LOCAL
    head = run(top, "rev-parse", "HEAD")
    for name in command.LOCAL:
        monkeypatch.setenv(name, str(tmp_path / "nowhere"))
    assert GitRepository(top).head() == head
    GitRepository(top).export("main", [str(top)], str(tmp_path / "base"))


def test_the_line_that_git_calls_fatal_is_shown(top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(top, "first")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setenv("GIT_TRACE", "1")
    with pytest.raises(SettingsError, match="fatal: detected dubious ownership in repository at") as caught:
        GitRepository(top).export("main", [str(top)], str(tmp_path / "base"))
    assert "safe.directory" in caught.value.hint


def test_export_of_the_top_is_everything(top: Path, tmp_path: Path) -> None:
    (top / "a.yaml").write_text("a\n")
    (top / "b").mkdir()
    (top / "b" / "b.yaml").write_text("b\n")
    first = commit(top, "first")
    into = tmp_path / "base"
    GitRepository(top / "b").export(first[:12], [str(top), str(top / "b")], str(into))
    assert sorted(str(path.relative_to(into)) for path in into.rglob("*.yaml")) == ["a.yaml", "b/b.yaml"]


@pytest.mark.parametrize("ref", ["--output=/tmp/x", "-h", "", "nowhere", "HEAD:a.yaml", "a\0b", "..", "HEAD\n"])
def test_export_refuses_what_is_no_commit(top: Path, tmp_path: Path, ref: str) -> None:
    (top / "a.yaml").write_text("a\n")
    commit(top, "first")
    with pytest.raises(SettingsError) as caught:
        GitRepository(top).export(ref, [str(top)], str(tmp_path / "base"))
    assert repr(ref) in str(caught.value)
    assert caught.value.hint
    assert not (tmp_path / "base").exists()


def test_export_refuses_paths_outside_the_repository(top: Path, tmp_path: Path) -> None:
    commit(top, "first")
    with pytest.raises(SettingsError, match="outside the git repository"):
        GitRepository(top).export("main", [str(tmp_path)], str(tmp_path / "base"))


def test_export_says_when_it_cannot_write(top: Path, tmp_path: Path) -> None:
    (top / "a.yaml").write_text("a\n")
    commit(top, "first")
    (tmp_path / "base").write_text("a file, not a folder")
    with pytest.raises(SettingsError, match="cannot write"):
        GitRepository(top).export("main", [str(top)], str(tmp_path / "base"))


def test_a_damaged_repository_is_said_so(top: Path, tmp_path: Path) -> None:
    (top / "a.yaml").write_text("a\n")
    commit(top, "first")
    tree = run(top, "rev-parse", "HEAD^{tree}")
    (top / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    with pytest.raises(SettingsError, match="could not read the older manifests"):
        GitRepository(top).export("main", [str(top)], str(tmp_path / "base"))


def test_nothing_of_a_repository_is_run(top: Path, tmp_path: Path) -> None:
    """Hooks, pagers, file monitors and text conversions that a clone brings along stay silent."""
    trace = tmp_path / "ran"
    spy = tmp_path / "spy"
    spy.write_text(f"#!/bin/sh\ntouch '{trace}'\ncat\n")
    spy.chmod(0o755)
    (top / "a.yaml").write_text("a\n")
    (top / ".gitattributes").write_text("*.yaml diff=spy\n")
    commit(top, "first")
    for key in ("core.pager", "core.fsmonitor", "diff.spy.textconv"):
        run(top, "config", key, str(spy))
    for hook in ("post-checkout", "post-index-change", "reference-transaction"):
        (top / ".git" / "hooks" / hook).parent.mkdir(exist_ok=True)
        (top / ".git" / "hooks" / hook).symlink_to(spy)
    repository = GitRepository(top)
    assert repository.head() != ""
    assert repository.blame(Origin(str(top / "a.yaml"), 1, 1)) is not None
    repository.export("main", [str(top)], str(tmp_path / "base"))
    assert not trace.exists()
