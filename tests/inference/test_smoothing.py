"""Smoothing makes noisy motion truer and calmer, as a stream and as a document, and says what it did."""

import dataclasses
import json

import numpy as np
import pytest

from deephar.cli import main
from deephar.inference.results import FrameResult, Head, ModelStamp, PoseResult, Result, read
from deephar.inference.smoothing import OneEuro, Smoother, Smoothing, smooth, smoothed
from deephar.synthetic.layouts import map_points
from deephar.synthetic.world import render_clip
from deephar.utils.pose import pa17j3d

NAMES = tuple(pa17j3d.joint_names)
PLAIN = Smoothing(confidence_power=0.0, least_confidence=0.0, max_gap_s=0.0, look_ahead_s=0.0)
ONE = np.ones(1)


@pytest.fixture(scope="module")
def truth():
    """A synthetic person in motion at 25 frames a second: (T, 17, 2) px, (T, 17, 3) mm from the camera."""
    clip = render_clip("test", 5, size=(640, 480), annotate_only=True, fps=25.0)
    return map_points(clip["joints_px"], "pa17"), map_points(clip["joints_mm"], "pa17")


def video(px, mm, confidence=None, times=None):
    """A document of one person."""
    confidence = np.full(px.shape[:2], 0.9) if confidence is None else confidence
    times = np.arange(len(px)) / 25 if times is None else times
    frames = []
    for k, pose in enumerate(px):
        box = (*np.nanmin(pose, axis=0).tolist(), *np.nanmax(pose, axis=0).tolist())
        person = PoseResult(pose, confidence[k], box, NAMES, mm[k] - mm[k, 0], 1, 0.9, mm[k])
        frames.append(FrameResult(k, float(times[k]), (person,)))
    head = Head("a.mp4", "video", (640, 480), ModelStamp("net", "ab" * 32), "pa17j3d", "people", 25.0)
    return Result(head, tuple(frames))


def noisy(truth, seed=0):
    """Predictions that are off as far as their confidence says, and this."""
    rng = np.random.default_rng(seed)
    confidence = rng.choice([0.95, 0.6], truth[0].shape[:2], p=[0.8, 0.2])
    off = np.where(confidence < 0.9, 3.0, 1.0)[..., None]
    px, mm = (points + off * rng.normal(0, size, points.shape) for points, size in zip(truth, (3, 20), strict=True))
    return video(px, mm, confidence), confidence


def error(result, truth):
    px, mm = (np.stack([getattr(f.people[0], key) for f in result.frames]) for key in ("pose_px", "camera_mm"))
    return [np.linalg.norm(found - true, axis=2).mean() for found, true in zip((px, mm), truth, strict=True)]


def jitter(result):
    return np.linalg.norm(np.diff([f.people[0].pose_px for f in result.frames], 2, axis=0), axis=2).mean()


def test_smoothed_motion_is_truer_and_calmer(truth):
    predicted, _ = noisy(truth)
    done = smooth(predicted)
    before, after = np.array(error(predicted, truth)), np.array(error(done, truth))
    assert (after < 0.75 * before).all() and jitter(done) < jitter(predicted) / 3
    causal = smooth(predicted, Smoothing(look_ahead_s=0.0))
    assert (after < error(causal, truth)).all()  # it lags
    deaf = smooth(predicted, Smoothing(confidence_power=0.0))
    assert (after < error(deaf, truth)).all()  # it follows unsure joints as well as sure ones


def test_what_does_not_move_and_what_is_smooth_stays():
    points = np.random.default_rng(0).uniform(0, 100, (17, 2))
    still = video(np.tile(points, (20, 1, 1)), np.tile(np.column_stack([points, points[:, 0]]), (20, 1, 1)))
    for frame in smooth(still).frames:
        np.testing.assert_allclose(frame.people[0].pose_px, points, atol=1e-9)
        assert frame.people[0].box == still.frames[0].people[0].box


def test_the_filter_is_the_papers():
    """The numbers of the algorithm of the paper's appendix, computed here step by step."""
    settings, values, times = Smoothing(1.0, 0.5, 1.5, 0.0), [0.0, 1.0, 0.5, 4.0, 4.1], [0.0, 0.1, 0.15, 0.35, 0.4]

    def alpha(cutoff, dt):
        return 1 / (1 + 1 / (2 * np.pi * cutoff) / dt)

    expected, rate = [values[0]], 0.0
    for k in range(1, len(values)):
        dt, last = times[k] - times[k - 1], expected[-1]
        change = (values[k] - last) / dt
        rate = alpha(1.5, dt) * change + (1 - alpha(1.5, dt)) * rate
        a = alpha(1.0 + 0.5 * abs(rate), dt)
        expected.append(a * values[k] + (1 - a) * last)
    filter_, dts = OneEuro(settings), np.diff(times, prepend=0.0)
    found = [filter_(np.array([[v]]), ONE, dt, ONE)[0, 0] for v, dt in zip(values, dts, strict=True)]
    assert found == pytest.approx(expected)


def test_the_unit_of_length_does_not_matter(truth):
    predicted, confidence = noisy(truth)
    px, mm = (np.stack([getattr(f.people[0], key) for f in predicted.frames]) for key in ("pose_px", "camera_mm"))
    small, large = smooth(predicted), smooth(video(10 * px, mm, confidence))
    for a, b in zip(small.frames, large.frames, strict=True):
        np.testing.assert_allclose(10 * a.people[0].pose_px, b.people[0].pose_px, atol=1e-6)


def test_a_joint_of_low_confidence_is_followed_less():
    for power, ratio in ((1.0, 0.5), (2.0, 0.25)):
        settings, jump = dataclasses.replace(PLAIN, beta=0.0, confidence_power=power), np.array([[0.0], [0.0]])
        filter_ = OneEuro(settings)
        filter_(jump, np.ones(2), 0.0, ONE)
        sure, unsure = filter_(jump + 1, np.array([1.0, 0.5]), 1e-4, ONE)[:, 0]
        assert unsure / sure == pytest.approx(ratio, rel=0.01)  # in a short time the share is the cut-off's


def test_equal_times_and_missing_joints_do_no_harm(truth):
    px, mm = (points[:8].copy() for points in truth)
    px[3, 2] = np.nan
    result = smooth(video(px, mm, times=[0, 0, 0.04, 0.08, 0.08, 0.12, 5.0, 5.04]), PLAIN)
    points = np.stack([frame.people[0].pose_px for frame in result.frames])
    assert np.isnan(points[3, 2]).all() and np.isfinite(np.delete(points.reshape(-1, 2), 3 * 17 + 2, axis=0)).all()
    np.testing.assert_array_equal(points[4, 2], px[4, 2])  # starts afresh
    assert [frame.time_s for frame in result.frames] == [0, 0, 0.04, 0.08, 0.08, 0.12, 5.0, 5.04]


def test_a_person_who_was_away_starts_afresh(truth):
    px, mm = truth[0][:24], truth[1][:24]
    result = video(px, mm)
    gone = [f if not 8 <= f.index < 16 else dataclasses.replace(f, people=()) for f in result.frames]
    done = smooth(dataclasses.replace(result, frames=tuple(gone)))
    assert [len(frame.people) for frame in done.frames] == [1] * 8 + [0] * 8 + [1] * 8
    alone = smooth(dataclasses.replace(result, frames=result.frames[16:]))
    for first, second in zip(done.frames[16:], alone.frames, strict=True):
        np.testing.assert_array_equal(first.people[0].pose_px, second.people[0].pose_px)


def test_a_stream_comes_late_by_the_delay_and_holds_no_more(truth):
    predicted, _ = noisy(truth)
    expected, settings, late = smooth(predicted), Smoothing(), []
    smoother, found = Smoother(settings), []
    for frame in predicted.frames:
        for done in smoother.add(frame):
            late.append(frame.time_s - done.time_s)
            found.append(done)
    assert max(late) <= settings.delay_s + 2 * 0.041 and len(predicted.frames) - len(found) <= 10
    found += smoother.finish()
    for a, b in zip(found, expected.frames, strict=True):
        np.testing.assert_array_equal(a.people[0].pose_px, b.people[0].pose_px)
    first = Smoother(PLAIN).add(predicted.frames[0])
    assert [frame.index for frame in first] == [0]  # nothing waits


def test_what_goes_along_with_a_frame_stays_with_it(truth):
    predicted, _ = noisy(truth)
    steps = list(smoothed(((f, f"pixels {f.index}", [f.index]) for f in predicted.frames), Smoothing()))
    assert [(f.index, a, b) for f, a, b in steps] == [(k, f"pixels {k}", [k]) for k in range(len(predicted.frames))]


def test_the_document_says_what_was_done(truth, tmp_path, capsys):
    predicted, _ = noisy(truth)
    frames = list(predicted.frames)
    frames[5] = dataclasses.replace(frames[5], people=())
    frames[9].people[0].confidence[2] = 0.01
    predicted = dataclasses.replace(predicted, frames=tuple(frames))
    path = tmp_path / "a_prediction.json"
    path.write_text(json.dumps(predicted.to_dict()))
    assert json.loads(path.read_text())["smoothing"] is None and "filled" not in path.read_text()
    assert main(["convert", str(path), "--format", "coco", "--smooth"]) == 0
    done = read(tmp_path / "coco.json")
    assert done.head.smoothing == Smoothing() and done.to_dict()["smoothing"]["method"] == "one-euro"
    filled = [frame.index for frame in done.frames if frame.people[0].filled]
    assert filled == [5] and done.frames[9].people[0].joints_filled == (NAMES[2],)
    assert Result.from_dict(json.loads(json.dumps(done.to_dict()))).to_dict() == done.to_dict()
    assert main(["convert", str(path), "--format", "csv", "--smooth"]) == 0
    header, *rows = (tmp_path / "a_people.csv").read_text().splitlines()
    assert header.endswith(",filled") and rows[5].endswith(",all") and rows[9].endswith(f",{NAMES[2]}")
    path.write_text(json.dumps(done.to_dict()))
    capsys.readouterr()
    assert main(["convert", str(path), "--format", "csv", "--smooth"]) == 2
    assert "`RESULTS` must not be smoothed already. Received: a.mp4" in capsys.readouterr().err


def test_documents_from_before_are_read(truth):
    document = noisy(truth)[0].to_dict()
    del document["smoothing"]
    assert Result.from_dict(document).head.smoothing is None


def test_an_image_has_no_time(truth):
    whole = video(truth[0][:1], truth[1][:1])
    image = dataclasses.replace(whole, head=dataclasses.replace(whole.head, kind="image"))
    assert smooth(image) is image


def test_settings_out_of_their_range_are_refused():
    wrong = {"min_cutoff_hz": (0.0, "above 0"), "beta": (-1, "0 or above"), "least_confidence": (2, "from 0 to 1")}
    wrong |= {"max_gap_s": (float("nan"), "0 or above"), "look_ahead_s": (float("inf"), "0 or above")}
    for name, (value, allowed) in wrong.items():
        with pytest.raises(ValueError, match=f"`{name}` must be {allowed}. Received: {value}"):
            Smoothing(**{name: value})
    with pytest.raises(TypeError, match="`smooth` must be True, False, None or a Smoothing. Received: 'yes'"):
        Smoothing.of("yes")
    assert Smoothing.of(True) == Smoothing() and Smoothing.of(False) is None and Smoothing.of(PLAIN) is PLAIN
