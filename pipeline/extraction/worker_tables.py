"""What all workers that read pages share: importing this module loads the model of languages and the names of months.

The server that workers are forked from imports it, once, so that no worker loads them again and their memory is shared.
"""

from __future__ import annotations

from pipeline.extraction import page_workers
from pipeline.text import languages
from pipeline.text.dates.parsing import load_names

__all__ = ["page_workers"]

languages.load_model()
load_names()
