"""Twelve small articles of one date, two of them one story, as WARC files: the input of tests that begin with an imported lake."""

from __future__ import annotations

import random
from datetime import date, datetime
from pathlib import Path

from pipeline.core.models import Exchange, Validators
from pipeline.lake.archives.warc import CaptureWriter

DAY = date(2026, 11, 20)
HOST = "https://www.any.example"
STORY = "Earthquake closes the harbour of Valparaiso"


def page(name: str, *, day: date = DAY, title: str | None = None, hour: int = 9, amp: bool = False) -> tuple[str, bytes]:
    """URL and answer of an article. Pages without a title of their own have no word in common, so each stands alone."""
    chance = random.Random(name)
    words = ["".join(chance.choice("bdfgklmnprstvz") + chance.choice("aeiou") for _ in range(4)) for _ in range(90)]
    title = title or " ".join(words[:6]).capitalize()
    text = f"{title}. {' '.join(words if not title.startswith(STORY) else [STORY] * 20)}."
    head = {"og:title": title, "og:site_name": "Any", "article:published_time": f"{day.isoformat()}T{hour:02}:10:00Z"}
    metas = "".join(f"<meta property='{key}' content='{value}'>" for key, value in head.items())
    link = f"<link rel='amphtml' href='{HOST}/{name}/amp'>" if amp else ""
    body = f"<article><h1>{title}</h1><p>{text}</p></article>"
    html = f"<html lang='en'><head><title>{title}</title>{metas}{link}</head><body>{body}</body></html>"
    return f"{HOST}/{name}", b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + html.encode()


def warc(path: Path, at: datetime, *pages: tuple[str, bytes]) -> Path:
    """Write a WARC file with these pages as captured at `at`; returns its path."""
    with path.open("wb") as file:
        writer = CaptureWriter(file)
        for url, octets in pages:
            writer.write_exchange(Exchange(url, at, 200, "text/html", Validators(), b"GET / HTTP/1.1\r\n\r\n", octets, b""))
    return path


PAGES = (
    *(page(f"p{number}") for number in range(10)),
    page("quake-1", title=f"{STORY} and an AI sees it", amp=True),
    page("quake-2", title=f"{STORY}, say officials", hour=10),
)
