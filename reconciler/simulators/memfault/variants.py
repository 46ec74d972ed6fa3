"""The questions that Memfault's documents leave open, each with its possible answers.

The facts end with nine questions that only a live project can settle, and many facts are inferred or differ between
years. The simulator does not guess once: each question is a variant, `--variant question=answer`, and laws run over all
answers. The number is that of section 10 of the facts; a dash marks an inference that is worth doubting.

| # | question | answers | default | about |
|---|---|---|---|---|
| 1 | patch-rollout | accept, reject, ignore | accept | whether a PATCH may change the percentage of a staged rollout |
| 2 | activation-status | done, in_progress | done | the status of an activation that is in force |
| 2 | pull-status | removed, pulled, aborted | removed | what is left of an activation that was deleted |
| 3 | per-page | capped-100, as-asked | capped-100 | whether more than 100 rows a page can be had |
| 5 | cohort-devices | shown, 404 | shown | whether the members of a cohort can be listed |
| 7 | already-active | 400, 409, 200 | 400 | the status when a release is activated twice |
| 8 | approval | off, pending | off | whether an activation waits for a second person |
| - | device-shape | reference, live | reference | devices as documented, or as seen since 2022 |
| - | deployments-in-cohort | shown, absent | shown | whether a single cohort lists its deployments |
| - | create-status | 200, 201 | 200 | the status of creates |
| - | device-patch | 200, 202 | 200 | whether a device is changed at once, or later |
| - | release-of-events | listed, hidden | listed | whether a release known from events alone is a release |
| - | activation-visible | now, later | now | whether a created activation can be read and is in force |
| - | min-version | respected, ignored | respected | whether a device below it is offered the release |
| - | version-order | semver, natural | semver | how versions are ordered |
| - | type-versions | shown, 404 | shown | whether the versions of a software type can be read |
| - | must-pass-told | shown, absent | shown | whether replies say that a release must be passed through |
| - | activate-empty | accept, reject | accept | whether a release without payloads can be activated |
"""

from reconciler.simulators.variants import Question
from reconciler.simulators.variants import Variants as AnyVariants

QUESTIONS: tuple[Question, ...] = (
    Question("patch-rollout", ("accept", "reject", "ignore"), "accept", 1),
    Question("activation-status", ("done", "in_progress"), "done", 2),
    Question("pull-status", ("removed", "pulled", "aborted"), "removed", 2),
    Question("per-page", ("capped-100", "as-asked"), "capped-100", 3),
    Question("cohort-devices", ("shown", "404"), "shown", 5),
    Question("already-active", ("400", "409", "200"), "400", 7),
    Question("approval", ("off", "pending"), "off", 8),
    Question("device-shape", ("reference", "live"), "reference"),
    Question("deployments-in-cohort", ("shown", "absent"), "shown"),
    Question("create-status", ("200", "201"), "200"),
    Question("device-patch", ("200", "202"), "200"),
    Question("release-of-events", ("listed", "hidden"), "listed"),
    Question("activation-visible", ("now", "later"), "now"),
    Question("min-version", ("respected", "ignored"), "respected"),
    Question("version-order", ("semver", "natural"), "semver"),
    Question("type-versions", ("shown", "404"), "shown"),
    Question("must-pass-told", ("shown", "absent"), "shown"),
    Question("activate-empty", ("accept", "reject"), "accept"),
)


class Variants(AnyVariants):
    """One answer to every question about Memfault."""

    questions = QUESTIONS
