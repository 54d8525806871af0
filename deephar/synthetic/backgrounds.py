"""Rooms, places outdoors and the user's own images, with lights and furniture, different in every split.

sample_room(rng, split) -> Room(surroundings, lights, ambient, shadow, clutter), once a clip
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from deephar.synthetic.furniture import INDOORS, OUTDOORS, add_piece
from deephar.synthetic.ground_textures import (
    FLOORS,
    HORIZONS,
    LAWNS,
    POOL,
    WALLS,
    cloud_texture,
    ground_texture,
    skyline,
)
from deephar.synthetic.palette import pick, split_value
from deephar.synthetic.scene import Light, Solids, SolidsBuilder, Surroundings
from deephar.utils.images import read_image

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
BLOCKED = 0.12  # share of rooms with something between the camera and the person


@dataclass(frozen=True)
class Room:
    """Where a clip takes place; the fields go into a `Scene`."""

    surroundings: Surroundings
    lights: tuple
    ambient: tuple
    shadow: float
    clutter: Solids


def _direction(rng, low, high):
    """A unit vector with an elevation between `low` and `high` degrees."""
    azimuth, elevation = rng.uniform(0, 2 * np.pi), np.radians(rng.uniform(low, high))
    flat = np.cos(elevation)
    return (float(flat * np.cos(azimuth)), float(flat * np.sin(azimuth)), float(np.sin(elevation)))


def _tint(rng, strength, warmth):
    """A light colour: `strength` with more red than blue where `warmth` is positive."""
    return tuple(float(strength * v) for v in (1 + warmth, 1 + 0.2 * warmth * rng.random(), 1 - warmth))


def _indoor_light(rng):
    """One or two lamps: lights, ambient and the strength of the shadow."""
    warmth, main = rng.uniform(-0.08, 0.14), rng.uniform(0.35, 0.8)
    lights = [Light(_direction(rng, 35, 85), _tint(rng, main, warmth))]
    if rng.random() < 0.5:
        lights.append(Light(_direction(rng, 5, 60), _tint(rng, rng.uniform(0.1, 0.4), rng.uniform(-0.15, 0.15))))
    ambient = rng.uniform(0.25, 0.55)
    return tuple(lights), _tint(rng, ambient, rng.uniform(-0.06, 0.06)), float(rng.uniform(0.25, 0.6))


def _daylight(rng):
    """Sun or overcast sky."""
    if rng.random() < 0.65:
        sun = Light(_direction(rng, 20, 75), _tint(rng, rng.uniform(0.6, 1.0), rng.uniform(0.0, 0.12)))
        return (sun,), _tint(rng, rng.uniform(0.25, 0.45), rng.uniform(-0.12, 0.0)), float(rng.uniform(0.5, 0.8))
    sky = Light(_direction(rng, 50, 85), _tint(rng, rng.uniform(0.1, 0.3), 0.0))
    return (sky,), _tint(rng, rng.uniform(0.6, 0.85), rng.uniform(-0.06, 0.02)), float(rng.uniform(0.15, 0.4))


def _bounds(rng, centre, camera_position, clear):
    """Walls that hold the person and the camera: (x0, x1, y0, y1, height) in mm."""
    sides = []
    for axis in range(2):
        reach = clear + rng.uniform(400.0, 4500.0, 2)
        low, high = centre[axis] - reach[0], centre[axis] + reach[1]
        if camera_position is not None:
            low, high = min(low, camera_position[axis] - 400.0), max(high, camera_position[axis] + 400.0)
        sides += [float(low), float(high)]
    height = rng.uniform(2500.0, 5500.0)
    if camera_position is not None:
        height = max(height, camera_position[2] + 300.0)
    return (*sides, float(height))


def _pick(rng, kinds, split):
    """A texture of a random kind from the pool of the split."""
    return ground_texture(pick(rng, kinds), split, int(rng.integers(POOL)))


def _exposed(rng, lights, ambient):
    """The same lights as strong as an exposure meter wants them, more or less."""
    level = np.mean(ambient) + 0.6 * sum(np.mean(light.colour) for light in lights)
    factor = float(np.exp(rng.normal(-0.05, 0.15)) / level)
    scaled = tuple(Light(light.direction, tuple(factor * v for v in light.colour)) for light in lights)
    return scaled, tuple(factor * v for v in ambient)


def _indoors(rng, split, centre, camera_position, clear):
    return Surroundings(
        kind="room",
        floor=_pick(rng, FLOORS, split),
        floor_scale=float(rng.uniform(800, 4000)),
        wall=_pick(rng, WALLS, split),
        wall_scale=float(rng.uniform(1500, 6000)),
        bounds=_bounds(rng, centre, camera_position, clear),
        softness=pick(rng, (1, 2, 4), (0.6, 0.28, 0.12)),
    )


def _outdoors(rng, split):
    index, blue = int(rng.integers(POOL)), split_value(rng, split, 4)
    zenith = np.array([0.25 + 0.35 * blue, 0.45 + 0.25 * blue, 0.75 + 0.15 * blue])
    return Surroundings(
        kind="outdoor",
        floor=_pick(rng, LAWNS, split),
        floor_scale=float(rng.uniform(1500, 6000)),
        wall=_pick(rng, HORIZONS, split),
        wall_scale=float(rng.uniform(3000, 12000)),
        sky=(tuple(zenith), tuple(0.55 * zenith + 0.42)),
        clouds=cloud_texture(split, index) if rng.random() < 0.8 else None,
        skyline=skyline(split, index) if rng.random() < 0.9 else None,
        softness=pick(rng, (1, 2, 4), (0.6, 0.28, 0.12)),
    )


@lru_cache(maxsize=8)
def _image_paths(folder):
    """The images below a folder, sorted."""
    root = Path(folder)
    if not root.is_dir():
        raise FileNotFoundError(f"`folder` must be a folder with images to put behind people. Received: {folder!r}")
    paths = sorted(p for p in root.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES and p.is_file())
    if not paths:
        raise FileNotFoundError(f"`folder` has no image ({', '.join(IMAGE_SUFFIXES)}). Received: {folder!r}")
    return tuple(paths)


def _own_image(rng, folder):
    """A random part of a random image of the user's folder."""
    paths = _image_paths(str(folder))
    image = Image.fromarray(read_image(paths[int(rng.integers(len(paths)))], "background"))
    width, height = image.size
    side = int(min(width, height) * rng.uniform(0.5, 1.0))
    left, top = int(rng.integers(width - side + 1)), int(rng.integers(height - side + 1))
    image = image.crop((left, top, left + side, top + side))
    image.thumbnail((768, 768))
    return Surroundings(kind="image", image=np.asarray(image))


def _place(rng, centre, clear, camera_position):
    """Where a piece of furniture stands, behind or beside the person and far from the camera; None if nowhere."""
    for _ in range(20):
        angle, far = rng.uniform(0, 2 * np.pi), clear + rng.uniform(500.0, 3200.0)
        x, y = float(centre[0]) + far * math.cos(angle), float(centre[1]) + far * math.sin(angle)
        if camera_position is None:
            return x, y
        eye_x, eye_y = camera_position[:2].tolist()
        view_x, view_y, x_off, y_off = float(centre[0]) - eye_x, float(centre[1]) - eye_y, x - eye_x, y - eye_y
        along = (x_off * view_x + y_off * view_y) / (view_x**2 + view_y**2)
        aside = abs(x_off * view_y - y_off * view_x) / math.hypot(view_x, view_y)
        if math.hypot(x_off, y_off) > 2800.0 and (along > 1.0 or aside > 1200.0):
            return x, y
    return None


def _furnish(rng, split, outdoors, centre, clear, camera_position):
    """Furniture or trees round the person."""
    kinds, solids = OUTDOORS if outdoors else INDOORS, SolidsBuilder()
    for _ in range(rng.integers(0, 6)):
        spot = _place(rng, centre, clear, camera_position)
        if spot is not None:
            add_piece(solids, pick(rng, kinds), rng, split, spot, rng.uniform(0, np.pi))
    if camera_position is not None and rng.random() < BLOCKED:
        view = np.asarray(centre[:2], float) - camera_position[:2]
        side = np.array([-view[1], view[0]]) / max(np.linalg.norm(view), 1.0)
        spot = camera_position[:2] + rng.uniform(0.55, 0.72) * view + pick(rng, (-1, 1)) * rng.uniform(0, 550) * side
        if np.linalg.norm(spot - centre[:2]) > clear + 200:
            add_piece(solids, "stool" if rng.random() < 0.6 else "pole", rng, split, spot, rng.uniform(0, np.pi))
    return solids.build()


def sample_room(rng, split="train", folder=None, centre=(0.0, 0.0), clear=1000.0, camera_position=None, indoors=False):
    """Draw the surroundings of a clip.

    Args:
        rng: numpy Generator.
        split: 'train', 'validation' or 'test'; their textures and colours have nothing in common.
        folder: a folder with images to use instead of floors and walls, or None.
        centre: (x, y) in mm, where the person is.
        clear: radius in mm round `centre` that furniture keeps out of.
        camera_position: (3,) in mm; a room is made large enough to hold it, furniture stays out of its way.
        indoors: never outdoors.

    Returns:
        A `Room`.

    Raises:
        FileNotFoundError: `folder` does not exist or has no image.
    """
    camera_position = None if camera_position is None else np.asarray(camera_position, float)
    outdoors = bool(rng.random() < 0.4) and not indoors
    lights, ambient, shadow = _daylight(rng) if outdoors else _indoor_light(rng)
    lights, ambient = _exposed(rng, lights, ambient)
    if folder is not None:
        return Room(_own_image(rng, folder), lights, ambient, 0.6 * shadow, Solids())
    around = _outdoors(rng, split) if outdoors else _indoors(rng, split, centre, camera_position, clear)
    clutter = _furnish(rng, split, outdoors, centre, clear, camera_position)
    return Room(around, lights, ambient, shadow, clutter)
