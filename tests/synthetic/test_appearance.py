"""Appearance, rooms, textures and camera effects: repeatable, different between splits, and tell left from right."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from deephar.synthetic import appearance, backgrounds, effects, ground_textures, palette
from deephar.synthetic.body import F, P, Skeleton, make_body
from deephar.synthetic.render import render
from deephar.synthetic.scene import PART_SECOND_PERSON, Camera, Material, Scene, Surroundings
from deephar.synthetic.textures import coarser, material_textures

SPLITS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def standing():
    """A person who stands straight at the origin, faces +x, arms hanging a little apart."""
    body = make_body()
    flat = {"pelvis": (0, 0, 928), "spine": (0, 0, 1170), "thorax": (0, 0, 1430), "neck": (0, 0, 1520)}
    flat |= {"head_centre": (25, 0, 1634), "head_top": (0, 0, 1750), "nose": (130, 0, 1610), "chin": (95, 0, 1525)}
    sided = {"eye": (105, 30, 1640), "ear": (20, 78, 1630), "shoulder": (0, 195, 1430), "elbow": (0, 290, 1120)}
    sided |= {"wrist": (30, 350, 880), "hand": (35, 360, 800), "handtip": (40, 370, 710), "thumb": (85, 350, 790)}
    sided |= {"hip": (0, 91, 928), "knee": (0, 100, 500), "ankle": (0, 105, 70), "heel": (-55, 105, 26)}
    sided |= {"foot": (110, 110, 26), "toe": (205, 110, 26)}
    points = np.zeros((36, 3))
    for name, place in flat.items():
        points[P[name]] = place
    for name, place in sided.items():
        points[P["l_" + name]] = place
        points[P["r_" + name]] = np.array(place) * (1, -1, 1)
    frames = np.repeat(np.eye(3)[None], 7, axis=0)
    for side in ("r_hand", "l_hand"):
        frames[F[side]] = np.array([[0, 0, 1.0], [0, 1.0, 0], [-1.0, 0, 0]])
    return Skeleton(points, frames, body)


def image(solids, azimuth=0.0, size=160):
    """Render solids in a plain room from `azimuth` degrees (0: from the front)."""
    turn = np.radians(azimuth)
    position = np.array([4200 * np.cos(turn), 4200 * np.sin(turn), 1000.0])
    z = -position * (1, 1, 0) / 4200
    x = np.cross(z, [0, 0, 1.0])
    focal = size * 4200 / 2100
    camera = Camera(np.stack([x, np.cross(z, x), z]), position, (focal, focal), (size / 2, size / 2), size=(size, size))
    grey = np.full((256, 256, 3), 128, np.uint8)
    out = render(Scene(camera, solids, Surroundings(floor=grey, wall=grey, bounds=(-6000, 6000, -6000, 6000, 3500))))
    return out, camera


def pixel(camera, point):
    local = camera.R @ (np.asarray(point, float) - camera.position)
    return int(local[0] / local[2] * camera.f[0] + camera.c[0]), int(local[1] / local[2] * camera.f[1] + camera.c[1])


@pytest.mark.parametrize("seed", range(4))
def test_every_joint_is_covered_by_the_person(standing, seed):
    person = appearance.sample_person(np.random.default_rng(seed), "train")
    out, camera = image(appearance.dress(standing, person))
    for name, index in P.items():
        if name in ("head_top", "nose", "chin") or name.endswith(("handtip", "thumb", "toe", "heel", "foot", "ear")):
            continue
        column, row = pixel(camera, standing.points[index])
        assert out.part[row, column] >= 0, name
    height = np.flatnonzero((out.part >= 0).any(axis=1))
    top, bottom = pixel(camera, standing.points[P["head_top"]])[1], pixel(camera, (205, 0, 0))[1]
    assert abs(height[0] - top) < 8 and abs(height[-1] - bottom) < 4


def test_parts_are_named_left_and_right(standing):
    person = appearance.sample_person(np.random.default_rng(0), "train")
    out, camera = image(appearance.dress(standing, person))
    for part, point in (("r_shin", "r_ankle"), ("l_shin", "l_ankle"), ("r_forearm", "r_elbow"), ("l_hand", "l_hand")):
        _rows, columns = np.nonzero(out.part == appearance.PART[part])
        assert abs(columns.mean() - pixel(camera, standing.points[P[point]])[0]) < 8
    assert set(np.unique(out.part)) - {-1} <= set(range(len(appearance.PART_NAMES)))
    other, _ = image(appearance.dress(standing, person, PART_SECOND_PERSON))
    assert set(np.unique(other.part)) - {-1} <= set(range(PART_SECOND_PERSON, PART_SECOND_PERSON + 17))


def test_front_can_be_told_from_back(standing):
    """The face side of the head shows more skin than the back, for people with hair."""
    for seed in range(6):
        person = appearance.sample_person(np.random.default_rng(seed), "train")
        person = replace(person, hair_style="short")
        skin, hair = np.array(person.skin.colour), np.array(person.hair.colour)
        if np.abs(skin - hair).max() < 0.25:
            continue
        shares = []
        for azimuth in (0.0, 180.0):
            out, _ = image(appearance.dress(standing, person), azimuth, 256)
            head = out.frame[out.part == appearance.PART["head"]] / 255.0
            tint = head / head.sum(axis=1, keepdims=True)
            gaps = [np.abs(tint - c / c.sum()).sum(axis=1) + np.abs(head.mean(1) - c.mean()) for c in (skin, hair)]
            shares.append((gaps[0] < gaps[1]).mean())
        assert shares[0] > shares[1] + 0.15


def test_a_watch_is_on_one_side_only(standing):
    person = replace(appearance.sample_person(np.random.default_rng(0), "train"), sleeve=0.45, glove="", watch="")
    plain = appearance.dress(standing, person)
    right = appearance.dress(standing, replace(person, watch="r"))
    extra = len(right.capsules.part) - len(plain.capsules.part)
    assert extra == 1
    count = [np.sum(right.capsules.part == appearance.PART[f"{side}_forearm"]) for side in "rl"]
    assert count[0] == count[1] + 1


@pytest.mark.parametrize("split", SPLITS)
def test_looks_and_rooms_are_repeatable(standing, split):
    frames = []
    for _ in range(2):
        rng = np.random.default_rng(5)
        solids = appearance.dress(standing, appearance.sample_person(rng, split))
        room = backgrounds.sample_room(rng, split, camera_position=(4000.0, 0.0, 1500.0))
        shot, camera = image(solids)
        scene = Scene(camera, solids, room.surroundings, room.lights, room.ambient, room.shadow)
        frames.append((shot.frame, effects.apply(render(scene).frame, effects.sample_effects(rng), rng)))
    np.testing.assert_array_equal(frames[0][0], frames[1][0])
    np.testing.assert_array_equal(frames[0][1], frames[1][1])


def test_splits_share_no_value_and_no_seed():
    values, seeds = {}, {}
    for split in SPLITS:
        rng = np.random.default_rng(0)
        values[split] = np.array([palette.split_value(rng, split, 12) for _ in range(400)])
        seeds[split] = {palette.pattern_seed(rng, split) for _ in range(400)}
    for first, second in (("train", "validation"), ("train", "test"), ("validation", "test")):
        gap = np.abs(values[first][:, None] - values[second][None]).min()
        assert gap > 0.001
        assert not seeds[first] & seeds[second]
    assert all(v.min() >= 0 and v.max() < 1 and v.min() < 0.1 and v.max() > 0.9 for v in values.values())


@pytest.mark.parametrize("kind", sorted({*ground_textures.FLOORS, *ground_textures.LAWNS, *ground_textures.WALLS}))
def test_textures_are_full_size_and_differ_between_splits(kind):
    drawn = [ground_textures.ground_texture(kind, split, 0) for split in SPLITS]
    for texture in drawn:
        assert texture.shape == (256, 256, 3) and texture.dtype == np.uint8
        assert texture.std() > 0.3
    assert not np.array_equal(drawn[0], drawn[1]) and not np.array_equal(drawn[1], drawn[2])


def test_coarser_textures_keep_the_mean():
    texture = ground_textures.ground_texture("bricks", "train", 1)
    for level in range(1, 5):
        low = coarser(texture, level)
        assert low.shape == (256 >> level, 256 >> level, 3)
        np.testing.assert_allclose(low.mean((0, 1)), texture.mean((0, 1)), atol=1.0)
        assert (low.std((0, 1)) < texture.std((0, 1)) + 0.2).all()


def test_unknown_names_are_reported():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="`split`.*Received: 'val'"):
        appearance.sample_person(rng, "val")
    with pytest.raises(ValueError, match="`kind`.*Received: 'lava'"):
        ground_textures.ground_texture("lava", "train", 0)
    with pytest.raises(ValueError, match="`pattern`.*Received: 'dots'"):
        material_textures([Material(pattern="dots")], [0])


def test_own_images_as_background(tmp_path):
    with pytest.raises(FileNotFoundError, match="`folder`.*Received: .*nowhere"):
        backgrounds.sample_room(np.random.default_rng(0), folder=tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="`folder` has no image"):
        backgrounds.sample_room(np.random.default_rng(0), folder=tmp_path)
    images = tmp_path / "mine"
    images.mkdir()
    Image.fromarray(np.full((90, 120, 3), (200, 30, 30), np.uint8)).save(images / "wall.png")
    room = backgrounds.sample_room(np.random.default_rng(0), folder=images)
    assert room.surroundings.kind == "image"
    assert (room.surroundings.image == (200, 30, 30)).all()


def test_furniture_keeps_out_of_the_way():
    centre, camera = np.array([300.0, -200.0]), np.array([4500.0, 0.0, 1400.0])
    for seed in range(30):
        rng = np.random.default_rng(seed)
        room = backgrounds.sample_room(rng, "train", centre=centre, clear=1100.0, camera_position=camera)
        clutter = room.clutter
        places = np.concatenate(
            [0.5 * (clutter.capsules.a + clutter.capsules.b), clutter.boxes.centre, clutter.ellipsoids.centre]
        )
        low = places[places[:, 2] < 1200.0]
        if len(low):
            assert np.hypot(*(low[:, :2] - centre).T).min() > 250.0
        x0, x1, y0, y1, height = room.surroundings.bounds
        assert room.surroundings.kind != "room" or (x0 < camera[0] < x1 and y0 < camera[1] < y1 and height > camera[2])


def test_effects_keep_shape_and_do_what_they_say():
    rng = np.random.default_rng(0)
    frame = rng.integers(60, 190, (64, 48, 3)).astype(np.uint8)
    none = effects.Effects(softness_px=0.0, noise=0.0)
    np.testing.assert_array_equal(effects.apply(frame, none, rng), frame)
    dark = effects.apply(frame, replace(none, gain=(0.5, 0.5, 0.5)), rng)
    assert dark.mean() == pytest.approx(frame.mean() / 2, abs=2)
    noisy = effects.apply(np.full((128, 128, 3), 128, np.uint8), replace(none, noise=8.0), rng)
    assert noisy.std() == pytest.approx(8.0, rel=0.15) and noisy.mean() == pytest.approx(128, abs=1)
    soft = effects.apply(frame, replace(none, softness_px=0.8), rng)
    assert soft.std() < frame.std() and soft.mean() == pytest.approx(frame.mean(), abs=1)
    assert effects.apply(frame, replace(none, quality=40), rng).shape == frame.shape
    grey = effects.apply(frame, replace(none, grey=True), rng)
    assert np.ptp(grey, axis=2).max() == 0


def test_motion_blur_is_along_the_motion_and_only_where_something_moves():
    frame = np.zeros((40, 40, 3), np.uint8)
    frame[18:22, 18:22] = 255
    none, rng = effects.Effects(softness_px=0.0, noise=0.0), np.random.default_rng(0)
    blurred = effects.apply(frame, none, rng, (4.0, 0.0))
    rows, columns = np.nonzero(blurred[..., 0])
    assert np.ptp(rows) == 3 and np.ptp(columns) > 5
    still = np.zeros((40, 40), bool)
    np.testing.assert_array_equal(effects.apply(frame, none, rng, (4.0, 0.0), still), frame)
