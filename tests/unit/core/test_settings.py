"""The settings' own bounds: what no operator may set."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from pipeline.core.settings import Settings


def test_archives_are_never_asked_more_than_24_times_a_minute() -> None:
    assert 60 / Settings().archive_pace_s <= 24
    with pytest.raises(ValidationError, match="archive_pace_s"):
        Settings(archive_pace_s=2.4)
