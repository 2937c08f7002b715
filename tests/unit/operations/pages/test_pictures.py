"""Pictures are found by their digest alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.extraction.images import EXTENSIONS
from pipeline.lake.storage import Lake, image_path
from pipeline.operations.pages.pictures import CONTENT_TYPES, read_picture

DIGEST = "ab" * 32


def test_every_extension_of_a_cached_image_has_a_content_type_of_a_picture() -> None:
    assert set(CONTENT_TYPES) == set(EXTENSIONS.values())
    assert all(content_type.startswith("image/") and "svg" not in content_type for content_type in CONTENT_TYPES.values())


def test_a_cached_picture_is_read_by_its_digest(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    lake.write_bytes(image_path(DIGEST, "png"), b"a picture")
    assert read_picture(lake, DIGEST) == (b"a picture", "image/png")
    assert read_picture(lake, "cd" * 32) is None


@pytest.mark.parametrize("digest", ["", "../../secret", DIGEST.upper(), f"{DIGEST}.png", f"{DIGEST}\n", f"../{DIGEST}", "a" * 63])
def test_what_is_no_digest_names_no_file(tmp_path: Path, digest: str) -> None:
    (tmp_path / "secret").write_text("secret")
    lake = Lake(str(tmp_path))
    lake.write_bytes(image_path(DIGEST, "png"), b"a picture")
    assert read_picture(lake, digest) is None
