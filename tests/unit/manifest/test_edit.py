"""What is put into a Connection's text stands there and means it; nothing else is touched."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from reconciler.manifest.edit import commented, put

ROUTES: dict[str, Any] = {
    "routes": {
        "deliver": {"path": "/x/{catalog_id}", "body": {"action": "Start", "deviceIds": "{device_ids}"}},
        "deploy": {"method": "PUT", "path": "/y/{catalog_id}"},
    }
}
HEAD = "apiVersion: reconciler/v1\nkind: Connection\nmetadata: {name: site}\n"
BLOCK = HEAD + "spec:\n  getapp:   # ours\n    agent: http://a   # the master\n    # why\n"
FORMS = {
    "block": BLOCK,
    "block without an end of line": BLOCK.removesuffix("    # why\n").rstrip(),
    "block with more behind it": BLOCK + "    delivery:\n      url: http://b  # the server\n# the end\n",
    "deep indentation": HEAD + "spec:\n      getapp:\n            agent: http://a\n",
    "windows": BLOCK.replace("\n", "\r\n"),
    "flow": HEAD + "spec: {getapp: {agent: http://a, }}  # short\n",
    "flow over lines": HEAD + "spec:\n  getapp: {\n    agent: http://a  # x\n  }\n",
    "empty": HEAD + "spec: {getapp: {}}\n",
    "json": '{"apiVersion": "reconciler/v1", "kind": "Connection", "metadata": {"name": "site"}, "spec": {"getapp": {"agent": "http://a"}}}',
    "among others": "# top\n---\nkind: Fleet\nmetadata: {name: site}\n---\n" + BLOCK + "---\n" + BLOCK.replace("site", "other"),
    "text block": HEAD + "spec:\n  getapp:\n    agent: |-\n      http://a\n",
    "as import leaves it": BLOCK + "".join(f"{line}\n" for line in commented(ROUTES, "    ")),
    "a step is set": BLOCK + "    routes:\n      delete: {path: /z}  # mine\n",
    "a step is set, on one line": BLOCK + "    routes: {delete: {path: /z}}  # mine\n",
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_values_are_put_in_and_everything_else_stays(name: str) -> None:
    text = FORMS[name]
    made = put(text, "site", "getapp", ROUTES)
    before, after = (list(yaml.load_all(one, yaml.BaseLoader)) for one in (text, made))
    (number,) = [
        at for at, one in enumerate(before) if one["kind"] == "Connection" and one["metadata"]["name"] == "site"
    ]
    was = before[number]["spec"]["getapp"]
    before[number]["spec"]["getapp"] = {**was, "routes": {**was.get("routes", {}), **ROUTES["routes"]}}
    assert after == before
    kept = [line.rstrip("}") for line in text.splitlines() if line.lstrip().startswith("#") and "route" not in line]
    assert all(line in made for line in kept if name != "as import leaves it")
    assert made.count("#") <= text.count("#")
    assert ("\r\n" in made) == ("\r\n" in text)
    assert "\n" not in made.replace("\r\n", "") or "\r\n" not in made


def test_what_import_left_as_a_comment_is_not_there_twice() -> None:
    made = put(FORMS["as import leaves it"], "site", "getapp", ROUTES)
    assert made.count("deliver") == 1
    assert "# why\n    routes:\n" in made, "the question stays above its answer"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (BLOCK + "    routes:\n      deliver: {path: /z}\n", "more than this connection would change|says 'path' already|says"),
        (BLOCK.replace("agent: http://a", "routes: none"), "it says 'routes' already"),
        (BLOCK.replace("site", "other"), "stands there in a form"),
        (HEAD + "spec: {losant: {}}\n", "stands there in a form"),
        (BLOCK + "  : [", "cannot be taken apart"),
        ("kind: Connection\nmetadata: {name: o}\nspec: {getapp: &a {agent: x}, b: *a}\n".replace("o}", "site}"), "more than this connection"),
    ],
)  # fmt: skip
def test_what_is_ambiguous_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        put(text, "site", "getapp", ROUTES)
