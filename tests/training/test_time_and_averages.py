"""Stages that end by the clock, and stages whose averaged weights are validated and saved."""

import json
import time

import numpy as np
import pytest

from deephar.training import stages
from deephar.training.optimizers import averaged, take_averages
from deephar.training.recipes import Recipe, Stage
from deephar.training.run import Run
from deephar.training.stages import compile_for_stage, run_recipe, train_stage
from tests.training.test_stages import ACTION, POSE, STAGE, build, rows_of

pytestmark = pytest.mark.usefixtures("untraced")


class Clock:
    """A clock that goes on by a second with every step and by three with every validation."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        monkeypatch.setattr(stages.time, "monotonic", lambda: self.now)

    def validation(self, epoch):
        self.now += 3.0
        return {"score": float(epoch)}


@pytest.fixture
def clock(monkeypatch):
    made = Clock(monkeypatch)
    before = stages._StageRun.before_step

    def before_step(around, step):
        made.now += 1.0
        return before(around, step)

    monkeypatch.setattr(stages._StageRun, "before_step", before_step)
    return made


def timed(tmp_path, clock, minutes, resume=False, **changes):
    stage = Stage("pose", epochs=50, steps_per_epoch=4, schedule="cosine", minutes=minutes, **changes)
    run = Run(tmp_path, {"stage": vars(stage)}, resume=resume)
    return train_stage(build()[1], POSE, stage, run, clock.validation, verbose=0, workers=0), run


def test_a_stage_ends_by_the_clock_and_its_rate_with_it(tmp_path, clock):
    rows, run = timed(tmp_path, clock, minutes=0.55)
    assert 31 <= clock.now <= 34 and run.finished("pose")  # 33 s, validations included
    rates = [row["learning_rate"] for row in rows]
    assert rates == sorted(rates, reverse=True) and rates[0] > 0.8e-3 and rates[-1] < 0.03e-3
    assert len(rows) == 5  # of 7 s, the last one cut short


def test_more_minutes_go_on_where_it_was(tmp_path, clock):
    first, _ = timed(tmp_path, clock, minutes=0.25)
    same, _ = timed(tmp_path, clock, minutes=0.25, resume=True)
    assert len(same) == len(first)
    used = clock.now
    rows, _ = timed(tmp_path, clock, minutes=0.5, resume=True)
    assert len(rows) > len(first) and 27 <= clock.now <= 31 and clock.now - used < 20
    assert rows[len(first)]["learning_rate"] == pytest.approx(0.5e-3, rel=0.5)
    about = json.loads((tmp_path / "config.json").read_text())
    assert about["resumed"][-1]["settings"] == {"stage.minutes": [0.25, 0.5]}


def test_fewer_minutes_are_refused(tmp_path, clock):
    timed(tmp_path, clock, minutes=0.25)
    with pytest.raises(ValueError, match="stage.minutes: 0.25 -> 0.2"):
        timed(tmp_path, clock, minutes=0.2, resume=True)


def test_a_step_schedule_falls_at_its_share_of_the_time():
    stage = Stage("pose", epochs=30, steps_per_epoch=10, minutes=1.0, warmup_steps=4)
    assert [stage.rate(100, share) for share in (0.0, 0.49, 0.51, 0.9)] == pytest.approx([1e-3, 1e-3, 1e-4, 1e-5])
    assert stage.rate(0, 0.0) == pytest.approx(0.25e-3)  # warm-up goes by steps
    assert stage.rate(150) == pytest.approx(1e-4)


@pytest.mark.parametrize(
    ("field", "value"), [("minutes", 0), ("minutes", float("inf")), ("ema_decay", 1.0), ("ema_decay", 0)]
)
def test_times_and_decays_out_of_range_are_refused(field, value):
    with pytest.raises(ValueError, match=f"`{field}` must be .*Received: {value!r}"):
        Stage("pose", **{field: value})


def weights(model):
    return [np.array(w) for w in model.get_weights()]


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_averages_follow_the_decay_and_are_given_back():
    _, pose, _ = build()
    stage = STAGE.replace(ema_decay=0.75, optimizer="sgd", momentum=0.0, nesterov=False)
    compile_for_stage([pose], stage)
    expected = None
    for index in range(3):
        (x,), y = POSE[index]
        pose.train_on_batch(x, list(y))
        own = [np.array(v) for v in pose.trainable_variables]
        expected = own if expected is None else [0.75 * e + 0.25 * w for e, w in zip(expected, own, strict=True)]
    before = weights(pose)
    with averaged([pose]):
        for value, variable in zip(expected, pose.trainable_variables, strict=True):
            np.testing.assert_allclose(value, np.array(variable), atol=1e-6)
        pose.predict_on_batch(x)
    assert same(before, weights(pose))
    take_averages([pose])
    assert not same(before, weights(pose))


def test_nothing_is_averaged_where_it_was_not_asked_for():
    _, pose, _ = build()
    compile_for_stage([pose], STAGE)
    before = weights(pose)
    with averaged([pose]):
        assert same(before, weights(pose))


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_averages_are_validated_and_saved_and_training_goes_on_from_the_others(tmp_path, precision):
    _, pose, _ = build()
    stage, seen = STAGE.replace(epochs=2, ema_decay=0.5, precision=precision), []

    def validation(epoch):
        seen.append(weights(pose))
        return {"score": float(epoch)}

    run = Run(tmp_path)
    train_stage(pose, POSE, stage, run, validation, verbose=0, workers=0)
    file, state = build()[1], build()[1]
    file.load_weights(tmp_path / "weights_last.weights.h5")
    Run(tmp_path, resume=True).restore(state)
    assert same(weights(file), seen[-1]) and same(weights(pose), seen[-1])
    assert not same(weights(state), seen[-1])


def test_a_run_with_averages_is_resumed_exactly(tmp_path):
    """Within a stage and between two stages, the second of which begins with the averages of the first."""
    first = STAGE.replace(epochs=2, ema_decay=0.5, steps_per_epoch=2)
    recipe = Recipe("two", (first, first.replace(name="joint", task="joint", ema_decay=None)))
    loaders = {"pose": POSE, "action": ACTION}
    straight = run_recipe(recipe, build, loaders, Run(tmp_path / "a"), verbose=0, workers=0)
    for _ in range(4):
        found = run_recipe(
            recipe, build, loaders, Run(tmp_path / "b", resume=True), verbose=0, workers=0, time_limit_s=0
        )
    assert [row["epoch"] for row in rows_of(tmp_path / "b")] == ["1", "2", "1", "2"]
    assert same(weights(straight), weights(found))


def test_real_time_passes(tmp_path):
    begin, stage = time.monotonic(), STAGE.replace(minutes=0.02)
    rows = train_stage(build()[1], POSE, stage, Run(tmp_path), verbose=0, workers=0)
    assert 1.1 < time.monotonic() - begin < 10 and len(rows) > 1
