"""People packed for the page: what the page unpacks is what was found, to a quarter of a pixel and a millimetre."""

import base64
import dataclasses

import numpy as np
import pytest

from deephar.inference.results import FrameResult
from deephar.report.people import ABSENT, busiest_frame, integers, joints_of, pack_people, runs_of
from tests.report.examples import FPS, image, person, video


def unpack(text, kind, shape):
    return np.frombuffer(base64.b64decode(text), kind).reshape(shape)


def test_the_page_gets_what_was_found():
    result = video()
    packed = pack_people(result)
    assert [one["runs"] for one in packed["people"]] == [[[0, 50]], [[25, 25]]]
    np.testing.assert_allclose(unpack(packed["times"], "<f4", -1), np.arange(50) / FPS, rtol=1e-6)
    second, step = packed["people"][1], packed["step_px"]
    expected = [person(2, frame) for frame in range(25, 50)]
    points = unpack(second["xy"], "<i2", (25, 17, 2)) * step
    np.testing.assert_allclose(points, [one.pose_px for one in expected], atol=step / 2)
    np.testing.assert_allclose(unpack(second["mm"], "<i2", (25, 17, 3)), [one.pose_mm for one in expected], atol=0.51)
    shares = unpack(second["confidence"], "u1", (25, 17)) / 255
    np.testing.assert_allclose(shares, [one.confidence for one in expected], atol=0.5 / 255)
    np.testing.assert_allclose(unpack(second["box"], "<i2", (25, 4)) * step, [k.box for k in expected], atol=step / 2)
    np.testing.assert_allclose(unpack(second["score"], "u1", 25) / 255, 0.8, atol=0.5 / 255)


def test_what_is_not_there_is_absent():
    lost = person(1, mm=False)
    lost.pose_px[3], lost.pose_px[4] = np.nan, -1e9
    result = dataclasses.replace(image(), frames=(FrameResult(0, 0.0, (dataclasses.replace(lost, score=None),)),))
    (packed,) = pack_people(result)["people"]
    points = unpack(packed["xy"], "<i2", (17, 2))
    assert (points[3:5] == ABSENT).all() and (points[[0, 1, 2, 5]] != ABSENT).all()
    assert packed["mm"] is None and packed["score"] is None
    assert integers([0.3, np.inf, 1e9], 0.25).tolist() == [1, ABSENT, ABSENT]


def test_steps_grow_with_the_frame():
    packed = pack_people(image(size=(20_000, 100)))
    assert packed["step_px"] == pytest.approx(5.0)


def test_runs_and_who_is_there():
    assert runs_of([0, 1, 2, 5, 7, 8]) == [[0, 3], [5, 1], [7, 2]]
    result = video()
    assert busiest_frame(result.frames).index == 25 and busiest_frame(()) is None
    empty = dataclasses.replace(result, frames=(FrameResult(0, 0.0),))
    assert joints_of(result) == person(1).joint_names and joints_of(empty) == ()
    assert pack_people(empty)["people"] == []
