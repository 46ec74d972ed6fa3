"""A history in a PostgreSQL whose role may not do everything: what it may is done, what it may not says which right is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.e2e.conftest import FLEET, Ran, Simulator
from tests.postgres import Postgres

Run = Callable[..., Ran]


def test_a_role_without_rights_sends_nothing_and_learns_which_it_needs(
    run: Run, tmp_path: Path, plant: Simulator, postgres: Postgres, database: str
) -> None:
    name = database.partition("@/")[2].partition("?")[0]
    postgres.execute(f"CREATE ROLE reader_{name} LOGIN")
    postgres.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC", database=name)
    poor = postgres.url(name, user=f"reader_{name}")
    plant.manifest(tmp_path / "m", FLEET)
    watch = ("watch", "m", "--once", "--mode", "apply", "--history")

    refused = run(*watch, poor, token=plant.token)
    assert (refused.code, "permission denied for schema public\n" in refused.err) == (1, True), refused
    assert "hint: GRANT USAGE, CREATE ON SCHEMA public TO this role" in refused.err
    assert "holds no history yet" in run("history", "--history", poor).err

    assert run("watch", "m", "--once", "--history", database, token=plant.token).code == 0
    refused = run(*watch, poor, token=plant.token)
    assert (refused.code, "hint: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES" in refused.err) == (1, True), (
        refused
    )

    postgres.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader_{name}", database=name)
    assert "manifests in force" in run("history", "--history", poor).out
    assert run("rollout", "status", "-f", "m", "--history", poor, token=plant.token).code == 0
    refused = run(*watch, poor, token=plant.token)
    assert (refused.code, "until it can be, nothing is sent" in refused.out) == (1, True), refused
    assert plant.writes == []

    postgres.execute(f"GRANT INSERT ON ALL TABLES IN SCHEMA public TO reader_{name}", database=name)
    assert run(*watch, poor, token=plant.token).code == 0
    assert len(plant.writes) == 1
