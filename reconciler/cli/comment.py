"""`reconciler comment`: a plan where people review it, as one comment that is edited in place."""

from __future__ import annotations

import os
from pathlib import Path

import click

from reconciler.cli import wiring
from reconciler.cli.files import read_plan
from reconciler.cli.options import FILE, DurationType
from reconciler.cli.output import say
from reconciler.errors import ReconcilerError, SettingsError


@click.command(
    epilog="""\b
Examples:
  reconciler comment --github --plan plan.json       in a job of a pull request
  reconciler comment --gitlab --plan plan.json       in a job of a merge request, with GITLAB_TOKEN
  reconciler comment --github                        without a plan: says that none could be made

\b
Exit codes: 0 written, 1 not written.""",
)
@click.option("--github", "forge", flag_value="github", help="Write on GitHub: GITHUB_TOKEN, pull-requests: write.")
@click.option("--gitlab", "forge", flag_value="gitlab", help="Write on GitLab: GITLAB_TOKEN with the scope api.")
@click.option("--plan", "plan_file", type=FILE, metavar="FILE", help="The saved plan; without one there was none.")
@click.option("--errors", type=FILE, metavar="FILE", help="What `plan` wrote to standard error, where it made none.")
@click.option("--name", default="default", show_default=True, help="Tells several plans of a repository apart.")
@click.option("--repository", metavar="OWNER/NAME", help="The repository, where the environment does not say it.")
@click.option("--number", metavar="N", help="The pull or merge request, where the environment does not say it.")
@click.option("--timeout", type=DurationType("1s", "1d"), default="10m", show_default=True, help="Give up after.")
def command(
    forge: str | None,
    plan_file: Path | None,
    errors: Path | None,
    name: str,
    repository: str | None,
    number: str | None,
    timeout: float,
) -> int:
    """Write a saved plan as one comment on a pull or merge request, or edit the one that is there.

    Reads the repository, the request and the token from the environment of GitHub Actions or GitLab CI.
    """
    from reconciler.forge import context, posting

    clock = wiring.SystemClock()
    forge = forge or ("github" if os.environ.get("GITHUB_ACTIONS") else "gitlab" if os.environ.get("GITLAB_CI") else "")
    if not forge:
        raise click.UsageError("give --github or --gitlab")
    reviews = {"github": context.github_review, "gitlab": context.gitlab_review}
    review = reviews[forge](os.environ)
    where = repository or review.repository
    request = number or review.request
    if not request:
        raise SettingsError("this is no job of a pull request", hint="use --number N")
    opened, api = {"github": context.github, "gitlab": context.gitlab}[forge](where, os.environ, clock, timeout)
    mark = posting.marker("plan", name)
    text = _text(plan_file, errors, review.run, clock.now(), opened.limit, mark)
    written = posting.persistently(lambda: posting.put_comment(opened, request, mark, text), clock, api.ends)
    api.close()
    say(f"commented on {where} {request}{written and f': {written}'}")
    return 0


def _text(plan_file: Path | None, errors: Path | None, run: str, now: float, limit: int, marker: str) -> str:
    from reconciler.views import plan_markdown

    why = errors.read_text(errors="replace") if errors is not None and errors.exists() else ""
    if plan_file is not None:
        try:
            return plan_markdown.render(read_plan(plan_file), now=now, limit=limit, marker=marker)
        except ReconcilerError as error:
            why = f"{error}\n{why}"
    return plan_markdown.no_plan(why, run, limit=limit, marker=marker)
