"""News in, explained records out.

::

    source ──fetch feed──> entries ──canonical URL, seen before?──> page, image, AMP answer ──> captures (WARC), manifest = commit
    captures ──extract──> article text and metadata, each value with where it came from     ──> extracted/ (Parquet)
    extracted, 7 days around ──stories, topics, quality, heat, related, seal──>                  ──> articles/ (Parquet, the seed's schema)

Start reading at `pipeline.operations.stages`. Each room is a package whose docstring says what it owns and never does, and whose `__all__`
names the modules that other rooms may import. This module imports nothing.
"""

__version__ = "0.1.0"
