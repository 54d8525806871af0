"""`Predictor`: a pose goes back to the frame it came from, boxes lead to crops, video is read window by window."""

import doctest
import functools
import json
import sys

import numpy as np
import pytest
from PIL import Image

import deephar
import deephar.inference.predictor
from deephar.config import ModelConfig
from deephar.inference import Predictor, output_folder, save_image
from deephar.inference.crops import crop_of
from deephar.inference.export import save_video
from deephar.inference.smoothing import Smoothing, smooth
from deephar.inference.video import VideoReader, VideoWriter
from deephar.inference.windows import clip_indices
from deephar.models.signature import signature_of
from deephar.utils.pose import pa16j2d, pa17j3d


class Spot:
    """A stand-in network: its joints lie on the diagonal of the red pixels' box, in T frames or single images."""

    name = "Spot"

    def __init__(self, num_frames=None, num_actions=0, confidence=0.9):
        clip = () if num_frames is None else (num_frames,)
        self.input_shape = (None, *clip, 64, 64, 3)
        self.output_shape = [(None, *clip, 16, 3)] * 2 + [(None, num_actions)] * (num_actions > 0)
        self.num_actions, self.confidence, self.batches = num_actions, confidence, []

    def get_weights(self):
        return []

    def predict_on_batch(self, x):
        assert x.shape[1:] == self.input_shape[1:] and x.dtype == np.float32 and abs(x).max() <= 1
        self.batches.append(len(x))
        red = (x[..., 0] > 0.1) & (x[..., 2] < -0.1)  # (..., H, W)
        ramp, pose = np.linspace(0, 1, 16), np.zeros((*x.shape[:-3], 16, 3))
        for column, line in enumerate((red.any(axis=-2), red.any(axis=-1))):  # (..., 64)
            low, high = line.argmax(axis=-1) / 64, 1 - line[..., ::-1].argmax(axis=-1) / 64
            pose[..., column] = low[..., None] * (1 - ramp) + high[..., None] * ramp
        pose[..., 2] = np.where(red.any(axis=(-2, -1)), self.confidence, 0.0)[..., None]
        actions = [np.tile(np.linspace(0, 1, self.num_actions), (len(x), 1))] if self.num_actions else []
        return [np.zeros_like(pose), pose, *actions]


def following(network, **options):
    """A `Predictor` of one person, who is looked for in the whole frame."""
    return Predictor(network, detector="none", **options)


def image(x, y, height=200, width=300, side=20):
    """Grey with a red square around (x, y)."""
    image = np.full((height, width, 3), 128, np.uint8)
    image[y - side // 2 : y + side // 2, x - side // 2 : x + side // 2] = (255, 0, 0)
    return image


@pytest.fixture(scope="module")
def network():
    """A tiny clip SPNet with actions."""
    from deephar.models import spnet

    config = ModelConfig(
        (4, 64, 64, 3),
        pa16j2d,
        num_actions=[15],
        num_pyramids=2,
        action_pyramids=[1, 2],
        num_levels=3,
        growth=8,
        num_pose_features=16,
        num_visual_features=16,
    )
    return spnet.build(config)


def write_video(path, frames, fps=10):
    with VideoWriter(path, fps) as writer:
        for frame in frames:
            writer.add(frame)
    return path


@pytest.mark.parametrize("refine", [0, 1, 2])
@pytest.mark.parametrize("flip", [False, True])
def test_joints_return_to_the_frame(refine, flip):
    result = following(Spot(), refine=refine, flip=flip).predict_image(image(220, 70))
    centre = result.pose.pose_px.mean(axis=0)
    np.testing.assert_allclose(centre, [220, 70], atol=3 if refine == 0 else 0.7)
    assert result.size == (300, 200) and result.pose.confidence == pytest.approx(0.9)
    if refine:
        x1, y1, x2, _y2 = result.pose.box
        assert 150 < x1 < 215 < 225 < x2 < 290 and 0 < y1


def test_a_given_box_is_the_crop_and_is_reported():
    predictor = following(Spot())
    result = predictor.predict_image(image(220, 70), box=(200, 50, 240, 90))
    assert result.pose.box == (200, 50, 240, 90)
    np.testing.assert_allclose(result.pose.pose_px.mean(axis=0), [220, 70], atol=0.6)
    again = predictor.predict_image(image(220, 70), box=predictor.predict_image(image(220, 70)).pose.box)
    np.testing.assert_allclose(again.pose.pose_px, predictor.predict_image(image(220, 70)).pose.pose_px)


def test_a_given_box_is_refined_where_that_is_asked_for(tmp_path):
    given, frame = (150, 0, 290, 140), image(220, 70)
    path = write_video(tmp_path / "v.mp4", [frame] * 8)
    for network in (Spot(), Spot(4)):
        kept = following(network, refine=0)
        assert kept.predict_image(frame, box=given).pose.box == given
        assert {pose.box for pose in kept.predict_video(path, box=given, progress=False).poses} == {given}
        wanted = following(network, refine=2).predict_image(frame, box=given).pose.box
        assert 150 < wanted[0] < 215 < 225 < wanted[2] < 290
        twice = following(network, refine=2).predict_video(path, box=given, progress=False).poses[0].box
        np.testing.assert_allclose(twice, wanted, atol=4)


def test_images_of_every_kind_give_the_same_pose(tmp_path):
    predictor, pixels = following(Spot()), image(220, 70)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    expected = predictor.predict_image(pixels).pose.pose_px
    kinds = [tmp_path / "a.png", str(tmp_path / "a.png"), Image.fromarray(pixels), pixels / 255, pixels.astype(int)]
    for kind in [*kinds, np.dstack([pixels, pixels[..., 0]])]:
        np.testing.assert_array_equal(predictor.predict_image(kind).pose.pose_px, expected)
    for wrong in (None, pixels[None], np.moveaxis(pixels, -1, 0), pixels[:0], pixels.astype(float)):
        with pytest.raises((TypeError, ValueError), match="^`image` must"):
            predictor.predict_image(wrong)


def test_a_folder_is_read_without_what_is_hidden_and_faults_are_not_swallowed(tmp_path, monkeypatch):
    Image.fromarray(image(220, 70)).save(tmp_path / "a.png")
    (tmp_path / ".b.png").write_text("hidden")
    (tmp_path / "dir.jpg").mkdir()
    (tmp_path / "c.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (tmp_path / "d.heic").write_text("what pillow-heif does not read")
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    first, dangling, heic = following(Spot()).predict_folder(tmp_path, progress=False)
    assert first.source == str(tmp_path / "a.png")
    assert "c.jpg, which does not exist" in str(dangling) and "pillow-heif" in str(heic)
    monkeypatch.setattr("deephar.inference.predictor.read_image", lambda path: np.zeros(3).reshape(2, 2))
    with pytest.raises(ValueError, match="cannot reshape"):
        next(following(Spot()).predict_folder(tmp_path, progress=False))


def test_the_examples_of_the_docstrings_run(tmp_path, monkeypatch, untraced):
    monkeypatch.setattr("deephar.models.zoo.load_model", functools.cache(deephar.load_model))  # all name the same one
    monkeypatch.chdir(tmp_path)
    done = doctest.testmod(deephar.inference.predictor)
    assert done.failed == 0 and done.attempted > 10


def test_nobody_in_the_image_keeps_the_whole_frame():
    result = following(Spot()).predict_image(np.full((50, 80, 3), 128, np.uint8))
    assert result.pose.box == (0, 0, 80, 50)


def test_bad_boxes_and_options_are_named():
    predictor = following(Spot())
    with pytest.raises(ValueError, match="`box` must overlap the frame of 300 x 200"):
        predictor.predict_image(image(220, 70), box=(400, 0, 500, 50))
    with pytest.raises(ValueError, match="`pose_block` must be from -2 to 1. Received: 2"):
        following(Spot(), pose_block=2)
    with pytest.raises(ValueError, match="`refine` must be >= 0"):
        following(Spot(), refine=-1)
    with pytest.raises(ValueError, match="`labels` must be .15. names. Received: 2"):
        following(Spot(4, 15), labels=["a", "b"])
    with pytest.raises(ValueError, match="`layout` must have 16 joints in 2 dimensions"):
        following(Spot(), layout=pa17j3d)


def test_signature_of_a_clip_network(network):
    signature = signature_of(network)
    assert signature.num_frames == 4 and signature.resolution == (64, 64) and signature.layout is pa16j2d
    assert signature.pose_outputs == (0, 1, 2, 3) and signature.action_outputs == (4, 5, 6, 7)
    assert signature.labels[5] == "action_5"  # nobody said that the 15 actions are Penn Action's
    with pytest.raises(ValueError, match="`model` must take"):
        signature_of(type("Other", (), {"input_shape": (None, 10), "output_shape": [(None, 2)]})())


def test_single_images_go_through_the_pose_part_of_a_clip_network(network):
    predictor = following(network, refine=0)
    image = np.random.default_rng(0).integers(0, 255, (80, 60, 3), dtype=np.uint8)
    pose = predictor.predict_image(image).pose
    crop = crop_of((0, 0, 60, 80), (60, 80), predictor.signature.frame)
    still, _, scores = predictor.network.clips([[image] * 4], [(0, 0, 60, 80)])
    np.testing.assert_allclose(pose.pose_px, still[0, 0], atol=1e-2)
    assert crop.resolution == (64, 64) and scores.shape == (1, 15) and scores.sum() == pytest.approx(1, abs=1e-5)
    assert len(predictor.stamp.weights_sha256) == 64


def test_a_clip_network_of_another_build_sees_a_still_clip():
    result = following(Spot(4, 15)).predict_image(image(220, 70))
    np.testing.assert_allclose(result.pose.pose_px.mean(axis=0), [220, 70], atol=0.7)


@pytest.mark.parametrize(("available", "step"), [(24, 6), (12, 6), (9, 3), (3, 6), (1, 1), (4, 1), (25, 6)])
def test_clips_cover_every_frame_of_a_window(available, step):
    indices = clip_indices(range(min(available, 4 * step)), 4, step)
    assert indices.shape[1] == 4 and set(indices.ravel()) == set(range(min(available, 4 * step)))
    assert (np.diff(indices, axis=1) >= 0).all()


@pytest.mark.parametrize("count", [1, 3, 12, 17, 30])
def test_a_video_gets_a_pose_for_every_frame_and_an_action(tmp_path, count):
    frames = [image(60 + 6 * k, 80) for k in range(count)]
    path = write_video(tmp_path / "walk.mp4", frames)
    result = following(Spot(4, 15), subsampling=3).predict_video(path, progress=False)
    assert len(result.poses) == count and result.fps == pytest.approx(10)
    assert (result.head.clip_frames, result.head.clip_step_s) == (4, 0.3)
    for k, pose in enumerate(result.poses):
        np.testing.assert_allclose(pose.pose_px.mean(axis=0), [60 + 6 * k, 80], atol=2.5)
    assert result.action.name == "action_14"
    assert result.action.clips[0].first_frame == 0 and result.action.clips[-1].last_frame == count - 1
    assert len(result.action.clips) == -(-count // 12)


def test_actions_that_were_never_trained_are_not_in_the_result(tmp_path):
    path = write_video(tmp_path / "walk.mp4", [image(60 + 6 * k, 80) for k in range(4)])
    labels = [None if k > 9 else f"action {k}" for k in range(15)]
    predictor = following(Spot(4, 15), labels=labels)
    action = predictor.predict_video(path, progress=False).action
    assert predictor.labels == action.video.labels == tuple(labels[:10])
    assert action.name == "action 9"  # the network believes in 14
    assert action.video.probabilities.sum() == pytest.approx(1)
    assert list(action.to_dict()["probabilities"]) == labels[:10]


def test_the_box_follows_the_person_or_stays(tmp_path):
    path = write_video(tmp_path / "walk.mp4", [image(40 + 5 * k, 80) for k in range(40)])
    box = (20, 60, 60, 100)
    moved = following(Spot(4), subsampling=2).predict_video(path, box=box, progress=False)
    assert moved.poses[0].box != moved.poses[-1].box and moved.action is None
    np.testing.assert_allclose(moved.poses[-1].pose_px.mean(axis=0)[0], 234.5, atol=2)
    fixed = following(Spot(4), subsampling=2, refine=0).predict_video(path, box=box, progress=False)
    assert {pose.box for pose in fixed.poses} == {box}


def test_a_image_network_reads_video_too(tmp_path):
    path = write_video(tmp_path / "walk.mp4", [image(60 + 4 * k, 80) for k in range(20)])
    result = following(Spot()).predict_video(path, progress=False)
    assert len(result.poses) == 20 and result.action is None


def people_of(network, **options):
    return following(network, **options)._people(None, None, 1)


def test_memory_is_one_window_and_the_looks():
    run, count = people_of(Spot(4), subsampling=2), 0
    for k in range(50):
        count += len(run.add(image(60 + k, 80)))
        assert run.waiting <= 8
    assert count + len(run.finish()) == 50 and run.waiting == 0


def test_frames_must_keep_their_size():
    run = people_of(Spot(4))
    run.add(image(60, 80))
    with pytest.raises(ValueError, match=r"`frame` must be \(300, 200\)"):
        run.add(image(60, 80, 100, 100))


def test_files_are_written_whole_and_say_what_was_found(tmp_path):
    predictor, out = following(Spot(4, 15), subsampling=2), output_folder(tmp_path / "new" / "out")
    Image.fromarray(image(220, 70)).save(tmp_path / "a.png")
    written = save_image(predictor.predict_image(tmp_path / "a.png"), out, predictor.layout)
    assert [p.name for p in written] == ["a_prediction.json", "a_overlay.png"]
    assert json.loads(written[0].read_text())["frames"][0]["people"][0]["joints"]["head"][2] == 0.9
    assert (np.asarray(Image.open(written[1])) != image(220, 70)).any()
    path = write_video(tmp_path / "v.mp4", [image(60 + 6 * k, 80) for k in range(10)])
    written = save_video(predictor.predict_video(path, progress=False), out, predictor.layout, progress=False)
    assert len(json.loads(written[0].read_text())["frames"]) == 10
    with VideoReader(written[1]) as video:
        assert len(list(video)) == 10
    assert sorted(p.name for p in out.iterdir()) == sorted(
        ["a_prediction.json", "a_overlay.png", "v_prediction.json", "v_overlay.mp4"]
    )


def test_a_failure_while_drawing_leaves_the_old_overlay(tmp_path, monkeypatch):
    predictor = following(Spot(4, 15), subsampling=2)
    path = write_video(tmp_path / "v.mp4", [image(60 + 6 * k, 80) for k in range(10)])
    result = predictor.predict_video(path, progress=False)
    written = save_video(result, tmp_path, predictor.layout, progress=False)
    before = written[1].read_bytes()
    calls = []

    def fail(image, *rest):
        calls.append(1)
        if len(calls) > 5:
            raise KeyboardInterrupt
        return image

    monkeypatch.setattr("deephar.inference.export.draw_people", fail)
    with pytest.raises(KeyboardInterrupt):
        save_video(result, tmp_path, predictor.layout, progress=False)
    assert written[1].read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["v.mp4", "v_overlay.mp4", "v_prediction.json"]


def test_videos_and_streams_are_smoothed_where_that_is_asked_for(tmp_path):
    rng = np.random.default_rng(0)
    frames = [image(*(150 + rng.integers(-6, 6, 2))) for _ in range(12)]
    path = write_video(tmp_path / "v.mp4", frames)
    plain = following(Spot()).predict_video(path, progress=False)
    settings = Smoothing(min_cutoff_hz=0.5, beta=0.0)
    predictor = following(Spot(), smooth=settings)
    result = predictor.predict_video(path, progress=False)
    assert plain.head.smoothing is None and result.head.smoothing == settings
    assert result.to_dict() == smooth(plain, settings).to_dict()
    shakes = [np.std([p.pose_px.mean(axis=0) for p in found.poses], axis=0) for found in (plain, result)]
    assert (shakes[1] < 0.5 * shakes[0]).all()
    assert following(Spot(), smooth=True).smoothing == Smoothing()
    with VideoReader(path) as video:
        times = [(frame, video.time_s) for frame in video]
        streamed = list(predictor.stream(times))
    assert [frame.to_dict() for frame in streamed] == result.to_dict()["frames"]
    still = predictor.predict_image(frames[0])
    assert still.head.smoothing is None and still.people[0].joints_filled == ()


def test_unwritable_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ValueError, match="`out` must be a folder that can be written to.*file"):
        output_folder(tmp_path / "file" / "out")
