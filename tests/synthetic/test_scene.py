"""Solids are packed and merged without mixing up their materials; furniture and objects are made of them."""

import numpy as np
import pytest

from deephar.synthetic import props
from deephar.synthetic.furniture import INDOORS, OUTDOORS, make_piece
from deephar.synthetic.scene import PART_FURNITURE, PART_OBJECT, Material, Solids, SolidsBuilder, merge


def one_of_each(colour, part_offset=0):
    """A capsule, an ellipsoid and a box of one colour."""
    builder = SolidsBuilder(part_offset)
    paint = builder.material(Material(colour))
    builder.capsule((0, 0, 0), (0, 0, 100.0), 10.0, 5.0, paint, 1)
    builder.ellipsoid((0, 0, 0), np.eye(3), paint, 2)
    builder.box((0, 0, 0), np.eye(3), (1.0, 2.0, 3.0), paint, 3)
    return builder.build()


def test_merge_keeps_every_solid_its_material():
    groups = [one_of_each((0.1 * i, 0, 0), 100 * i) for i in range(4)]
    merged = merge([Solids(), *groups, Solids()])
    assert len(merged.materials) == 4
    for kind in (merged.capsules, merged.ellipsoids, merged.boxes):
        assert len(kind.part) == 4
        for part, material in zip(kind.part, kind.material, strict=True):
            assert merged.materials[material].colour[0] == pytest.approx(0.1 * (part // 100))


def test_merge_of_nothing_is_nothing():
    assert len(merge([]).capsules.part) == 0
    assert len(merge([Solids()]).materials) == 0


@pytest.mark.parametrize("kind", sorted({*INDOORS, *OUTDOORS}))
def test_furniture_stands_on_the_floor_at_its_spot(kind):
    solids = make_piece(kind, np.random.default_rng(0), "train", (500.0, -300.0), 0.4)
    parts = np.concatenate([solids.capsules.part, solids.ellipsoids.part, solids.boxes.part])
    assert len(parts) and (parts == PART_FURNITURE).all()
    centres = np.concatenate(
        [0.5 * (solids.capsules.a + solids.capsules.b), solids.ellipsoids.centre, solids.boxes.centre]
    )
    assert (centres[:, 2] > -200.0).all()
    assert np.abs(centres.mean(axis=0)[:2] - (500.0, -300.0)).max() < 700.0


def test_unknown_furniture_is_named():
    with pytest.raises(ValueError, match="`kind`.*Received: 'piano'"):
        make_piece("piano", np.random.default_rng(0), "train", (0.0, 0.0), 0.0)


POINTS = {
    "ball": ("centre",),
    "bat": ("grip", "tip"),
    "barbell": ("left", "right"),
    "bench": ("head", "foot"),
    "club": ("grip", "tip"),
    "glove": ("centre",),
    "guitar": ("body",),
    "pullup_bar": ("left", "right"),
    "racket": ("grip", "tip"),
    "rope": ("p00", "p01", "p02", "p03"),
    "seat": ("top",),
    "stick": ("grip", "tip"),
    "book": ("centre",),
    "comb": ("grip", "tip"),
    "cup": ("bottom", "top"),
    "jacket": ("top", "bottom", "r1", "r2", "r3", "l1", "l2", "l3"),
    "phone": ("bottom", "top"),
}


@pytest.mark.parametrize("kind", props.KINDS)
def test_objects_reach_from_point_to_point(kind):
    places = np.array([[-400.0, 100.0, 900.0], [500.0, 300.0, 950.0], [600.0, 0, 700.0], [900.0, 0, 300.0]])
    points = dict(zip(POINTS[kind], np.concatenate([places, places + (0, 900, 400)]), strict=False))
    directions = {"neck": np.array([0.6, 0.8, 0]), "face": np.array([0, 0, 1.0]), "across": np.array([0.6, 0.8, 0])}
    directions["front"] = np.array([1.0, 0, 0])
    appearance = props.sample_props(np.random.default_rng(3), "test")
    solids = props.make_prop(kind, points, directions, {}, appearance)
    parts = np.concatenate([solids.capsules.part, solids.ellipsoids.part, solids.boxes.part])
    assert len(parts) and (parts == PART_OBJECT).all()
    ends = [solids.capsules.a, solids.capsules.b, solids.ellipsoids.centre, solids.boxes.centre]
    ends = np.concatenate([e for e in ends if len(e)])
    assert np.isfinite(ends).all()
    for place in points.values():
        assert np.linalg.norm(ends - place, axis=1).min() < 500.0


def test_unknown_object_is_named():
    with pytest.raises(ValueError, match="`kind`.*Received: 'trumpet'"):
        props.make_prop("trumpet", {}, {}, {}, props.sample_props(np.random.default_rng(0), "train"))
