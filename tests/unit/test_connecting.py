"""What options of `import` mean: a Connection that loads, with references in the place of secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest

from reconciler.cli.connecting import connection, options
from reconciler.manifest.load import Loader
from reconciler.manifest.write import write
from reconciler.model.connection import ConnectionSpec, Login, Secret
from reconciler.platforms.getapp.connection import DeliveryServer, GetAppConnection
from reconciler.platforms.losant.connection import LosantConnection
from reconciler.platforms.memfault.connection import MemfaultConnection, UserKey
from reconciler.platforms.registry import installed

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
            {"application": ID},
            ConnectionSpec("losant", LosantConnection(application=ID, token=secret("LOSANT_API_TOKEN"))),
        ),
        (
            "losant",
            {"application": ID, "token_env": "T", "url": "https://l.example.com"},
            ConnectionSpec("losant", LosantConnection(application=ID, token=secret("T"), url="https://l.example.com")),
        ),
        ("getapp", {"url": AGENT}, ConnectionSpec("getapp", GetAppConnection(agent=AGENT))),
        (
            "getapp",
            {"url": AGENT, "topology": "agent", "api": "v2", "delivery": AGENT, "password_env": "P"},
            ConnectionSpec(
                "getapp",
                GetAppConnection(
                    agent=AGENT,
                    topology="agent",
                    api="v2",
                    delivery=DeliveryServer(
                        url=AGENT, login=Login(username=secret("GETAPP_USERNAME"), password=secret("P"))
                    ),
                ),
            ),
        ),
        (
            "memfault",
            dict(**WATCH),
            ConnectionSpec("memfault", MemfaultConnection(**WATCH, token=secret("MEMFAULT_ORG_TOKEN"))),
        ),
        (
            "memfault",
            dict(**WATCH, email_env="E", key_env="K", url="https://m.example.com"),
            ConnectionSpec(
                "memfault",
                MemfaultConnection(
                    **WATCH, user=UserKey(email=secret("E"), key=secret("K")), url="https://m.example.com"
                ),
            ),
        ),
    ],
)
def test_options_mean_a_connection_that_loads(
    platform: str, given: dict[str, str], meant: ConnectionSpec, tmp_path: Path
) -> None:
    found = connection(installed()[platform], given)
    assert found == meant
    (tmp_path / "c.yaml").write_text(write([("Connection", "plant", found)]))
    loaded = Loader([tmp_path], installed()).load()
    assert loaded.connections["plant"].spec == meant
    assert loaded.warnings == ()


@pytest.mark.parametrize(
    ("platform", "given", "words"),
    [
        ("losant", {}, "--application ID is needed"),
        ("losant", {"application": ID, "delivery": "x"}, "--delivery means nothing for losant"),
        ("getapp", {}, "--url URL is needed"),
        ("getapp", {"url": AGENT, "token_env": "T"}, "--token-env means nothing for getapp"),
        ("getapp", {"url": AGENT, "username_env": "U"}, "are for the server that --delivery URL names"),
        ("memfault", {"project": "watch"}, "--organization SLUG is needed"),
        ("memfault", {"organization": "acme"}, "--project SLUG is needed"),
        ("memfault", dict(**WATCH, email_env="E"), "--email-env and --key-env together"),
        ("memfault", dict(**WATCH, key_env="K"), "--email-env and --key-env together"),
        ("memfault", dict(**WATCH, email_env="E", key_env="K", token_env="T"), "or --token-env alone"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(platform: str, given: dict[str, str], words: str) -> None:
    with pytest.raises(click.UsageError, match=words):
        connection(installed()[platform], given)


def test_an_option_of_several_platforms_says_of_whom_its_words_are() -> None:
    found = {one.name: one for one in options(installed()) if isinstance(one, click.Option)}
    assert (
        found["token_env"].help == "Losant, Memfault: holds the token.  [default: LOSANT_API_TOKEN, MEMFAULT_ORG_TOKEN]"
    )
    assert "GetApp: where the CDN master, or the agent, answers; Losant, Memfault: where" in str(found["url"].help)
    assert set(found) == {option.name.replace("-", "_") for plugin in installed().values() for option in plugin.options}
