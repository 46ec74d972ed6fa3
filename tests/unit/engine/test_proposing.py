"""Plans that a watch proposes: nothing goes before a person approved it, and nothing more than that afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial

import msgspec

from reconciler.core.decide import PlanRequest
from reconciler.core.remember import Remembering
from reconciler.engine.manifests import Reloading
from reconciler.engine.run import Options
from reconciler.engine.watch import Watching
from reconciler.engine.watched import Watched
from reconciler.model.event import AnyEvent, Approved, Proposed, Settled
from reconciler.model.outcome import Result
from tests.unit.engine.memory import ACCEPTED, REFUSED, Memory, request
from tests.unit.engine.test_watching import INTERVAL, Between, Git

DAY = 86400.0


class Proposals:
    """A watch of a platform in memory whose events are remembered; things happen between its passes."""

    def __init__(self, *happens: Callable[[Proposals], object], mode: str = "propose", propose: bool = False) -> None:
        self.clock = Between()
        self.clock.happens = [partial(one, self) for one in happens]
        self.platform = Memory(self.clock)
        self.history = Remembering(self.clock.now(), durable=False)
        self.git = Git(proposing(request(), mode))
        self.events: list[AnyEvent] = []
        how = Watched(interval=INTERVAL, apply=True, propose=propose, options=Options(concurrency=1, wait=False))
        watching = Watching(
            Reloading(self.git, lambda _: self.git.commit, self.clock, "w"),
            lambda manifest: lambda name: self.platform,
            self.clock,
            how,
            run="w",
            random=lambda: 0.5,
            history=self.history,
        )
        for event in watching.events():
            self.history.record(event)
            self.events.append(event)

    def approve(self, which: int = -1) -> None:
        """Approve a plan that was proposed."""
        one = self.proposed[which]
        self.history.record(
            Approved(
                at=self.clock.now(), run="", fleet=one.fleet, fingerprint=one.plan.fingerprint, reason="r", by="ada"
            )
        )

    @property
    def proposed(self) -> list[Proposed]:
        return [one for one in self.events if isinstance(one, Proposed)]

    @property
    def outcomes(self) -> list[tuple[str, Result]]:
        return [(one.outcome.unit.id, one.outcome.result) for one in self.events if isinstance(one, Settled)]


def proposing(asked: PlanRequest, mode: str = "propose") -> PlanRequest:
    """Return a request for manifests whose fleets have this mode."""
    fleets = {
        name: msgspec.structs.replace(one, spec=msgspec.structs.replace(one.spec, mode=mode))
        for name, one in asked.manifest.fleets.items()
    }
    return msgspec.structs.replace(asked, manifest=msgspec.structs.replace(asked.manifest, fleets=fleets))


def nothing(_: Proposals) -> None:
    """Let a pass go by."""


def test_nothing_goes_before_a_person_approved_the_plan_and_then_all_of_it_does() -> None:
    run = Proposals(nothing, Proposals.approve, nothing)
    assert [len(one.plan.fleets[0].changes) for one in run.proposed] == [4], "it is proposed once"
    assert run.platform.calls == [("2", ("u0", "u1", "u2", "u3"))]
    assert Proposals(nothing, nothing).platform.calls == []


def test_a_watch_may_do_less_than_a_fleet_allows() -> None:
    waits = Proposals(nothing, mode="apply", propose=True)
    assert (len(waits.proposed), waits.platform.calls) == (1, [])
    assert Proposals(mode="observe", propose=True).proposed == []


def test_of_what_was_approved_goes_what_is_as_it_was_and_the_rest_is_proposed_anew() -> None:
    def drift(one: Proposals) -> None:
        one.approve()
        one.platform.set("u1", "7")

    run = Proposals(drift, nothing, Proposals.approve)
    assert [[change.unit.id for change in one.plan.fleets[0].changes] for one in run.proposed][1:] == [["u1"]]
    assert run.platform.calls == [("2", ("u0", "u2", "u3")), ("2", ("u1",))]
    assert ("u1", Result.STALE) in run.outcomes


def test_a_proposal_that_is_no_longer_what_would_go_is_made_anew() -> None:
    run = Proposals(lambda one: one.platform.set("u1", "2"), lambda one: one.platform.set("u2", "7"), Proposals.approve)
    assert [len(one.plan.fleets[0].changes) for one in run.proposed] == [4, 3], "what is done already makes none anew"
    assert run.platform.calls == [("2", ("u0", "u2", "u3"))]


def test_a_plan_that_expired_or_is_of_other_manifests_is_proposed_anew() -> None:
    def late(one: Proposals) -> None:
        one.clock.step = 2 * DAY
        one.approve()

    run = Proposals(late, nothing)
    assert (len(run.proposed), run.platform.calls) == (2, [])

    def other(one: Proposals) -> None:
        one.approve()
        one.git.say(proposing(request("3")), commit="d")

    run = Proposals(other, nothing)
    assert [one.plan.fleets[0].changes[0].to for one in run.proposed] == ["2", "3"]
    assert run.platform.calls == []


def test_an_approval_of_an_older_proposal_is_none() -> None:
    run = Proposals(lambda one: one.platform.set("u1", "7"), lambda one: one.approve(0), nothing)
    assert (len(run.proposed), run.platform.calls) == (2, [])


def test_what_became_of_an_approved_change_is_reported_once_while_the_rest_goes_on() -> None:
    """One unit is refused again and again, so the plan is carried out for several passes."""

    def refuse(one: Proposals) -> None:
        one.approve()
        one.platform.script = [lambda action: REFUSED if "u3" in action.request.body["units"] else ACCEPTED] * 50

    run = Proposals(refuse, nothing, nothing, nothing, nothing, nothing)
    told = Counter(run.outcomes)
    assert {unit: told[unit, Result.DONE] for unit in ("u0", "u1", "u2")} == {"u0": 1, "u1": 1, "u2": 1}
    assert told["u3", Result.FAILED] > 1, "each refusal is told"
    assert len(run.proposed) == 1
