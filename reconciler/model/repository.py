"""What a git repository says: who made a commit, older manifests that it wrote, and what was taken back in it."""

import msgspec


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """A commit, and who made it. `signer` is who signed it, where signatures are verified."""

    commit: str
    author: str = ""
    date: str = ""
    summary: str = ""
    signer: str = ""


class Author(msgspec.Struct, frozen=True):
    """Who last changed a line."""

    commit: str
    author: str
    date: str
    summary: str


class Exported(msgspec.Struct, frozen=True):
    """Older manifests that were written to a folder."""

    paths: tuple[str, ...]
    """The files and folders asked for, as far as they were there."""
    moved: str = ""
    """The folder of manifests from other places that are no longer where they were."""
    left_out: tuple[tuple[str, str], ...] = ()
    """(path, why) of what cannot be compared, since the repository does not hold it."""


class TakenBack(msgspec.Struct, frozen=True, kw_only=True):
    """A commit on a branch of its own that takes a version back. `new` says whether it was not there before."""

    to: str
    branch: str
    commit: str
    pushed: bool
    new: bool
