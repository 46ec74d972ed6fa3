"""`reconciler reviewed`: the plan that was reviewed for what a push merged, for `apply --plan`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click

from reconciler.cli import wiring
from reconciler.cli.files import make_folder, read_plan, write_file
from reconciler.cli.options import FILE, DurationType
from reconciler.cli.output import say
from reconciler.errors import SettingsError
from reconciler.forge.reviewed import NotReviewed, Reviewed, choose
from reconciler.model.plan import Plan


@click.command(
    epilog="""\b
Examples:
  reconciler reviewed --github --out reviewed        in a job of a push to the main branch
  reconciler apply --plan reviewed/7.json --yes

\b
GITHUB_TOKEN needs `permissions: pull-requests: read, actions: read, contents: read`.

\b
Exit codes: 0 at least one plan was fetched, 1 there is none.""",
)
@click.option("--github", "forge", flag_value="github", help="Ask GitHub (default: where the job runs).")
@click.option("--name", default="default", show_default=True, help="The same as that of the plan workflow.")
@click.option(
    "--workflow",
    default=".github/workflows/plan.yml",
    show_default=True,
    metavar="FILE",
    help="The workflow that plans, as its repository has it.",
)
@click.option("--out", type=FILE, required=True, metavar="FOLDER", help="Where to: NUMBER.json for each pull request.")
@click.option("--repository", metavar="OWNER/NAME", help="The repository (default: the job's).")
@click.option("--commit", metavar="SHA", help="A commit of the branch (default: those of the job's push).")
@click.option("--branch", metavar="NAME", help="The branch that was pushed to (default: the job's).")
@click.option(
    "--timeout", type=DurationType("1s", "1d"), default="10m", show_default=True, help="Give up after this time."
)
def command(
    forge: str | None,
    name: str,
    workflow: str,
    out: Path,
    repository: str | None,
    commit: str | None,
    branch: str | None,
    timeout: float,
) -> int:
    """Fetch the plans that were reviewed, of the pull requests that a push merged.

    Of each request the newest plan is taken that is not newer than the approval of the same commits by somebody
    who may write (without one: than the merge), and only one that the plan workflow of the repository itself made for it.
    """
    from reconciler.forge import context
    from reconciler.forge.github_runs import Runs

    if (forge or context.kind(os.environ)) != "github":
        raise click.UsageError("give --github; GitLab keeps the plan in the pipeline that applies it")
    push = context.github_push(os.environ)
    where, after, onto = repository or push.repository, commit or push.after, branch or push.branch
    if not after or not onto:
        raise SettingsError("this is no job of a push", hint="name a commit and its branch with --commit and --branch")
    make_folder(out)
    if any(out.iterdir()):
        raise SettingsError(
            f"{out} is not empty: what an earlier job left there is not reviewed", hint="remove it first"
        )
    api = context.github_api(where, os.environ, wiring.SystemClock(), timeout, context.READ_HINTS)
    runs = Runs(api, where, workflow)
    problems: list[str] = []
    fetched = 0
    try:
        requests = runs.merged("" if commit else push.before, after, onto)
        for request in requests:
            try:
                found = choose(request, runs.approvals(request), list(runs.kept(request, name)))
            except NotReviewed as problem:
                problems.append(f"pull request {request.number}: {problem.advised}")
                continue
            file = out / f"{request.number}.json"
            write_file(file, runs.fetch(found.plan))
            say(*_words(found, read_plan(file)))
            fetched += 1
    finally:
        api.close()
    if not requests:
        raise NotReviewed(f"{after} came to {onto} with no pull request, so nobody reviewed a plan for it", hint=HINT)
    if not fetched:
        raise NotReviewed("\n".join(problems))
    say(*(f"warning: not applied: {problem}" for problem in problems), err=True)
    return 0


def _words(found: Reviewed, plan: Plan) -> Iterator[str]:
    from reconciler.views import review

    kept, word = found.plan, (found.word.by, found.word.at)
    number, approved, newer = found.request.number, found.approved, found.newer
    return review.reviewed(plan, number, of=kept.of, made=kept.at, word=word, approved=approved, newer=newer)


HINT = "`reconciler watch --once --mode apply`, or `reconciler apply` by hand, brings the fleets up to it"
