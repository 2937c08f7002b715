"""Pages as HTML: Jinja templates in `templates/`, every value escaped, control characters dropped, links only to http and https."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipeline.publishing.exports.links import safe_link
from pipeline.text.control_characters import drop_controls
from pipeline.text.counts import counted

TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, **values: object) -> bytes:
    """The page of `templates/NAME.html` with these values, as UTF-8."""
    return _environment().get_template(f"{template}.html").render(**values).encode()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters.update(
        {"outside": outside_link, "minute": minute, "percent": percent, "duration": duration, "segment": segment, "counted": counted}
    )
    environment.globals.update({"address": address})
    return environment


def _shown(value: object) -> object:
    """A stranger's text without characters that reorder or hide others; nothing for None."""
    if value is None:
        return ""
    return drop_controls(value) if type(value) is str else value


def outside_link(url: str | None, text: str | None = None) -> Markup:
    """A link to a stranger's `url` where that is http or https, else its text alone."""
    shown, target = drop_controls(text or url or ""), safe_link(url)
    if target is None:
        return Markup("{}").format(shown)
    return Markup('<a href="{}" rel="noopener noreferrer nofollow" data-leave>{}</a>').format(target, shown)


def minute(moment: datetime | None) -> Markup:
    """A time in UTC to the minute, readable by machines; a dash for None."""
    if moment is None:
        return Markup("–")
    utc = moment.astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(f"{utc:%Y-%m-%dT%H:%M:%SZ}", f"{utc:%Y-%m-%d %H:%M}")


def percent(share: float | None) -> str:
    """A share as `85 %`; a dash for None."""
    return "–" if share is None else f"{100 * share:.0f} %"


def duration(minutes: float) -> str:
    """Minutes in the largest unit that keeps the number above one: `40 min`, `3.5 h`, `2.1 days`."""
    if abs(minutes) < 90:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.1f} h" if abs(minutes) < 48 * 60 else f"{minutes / 1440:.1f} days"


def segment(text: str) -> str:
    """`text` as one segment of a path."""
    return quote(text, safe="")


def address(base: str, path: str, query: Mapping[str, object] | None = None, **changed: object) -> str:
    """The address of one of our pages: `query` with `changed`, without empty values."""
    values = {name: value for name, value in {**(query or {}), **changed}.items() if value not in (None, "", False)}
    return f"{base}{path}" + (f"?{urlencode({name: str(value) for name, value in values.items()})}" if values else "")
