"""Commands that read and tell: import, status, explain, doctor, snapshot, diff; and planning offline."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Ran, Simulator, simulating

Run = Callable[..., Ran]


@pytest.fixture
def imported(plant: Simulator, run: Run, tmp_path: Path) -> Path:
    """A folder with the imported manifest."""
    ran = run(
        "import", "losant", "--application", plant.application, "--url", plant.url, "--out", "m", token=plant.token
    )
    assert ran.code == 0, ran
    return tmp_path / "m"


def test_import_writes_what_plans_to_nothing(plant: Simulator, run: Run, imported: Path) -> None:
    assert sorted(path.name for path in imported.iterdir()) == ["connections.yaml", "fleet.yaml"]
    text = "".join(path.read_text() for path in imported.iterdir())
    assert plant.token not in text
    assert "{env: LOSANT_API_TOKEN}" in text
    assert text.count("\n") < 60
    ran = run("plan", "m", "--detailed-exitcode", "--strict", token=plant.token)
    assert ran.code == 0, ran
    before = (imported / "fleet.yaml").read_bytes()
    again = ("import", "losant", "--application", plant.application, "--url", plant.url, "--out", "m", "--fleet", "x")
    ran = run(*again, token=plant.token)
    assert ran.code == 1
    assert "exist already; nothing was written" in ran.err
    assert (imported / "fleet.yaml").read_bytes() == before
    assert run(*again, "--force", token=plant.token).code == 0
    assert b"{name: x}" in (imported / "fleet.yaml").read_bytes()


def test_import_from_a_connection_that_is_written_already(plant: Simulator, run: Run, imported: Path) -> None:
    ran = run("import", "--from", "m/connections.yaml", "--connection", "losant", "--out", "-", token=plant.token)
    assert ran.code == 0, ran
    written = (imported / "fleet.yaml").read_text()
    assert ran.out == written
    assert "slots of" in ran.err
    other = (imported / "fleet.yaml").read_text().replace("connection: losant", "connection: other")
    (imported / "other.yaml").write_text(other.replace("{name: losant}", "{name: other}"))
    connection = (imported / "connections.yaml").read_text().replace("{name: losant}", "{name: other}")
    (imported / "other-connection.yaml").write_text(connection.replace(plant.application, "a" * 24))
    ran = run("import", "--from", "m", "--connection", "losant", "--out", "again", token=plant.token)
    assert ran.code == 0, ran
    assert "warning: the fleet 'losant' also uses 'losant'" in ran.err
    assert not (imported.parent / "again" / "connections.yaml").exists()
    assert (imported.parent / "again" / "fleet.yaml").read_text() == written
    assert "next: reconciler plan again" in ran.out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 64, "give a platform and which application of it, or --from PATH"),
        (("losant", "--from", "m"), 64, "give a platform and which application of it, or --from PATH"),
        (("losant",), 64, "--application ID is needed: the application to read"),
        (("losant", "--application", "12"), 1, "must be an id of 24 hex digits"),
        (("losant", "--application", "5" * 24, "--connection", "a b"), 1, "would not be a valid manifest"),
        (("losant", "--application", "5" * 24, "--token-env", "NOPE"), 1, "the environment variable NOPE is not set"),
        (("losant", "--application", "5" * 24, "--url", "http://example.com"), 1, "http"),
    ],
)
def test_import_refuses_what_cannot_be_meant(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    ran = run("import", *arguments)
    assert ran.code == code, ran
    assert words in ran.err
    assert list(tmp_path.iterdir()) == []


def test_import_of_several_connections_must_say_which(plant: Simulator, run: Run, imported: Path) -> None:
    text = (imported / "connections.yaml").read_text()
    (imported / "connections.yaml").write_text(
        f"{text}---\n{text.replace('name: losant', 'name: second').replace(plant.application, 'a' * 24)}"
    )
    ran = run("import", "--from", "m/connections.yaml", "--out", "-", token=plant.token)
    assert ran.code == 64, ran
    assert "say which with --connection: losant, second" in ran.err


def test_import_says_when_it_cannot_write(plant: Simulator, run: Run, imported: Path) -> None:
    (imported.parent / "file").write_text("")
    ran = run("import", "--from", "m/connections.yaml", "--out", "file/folder", token=plant.token)
    assert ran.code == 1, ran
    assert "cannot create the folder file" in ran.err


def test_status_tells_fleets_and_units(plant: Simulator, run: Run, imported: Path) -> None:
    ran = run("status", "m", token=plant.token)
    assert ran.code == 0, ran
    assert "synced" in ran.out
    assert "healthy" in ran.out
    found = run("status", "m", "--units", "-o", "json", token=plant.token).json
    assert found["format"] == "reconciler/status.v1"
    (fleet,) = found["fleets"]
    assert len(fleet["unit_list"]) == fleet["units"] == 40
    assert fleet["ready"] == fleet["total"] > 0


def test_status_of_what_cannot_be_read_ends_with_1(plant: Simulator, run: Run, imported: Path) -> None:
    ran = run("status", "m", token="wrong")
    assert ran.code == 1, ran
    assert "could not be read" in ran.out
    assert "wrong" not in ran.out + ran.err


def test_explain_names_line_commit_and_author(plant: Simulator, run: Run, imported: Path) -> None:
    unit = run("status", "m", "--units", "-o", "json", token=plant.token).json["fleets"][0]["unit_list"][0]["unit"]
    settings = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "PATH": "/usr/bin:/bin:/usr/local/bin"}
    who = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "a@b.invalid"}
    who |= {"GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "a@b.invalid"}
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "Import the plant"]):
        subprocess.run(["git", *arguments], cwd=imported, env={**settings, **who}, check=True)
    ran = run("explain", unit["name"], "modbus-poller", "m", token=plant.token)
    assert ran.code == 0, ran
    assert "m/fleet.yaml:" in ran.out
    assert "by Ada" in ran.out
    assert "Import the plant" in ran.out
    every = run("explain", unit["id"], "m", "-o", "json", token=plant.token).json
    assert every["format"] == "reconciler/explanation.v1"
    assert "modbus-poller" in {slot["workload"]["name"] for slot in every["slots"]}
    assert all(slot["won"]["commit"] for slot in every["slots"])
    lost = run("explain", unit["name"] + "0", "m", token=plant.token)
    assert lost.code == 1
    assert "there is no unit" in lost.err


def test_doctor_tells_what_is_there_and_what_is_not(plant: Simulator, run: Run, imported: Path) -> None:
    ran = run("doctor", "m", token=plant.token)
    assert ran.code == 0, ran
    assert "reconciler 0." in ran.out
    assert "not checked" in ran.out
    found = run("doctor", "m/connections.yaml", "-o", "json")
    assert found.code == 1
    plant_checks = next(one["checks"] for one in found.json["connections"] if one["connection"] == "losant")
    assert plant_checks[0]["status"] == "failed"
    assert "LOSANT_API_TOKEN is not set" in plant_checks[0]["message"]
    bare = run("doctor", "m", token=plant.token, PATH="/nowhere")
    assert "git is not installed" in bare.out
    assert bare.code == 0, bare
    (imported.parent / "repository").mkdir()
    for arguments in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"]):
        who = {f"GIT_{role}_{what}": "a@b" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        subprocess.run(
            ["git", *arguments], cwd=imported.parent / "repository", env={**who, "PATH": "/usr/bin:/bin"}, check=True
        )
    assert "at commit" in run("doctor", "repository").out
    broken = run("doctor", "nowhere")
    assert broken.code == 1
    assert "there is no file or folder nowhere" in broken.out


def test_a_snapshot_is_planned_offline_and_compared(plant: Simulator, run: Run, imported: Path) -> None:
    ran = run("snapshot", "m", "--out", "s.json", token=plant.token)
    assert ran.code == 0, ran
    assert plant.token not in (imported.parent / "s.json").read_text()
    offline = run("plan", "m", "--snapshot", "s.json", "--detailed-exitcode", "--out", "a.json")
    assert offline.code == 0, offline
    fleet = imported / "fleet.yaml"
    version = json.loads(run("plan", "m", "--snapshot", "s.json", "-o", "json").out)
    assert version["complete"]
    copy = imported.parent / "changed"
    copy.mkdir()
    (copy / "connections.yaml").write_text((imported / "connections.yaml").read_text())
    (copy / "fleet.yaml").write_text(fleet.read_text().replace("version: v1.2.0", "version: v1.3.0"))
    assert fleet.read_text() != (copy / "fleet.yaml").read_text()
    changed = run("plan", "changed", "--snapshot", "s.json", "--detailed-exitcode", "--out", "b.json")
    assert changed.code == 5, changed  # the snapshot knows no release but those that were assigned
    manifests = run("diff", "m", "changed")
    assert manifests.code == 2, manifests
    assert "v1.2.0 → v1.3.0" in manifests.out
    assert run("diff", "m", "m").code == 0
    plans = run("diff", "a.json", "b.json", "-o", "json")
    assert plans.code == 2, plans
    assert plans.json["kind"] == "plan"
    assert any(one["path"][1] in {"changes", "held"} for one in plans.json["differences"])
    assert run("diff", "s.json", "s.json").code == 0
    assert run("diff", "m/fleet.yaml", "s.json").code == 1


@pytest.fixture(scope="module")
def yard() -> Iterator[Simulator]:
    with simulating(units=3) as one:
        yield one


def test_several_connections_are_a_folder_of_snapshots(
    plant: Simulator, yard: Simulator, run: Run, imported: Path
) -> None:
    text = (imported / "connections.yaml").read_text()
    second = text.replace("name: losant", "name: second").replace(plant.url, yard.url)
    (imported / "connections.yaml").write_text(f"{text}---\n{second}")
    one = run("snapshot", "m", "--out", "s.json", token=plant.token)
    assert one.code == 1
    assert "a file holds one connection, but there are 2: losant, second" in one.err
    ran = run("snapshot", "m", "--out", "s", token=plant.token)
    assert ran.code == 0, ran
    folder = imported.parent / "s"
    assert sorted(path.name for path in folder.iterdir()) == ["losant.json", "second.json"]
    assert run("plan", "m", "--snapshot", "s", "--detailed-exitcode").code == 0
    missing = run("plan", "m", "--snapshot", "s/second.json")
    assert missing.code == 1
    assert "has no snapshot of the connection 'losant'; it has second" in missing.out.replace("\n    ", " ")
    (folder / "again.json").write_bytes((folder / "losant.json").read_bytes())
    twice = run("plan", "m", "--snapshot", "s")
    assert twice.code == 1
    assert "two snapshots of one connection" in twice.out + twice.err
    (imported.parent / "file").write_text("")
    nowhere = run("snapshot", "m", "--out", "file/x", "--connection", "losant", token=plant.token)
    assert nowhere.code == 1
    assert "cannot create the folder" in nowhere.err


def test_snapshots_of_something_else_are_refused(plant: Simulator, run: Run, imported: Path) -> None:
    here = imported.parent
    assert run("snapshot", "m", "--out", "s.json", token=plant.token).code == 0
    kept = json.loads((here / "s.json").read_text())

    def planned(change: dict[str, object] | bytes) -> Ran:
        content = change if isinstance(change, bytes) else json.dumps({**kept, **change}).encode()
        (here / "t.json").write_bytes(content)
        return run("plan", "m", "--snapshot", "t.json")

    refused: list[tuple[dict[str, object] | bytes, str]] = [
        ({"identity": "losant:elsewhere"}, "was recorded from losant:elsewhere, but the connection 'losant' is"),
        ({"format": "reconciler/snapshot.v9"}, "reconciler/snapshot.v9"),
        ({"states": []}, "cannot be used as a snapshot"),
        (b'{"format": ', "is not a recorded snapshot"),
        (b"[]", "is not a recorded snapshot"),
    ]
    for change, words in refused:
        ran = planned(change)
        assert ran.code == 1, ran
        assert words in ran.out + ran.err
    assert run("plan", "m", "--snapshot", "nowhere.json").code == 1
    (here / "connections").mkdir()
    ran = run("plan", "m", "--snapshot", "s.json", "--connections", "connections")
    assert ran.code == 1, ran
    assert "Connection" in ran.err
    (here / "u.json").write_bytes(b'{"format": ')
    for other in ("nowhere.json", "u.json"):
        ran = run("diff", "s.json", other)
        assert ran.code == 1, ran
        assert other in ran.err


def test_an_incomplete_reading_is_recorded_as_such(run: Run, imported: Path) -> None:
    with simulating(units=40, offline=0.05, failing=0.02, faults=["short=100%"]) as short:
        manifest = (imported / "connections.yaml").read_text().split("url:")[0] + f'url: "{short.url}"\n'
        (imported / "connections.yaml").write_text(manifest)
        ran = run("snapshot", "m/connections.yaml", "--out", "s.json", token=short.token)
    assert ran.code == 0, ran
    assert "warning: the reading is incomplete" in ran.err
    assert json.loads((imported.parent / "s.json").read_text())["coverage"]["complete"] is False
