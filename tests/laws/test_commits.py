"""A hundred commits, one after another, under `watch --git` that is killed again and again: the fleet is what git says after each.

Git is real, the history a file, the application simulated in this process, and time virtual. The installed command does the
same over real connections for a few commits (`tests/e2e/test_following.py`).
"""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from reconciler.cli.following import Following
from reconciler.cli.recording import Recorder, RunSoFar
from reconciler.engine.following import FollowedManifests
from reconciler.engine.run import Options
from reconciler.engine.watch import Watching
from reconciler.engine.watched import Watched
from reconciler.model.event import InForce
from reconciler.simulators.exchange import Request
from tests.laws.keeping import File
from tests.laws.mixed_sites import RELEASES
from tests.laws.months import HOUR, Gateways, Pace
from tests.laws.worlds import Killed

COMMITS, PATIENCE = 100, 4
"""How many commits there are, and in how many passes each must have reached the fleet."""
KINDS = ("version", "version", "override", "override", "pin", "absent", "invalid", "gone", "back", "drift")

CONNECTION = """\
apiVersion: reconciler/v1
kind: Connection
metadata: {{name: plant}}
spec:
  losant: {{application: {application}, url: "http://127.0.0.1", token: {{env: LOSANT_API_TOKEN}}}}
"""
FLEET = """\
apiVersion: reconciler/v1
kind: Fleet
metadata: {{name: all}}
spec:
  connection: plant
  units: {{all: true}}
  workloads:
    modbus-poller: {{version: {version}, overrides: {overrides}}}
  pins: {pins}
  limits: {{replace: 100%, remove: 100%}}
  mode: apply
"""

Desired = dict[str, str | None]
"""What git says of each unit."""


class Repository:
    """A repository of one fleet, which remembers what each of its commits means."""

    def __init__(self, top: Path, application: str, units: list[str]) -> None:
        self.top = top
        self.units = units
        (top / "fleets").mkdir(parents=True)
        self.git("init", "-q", "-b", "main")
        (top / "fleets/connection.yaml").write_text(CONNECTION.format(application=application))
        self.says: dict[str, Desired | None] = {}
        self.order: list[str] = []
        self.commit("1.0.0", {})

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", *words], cwd=self.top, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commit(self, version: str, others: Desired, *, pins: bool = False, kind: str = "") -> None:
        """Commit a version for all units, and something else for some; `kind` says how that is spoilt."""
        chosen = [f"{{units: {{ids: [{unit}]}}, {_choice(other)}}}" for unit, other in others.items()]
        pinned = [f"{unit}: {{modbus-poller: {{{_choice(other)}}}}}" for unit, other in others.items()]
        text = FLEET.format(
            version="{channel: none}" if kind == "invalid" else version,
            overrides="[]" if pins else f"[{', '.join(chosen)}]",
            pins=f"{{{', '.join(pinned)}}}" if pins else "{}",
        )
        (self.top / "fleets/fleet.yaml").write_text("kind: [" if kind == "gone" else text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", f"{kind or version}")
        head = self.git("rev-parse", "HEAD")
        self.says[head] = None if kind else {**dict.fromkeys(self.units, version), **others}
        self.order.append(head)

    def back(self, draw: random.Random) -> None:
        """Move the branch back to some commit."""
        self.order.append(draw.choice(self.order))
        self.git("reset", "-q", "--hard", self.order[-1])


def _choice(version: str | None) -> str:
    return "absent: true" if version is None else f"version: {version}"


class Story:
    """Commits between passes, and deaths in the middle of them."""

    def __init__(self, folder: Path, site: Gateways, clock: Pace) -> None:
        self.site, self.clock = site, clock
        self.draw = random.Random(7)
        self.repository = Repository(folder / "origin", site.world.app.id, list(site.units))
        self.kept = File(clock.now)
        self.followed = Following(f"file://{folder}/origin", "main", ("fleets",), folder / "cache", None, None)
        self.commits = self.waited = self.deaths = self.in_force = 0
        self.means: Desired = {}
        """What the last good commit means."""
        self.dies_in = self.dies_after = -1
        self.over = False
        clock.between = self.between
        site.wire.after = self._written

    def _written(self, request: Request) -> None:
        if request.method != "GET":
            self.dies_after -= 1
            if self.dies_after == 0:
                raise Killed

    def between(self) -> bool:
        """Compare the fleet with git; let the next thing happen where they agree."""
        self.clock.time += HOUR
        said = self.repository.says[self.repository.order[-1]]
        self.means = self.means if said is None else said
        if self.assigned() != {unit: one for unit, one in self.means.items() if one is not None}:
            self.waited += 1
            assert self.waited < PATIENCE, f"commit {self.commits}: {self.assigned()}, git says {self.means}"
            return False
        self.waited = 0
        self.over = self.commits == COMMITS
        if not self.over:
            self.happen()
        return self.over

    def assigned(self) -> dict[str, str]:
        flow = self.site.workloads[0]
        found = {unit: one.told for (name, unit), one in self.site.truths().items() if name == flow and one.told}
        return {unit: version for unit, (version,) in found.items()}

    def happen(self) -> None:
        """Commit something, or let a person at the console do something, and perhaps die soon."""
        self.commits += 1
        draw, repository = self.draw, self.repository
        kind, version = draw.choice(KINDS), draw.choice(RELEASES)
        other = None if kind == "absent" else draw.choice(RELEASES)
        some: Desired = dict.fromkeys(draw.sample(repository.units, 3), other)
        if kind == "back":
            repository.back(draw)
        elif kind == "drift":
            self.site.tell(self.site.workloads[0], repository.units[0], version)
            repository.commit(version, {})
        elif kind in {"invalid", "gone"}:
            repository.commit(version, {}, kind=kind)
        else:
            repository.commit(version, {} if kind == "version" else some, pins=kind == "pin")
        self.dies_in = draw.choice([-1, -1, draw.randrange(30)])
        self.dies_after = draw.choice([-1, -1, 1, 2])

    def live(self) -> None:
        """Watch, in as many processes as it takes."""
        while not self.over:
            with suppress(Killed):
                for _ in self._watch():
                    self.dies_in -= 1
                    if self.dies_in == 0:
                        break
            self.deaths += not self.over
            self.kept.killed()
        self.kept.close()

    def _watch(self) -> Iterator[None]:
        history, platform = self.kept.opened(), self.site.platform()
        watching = Watching(
            FollowedManifests(self.followed.source(None, self.clock), self.clock, "w", patient=True),
            lambda manifest: lambda name: platform,
            self.clock,
            Watched(interval=HOUR, apply=True, options=Options(concurrency=1, wait=False)),
            run=f"run-{self.deaths}",
            random=lambda: 0.5,
            history=history,
        )
        recorder = Recorder(lambda: None, RunSoFar(), history, hold=watching.hold)
        for event in watching.events():
            recorder.record(event)
            self.in_force += isinstance(event, InForce)
            yield


@pytest.mark.usefixtures("empty_history")
def test_the_fleet_is_what_git_says_after_each_of_a_hundred_commits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    clock = Pace()
    site = Gateways(clock, {})
    for unit in site.units:
        site.run(site.workloads[0], unit, RELEASES[0])
    story = Story(tmp_path, site, clock)
    story.live()
    assert story.commits == COMMITS
    assert story.deaths > COMMITS // 4
