"""Finds the articles that report one event, and those that only copy another article: columns in, labels out.

Pure; knows no page and no lake, and of the catalogue only the constants of stories.
"""

from pipeline.stories.clustering import find_stories

__all__ = ["clustering", "embeddings", "find_stories", "timeline", "words"]
