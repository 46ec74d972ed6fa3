"""What is uncertain about GetApp: the questions that its documents leave open.

The agent's code is not public, so that much of what it does is unknown or inferred. The simulator does not guess once:
each question is a variant, `--variant question=answer`, and laws run over all answers. A number is that of section 9 of
the facts.
"""

from reconciler.simulators.variants import Question
from reconciler.simulators.variants import Variants as AnyVariants

QUESTIONS: tuple[Question, ...] = (
    Question("v2-actions", ("inferred", "absent"), "whether an agent has V2 routes for start, cancel and delete", 1),
    Question(
        "cdn-action-body",
        ("catalogId+deviceIds", "catalog_id+device_ids"),
        "the names in the body of an action on many devices",
        2,
    ),
    Question("cdn-partial-failure", ("silent", "listed"), "whether it tells which devices did not take it", 2),
    Question("cdn-push", ("needed", "not-needed"), "whether a child takes a release only after it was pushed to it"),
    Question(
        "pushed-state", ("offering", "push"), "the state of a release that was pushed, in what a device is offered"
    ),
    Question("settings", ("camel", "sections"), "an agent's settings by their names in the API, or as in its file"),
    Question("uninstall", ("removes", "records-only"), "whether a change of state to Uninstall takes software away", 4),
    Question("list-wrap", ("array", "object"), "whether an agent's list of releases stands in an object, `data`", 5),
    Question(
        "multi-version",
        ("in-place", "side-by-side", "uninstalled", "deleted"),
        "what becomes of an installed version when another is installed",
        6,
    ),
    Question("gone-rows", ("lingers", "drops"), "whether deleted and uninstalled releases stay listed", 6),
    Question("v1-prefix", ("root", "api-v1", "both"), "where the V1 routes of an agent answer", 7),
    Question("repeat-action", ("200", "405"), "an action that asks for what already is", 8),
    Question("delete-installed", ("refuse", "allow"), "deleting a release that is installed", 8),
    Question("answer-shape", ("nested", "flat"), "a release's row with a `release` object, or the older flat one"),
    Question("inactive-releases", ("empty", "absent"), "how an inactive device stands in the releases of all devices"),
    Question("unprepared-read", ("starts", "not-found"), "reading a preparation that nobody asked for"),
    Question("swagger", ("on", "off"), "whether the agent serves its OpenAPI documents"),
    Question("auto-deploy", ("release", "always", "never"), "who decides that a download is installed at once"),
)


class Variants(AnyVariants):
    """One answer to every question about GetApp."""

    questions = QUESTIONS
