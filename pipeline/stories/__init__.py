"""Which articles report one event, and which only copy another: arrays in, labels out.

Pure. It knows no page, no lake and no catalogue but its own constants.
"""

from pipeline.stories.clustering import find_stories

__all__ = ["clustering", "embeddings", "find_stories"]
