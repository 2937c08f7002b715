"""Importing this module loads the language model and the names of months, which all workers that read pages share.

The fork server imports it once, so that no worker loads them again and their memory is shared.
"""

from __future__ import annotations

from pipeline.extraction import page_workers
from pipeline.text import languages
from pipeline.text.dates.parsing import load_names

__all__ = ["page_workers"]

languages.load_model()
load_names()
