"""The providers that were erased from a lake and are not captured again. Reads `erasures/`, writes nothing.

The list is part of the lake, not of the catalogue: it is copied with the lake and holds for every catalogue that is used with it.
"""

from __future__ import annotations

from pipeline.core.catalogue import Catalogue
from pipeline.lake import storage
from pipeline.lake.erasures import Erased
from pipeline.lake.storage import Lake


def read_erased(lake: Lake) -> Erased:
    """The domains that were erased or are being erased, by the names of the files in `erasures/`; no file is opened."""
    names = lake.names(storage.ERASURES)
    return Erased(frozenset(name.removesuffix(".json") for name in names if name.endswith(".json")))


def without_erased(lake: Lake, catalogue: Catalogue) -> Catalogue:
    """The catalogue with every source disabled that has a feed or sitemap on an erased domain."""
    erased = read_erased(lake)
    if not erased:
        return catalogue
    sources = (
        source.model_copy(update={"enabled": False}) if any(erased.holds(url) for url in source.listings) else source
        for source in catalogue.sources
    )
    return catalogue.model_copy(update={"sources": tuple(sources)})
