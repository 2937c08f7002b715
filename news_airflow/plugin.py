"""The Airflow plugin `news`: a menu entry, tabs at DAGs and runs, the pages behind them, and the notes of runs.

Airflow imports every plugin in each of its processes, those of the tasks included; so this module imports nothing but the standard library
and what Airflow has imported already. The pages are imported when the first of them is asked for.
"""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from airflow import __version__
from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin

from news_airflow.run_notes import RunNotes
from news_airflow.views import PREFIX, views

WEB = "news_airflow.web"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Scope]]
Send = Callable[[Scope], Awaitable[None]]


class LazyPages:
    """An ASGI application that imports the real one, in a thread, when the first request comes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request with the application `news_airflow.web.app`."""
        from anyio import to_thread

        module = await to_thread.run_sync(importlib.import_module, WEB)
        await module.app(scope, receive, send)


def base_path() -> str:
    """The path at which `[api] base_url` says that Airflow stands, without the last slash."""
    return urlsplit(str(conf.get("api", "base_url", fallback="/"))).path.rstrip("/")


class NewsPlugin(AirflowPlugin):
    """The plugin, which the entry point `airflow.plugins` names."""

    name = "news"
    fastapi_apps = [{"app": LazyPages(), "url_prefix": PREFIX, "name": "News"}]  # noqa: RUF012  Airflow's class demands a list
    listeners = [RunNotes()]  # noqa: RUF012
    external_views = views(base_path(), has_asset_tabs=tuple(int(part) for part in __version__.split(".")[:2]) >= (3, 4))
