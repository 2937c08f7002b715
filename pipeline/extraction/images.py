"""What a picture's bytes say of its size and format.

Pure: reads headers only, so a decompression bomb costs no memory; decodes no pixels, keeps no files.
"""

from __future__ import annotations

import io
import warnings

from PIL import Image

EXTENSIONS = {"JPEG": "jpg", "MPO": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "gif", "AVIF": "avif", "BMP": "bmp", "TIFF": "tif"}
"""Pillow's names of the formats that browsers or our readers show, and the file extension of each. SVG is no picture: it has no pixels."""

_OPENED_AS = tuple(name for name in EXTENSIONS if name != "MPO")
"""Pillow opens multi-picture files through its JPEG reader and knows no opener of that name."""

_QUARTER_TURNED = frozenset({5, 6, 7, 8})
"""EXIF orientations (TIFF tag 274) that swap width and height on the screen."""


def measure(data: bytes, *, max_pixels: int) -> tuple[int, int, str] | None:
    """Width and height in pixels as shown, and the file extension without dot; None when `data` is no picture.

    None also for more than `max_pixels`, and for a format that is not in `EXTENSIONS`. Truncated data that still has its header counts.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns of bombs by its own limit; ours is `max_pixels`.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=_OPENED_AS) as picture:
                width, height = picture.size
                extension = EXTENSIONS.get(picture.format or "")
                is_turned = picture.format in {"JPEG", "MPO"} and picture.getexif().get(274) in _QUARTER_TURNED
    except Exception:  # noqa: BLE001  broken headers make Pillow's plugins raise OSError, SyntaxError, struct.error and more
        return None
    if extension is None or width < 1 or height < 1 or width * height > max_pixels:
        return None
    return (height, width, extension) if is_turned else (width, height, extension)
