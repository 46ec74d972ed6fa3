"""The questions that GetApp's documents leave open, each with its possible answers.

The agent's code is not public, so that much of what it does is unknown or inferred. The simulator does not guess once:
each question is a variant, `--variant question=answer`, and laws run over all answers. The number is that of section 9
of the facts; a dash marks an inference that is worth doubting.

| # | question | answers | default | about |
|---|---|---|---|---|
| 1 | v2-actions | inferred, absent | inferred | whether an agent has V2 routes for start, pause, cancel and delete |
| 2 | cdn-action-body | catalogId+deviceIds, catalog_id+device_ids | catalogId+deviceIds | the names in the body of an action on many devices |
| 2 | cdn-partial-failure | silent, listed | silent | whether that action tells which devices did not take it |
| 4 | uninstall | removes, records-only | removes | whether a change of state to Uninstall takes the software away |
| 5 | list-wrap | array, object | array | whether an agent's list of releases stands in an object under `data` |
| 6 | multi-version | in-place, side-by-side, uninstalled, deleted | in-place | what becomes of an installed version when another is installed |
| 6 | gone-rows | lingers, drops | lingers | whether deleted and uninstalled releases stay listed |
| 7 | v1-prefix | root, api-v1, both | root | where the V1 routes of an agent answer |
| 8 | repeat-action | 200, 405 | 200 | an action that asks for what already is |
| 8 | delete-installed | refuse, allow | refuse | deleting a release that is installed |
| - | answer-shape | nested, flat | nested | a release's row with a `release` object, or the older flat one |
| - | inactive-releases | empty, absent | empty | how an inactive device stands in the releases of all devices |
| - | unprepared-read | starts, not-found | starts | reading a preparation that nobody asked for |
| - | swagger | on, off | on | whether the agent serves its OpenAPI documents |
| - | auto-deploy | release, always, never | release | who decides that a download is installed at once |
"""

from reconciler.simulators.variants import Question
from reconciler.simulators.variants import Variants as AnyVariants

QUESTIONS: tuple[Question, ...] = (
    Question("v2-actions", ("inferred", "absent"), "inferred", 1),
    Question("cdn-action-body", ("catalogId+deviceIds", "catalog_id+device_ids"), "catalogId+deviceIds", 2),
    Question("cdn-partial-failure", ("silent", "listed"), "silent", 2),
    Question("uninstall", ("removes", "records-only"), "removes", 4),
    Question("list-wrap", ("array", "object"), "array", 5),
    Question("multi-version", ("in-place", "side-by-side", "uninstalled", "deleted"), "in-place", 6),
    Question("gone-rows", ("lingers", "drops"), "lingers", 6),
    Question("v1-prefix", ("root", "api-v1", "both"), "root", 7),
    Question("repeat-action", ("200", "405"), "200", 8),
    Question("delete-installed", ("refuse", "allow"), "refuse", 8),
    Question("answer-shape", ("nested", "flat"), "nested"),
    Question("inactive-releases", ("empty", "absent"), "empty"),
    Question("unprepared-read", ("starts", "not-found"), "starts"),
    Question("swagger", ("on", "off"), "on"),
    Question("auto-deploy", ("release", "always", "never"), "release"),
)


class Variants(AnyVariants):
    """One answer to every question about GetApp."""

    questions = QUESTIONS
