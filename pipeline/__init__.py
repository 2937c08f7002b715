"""News in, explained records out.

::

    capture   sources ──feeds, sitemaps──> entries ──new ones──> page, picture, AMP answer ──> raw/: WARC, manifest = commit
    extract   raw/ ──article or reason──> text and metadata, each value with its source    ──> extracted/, ledger/, images/
    fold      extracted/, a day of captures ──words, similar pairs, stories, copies──      ──> timeline/
    publish   extracted/, timeline/ ──topics, quality, heat, related, seal──               ──> articles/, explain/, stories/

Start reading at `pipeline.operations.stages`. Each room is a package whose docstring says what it owns and never does, and whose `__all__`
names the modules that other rooms may import. This module imports nothing.
"""

__version__ = "0.3.0"
