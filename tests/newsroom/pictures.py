"""Pictures of real sizes, drawn from a few words: a sky, a scene before it, and a grain that keeps a JPEG from being tiny."""

from __future__ import annotations

import functools
import hashlib
import math
import random
from collections.abc import Callable
from io import BytesIO

from PIL import Image, ImageChops, ImageDraw, ImageOps

from tests.newsroom.model import PictureSpec

Colour = tuple[int, int, int]
GRAIN = 128
"""Side of the tile of noise, in pixels."""
GRAIN_DEPTH = 8
"""How much it adds or takes, of 255."""
SKIES: tuple[tuple[Colour, Colour], ...] = (
    ((24, 42, 88), (236, 162, 110)),
    ((92, 150, 205), (232, 240, 246)),
    ((18, 22, 40), (88, 70, 128)),
    ((196, 210, 214), (240, 226, 190)),
    ((10, 60, 70), (150, 205, 180)),
)


@functools.cache
def draw(spec: PictureSpec) -> bytes:
    """The encoded picture; the same spec gives the same bytes."""
    dice = random.Random(hashlib.sha256(spec.seed.encode()).digest())
    top, bottom = dice.choice(SKIES)
    ramp = Image.linear_gradient("L").resize((spec.width, spec.height))
    picture = ImageOps.colorize(ramp, top, bottom)
    scene = SCENES.get(spec.scene)
    if scene is None:
        raise ValueError(f"{spec.seed}: no scene {spec.scene!r}; there are {', '.join(sorted(SCENES))}")
    scene(ImageDraw.Draw(picture), spec.width, spec.height, dice)
    picture = _grained(picture, dice)
    out = BytesIO()
    if spec.format == "jpeg":
        picture.save(out, "JPEG", quality=82)
    else:
        picture.save(out, "PNG")
    return out.getvalue()


@functools.cache
def logo(name: str, width: int = 600, height: int = 315) -> bytes:
    """A site's logo: one letter on a plain ground."""
    dice = random.Random(hashlib.sha256(name.encode()).digest())
    picture = Image.new("RGB", (width, height), _shade(dice, 40, 120))
    side = height // 2
    box = ((width - side) // 2, (height - side) // 2, (width + side) // 2, (height + side) // 2)
    pen = ImageDraw.Draw(picture)
    pen.ellipse(box, fill=(250, 250, 250))
    pen.text(((box[0] + box[2]) / 2, (box[1] + box[3]) / 2), name[:1], fill=(20, 20, 20), anchor="mm", font_size=side * 0.6)
    out = BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _grained(picture: Image.Image, dice: random.Random) -> Image.Image:
    """The picture under a film grain: without one it would pack into a few kilobytes, as no photograph does."""
    tile = Image.frombytes("L", (GRAIN, GRAIN), bytes(value % (2 * GRAIN_DEPTH) for value in dice.randbytes(GRAIN * GRAIN)))
    grain = Image.new("L", picture.size)
    for x in range(0, picture.width, GRAIN):
        for y in range(0, picture.height, GRAIN):
            grain.paste(tile, (x, y))
    return ImageChops.add(picture, Image.merge("RGB", (grain, grain, grain)), offset=-GRAIN_DEPTH)


def _hills(pen: ImageDraw.ImageDraw, width: int, height: int, dice: random.Random) -> None:
    sun = (int(width * dice.uniform(0.2, 0.8)), int(height * 0.3))
    pen.circle(sun, height // 12, fill=(250, 236, 200))
    for layer in range(4):
        base, phase, colour = height * (0.55 + 0.12 * layer), dice.uniform(0, 6), _shade(dice, 90 - 20 * layer, 130 - 25 * layer)
        crest = [(x, base + height * 0.06 * math.sin(phase + x * (3 + layer) / width)) for x in range(0, width + 8, 8)]
        pen.polygon([(0, height), *crest, (width, height)], fill=colour)


def _city(pen: ImageDraw.ImageDraw, width: int, height: int, dice: random.Random) -> None:
    x = 0
    while x < width:
        wide, tall = dice.randint(width // 24, width // 10), int(height * dice.uniform(0.25, 0.7))
        pen.rectangle((x, height - tall, x + wide, height), fill=_shade(dice, 30, 90))
        for window in range(height - tall + 14, height - 20, 26):
            for pane in range(x + 10, x + wide - 12, 22):
                if dice.random() < 0.5:
                    pen.rectangle((pane, window, pane + 9, window + 13), fill=(244, 220, 150))
        x += wide + dice.randint(2, 14)


def _sea(pen: ImageDraw.ImageDraw, width: int, height: int, dice: random.Random) -> None:
    for line in range(int(height * 0.5), height, max(4, height // 60)):
        phase, colour = dice.uniform(0, 6), _shade(dice, 60, 140)
        wave = [(x, line + 5 * math.sin(phase + x / 40)) for x in range(0, width + 10, 10)]
        pen.line(wave, fill=colour, width=max(2, height // 120))
    deck = height * 0.5
    pen.polygon([(width * 0.4, deck), (width * 0.7, deck), (width * 0.66, deck + 40), (width * 0.43, deck + 40)], fill=(60, 30, 30))


def _chart(pen: ImageDraw.ImageDraw, width: int, height: int, dice: random.Random) -> None:
    level, points = height * 0.6, []
    for x in range(width // 12, width - width // 12, width // 60):
        level = min(height * 0.85, max(height * 0.2, level + dice.uniform(-1, 0.9) * height * 0.06))
        points.append((x, level))
        pen.rectangle((x - 4, level, x + 4, height * 0.9), fill=_shade(dice, 100, 170))
    pen.line(points, fill=(250, 250, 250), width=5)


def _orbit(pen: ImageDraw.ImageDraw, width: int, height: int, dice: random.Random) -> None:
    for _ in range(180):
        x, y = dice.randrange(width), dice.randrange(height)
        pen.rectangle((x, y, x + 2, y + 2), fill=(240, 240, 250))
    pen.circle((width // 2, height // 2), height // 4, fill=_shade(dice, 90, 200))
    pen.arc((width * 0.2, height * 0.35, width * 0.8, height * 0.65), 0, 360, fill=(230, 230, 230), width=4)


def _rack(pen: ImageDraw.ImageDraw, width: int, height: int, dice: random.Random) -> None:
    for x in range(20, width - 80, 110):
        pen.rectangle((x, height * 0.12, x + 90, height * 0.95), fill=_shade(dice, 20, 50))
        for y in range(int(height * 0.15), int(height * 0.92), 24):
            pen.rectangle((x + 8, y, x + 82, y + 16), fill=_shade(dice, 45, 80))
            pen.circle((x + 74, y + 8), 4, fill=dice.choice([(90, 220, 120), (240, 190, 70), (90, 160, 240)]))


def _face(pen: ImageDraw.ImageDraw, width: int, height: int, dice: random.Random) -> None:
    x, y, size = width // 2, height // 2, height // 3
    pen.ellipse((x - size * 0.7, y - size, x + size * 0.7, y + size), fill=_shade(dice, 120, 200))
    for side in (-1, 1):
        pen.circle((x + side * size * 0.28, y - size * 0.2), size // 12, fill=(30, 30, 30))
    for _ in range(40):
        a, b = (x + dice.uniform(-0.6, 0.6) * size, y + dice.uniform(-0.8, 0.8) * size), (x, y)
        pen.line((a, b), fill=(240, 240, 240), width=1)
        pen.circle(a, 4, fill=(250, 250, 250))


def _shade(dice: random.Random, low: int, high: int) -> Colour:
    low, high = sorted((max(0, low), max(1, high)))
    return dice.randint(low, high), dice.randint(low, high), dice.randint(low, high)


SCENES: dict[str, Callable[[ImageDraw.ImageDraw, int, int, random.Random], None]] = {
    "hills": _hills,
    "city": _city,
    "sea": _sea,
    "chart": _chart,
    "orbit": _orbit,
    "rack": _rack,
    "face": _face,
}
