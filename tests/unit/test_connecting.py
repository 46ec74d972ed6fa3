"""What options of `import` mean: a Connection that loads, with references in the place of secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest

from reconciler.cli.connecting import KNOWN, NEEDED, OPTIONS, PLATFORMS, Given, connection
from reconciler.manifest.load import Loader
from reconciler.manifest.write import write
from reconciler.model.connection import PLATFORMS as CALLED
from reconciler.model.connection import (
    ConnectionSpec,
    DeliveryServer,
    GetAppConnection,
    Login,
    LosantConnection,
    MemfaultConnection,
    Secret,
    UserKey,
)

ID = "5" * 24
AGENT = "https://cdn.example.com"
WATCH: dict[str, Any] = {"organization": "acme", "project": "watch"}


def secret(name: str) -> Secret:
    return Secret(env=name)


@pytest.mark.parametrize(
    ("platform", "given", "meant"),
    [
        (
            "losant",
            Given(application=ID),
            ConnectionSpec(losant=LosantConnection(application=ID, token=secret("LOSANT_API_TOKEN"))),
        ),
        (
            "losant",
            Given(application=ID, token_env="T", url="https://l.example.com"),
            ConnectionSpec(losant=LosantConnection(application=ID, token=secret("T"), url="https://l.example.com")),
        ),
        ("getapp", Given(url=AGENT), ConnectionSpec(getapp=GetAppConnection(agent=AGENT))),
        (
            "getapp",
            Given(url=AGENT, topology="agent", api="v2", delivery=AGENT, password_env="P"),
            ConnectionSpec(
                getapp=GetAppConnection(
                    agent=AGENT,
                    topology="agent",
                    api="v2",
                    delivery=DeliveryServer(
                        url=AGENT, login=Login(username=secret("GETAPP_USERNAME"), password=secret("P"))
                    ),
                )
            ),
        ),
        (
            "memfault",
            Given(**WATCH),
            ConnectionSpec(memfault=MemfaultConnection(**WATCH, token=secret("MEMFAULT_ORG_TOKEN"))),
        ),
        (
            "memfault",
            Given(**WATCH, email_env="E", key_env="K", url="https://m.example.com"),
            ConnectionSpec(
                memfault=MemfaultConnection(
                    **WATCH, user=UserKey(email=secret("E"), key=secret("K")), url="https://m.example.com"
                )
            ),
        ),
    ],
)
def test_options_mean_a_connection_that_loads(
    platform: str, given: Given, meant: ConnectionSpec, tmp_path: Path
) -> None:
    found = connection(platform, given)
    assert found == meant
    (tmp_path / "c.yaml").write_text(write([("Connection", "plant", found)]))
    loaded = Loader([tmp_path]).load()
    assert loaded.connections["plant"].spec == meant
    assert loaded.warnings == ()


@pytest.mark.parametrize(
    ("platform", "given", "words"),
    [
        ("losant", Given(), "--application ID says"),
        ("losant", Given(application=ID, delivery="x"), "--delivery means nothing for losant"),
        ("getapp", Given(), "--url URL says"),
        ("getapp", Given(url=AGENT, token_env="T"), "--token-env means nothing for getapp"),
        ("getapp", Given(url=AGENT, username_env="U"), "are for the server that --delivery URL names"),
        ("memfault", Given(project="watch"), "--organization SLUG says"),
        ("memfault", Given(organization="acme"), "--project SLUG says"),
        ("memfault", Given(**WATCH, email_env="E"), "--email-env and --key-env together"),
        ("memfault", Given(**WATCH, key_env="K"), "--email-env and --key-env together"),
        ("memfault", Given(**WATCH, email_env="E", key_env="K", token_env="T"), "or --token-env alone"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(platform: str, given: Given, words: str) -> None:
    with pytest.raises(click.UsageError, match=words):
        connection(platform, given)


def test_every_platform_and_option_is_known() -> None:
    fields = {name.replace("-", "_") for name, _, _ in OPTIONS}
    assert fields == set(Given.__struct_fields__) == {name for known in KNOWN.values() for name in known}
    assert set(PLATFORMS) == set(KNOWN) == set(NEEDED) == set(CALLED)
