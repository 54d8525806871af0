"""Images of nobody, of one person or of several, with a box for each: what a detector of people learns from.

    rendered      an empty place or people in it, `deephar.synthetic.crowd`        box around the joints of each person
    photographs   one or a part of one as the background, up to two others          of whom enough can be seen
                  pasted over it, smaller; parts beside the person, of nobody
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from deephar.config import DataConfig
from deephar.data.frames import crop_points, cut, frame_window, make_crop, scale_pixels
from deephar.data.lsp import load_people
from deephar.data.samples import MAX_PEOPLE, draw_augmentation, shape_of
from deephar.synthetic.crowd import render_crowd
from deephar.synthetic.motion import SPLITS
from deephar.utils.images import read_image

EMPTY = 0.25  # share of rendered scenes without anybody
MOST_PEOPLE = 4
MOST_PASTED = 2
LEAST_SEEN = 0.3  # share of a person's joints that can be seen, or of the box that nothing was pasted over
SHORT_SIDE = (0.55, 1.0)  # of an image, over the long one
STRETCH = (0.8, 1.25)  # of a background's height over its width
PASTED_SIDE = (0.15, 0.8)  # of a pasted photograph over the background's
NOBODY, CLOSER = 0.2, 0.6  # how often a pasted part shows nobody; how often it is cut closer to its person
SOFT = 0.2  # width of a soft edge over the short side, at most
PART, PART_SIDE = 0.4, (0.5, 1.0)  # how often only a part of a photograph is the background, and its sides
ROOM, LEAST_ROOM = 0.15, 0.2  # kept free around a person, over the box; side of a part beside it, over the whole
Photograph = tuple[Path, np.ndarray]  # image file, box x1 y1 x2 y2 px of the annotated person
Scene = tuple[np.ndarray, np.ndarray]  # frame uint8 (H, W, 3), boxes (N, 4) px of its people


def photographs(folder: str | Path, mode: int, least_joints: int = 2) -> list[Photograph]:
    """Return the photographs of a mode of LSP, small or extended: image files, and boxes (4,) of the annotated joints.

    Args:
        folder: str or Path. It holds `joints.mat` and `images/`.
        mode: TEST_MODE, TRAIN_MODE or VALID_MODE.
        least_joints: int, at least 2. Photographs with fewer annotated joints, whose box is too small, are left out.

    Raises:
        FileNotFoundError, ValueError: as `deephar.data.lsp.load_people`.
    """
    joints, names, _, samples = load_people(Path(folder) / "joints.mat")
    found = []
    for k in samples[mode].tolist():
        points = joints[k][np.isfinite(joints[k]).all(axis=1)]
        if len(points) >= max(2, least_joints):
            found.append((Path(folder) / "images" / names[k], np.concatenate([points.min(0), points.max(0)])))
    return found


class PhotographedPlaces:
    """What readers of rendered and photographed places share: which there are, and what each one is drawn by.

    Args:
        dataconf, split, length, photos, photo_share, seed: as of `PeopleScenes`.

    Raises:
        ValueError: an argument out of its range.
    """

    def __init__(
        self,
        dataconf: DataConfig,
        split: str = "train",
        length: int = 1000,
        photos: Sequence[Photograph] = (),
        photo_share: float = 0.5,
        seed: int = 0,
    ) -> None:
        if split not in SPLITS:
            raise ValueError(f"`split` must be one of {SPLITS}. Received: {split!r}")
        if length < 1 or not 0 <= photo_share <= 1:
            received = f"length={length}, photo_share={photo_share}"
            raise ValueError(f"`length` must be at least 1, `photo_share` from 0 to 1. Received: {received}")
        self.dataconf, self.split, self.length, self.seed = dataconf, split, int(length), int(seed)
        self.photos, self.photo_share = list(photos), float(photo_share) if len(photos) else 0.0
        self._rng = np.random.default_rng(seed)

    def get_length(self, mode: int) -> int:
        """Return the number of images, the same in every mode."""
        return self.length

    def _generator(self, key):
        """The generator of image `key`."""
        if not 0 <= key < self.length:
            raise IndexError(f"`key` must be from 0 to {self.length - 1}. Received: {key}")
        return np.random.default_rng([self.seed, SPLITS.index(self.split), int(key)])


class PeopleScenes(PhotographedPlaces):
    """Scenes for a detector of people; what is in scene `key` depends on split, seed and key alone.

    Args:
        dataconf: `DataConfig`: size and value range of the frame, flips and colours in training. The whole scene is
            seen, its long side as long as the frame's.
        split: 'train', 'validation' or 'test', of the synthetic world.
        length: int. Number of scenes.
        photos: list of `Photograph`, see `photographs`; empty: all scenes are rendered.
        photo_share: float in [0, 1]. Share of scenes of photographs, where there are any.
        seed: int.

    Samples: `frame` (H, W, 3) as `dataconf` says; `boxes` (MAX_PEOPLE, 4), x1 y1 x2 y2 in [0, 1] of the frame, cut at
    its sides, zeros where nobody is.

    Example:

        >>> from deephar.config import DataConfig
        >>> from deephar.data.scenes import PeopleScenes
        >>> scenes = PeopleScenes(DataConfig(crop_resolution=(64, 64)), length=2)
        >>> scenes.get_data(0, 0)["boxes"].shape
        (8, 4)
    """

    def get_shape(self, dictkey: str) -> tuple[int, ...]:
        """Return the shape of one entry of a sample."""
        return shape_of({"frame": self.dataconf.input_shape, "boxes": (MAX_PEOPLE, 4)}, dictkey)

    def get_data(self, key: int, mode: int, rng: np.random.Generator | None = None) -> dict:
        """Make scene `key`."""
        image, boxes = self.scene(key)
        augmentation = draw_augmentation(self.dataconf, mode, self._rng if rng is None else rng)
        resolution, plain = self.dataconf.crop_resolution, {"angle": 0, "hflip": augmentation["hflip"]}
        centre, window = frame_window(image.size, resolution, whole=True)
        crop = make_crop(image.size, centre, window, plain, resolution, self.dataconf.pad_color)
        corners = np.sort(crop_points(crop, boxes.reshape(-1, 2)).reshape(-1, 2, 2), axis=1)  # a flip exchanges sides
        labels = np.zeros((MAX_PEOPLE, 4))
        labels[: len(boxes)] = np.clip(corners, 0, 1).reshape(-1, 4)[:MAX_PEOPLE]
        return {"frame": scale_pixels(cut(image, crop), augmentation, self.dataconf), "boxes": labels}

    def scene(self, key: int) -> tuple[Image.Image, np.ndarray]:
        """Return the image of a scene and the boxes (N, 4) px of the people in it of whom enough can be seen."""
        rng = self._generator(key)
        long = max(self.dataconf.crop_resolution)
        short = max(16, round(long * rng.uniform(*SHORT_SIDE)))
        size = (long, short) if rng.uniform() < 0.5 else (short, long)
        photographed = rng.uniform() < self.photo_share
        return self._photographed(rng, size) if photographed else self._rendered(rng, size, int(key))

    def _rendered(self, rng, size, key):
        number = 0 if rng.uniform() < EMPTY else int(rng.integers(1, MOST_PEOPLE + 1))
        drawn = render_crowd(self.split, key, number, size, self.seed)
        boxes = drawn["boxes"][drawn["visible"].mean(axis=1) >= LEAST_SEEN] if number else drawn["boxes"]
        return Image.fromarray(drawn["frame"]), _inside(boxes, size)

    def _photographed(self, rng, size):
        """A photograph, or an empty place, as the background, and some others over it."""
        number = int(rng.integers(0, MOST_PASTED + 1))
        chosen = rng.choice(len(self.photos), min(number + 1, len(self.photos)), replace=False)
        picked = [open_photograph(self.photos[k]) for k in chosen]
        canvas, box = _background(rng, picked.pop(0), max(size)) if rng.uniform() < 0.75 else (None, None)
        if canvas is None:
            canvas = Image.fromarray(render_crowd(self.split, int(rng.integers(2**31)), 0, size, self.seed)["frame"])
        placed = [(box, (0, 0, *canvas.size))]
        for photograph in picked:
            patch, box = _patch(rng, photograph, canvas.size)
            corner = [int(rng.integers(0, n - m + 1)) for n, m in zip(canvas.size, patch.size, strict=True)]
            canvas.paste(patch, tuple(corner), _mask(rng, patch.size))
            moved = None if box is None else box + np.array([*corner, *corner])
            placed.append((moved, (*corner, *np.add(corner, patch.size).tolist())))
        return canvas, _inside(_uncovered(placed), canvas.size)


def open_photograph(photo):
    """(image, box) of a photograph."""
    return Image.fromarray(read_image(photo[0])), photo[1]


def _background(rng, opened, long):
    """A photograph, a part of it, or a part beside the person, `long` px on its long side; the box of who is seen."""
    kind, whole = rng.uniform(), opened[0].size
    part = _part(whole, rng) if EMPTY <= kind < EMPTY + PART else (0, 0, *whole)
    part = part_beside(opened, rng) if kind < EMPTY else part
    if part is None:
        return None, None
    wide, high = np.subtract(part[2:], part[:2]) * [1, rng.uniform(*STRETCH)]
    short = max(16, round(long * float(np.clip(min(wide, high) / max(wide, high), *SHORT_SIDE))))
    size = (long, short) if wide > high else (short, long)
    background, moved = _sized(opened, size, part)
    return background, moved if kind >= EMPTY and _enough(moved, (0, 0, *size)) else None


def _patch(rng, opened, canvas):
    """A photograph to paste on a canvas, whole or cut closer to its person, and the box; or a part beside, and None."""
    image, box = opened
    limit = [max(8, round(rng.uniform(*PASTED_SIDE) * n)) for n in canvas]
    beside = part_beside(opened, rng) if rng.uniform() < NOBODY else None
    room = rng.uniform(size=4) if rng.uniform() < CLOSER else np.zeros(4)  # of each side's, cut away
    near = np.clip(box, 0, np.tile(image.size, 2))
    closer = np.array([0, 0, *image.size]) * (1 - room) + near * room
    part = beside or tuple(closer.tolist())
    sides = np.maximum(np.subtract(part[2:], part[:2]), 1)
    scale = min(n / m for n, m in zip(limit, sides, strict=True))
    patch, moved = _sized(opened, tuple(max(1, round(n * scale)) for n in sides.tolist()), part)
    return patch, None if beside else moved


def _mask(rng, size):
    """How much of a patch shows, uint8 image: all of it, or less and less towards its sides."""
    soft = rng.uniform(0, SOFT) * min(size) if rng.uniform() < 0.5 else 0.0
    columns, rows = (np.minimum(np.arange(n) + 1, n - np.arange(n)) for n in size)
    return Image.fromarray((255 * np.minimum(np.minimum.outer(rows, columns) / max(soft, 1.0), 1.0)).astype(np.uint8))


def on_larger_canvases(photos: Sequence[Photograph], factor: float = 2.0, seed: int = 0) -> Iterator[Scene]:
    """Place every photograph at random on another one, enlarged to `factor` times its sides.

    Args:
        photos: list of `Photograph`, at least two.
        factor: float, at least 1. Sides of the canvas over those of the photograph.
        seed: int. Of the places, and of which photograph is whose canvas.

    Yields:
        (frame uint8 (H, W, 3), boxes (1, 4) px of the person of the photograph, not of the one of the canvas).
    """
    rng = np.random.default_rng(seed)
    for number, photo in enumerate(photos):
        image = Image.fromarray(read_image(photo[0]))
        size = tuple(round(factor * n) for n in image.size)
        other = (number + int(rng.integers(1, len(photos)))) % len(photos)
        canvas, _ = _sized(open_photograph(photos[other]), size)
        corner = [int(rng.integers(0, n - m + 1)) for n, m in zip(size, image.size, strict=True)]
        canvas.paste(image, tuple(corner))
        yield np.asarray(canvas), _inside(photo[1] + np.tile(corner, 2), size)


def _part(size, rng):
    """A random part of a photograph of a size, x1 y1 x2 y2 px."""
    sides = np.maximum(np.array(size) * rng.uniform(*PART_SIDE), 16)
    corner = rng.uniform(0, np.maximum(size - sides, 1e-9))
    return tuple(np.concatenate([corner, np.minimum(corner + sides, size)]).tolist())


def part_beside(photograph, rng):
    """A part of a photograph beside its person, x1 y1 x2 y2 px; None where there is hardly any."""
    box, (wide, high) = photograph[1], photograph[0].size
    room = ROOM * np.tile(box[2:] - box[:2], 2)
    x1, y1, x2, y2 = (box + room * [-1, -1, 1, 1]).clip(0, [wide, high] * 2).tolist()
    strips = [(0, 0, x1, high), (x2, 0, wide, high), (0, 0, wide, y1), (0, y2, wide, high)]
    kept = [s for s in strips if s[2] - s[0] >= LEAST_ROOM * wide and s[3] - s[1] >= LEAST_ROOM * high]
    return kept[int(rng.integers(len(kept)))] if kept else None


def _sized(opened, size, part=None):
    """A photograph, or a part of it, in a size; and its box there."""
    image, box = opened
    part = part or (0, 0, *image.size)
    resized = image.resize(size, Image.Resampling.BILINEAR, box=part, reducing_gap=2.0)
    return resized, (box - np.tile(part[:2], 2)) * np.tile(np.array(size) / np.subtract(part[2:], part[:2]), 2)


def _enough(box, place):
    """Whether enough of a box lies in a place, both x1 y1 x2 y2."""
    seen = np.clip(box, np.tile(place[:2], 2), np.tile(place[2:], 2))
    return (seen[2:] - seen[:2]).prod() >= LEAST_SEEN * (box[2:] - box[:2]).prod()


def _uncovered(placed):
    """The boxes of which what was pasted later leaves enough to be seen, (N, 4); placed: of each the box, the place."""
    kept = []
    for k, (box, _) in enumerate(placed):
        if box is None:
            continue
        later = np.array([place for _, place in placed[k + 1 :]]).reshape(-1, 4)
        shared = np.clip(np.minimum(box[2:], later[:, 2:]) - np.maximum(box[:2], later[:, :2]), 0, None)
        if 1 - shared.prod(axis=1).sum() / max(np.prod(box[2:] - box[:2]), 1e-9) >= LEAST_SEEN:
            kept.append(box)
    return np.array(kept).reshape(-1, 4)


def _inside(boxes, size):
    """Boxes (N, 4) cut at the sides of an image, without those that are outside."""
    cut_off = np.clip(boxes, 0, np.tile(size, 2)).reshape(-1, 4)
    return cut_off[(cut_off[:, 2:] - cut_off[:, :2] >= 2).all(axis=1)]
