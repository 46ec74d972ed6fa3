"""Merge bases, patches and placements against real repositories: whatever their owners configured."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.errors import SettingsError
from reconciler.git.base import Refs
from reconciler.git.history import History
from reconciler.git.repository import GitRepository
from reconciler.model.provenance import Provenance
from tests.unit.test_git_repository import WHO, commit, run


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in WHO.items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "work tree"
    folder.mkdir()
    run(folder, "init", "-q", "-b", "main")
    (folder / "f").mkdir()
    write(folder, "a: 1\nb: 2\nc: 3\n")
    commit(folder, "first")
    return folder


def write(top: Path, content: str, name: str = "f/fleet.yaml") -> None:
    (top / name).parent.mkdir(exist_ok=True)
    (top / name).write_text(content)


def request(top: Path) -> Provenance:
    """Make a request of two commits on a branch; return what a plan of it says of itself."""
    run(top, "checkout", "-q", "-b", "request")
    write(top, "a: 1\nb: 20\nc: 3\n")
    commit(top, "b")
    write(top, "a: 1\nb: 20\nc: 30\n")
    head = commit(top, "c")
    base = GitRepository(top).merge_base("main")
    patch, patches = GitRepository(top).patches(base, ["f"])
    run(top, "checkout", "-q", "main")
    return Provenance(commit=head, paths=("f",), base="main", base_commit=base, patch=patch, patches=patches)


def found(top: Path, saved: Provenance) -> bool:
    return GitRepository(top).placement(saved, saved.commit).found


def test_patches_are_the_same_wherever_their_lines_stand_and_whatever_git_is_told(top: Path) -> None:
    saved = request(top)
    assert len(saved.patches) == 2
    write(top, "# others\n" * 50 + "a: 1\nb: 2\nc: 3\n")
    commit(top, "others")
    assert not found(top, saved)
    for key, value in (
        ("diff.noprefix", "true"), ("diff.mnemonicPrefix", "true"), ("diff.algorithm", "patience"), ("diff.context", "9"),
        ("color.ui", "always"), ("diff.renames", "copies"), ("log.showSignature", "true"), ("log.follow", "true"),
        ("diff.interHunkContext", "9"), ("diff.external", "false"), ("core.quotePath", "false"), ("diff.relative", "true"),
        ("diff.indentHeuristic", "false"), ("diff.suppressBlankEmpty", "true"),
    ):  # fmt: skip
        run(top, "config", key, value)
    run(top, "merge", "-q", "--squash", "request")
    commit(top, "squashed")
    assert found(top / "f", saved)


def test_a_merge_is_found_where_the_commits_of_the_request_are_not_known_by_their_patches(top: Path) -> None:
    """As a plan that was made in a shallow clone has it: all together, and none by itself."""
    saved = request(top)
    write(top, "# others\na: 1\nb: 2\nc: 3\n")
    write(top, "other: 1\n", "f/other.yaml")
    commit(top, "others")
    assert not found(top, Provenance(base_commit=saved.base_commit, paths=("f",), patch=saved.patch))
    run(top, "merge", "-q", "--no-ff", "-m", "merged", "request")
    placed = GitRepository(top).placement(saved, "0" * 40)
    assert (placed.known, placed.ancestor, placed.found) == (False, False, True)
    assert found(top, Provenance(commit="0" * 40, base_commit=saved.base_commit, paths=("f",), patch=saved.patch))


def test_what_changes_no_manifest_is_in_every_history_of_its_base(top: Path) -> None:
    run(top, "checkout", "-q", "-b", "request")
    write(top, "words\n", "f/README.md")
    write(top, "x: 1\n", "elsewhere.yaml")
    commit(top, "words")
    base = GitRepository(top).merge_base("main")
    assert GitRepository(top).patches(base, ["f"]) == ("", ())
    assert GitRepository(top).patches(base, ["f", "elsewhere.yaml"])[0]
    saved = Provenance(commit="0" * 40, base_commit=base, paths=("f",))
    assert found(top, saved)
    run(top, "checkout", "-q", "--orphan", "other")
    commit(top, "another beginning")
    assert not found(top, saved)


def test_a_file_that_is_named_by_itself_is_a_manifest_whatever_it_is_called(top: Path) -> None:
    write(top, "a: 1\n", "f/odd.txt")
    commit(top, "odd")
    repository = GitRepository(top)
    base = Refs(top).known("HEAD~1")
    assert repository.patches(base, ["f"]) == ("", ())
    assert repository.patches(base, ["f/odd.txt"])[0]


def test_names_with_quotes_and_blanks_are_manifests(top: Path) -> None:
    write(top, "a: 1\n", 'f/größe "x" y.yaml')
    commit(top, "odd")
    patch, patches = GitRepository(top).patches(Refs(top).known("HEAD~1"), ["f"])
    assert patch
    assert patches == (patch,)


def test_a_shallow_clone_knows_no_single_commit_that_it_lacks_the_parent_of(top: Path, tmp_path: Path) -> None:
    saved = request(top)
    run(tmp_path, "clone", "-q", "--depth=2", "--branch", "request", f"file://{top}", "clone")
    clone = tmp_path / "clone"
    boundary = Refs(clone).known("HEAD~1")
    assert History(clone).patches(boundary, ["f"])[1] == (saved.patches[0],)
    run(clone, "fetch", "-q", "--depth=1", "origin", "main:main")
    assert History(clone).patches("main", ["f"]) == (saved.patch, ())


def test_work_trees_of_one_repository_are_known_as_such(top: Path, tmp_path: Path) -> None:
    run(top, "worktree", "add", "-q", "--detach", "../linked", "HEAD")
    run(tmp_path, "clone", "-q", str(top), "clone")
    ours, linked, clone = (
        GitRepository(folder) for folder in (top / "f", tmp_path / "linked" / "f", tmp_path / "clone")
    )
    assert ours.identity() == linked.identity() != clone.identity()
    assert ours.top() != linked.top()
    assert ours.names([str(top / "f"), str(top)]) == ("f", ".")
    with pytest.raises(SettingsError, match="is outside the git repository"):
        ours.names([str(tmp_path / "linked" / "f")])


def test_outside_git_there_are_no_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert GitRepository(tmp_path).identity() == ""
    with pytest.raises(SettingsError, match="not in a git repository"):
        GitRepository(tmp_path).names([str(tmp_path)])


def test_before_the_first_commit_a_base_is_what_it_names(top: Path, tmp_path: Path) -> None:
    first = Refs(top).head()
    run(top, "checkout", "-q", "--orphan", "new")
    assert GitRepository(top).merge_base("main") == first


@pytest.mark.parametrize("named", ["tag", "branch"])
def test_a_release_branch_and_a_tag_are_meant(top: Path, tmp_path: Path, named: str) -> None:
    run(top, named, "release")
    saved = request(top)
    run(top, "merge", "-q", "request")
    run(tmp_path, "clone", "-q", f"file://{top}", "clone")
    clone = tmp_path / "clone"
    run(clone, "checkout", "-q", "--detach", "origin/release" if named == "branch" else "release")
    assert History(clone).placement(saved, saved.commit).newer == ""
    run(clone, "tag", "-d", "release") if named == "tag" else run(
        clone, "update-ref", "-d", "refs/remotes/origin/release"
    )
    assert History(clone).placement(saved, saved.commit).newer == "origin/main"


def test_what_was_split_into_other_commits_is_found_as_a_whole(top: Path) -> None:
    run(top, "checkout", "-q", "-b", "request")
    write(top, "a: 1\nb: 20\nc: 30\n")
    head = commit(top, "both")
    base = GitRepository(top).merge_base("main")
    patch, patches = GitRepository(top).patches(base, ["f"])
    saved = Provenance(commit=head, paths=("f",), base_commit=base, patch=patch, patches=patches)
    run(top, "checkout", "-q", "main")
    write(top, "a: 1\nb: 20\nc: 3\n")
    commit(top, "one")
    assert not found(top, saved)
    write(top, "a: 1\nb: 20\nc: 30\n")
    commit(top, "and the other")
    assert found(top, saved)


def test_what_git_cannot_tell_is_in_no_history(top: Path) -> None:
    """A partial clone may lack the files of a commit; and nothing found is not nothing changed."""
    saved = request(top)
    blob = run(top, "rev-parse", "request:f/fleet.yaml")
    (top / ".git/objects" / blob[:2] / blob[2:]).unlink()
    run(top, "checkout", "-q", "--detach", "main")
    run(top, "symbolic-ref", "HEAD", "refs/heads/request")
    patch, patches = GitRepository(top).patches(saved.base_commit, ["f"])
    assert (patch, patches) == ("unread", ())
    run(top, "symbolic-ref", "HEAD", "refs/heads/main")
    assert not found(top, Provenance(commit="0" * 40, base_commit=saved.base_commit, paths=("f",), patch=patch))
