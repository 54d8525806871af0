"""Crops of places where nobody is: what a pose network learns low confidences from.

    rendered      an empty place of the synthetic world
    photographs   a part beside the annotated person
                  a random square of either, augmented like a person's crop --> frame, joints that are all absent
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from deephar.config import DataConfig
from deephar.data.frames import cut, place_crop, scale_pixels
from deephar.data.samples import draw_augmentation, image_shapes, people_labels, shape_of
from deephar.data.scenes import Photograph, PhotographedPlaces, open_photograph, part_beside
from deephar.synthetic.crowd import render_crowd
from deephar.utils.pose import ABSENT, PoseLayout, get_poselayout, pa16j2d

SIDE = (0.4, 1.0)  # of a crop, over the shorter side of the place
RENDERED = 1.5  # short side of a rendered place, over the crop's


class Nobody(PhotographedPlaces):
    """Images without a person; a pose network is taught by them that its confidences there are 0.

    What is shown in image `key` depends on split, seed and key alone. A photograph may show people who are not
    annotated; such crops are few in LSP.

    Args:
        dataconf: `DataConfig`.
        poselayout: `PoseLayout` or its name, of the labels.
        split: 'train', 'validation' or 'test', of the synthetic world.
        length: int. Number of different images.
        photos: list of `Photograph`, see `deephar.data.scenes.photographs`; empty: all places are rendered.
        photo_share: float in [0, 1]. Share of photographs, where there are any.
        seed: int.

    Samples: `frame` (H, W, 3) as `dataconf` says, `pose` (J, dim + 1) and `people` (P, J, dim + 1), all absent,
    `center` (2,), the middle, `bbox` (4,) px of the place, `afmat` (3, 3).

    Example:

        >>> from deephar.config import DataConfig
        >>> from deephar.data.nobody import Nobody
        >>> sample = Nobody(DataConfig(crop_resolution=(64, 64))).get_data(0, 0)
        >>> sample["frame"].shape, sample["pose"][:, -1].max()
        ((64, 64, 3), 0.0)
    """

    shift_unit = None  # the window is not moved

    def __init__(
        self,
        dataconf: DataConfig,
        poselayout: PoseLayout | str = pa16j2d,
        split: str = "train",
        length: int = 20000,
        photos: Sequence[Photograph] = (),
        photo_share: float = 0.5,
        seed: int = 0,
    ) -> None:
        super().__init__(dataconf, split, length, photos, photo_share, seed)
        self.poselayout = get_poselayout(poselayout) if isinstance(poselayout, str) else poselayout

    def get_shape(self, dictkey: str) -> tuple[int, ...]:
        """Return the shape of one entry of a sample."""
        return shape_of(image_shapes(self.dataconf, self.poselayout), dictkey)

    def get_data(self, key: int, mode: int, rng: np.random.Generator | None = None) -> dict:
        """Make image `key`; TRAIN_MODE augments at random, by `rng` where it is given.

        Raises:
            IndexError: `key` is out of range.
        """
        drawn = self._generator(key)
        augmentation = draw_augmentation(self.dataconf, mode, self._rng if rng is None else rng)
        place = self._place(drawn)
        side = drawn.uniform(*SIDE) * min(place.size)
        corner = [drawn.uniform(0, n - side) for n in place.size]
        centre, window = np.array(corner) + side / 2, (side * augmentation["scale"],) * 2
        crop = place_crop(place.size, centre, window, augmentation, self.dataconf)
        pose = np.full((self.poselayout.num_joints, self.poselayout.dim + 1), ABSENT)
        pose[:, -1] = 0.0
        return {
            "frame": scale_pixels(cut(place, crop), augmentation, self.dataconf),
            "pose": pose,
            "people": people_labels(pose[None]),
            "center": np.full(2, 0.5),
            "bbox": np.array([*corner, *np.add(corner, side)]),
            "afmat": crop.afmat,
        }

    def _place(self, rng):
        """An image of a place where nobody is."""
        if rng.uniform() < self.photo_share:
            photo = open_photograph(self.photos[int(rng.integers(len(self.photos)))])
            part = part_beside(photo, rng)
            if part is not None:
                return photo[0].crop([round(v) for v in part])
        short = round(RENDERED * max(self.dataconf.crop_resolution))
        size = (short, round(short * rng.uniform(1.0, 1.6)))
        size = size if rng.uniform() < 0.5 else size[::-1]
        return Image.fromarray(render_crowd(self.split, int(rng.integers(2**31)), 0, size, self.seed)["frame"])
