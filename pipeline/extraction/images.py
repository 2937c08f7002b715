"""Reads the size and format of a picture from the header of its file.

Pure: bytes in, numbers out. It decodes no pixels, so a decompression bomb costs no memory, and keeps no files.
"""

from __future__ import annotations

import io
import warnings

from PIL import Image

EXTENSIONS = {"JPEG": "jpg", "MPO": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "gif", "AVIF": "avif", "BMP": "bmp", "TIFF": "tif"}
"""File extensions by Pillow's name of the format, for the formats that can be lead images. SVG is not among them: it has no size in
pixels."""

_OPENED_AS = tuple(name for name in EXTENSIONS if name != "MPO")
"""The formats without MPO: Pillow opens multi-picture files with its JPEG reader and has no reader named MPO."""

_QUARTER_TURNED = frozenset({5, 6, 7, 8})
"""EXIF orientations (TIFF tag 274) that turn the picture by 90 degrees, so that width and height change places."""


def measure_picture(data: bytes, *, max_pixels: int) -> tuple[int, int, str] | None:
    """Width and height in pixels as shown on a screen, and the file extension without dot; None when `data` is no picture.

    Also None when the picture has more than `max_pixels`, or a format that `EXTENSIONS` lacks. A truncated file with a whole header is
    measured.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns above a limit of its own; `max_pixels` is the limit that counts here.
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
