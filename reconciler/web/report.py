"""Reports: one file of HTML that asks nobody for anything, whoever opens it wherever.

Its style and scripts stand in it, and its content security policy names them by their hashes, so that nothing else runs: no
name of a unit, no note of a release, no error text. The file is ASCII, so that no encoding can break it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.model.kept import Kept
from reconciler.model.plan import Plan
from reconciler.views import history_sheet, plan_sheet
from reconciler.views.long_list import LongList
from reconciler.views.words import RUNNER_COMMAND
from reconciler.web.templates import asset, digest, environment, in_script

STYLE = "style.css"
SHARED = ("theme.js", "list.js")


def of_plan(plan: Plan) -> str:
    """Return a plan as a page; the same plan gives the same bytes. Raises SettingsError where jinja2 is not installed."""
    sheet = plan_sheet.sheet(plan)
    return _page("plan.html", {"slots": sheet.slots, "calls": sheet.calls}, (*SHARED, "map.js", "plan.js"), sheet=sheet)


def of_history(found: Kept) -> str:
    """Return what a history has as a page. Raises SettingsError where jinja2 is not installed."""
    sheet = history_sheet.sheet(found)
    return _page("history.html", {"events": sheet.events}, (*SHARED, "history.js"), sheet=sheet)


def _page(template: str, lists: Mapping[str, LongList], scripts: Sequence[str], **shown: Any) -> str:
    """Return a template filled, with its style, scripts and long lists inside, and the policy that lets only these run."""
    style = asset(STYLE)
    script = "".join(f"{asset(name)}\n" for name in scripts)
    policy = (
        f"default-src 'none'; style-src '{digest(style)}'; script-src '{digest(script)}'; "
        "img-src 'none'; base-uri 'none'; form-action 'none'"
    )
    page = environment().get_template(template)
    return _ascii(
        page.render(
            **shown,
            policy=policy,
            style=style,
            script=script,
            lists={name: in_script(one.payload()) for name, one in lists.items()},
        )
    )


def _ascii(page: str) -> str:
    """Return a page with all that is not ASCII, or that a build server obeys in a log, as references.

    Style, scripts and lists have none of that.
    """
    return RUNNER_COMMAND.sub(r"##\1&#91;", page.encode("ascii", "xmlcharrefreplace").decode())
