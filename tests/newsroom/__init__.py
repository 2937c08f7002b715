"""The newsroom: the sample news world of `data/sample`, and the loopback server that publishes it to `make run` and to the tests.

::

    with Newsroom(World.load()) as room:
        settings = Settings(**room.settings)
        room.add_page("https://any.example/page", "<html>...</html>")
        room.misbehave("https://any.example/page", Status(429, retry_after="2"))
        ...
        room.requests[-1].status

It never reaches out: both listeners are on 127.0.0.1, on ports the system picks.
"""

from tests.newsroom.misbehaviours import (
    Endless,
    Flaky,
    Garbage,
    GzipBomb,
    HugeHeaders,
    Interim,
    RawLocation,
    RedirectLoop,
    RedirectTo,
    Reset,
    Slow,
    Status,
    Truncated,
    WrongCharset,
)
from tests.newsroom.server import Newsroom, Seen
from tests.newsroom.world import World

__all__ = [
    "Endless",
    "Flaky",
    "Garbage",
    "GzipBomb",
    "HugeHeaders",
    "Interim",
    "Newsroom",
    "RawLocation",
    "RedirectLoop",
    "RedirectTo",
    "Reset",
    "Seen",
    "Slow",
    "Status",
    "Truncated",
    "World",
    "WrongCharset",
]
