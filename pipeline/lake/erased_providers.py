"""Which providers the lake does not take in: those that were erased from it. Reads `erasures/`, writes nothing.

The list stands in the lake and not in the catalogue: it is a fact about these data, moves with them, holds for every catalogue that is
used on them, and is written in the same place as what it guards.
"""

from __future__ import annotations

from pipeline.core.catalogue import Catalogue
from pipeline.lake import storage
from pipeline.lake.erasures import Erased
from pipeline.lake.storage import Lake


def erased_of(lake: Lake) -> Erased:
    """The providers that were erased, or are being erased. The names of the records tell, so that a listing is all it takes."""
    names = lake.names(storage.ERASURES)
    return Erased(frozenset(name.removesuffix(".json") for name in names if name.endswith(".json")))


def allowed(lake: Lake, catalogue: Catalogue) -> Catalogue:
    """The catalogue with the sources of erased providers, those that are listed on one's host, resting."""
    erased = erased_of(lake)
    if not erased:
        return catalogue
    sources = (
        source.model_copy(update={"enabled": False}) if any(erased.holds(url) for url in source.listings) else source
        for source in catalogue.sources
    )
    return catalogue.model_copy(update={"sources": tuple(sources)})
