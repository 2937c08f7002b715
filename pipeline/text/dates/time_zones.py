"""Finds the time zone of a publisher by the country code of its host, or by a language all of whose official places share one time.

Pure look-ups in CLDR (through Babel) and in the database of the `tzdata` package, so that every machine reads the same rules.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

from babel.core import get_global

_GENERIC_CODES = frozenset(
    {"ad", "ai", "as", "bz", "cc", "cd", "co", "dj", "fm", "io", "la", "me", "ms", "nu", "sc", "sr", "su", "tk", "tv", "ws"}
)
"""Country codes that sites of any country use (Google's list of generic country codes), and codes of no country."""
_MAIN_ZONE = {
    "CL": "America/Santiago", "CN": "Asia/Shanghai", "EC": "America/Guayaquil", "ES": "Europe/Madrid", "MY": "Asia/Kuala_Lumpur",
    "NZ": "Pacific/Auckland", "PT": "Europe/Lisbon", "UA": "Europe/Kiev", "UZ": "Asia/Tashkent",
}  # fmt: skip
"""Countries with several zones, in one of which nearly everybody lives: CLDR's `primaryZones`."""
_MAIN_ZONE_OF_LANGUAGE = {("ca", "fr"): ("America/Toronto",)}
"""Languages that are spoken in one zone of a country: nine of ten Canadians with French as mother tongue live in Quebec and Ontario."""
_HOST = re.compile(r"[a-z]+://(?:[^/?#@]*@)?([^/?#:]+)", re.IGNORECASE)


def offset_of_local_time(value: datetime, *, url: str, language: str) -> timedelta | None:
    """The publisher's offset from UTC when its clock showed `value`, a time without zone; None when its zone is not known."""
    return _offset(_zones(_country_code(url), _primary_language(language)), value.replace(tzinfo=None))


def offset_at(instant: datetime, *, url: str, language: str) -> timedelta | None:
    """The publisher's offset from UTC at `instant`; None when its zone is not known.

    `url` is a page of the publisher and `language` its language tag. The country code of the host decides, and under a generic domain the
    language, where all places with that official language keep one time: Japanese and German do, English and Spanish do not.
    """
    return _offset(_zones(_country_code(url), _primary_language(language)), instant.astimezone(UTC))


def country_offsets_at(instant: datetime, *, url: str, language: str) -> frozenset[timedelta]:
    """All offsets from UTC that are in use at `instant` in the country of `url`; empty when the host names no country."""
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
    return len(code) == 2 and code not in _GENERIC_CODES and code != "eu"


@lru_cache(maxsize=4096)
def _zones(code: str, language: str) -> tuple[str, ...]:
    """All zones that the publisher may be in: those of the country, else of every country with the official language."""
    if (code, language) in _MAIN_ZONE_OF_LANGUAGE:
        return _MAIN_ZONE_OF_LANGUAGE[code, language]
    if _is_country(code):
        return _zones_of("GB" if code == "uk" else code.upper())
    spoken = sorted(
        country
        for country, languages in get_global("territory_languages").items()
        if str(languages.get(language, {}).get("official_status")).endswith("official")
    )
    return tuple(name for country in spoken for name in _zones_of(country))


def _zones_of(country: str) -> tuple[str, ...]:
    return (_MAIN_ZONE[country],) if country in _MAIN_ZONE else tuple(get_global("territory_zones").get(country, ()))


@lru_cache(maxsize=1024)
def zone_named(name: str) -> ZoneInfo:
    """The zone of the IANA name `name`, from the `tzdata` package whatever the machine has."""
    with (resources.files("tzdata") / "zoneinfo").joinpath(*name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def _offset(names: tuple[str, ...], value: datetime) -> timedelta | None:
    """The offset that all zones of `names` have at `value`, an instant or a local time without zone; None when two of them differ."""
    known: timedelta | None = None
    for zone in map(zone_named, names):  # two zones are enough to see that a world language has no common offset
        offset = (value.astimezone(zone) if value.tzinfo else value.replace(tzinfo=zone)).utcoffset()
        if known is not None and offset != known:
            return None
        known = offset
    return known
