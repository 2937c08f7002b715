"""The providers that were erased from a lake and are not captured again. Reads `erasures/`, writes nothing.

The list is part of the lake and not of the catalogue, so that it is copied with the lake and applies to every catalogue used with it.
"""

from __future__ import annotations

from pipeline.core.catalogue import Catalogue
from pipeline.lake import storage
from pipeline.lake.removals.erasures import ErasedDomains
from pipeline.lake.storage import Lake


def read_erased(lake: Lake) -> ErasedDomains:
    """The domains that were erased or are being erased, by the names of the files in `erasures/`; no file is opened."""
    names = lake.names(storage.ERASURES)
    return ErasedDomains(frozenset(name.removesuffix(".json") for name in names if name.endswith(".json")))


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
