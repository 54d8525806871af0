"""The maps that a network reads joints from, over the crop: where it looked, and what else it took for a joint."""

from collections.abc import Sequence

import numpy as np

from deephar.drawing.heat import draw_heat
from deephar.drawing.sheet import contact_sheet
from deephar.inference.network import PersonNetwork
from deephar.inference.results import PoseResult

COLUMNS, TILE_PX = 6, 192


def maps_sheet(network: PersonNetwork, frame: np.ndarray, people: Sequence[PoseResult]) -> np.ndarray:
    """Return the maps of people in an image as one sheet, a tile a joint, person after person.

    A tile shows the crop with the joint's map over it, scaled to its own largest value; the caption has the confidence.

    Args:
        network: PersonNetwork, such as `Predictor.network`.
        frame: uint8 (H, W, 3).
        people: list of PoseResult, at least one.

    Returns:
        uint8 (H, W, 3).

    Raises:
        ValueError: as `PersonNetwork.joint_maps`.
    """
    tiles, captions = [], []
    for person in people:
        crop, maps = network.joint_maps(frame, person.box)
        who = f"{person.id} " * (len(people) > 1)
        for name, confidence, heat in zip(person.joint_names, person.confidence, maps, strict=True):
            tiles.append(draw_heat(crop, heat))
            captions.append(f"{who}{name} {confidence:.2f}")
        blank = -len(tiles) % COLUMNS
        tiles += [np.full_like(crop, 255)] * blank
        captions += [""] * blank
    return contact_sheet(tiles, COLUMNS, captions=captions, cell=(TILE_PX, TILE_PX))
