"""The clock of a publisher: the time zone of its country, or of the one country region that speaks its language.

Pure lookups in CLDR (by babel) and in the time zone database of the `tzdata` package, so that every machine reads the same rules.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

from babel.core import get_global

_GENERIC = frozenset(
    {"ad", "ai", "as", "bz", "cc", "cd", "co", "dj", "fm", "io", "la", "me", "ms", "nu", "sc", "sr", "su", "tk", "tv", "ws"}
)
"""Country codes that sites everywhere use for their sound, by Google's list for international sites; and codes of no country."""
_PRIMARY = {
    "CL": "America/Santiago", "CN": "Asia/Shanghai", "EC": "America/Guayaquil", "ES": "Europe/Madrid", "MY": "Asia/Kuala_Lumpur",
    "NZ": "Pacific/Auckland", "PT": "Europe/Lisbon", "UA": "Europe/Kiev", "UZ": "Asia/Tashkent",
}  # fmt: skip
"""Countries of several zones of which nearly everybody lives in one: CLDR's `primaryZones`."""
_SPOKEN_IN = {("ca", "fr"): ("America/Toronto",)}
"""Languages that are at home in one zone of a country: nine of ten Canadians with French as mother tongue live in Quebec and Ontario."""
_HOST = re.compile(r"[a-z]+://(?:[^/?#@]*@)?([^/?#:]+)", re.IGNORECASE)


def local(value: datetime, *, url: str, language: str) -> timedelta | None:
    """How far the publisher's clock was ahead of UTC when it showed `value`, without a zone; None when its zone is not known."""
    return _offset(_zones(_country_code(url), _primary_language(language)), value.replace(tzinfo=None))


def at(instant: datetime, *, url: str, language: str) -> timedelta | None:
    """How far the publisher's clock is ahead of UTC at `instant`; None when its zone is not known.

    `url` is a page of the publisher and `language` its language tag. The country code of the host decides, and under a generic domain the
    language, where it is official in places of one clock only: Japanese and German tell, English and Spanish do not.
    """
    return _offset(_zones(_country_code(url), _primary_language(language)), instant.astimezone(UTC))


def possible(instant: datetime, *, url: str, language: str) -> frozenset[timedelta]:
    """How far the clocks that the publisher may have are ahead of UTC at `instant`: those of its country; none where that is not known."""
    code = _country_code(url)
    names = _zones(code, _primary_language(language)) if _is_country(code) else ()
    offsets = (instant.astimezone(zone).utcoffset() for zone in map(zone_named, names))
    return frozenset(offset for offset in offsets if offset)


def _country_code(url: str) -> str:
    host = _HOST.match(url)
    return host[1].rstrip(".").rpartition(".")[2].lower() if host else ""


def _primary_language(tag: str) -> str:
    return re.split("[-_]", tag.strip().lower(), maxsplit=1)[0]


def _is_country(code: str) -> bool:
    return len(code) == 2 and code not in _GENERIC and code != "eu"


@lru_cache(maxsize=4096)
def _zones(code: str, language: str) -> tuple[str, ...]:
    """Every zone that the publisher may be in."""
    if (code, language) in _SPOKEN_IN:
        return _SPOKEN_IN[code, language]
    if _is_country(code):
        return _zones_of("GB" if code == "uk" else code.upper())
    spoken = sorted(
        country
        for country, languages in get_global("territory_languages").items()
        if str(languages.get(language, {}).get("official_status")).endswith("official")
    )
    return tuple(name for country in spoken for name in _zones_of(country))


def _zones_of(country: str) -> tuple[str, ...]:
    return (_PRIMARY[country],) if country in _PRIMARY else tuple(get_global("territory_zones").get(country, ()))


@lru_cache(maxsize=1024)
def zone_named(name: str) -> ZoneInfo:
    with (resources.files("tzdata") / "zoneinfo").joinpath(*name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def _offset(names: tuple[str, ...], value: datetime) -> timedelta | None:
    """The offset that all zones have at an instant, or when their clocks show a `value` without a zone; None when two of them differ."""
    known: timedelta | None = None
    for zone in map(zone_named, names):  # of a language that is spoken around the world two are read
        offset = (value.astimezone(zone) if value.tzinfo else value.replace(tzinfo=zone)).utcoffset()
        if known is not None and offset != known:
            return None
        known = offset
    return known
