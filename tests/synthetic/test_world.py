"""The synthetic world: images and clips that equal their annotations, in any order."""

import numpy as np
import pytest

from deephar.synthetic import definition, stage
from deephar.synthetic.body import NUM_POINTS, P
from deephar.synthetic.camera import crop, project
from deephar.synthetic.dress import PART
from deephar.synthetic.layouts import map_flags
from deephar.synthetic.world import clip_action, clip_length, render_clip, render_still

SIZE = (96, 96)


def _still(split="train", index=0, **options):
    return render_still(split, index, SIZE, **options)


def _to_world(camera, local):
    return local @ camera.R + camera.position


@pytest.mark.parametrize("framing", ["scene", "person"])
def test_a_still_has_everything_it_promises(framing):
    for index in range(4):
        still = _still(index=index, framing=framing)
        assert still["frame"].shape == (96, 96, 3) and still["frame"].dtype == np.uint8
        assert still["frame"].std() > 3.0
        assert still["joints_px"].shape == (NUM_POINTS, 2) and still["visible"].shape == (NUM_POINTS,)
        assert -1 <= still["action"] < 15 and 1500 <= still["height_mm"] <= 2000
        x1, y1, x2, y2 = still["head_box"]
        u, v = still["joints_px"][P["head_centre"]]
        assert x1 < u < x2 and y1 < v < y2


@pytest.mark.parametrize("framing", ["scene", "person"])
def test_annotations_are_the_projections_of_the_points(framing):
    for index in range(20):
        still = _still(index=index, framing=framing, annotate_only=True)
        px, depth = project(still["camera"], _to_world(still["camera"], still["joints_mm"]))
        np.testing.assert_allclose(px, still["joints_px"], atol=1e-6)
        np.testing.assert_allclose(depth, still["joints_mm"][:, 2], atol=1e-6)
        inside = ((px >= 0) & (px < 96)).all(1)
        assert (still["visible"] == inside).all()


def test_annotations_do_not_depend_on_drawing():
    drawn, noted = _still(index=3), _still(index=3, annotate_only=True)
    np.testing.assert_array_equal(drawn["joints_px"], noted["joints_px"])
    assert "frame" not in noted and not (drawn["visible"] & ~noted["visible"]).any()


def test_a_crop_of_the_camera_moves_and_scales_the_pixels():
    still = _still(index=1, annotate_only=True)
    world = _to_world(still["camera"], still["joints_mm"])
    small = crop(still["camera"], (10.0, 20.0, 58.0, 68.0), (96, 96))
    np.testing.assert_allclose(project(small, world)[0], (still["joints_px"] - (10.0, 20.0)) * 2.0, atol=1e-6)


@pytest.fixture
def rendered(monkeypatch):
    """What the renderer returned, image by image."""
    kept, original = [], stage.render
    monkeypatch.setattr(stage, "render", lambda *args: kept.append(original(*args)) or kept[-1])
    return kept


def test_the_person_is_where_the_annotation_says(rendered):
    seen = []
    for index in range(12):
        still = render_still("train", index, (128, 128), framing="person")
        part = rendered[-1].part
        for name, own in (("head_centre", ("head",)), ("spine", ("spine", "chest", "pelvis"))):
            if still["visible"][P[name]]:
                u, v = (still["joints_px"][P[name]] * part.shape[1] / 128).astype(int)
                seen.append(part[v, u] in [PART[p] for p in own])
    assert len(seen) > 10 and np.mean(seen) > 0.8


def test_flags_agree_with_the_depth_buffer(rendered):
    for index in range(12):
        still = render_still("test", index, (128, 128), framing="person")
        depth, scale = rendered[-1].depth, rendered[-1].depth.shape[1] / 128
        for k in np.flatnonzero(((still["joints_px"] > 1) & (still["joints_px"] < 127)).all(1)):
            u, v = (still["joints_px"][k] * scale).astype(int)
            in_front = still["depth"][k] - depth[v, u]  # mm of whatever is nearer
            assert in_front < 300.0 if still["visible"][k] else in_front > 15.0


def test_far_sides_are_hidden_and_near_ones_visible():
    flags = np.array([map_flags(_still(index=i, framing="person")["visible"], "mpii16") for i in range(30)])
    assert 0.5 < flags.mean() < 0.97
    assert flags[:, 9].mean() > 0.7  # the top of the head is seldom hidden


def test_the_same_image_comes_in_any_order_and_another_seed_gives_another():
    first = [_still("test", i)["frame"] for i in (0, 1, 2)]
    again = [_still("test", i)["frame"] for i in (2, 0, 1)]
    np.testing.assert_array_equal(first[2], again[0])
    np.testing.assert_array_equal(first[0], again[1])
    assert (first[0] != _still("test", 0, seed=1)["frame"]).any()


def test_splits_share_no_image():
    frames = [_still(split, 0)["joints_px"] for split in ("train", "validation", "test")]
    assert not np.allclose(frames[0], frames[1]) and not np.allclose(frames[1], frames[2])


def test_a_clip_equals_its_frames_one_by_one():
    clip = render_clip("train", 7, 3, SIZE, framing="person")
    assert clip["frames"].shape == (3, 96, 96, 3) and clip["joints_px"].shape == (3, NUM_POINTS, 2)
    assert clip["action"] == clip_action(7) == 7
    assert clip["length"] == clip_length("train", 7) and clip["frame_list"].tolist()[-1] == clip["length"] - 1
    last = render_clip("train", 7, size=SIZE, framing="person", frame_list=[clip["frame_list"][-1]])
    np.testing.assert_array_equal(last["frames"][0], clip["frames"][-1])
    np.testing.assert_array_equal(last["joints_px"][0], clip["joints_px"][-1])


def test_a_whole_video_annotated_without_drawing_moves_smoothly():
    clip = render_clip("validation", 12, None, (480, 270), annotate_only=True)
    assert 20 <= clip["length"] == len(clip["joints_px"]) <= 80
    step = np.abs(np.diff(clip["joints_px"], axis=0)).max()
    assert 0.0 < step < 120.0


def test_people_are_as_large_as_the_specification_says():
    share = []
    for index in range(60):
        still = render_still("train", index, (1000, 1000), annotate_only=True)
        share.append(still["height_mm"] * still["camera"].f[1] / still["depth"][P["pelvis"]])
    assert 60 < min(share) < 200 and 300 < max(share) < 650


@pytest.mark.parametrize(
    "options, message",
    [
        (dict(split="dev"), "`split` must be one of .*Received: 'dev'"),
        (dict(index=-1), "`index` must be a whole number from 0. Received: -1"),
        (dict(size=(8, 8)), "`size` must be .*Received: \\(8, 8\\)"),
        (dict(framing="close"), "`framing` must be one of .*Received: 'close'"),
        (dict(seed=-3), "`seed` must be .*Received: -3"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        render_still(**{"split": "train", "index": 0, "annotate_only": True, **options})


def test_wrong_frame_numbers_are_named():
    with pytest.raises(ValueError, match="`frame_list` must hold frame numbers from 0 to .*Received: \\[99\\]"):
        render_clip("train", 0, frame_list=[99], annotate_only=True)
    with pytest.raises(ValueError, match="`num_frames` must be at least 1"):
        render_clip("train", 0, 0, annotate_only=True)


def test_the_fixed_test_set_is_still_the_same():
    definition.verify("synthetic-v1")
    with pytest.raises(ValueError, match="`name` must be one of .*Received: 'synthetic-v0'"):
        definition.verify("synthetic-v0")
