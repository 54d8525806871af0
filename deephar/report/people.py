"""Who is where in a result as compact arrays for the page: a block of rows a person, base64 of little-endian integers.

    frames of people --by id--> runs [[first frame, count], ...] and, row by row of these runs,
        box (4)  xy (J, 2)  int16, steps of `step_px`      confidence (J)  uint8, 1/255
        mm (J, 3)           int16, mm                      score           uint8, 1/255; only where known

What is not there, such as a joint without a place, is ABSENT. Ten minutes of two people are 8 MB of base64.
"""

import base64

import numpy as np

from deephar.inference.results import FrameResult, PoseResult, Result

ABSENT = -32768
MOST = 32000
STEP_PX = 0.25
FAR = 8  # times the longer side of the frame: such joints are not drawn, as in `deephar.drawing`


def encode(array: np.ndarray, kind: str) -> str:
    """Return an array as base64 of the numbers of a NumPy type, such as "<i2"."""
    return base64.b64encode(np.ascontiguousarray(array, kind).tobytes()).decode("ascii")


def integers(values: np.ndarray, step: float) -> np.ndarray:
    """Return numbers in steps as int16, ABSENT where they are not finite or too large."""
    steps = np.asarray(values, float) / step
    fits = np.isfinite(steps) & (np.abs(np.where(np.isfinite(steps), steps, 0)) <= MOST)
    return np.where(fits, np.round(np.where(fits, steps, 0)), ABSENT).astype(np.int16)


def shares(values: np.ndarray) -> np.ndarray:
    """Return numbers in [0, 1] as uint8 in steps of 1/255; what is not finite is 0."""
    return np.round(np.clip(np.nan_to_num(np.asarray(values, float)), 0, 1) * 255).astype(np.uint8)


def runs_of(numbers: list[int]) -> list[list[int]]:
    """Return increasing whole numbers as stretches without a gap: [[first, count], ...]."""
    numbers = np.asarray(numbers, int)
    starts = np.flatnonzero(np.diff(numbers, prepend=numbers[0] - 2) != 1)
    counts = np.diff(starts, append=len(numbers))
    return [[int(numbers[start]), int(count)] for start, count in zip(starts, counts, strict=True)]


def pack_people(result: Result) -> dict:
    """Return the people of a result for the page.

    Args:
        result: `Result` of an image or a video.

    Returns:
        dict: `step_px`; `absent`; `times`, float32 in s, a frame; `people`, a list by id of `id`, `runs`, `box`, `xy`,
        `confidence`, `mm` or None, `score` or None.
    """
    rows: dict[int, list[tuple[int, PoseResult]]] = {}
    for number, frame in enumerate(result.frames):
        for person in frame.people:
            rows.setdefault(person.id, []).append((number, person))
    step = max(STEP_PX, FAR * max(result.size) / MOST)
    return {
        "step_px": step,
        "absent": ABSENT,
        "times": encode([frame.time_s for frame in result.frames], "<f4"),
        "people": [_pack(number, rows[number], step, result.size) for number in sorted(rows)],
    }


def _pack(number, rows, step, size):
    people = [person for _, person in rows]
    points = np.stack([person.pose_px[:, :2] for person in people]).astype(float)  # (N, J, 2)
    far = ~(np.abs(np.nan_to_num(points)) < FAR * max(size)).all(axis=-1)  # (N, J)
    points[far] = np.nan
    flat = all(person.pose_mm is None for person in people)
    nowhere = np.full((points.shape[1], 3), np.nan)
    mm = [nowhere if person.pose_mm is None else person.pose_mm for person in people]
    scored = any(person.score is not None for person in people)
    return {
        "id": number,
        "runs": runs_of([index for index, _ in rows]),
        "box": encode(integers(np.stack([person.box for person in people]), step), "<i2"),
        "xy": encode(integers(points, step), "<i2"),
        "confidence": encode(shares(np.stack([person.confidence for person in people])), "u1"),
        "mm": None if flat else encode(integers(np.stack(mm), 1.0), "<i2"),
        "score": encode(shares([person.score or 0.0 for person in people]), "u1") if scored else None,
    }


def joints_of(result: Result) -> tuple[str, ...]:
    """Return the names of the joints of a result, () where nobody is in it."""
    return next((person.joint_names for frame in result.frames for person in frame.people), ())


def busiest_frame(frames: tuple[FrameResult, ...]) -> FrameResult | None:
    """Return the first of the frames with most people, None of no frames."""
    return max(frames, key=lambda frame: len(frame.people), default=None)
