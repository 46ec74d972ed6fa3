"""`reconciler comment`: a plan where people review it, as one comment that is edited in place."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli import wiring
from reconciler.cli.files import read_plan
from reconciler.cli.options import FILE, DurationType
from reconciler.cli.output import say
from reconciler.errors import ReconcilerError, SettingsError
from reconciler.model.plan import Plan
from reconciler.views import review
from reconciler.views.words import duration

if TYPE_CHECKING:
    from reconciler.views.plan_markdown import About

WORTH_SAYING = 5.0
"""Seconds."""


@click.command(
    epilog="""\b
Examples:
  reconciler comment --github --plan plan.json               in a job of a pull request
  reconciler comment --gitlab --plan plan.json --label       in a job of a merge request
  reconciler comment --github --errors plan.log              says that no plan could be made, and why
  reconciler comment --github --issue --plan drift.json      in a scheduled job

\b
GitHub needs GITHUB_TOKEN and `permissions: pull-requests: write` (--issue: `issues: write`); GitLab needs GITLAB_TOKEN, a
token with the scope `api`.

\b
Exit codes: 0 written, 1 not written.""",
)
@click.option("--github", "forge", flag_value="github", help="Write on GitHub (default: where the job runs).")
@click.option("--gitlab", "forge", flag_value="gitlab", help="Write on GitLab.")
@click.option("--plan", "plan_file", type=FILE, metavar="FILE", help="The saved plan; without it there was none.")
@click.option("--errors", type=FILE, metavar="FILE", help="What `plan` wrote to standard error when it made none.")
@click.option("--name", default="default", show_default=True, help="Distinguishes several plans of a repository.")
@click.option("--label", is_flag=True, help="Also label the request: violations, removals, changes, …")
@click.option("--issue", is_flag=True, help="Keep one issue instead: open while fleets and git differ, then closed.")
@click.option("--repository", metavar="OWNER/NAME", help="The repository (default: the job's).")
@click.option("--number", metavar="N", help="The pull or merge request (default: the job's).")
@click.option(
    "--timeout", type=DurationType("1s", "1d"), default="10m", show_default=True, help="Give up after this time."
)
def command(
    forge: str | None,
    plan_file: Path | None,
    errors: Path | None,
    name: str,
    label: bool,
    issue: bool,
    repository: str | None,
    number: str | None,
    timeout: float,
) -> int:
    """Write a saved plan as one comment on a pull or merge request, or edit the one that is there.

    The repository, the request and the token come from the environment of GitHub Actions or GitLab CI.
    """
    from reconciler.forge import context, posting
    from reconciler.views import plan_markdown

    clock = _AnnouncingClock()
    kind = forge or context.kind(os.environ)
    if not kind or (label and issue):
        wrong = "--label is for pull requests; leave it out with --issue" if kind else "give --github or --gitlab"
        raise click.UsageError(wrong)
    job = context.REVIEWS[kind](os.environ)
    where, request = repository or job.repository, number or job.request
    if not request and not issue:
        raise SettingsError("this is no job of a pull or merge request", hint="name one with --number N")
    there, api = context.OPENERS[kind](where, os.environ, clock, timeout)
    found, why = _plan(plan_file, errors)
    mark = posting.marker("drift" if issue else "plan", name)
    persistently = partial(posting.persistently, clock=clock, ends=api.ends)
    about = plan_markdown.About(mark, "" if name == "default" else name, job.head, job.run)

    def written(write: Callable[[str], str]) -> str:
        return persistently(
            lambda: posting.fitting(lambda limit: write(_text(found, why, about, clock.now(), limit)), there.limit)
        )

    word = review.word(found)
    try:
        if not issue:
            at = written(lambda body: posting.put_comment(there, request, mark, body))
            say(f"commented on {where} {request}{at and f': {at}'}")
        elif found is None or word == review.INCOMPLETE:
            at = written(lambda body: posting.edit_open_issue(there, mark, body))
            done = f"said so in the issue {at}" if at else f"no issue of {where} is open"
            say(f"it is unknown whether fleets and git differ; {done}")
        elif word == review.NOTHING:
            at = persistently(lambda: posting.close_issue(there, mark, review.closing(found, job.run)))
            say(f"closed {at}" if at else f"nothing differs, and no issue of {where} is open")
        else:
            at = written(lambda body: posting.put_issue(there, mark, review.issue_title(name), body))
            say(f"wrote the issue {at}")
        if label:
            ours = {one: review.label(one, name) for one in review.WORDS}
            persistently(lambda: posting.put_label(there, request, ours[word], ours.values()))
            say(f"labelled {where} {request}: {ours[word]}")
    finally:
        api.close()
    return 0


class _AnnouncingClock(wiring.SystemClock):
    """Says what it waits for: a rate limit may take minutes."""

    def sleep(self, seconds: float) -> bool:
        """Wait that long, or until stopped; return whether stopped."""
        if seconds >= WORTH_SAYING:
            say(f"waiting {duration(seconds)} before the next attempt", err=True)
        return super().sleep(seconds)


def _text(found: Plan | None, why: str, about: About, now: float, limit: int) -> str:
    """Return what is said of a plan, or of there being none, in at most `limit` bytes."""
    from reconciler.views import plan_markdown

    if found is None:
        return review.no_plan(why, about.run, name=about.name, limit=limit, marker=about.marker)
    return plan_markdown.render(found, now=now, limit=limit, about=about)


def _plan(path: Path | None, errors: Path | None) -> tuple[Plan | None, str]:
    """Return the saved plan, or why there is none."""
    why = errors.read_text(encoding="utf-8", errors="replace") if errors is not None and errors.exists() else ""
    if path is None:
        return None, why
    try:
        return read_plan(path), ""
    except ReconcilerError as error:
        return None, f"{error}\n{why}"
