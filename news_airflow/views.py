"""Where Airflow shows our pages: its menu, and tabs of DAGs, runs and assets. Pure, and imported by every process of Airflow."""

from __future__ import annotations

from typing import Any

PREFIX = "/news"


def views(base: str, *, has_asset_tabs: bool) -> list[dict[str, Any]]:
    """The menu entry, and the tabs of DAGs, of runs and, from Airflow 3.4 on, of assets; `base` is the path at which Airflow stands.

    Airflow 3.4 shows a tab where `applies_to` holds; 3.3 shows it at every DAG, and our page says that it has nothing of other DAGs.
    """
    ours = {"dag.tags.name": ["news"]}
    tabs = [
        {"destination": "dag", "href": f"{base}{PREFIX}/airflow/dag?dag={{DAG_ID}}", "applies_to": ours},
        {"destination": "dag_run", "href": f"{base}{PREFIX}/airflow/run?dag={{DAG_ID}}&run={{RUN_ID}}", "applies_to": ours},
    ]
    if has_asset_tabs:
        named = {"name": ["news_articles", "news_touched_dates"]}
        tabs.append({"destination": "asset", "href": f"{base}{PREFIX}/airflow/asset?uri={{ASSET_URI}}", "applies_to": named})
    menu = {"name": "News", "href": f"{base}{PREFIX}/today", "destination": "nav", "url_route": "news", "nav_top_level": True}
    return [menu, *({"name": "News", "url_route": f"news_{tab['destination']}", **tab} for tab in tabs)]
