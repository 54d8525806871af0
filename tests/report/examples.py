"""Small results and run folders that the tests of the page look at."""

import csv
import json

import numpy as np

from deephar.inference.actions import ActionResult, ActionScores
from deephar.inference.results import FrameResult, Head, ModelStamp, PoseResult, Result
from deephar.inference.video import VideoWriter
from deephar.utils.pose import pa17j3d

SIZE, FPS, FRAMES = (160, 120), 25.0, 50
STAMP = ModelStamp("net", "ab" * 32)
JOINTS = tuple(pa17j3d.joint_names)


def person(number, frame=0, mm=True):
    """Somebody whose joints move a little from frame to frame."""
    rng = np.random.default_rng(number)
    place = rng.uniform(-300, 300, (17, 3)) + 40 * np.sin(frame / 5 + np.arange(17))[:, None]
    points = place[:, :2] / 8 + [40 + 70 * (number - 1), 60]
    confidence = np.clip(0.7 + 0.4 * np.sin(frame / 9 + np.arange(17)), 0, 1)
    box = (*points.min(axis=0).tolist(), *points.max(axis=0).tolist())
    return PoseResult(points, confidence, box, JOINTS, place if mm else None, number, 0.8)


def video(source="walk.mp4", labels=("squat", "jump_rope"), complete=True, problems=(), frames=FRAMES):
    """Person 1 all the time, person 2 in the second half; one action after the other."""
    shown = tuple(
        FrameResult(k, k / FPS, (person(1, k), *([person(2, k)] if k >= frames // 2 else []))) for k in range(frames)
    )
    chances = np.eye(2) * 0.8 + 0.1
    clips = [
        ActionScores(k, k + 9, chances[int(k >= 20)], labels, k / FPS, (k + 10) / FPS) for k in range(0, frames - 9, 10)
    ]
    head = Head(str(source), "video", SIZE, STAMP, "pa17j3d", "people", FPS, 8, 0.04)
    return Result(head, shown, (ActionResult(tuple(clips), 1),), complete, tuple(problems))


def image(source="photo.png", size=SIZE, people=2):
    """An image with people."""
    head = Head(str(source), "image", size, STAMP, "pa17j3d", "people")
    return Result(head, (FrameResult(0, 0.0, tuple(person(k) for k in range(1, people + 1))),))


def save(result, folder, name):
    """Write a document; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}_prediction.json"
    path.write_text(json.dumps(result.to_dict()), encoding="utf-8")
    return path


def write_video(path, frames=FRAMES):
    """A video of a moving bar."""
    with VideoWriter(path, FPS) as writer:
        for k in range(frames):
            pixels = np.full((SIZE[1], SIZE[0], 3), 60, np.uint8)
            pixels[:, 3 * k : 3 * k + 10] = 220
            writer.add(pixels)
    return path


def write_run(folder, epochs=(4, 2), monitor=None):
    """A run of two stages with everything that the page shows; the second one went on after its first epoch."""
    folder.mkdir(parents=True, exist_ok=True)
    rows, pck = [], iter([0.1, 0.4, 0.3, 0.35, 0.5, 0.45])
    for stage, count in zip(("pose", "action"), epochs, strict=True):
        for k in range(count):
            row = {"stage": stage, "epoch": k + 1, "seconds": 10.0 * (k + 1), "learning_rate": 10.0 ** -(k + 2)}
            rows.append({**row, "loss0": 1 / (k + 1), "pck": next(pck), "single_clip": 0.5, "time": 1e9 + k})
    rows[-1]["seconds"] = 12.5  # it went on: counted from then
    with open(folder / "log.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    meta = {"stage": "action", "epoch": 2, "best": 0.5, "best_stage": "action"}
    np.savez(folder / "state.npz", meta=np.frombuffer(json.dumps(meta).encode(), np.uint8), w0=np.zeros(3))
    stages = [{"name": "pose", "monitor": monitor, "monitor_mode": "min"}, {"name": "action"}]
    session = {"command": ["train.py", "runs/a b"], "keras": "3.1", "backend": "jax", "started": "2026-01-01 00:00:00"}
    config = {**session, "python": "3.12", "config": {"recipe": {"stages": stages}, "side": 256}}
    config["resumed"] = [{**session, "settings": {"stage.epochs": [1, 2]}}]
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def write_validation(folder, **changes):
    """What the best epoch's validation tells, beside a run."""
    metric = {"name": "pck", "unit": "%", "value": 50.0, "better": "higher"}
    confusion = {"labels": ["squat", "jump_rope"], "counts": [[3, 1], [0, 4]]}
    sheets = {"best": "validation_best.png", "worst": "validation_worst.png"}
    about = {"epoch": 1, "stage": "action", "metric": metric, "confusion": confusion, "sheets": sheets}
    (folder / "validation.json").write_text(json.dumps({**about, **changes}), encoding="utf-8")
