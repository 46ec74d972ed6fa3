"""Activating a release for a cohort, and pulling it: what the API and people in the console do alike."""

from reconciler.simulators.exchange import Json
from reconciler.simulators.memfault.inventory import NORMAL, PULLED, STAGED, WAITING, Cohort, Deployment, Release
from reconciler.simulators.memfault.project import Project
from reconciler.simulators.memfault.updates import Updates


class Activations:
    """Changes what is active, and lets the devices know."""

    def __init__(self, project: Project, updates: Updates) -> None:
        self.project = project
        self.updates = updates

    def active(self, cohort: Cohort, release: Release) -> Deployment | None:
        """The activation of a release that is in force for a cohort."""
        return next((one for one in self.project.activations(cohort) if one.release is release), None)

    def draft(self, cohort: Cohort, release: Release, percent: int | None, extra_info: Json = None) -> Deployment:
        """An activation that is not there yet; a percentage makes it a staged rollout.

        A normal one shows 0 % (confirmed: SW example). Whether the API's wait for approval is a variant.
        """
        now, kind = self.project.now(), NORMAL if percent is None else STAGED
        status = self.project.variants["activation-status"]
        number = next(self.project.ids)
        return Deployment(number, kind, status, percent or 0, release, cohort, now, now, extra_info)

    def draft_of_api(self, cohort: Cohort, release: Release, percent: int | None, extra_info: Json) -> Deployment:
        """The same as an API call makes it: a variant has it wait for a second person's approval."""
        made = self.draft(cohort, release, percent, extra_info)
        if self.project.variants["approval"] == "pending":
            made.status = WAITING
        return made

    def put(self, deployment: Deployment) -> None:
        """Have an activation be there; one whose cohort has gone meanwhile comes to nothing."""
        cohort = deployment.cohort
        if self.project.cohorts.get(cohort.slug) is not cohort:
            return
        self.project.deployments[deployment.id] = deployment
        cohort.last_deployment = deployment.created
        self.updates.cohort_changed(cohort)

    def pull(self, deployment: Deployment) -> None:
        """End an activation: devices keep what they have. What is left of it to be seen is a variant."""
        left = self.project.variants["pull-status"]
        if left == "removed":
            self.project.deployments.pop(deployment.id, None)
            deployment.status = PULLED
        else:
            self.set_status(deployment, left)

    def set_status(self, deployment: Deployment, status: str) -> None:
        """Give an activation any status word; it is in force with those of `ACTIVE` alone."""
        deployment.status = status
        self._changed(deployment)

    def set_percent(self, deployment: Deployment, percent: int) -> None:
        """Let a staged rollout reach another part of its cohort."""
        deployment.percent = percent
        self._changed(deployment)

    def set_extra_info(self, deployment: Deployment, extra_info: Json) -> None:
        """Put another note on an activation."""
        deployment.extra_info = extra_info
        deployment.updated = self.project.now()

    def _changed(self, deployment: Deployment) -> None:
        deployment.updated = self.project.now()
        self.updates.cohort_changed(deployment.cohort)
