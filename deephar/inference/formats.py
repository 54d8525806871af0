"""Results in the formats of other tools: tables (CSV) and COCO keypoints.

    document --write_csv--> NAME_people.csv, NAME_actions.csv      a row a person and frame; a row a segment
    documents --to_coco--> coco.json --of_coco--> result           all that the documents hold

The tables go back into `deephar predict --boxes`; the COCO file into pycocotools, annotation tools, and
`deephar.inference.results.read`.
"""

import csv
import pathlib
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from deephar.inference.actions import CONFIDENCE_DIGITS, TIME_DIGITS, ActionResult
from deephar.inference.results import COORDINATE_DIGITS, FrameResult, Head, PoseResult, Result
from deephar.utils.io import atomic_path, write_json
from deephar.utils.pose import get_poselayout

COCO_FILE = "coco.json"
BOX = ("x1", "y1", "x2", "y2")
SEEN = 0.3  # confidence from which a keypoint is "visible" in COCO's sense, 2; below it is "not visible", 1
OPTIONAL = ("joints_mm", "joints_camera_mm", "filled", "joints_filled")  # of a person, beyond COCO
SEGMENT = ("id", "start_s", "end_s", "name", "probability")


def person_columns(joint_names: Sequence[str], has_mm: bool, is_smoothed: bool = False) -> list[str]:
    """Return the columns of the table of people."""
    parts = ("x", "y", "confidence", *(("x_mm", "y_mm", "z_mm") if has_mm else ()))
    joints = [f"{name}_{part}" for name in joint_names for part in parts]
    return ["frame", "time_s", "id", "score", *BOX, *joints, *(["filled"] * is_smoothed)]


def to_rows(result: Result) -> Iterable[dict]:
    """Yield a row for every person of every frame, by the names of `person_columns`."""
    is_smoothed = result.head.smoothing is not None
    for frame in result.frames:
        for person in frame.people:
            document = person.to_dict()
            joints, mm = document["joints"], document.get("joints_mm")
            when = (frame.index, round(frame.time_s, TIME_DIGITS), person.id, document["score"])
            cells = [v for name in joints for v in (*joints[name], *(mm[name] if mm else ()))]
            filled = ["all" if person.filled else " ".join(person.joints_filled)] * is_smoothed
            columns = person_columns(list(joints), mm is not None, is_smoothed)
            yield dict(zip(columns, (*when, *document["box"], *cells, *filled), strict=True))


def write_csv(named: Mapping[str, Result], out: pathlib.Path) -> list[pathlib.Path]:
    """Write a table of people for each result, and for a video one of actions; return their paths."""
    written = []
    for name, result in named.items():
        people = [person for frame in result.frames for person in frame.people]
        joints = people[0].joint_names if people else get_poselayout(result.head.layout).joint_names
        has_mm = any(person.pose_mm is not None for person in people)
        columns = person_columns(joints, has_mm, result.head.smoothing is not None)
        written.append(_write_table(out / f"{name}_people.csv", columns, to_rows(result)))
        if result.head.kind == "image":
            continue
        segments = [
            dict(zip(SEGMENT, (action.id, s.start_s, s.end_s, s.name, s.probability), strict=True))
            for action in result.actions
            for s in action.segments
        ]
        written.append(_write_table(out / f"{name}_actions.csv", SEGMENT, segments))
    return written


def _write_table(path, columns, rows):
    with atomic_path(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(columns))
        writer.writeheader()
        writer.writerows(rows)
    return path


def to_coco(named: Mapping[str, Result]) -> dict:
    """Return results of one joint layout as one COCO document of keypoints.

    Args:
        named: {name: `Result`}, the name of each document's file without its suffix.

    Returns:
        dict, as https://cocodataset.org/#format-data describes: `images`, one a frame, with `time_s` and `source`;
        `annotations`, one a person and frame: `bbox` x y w h and `keypoints` x y v, px; v is 2 from a confidence of 0.3
        on, else 1. Beyond COCO: `keypoint_scores`, `score`, `track_id`, `joints_mm`, and under `info` what else the
        documents hold.

    Raises:
        ValueError: no result, or results of several joint layouts.
    """
    layouts = sorted({result.head.layout for result in named.values()})
    if len(layouts) != 1:
        received = ", ".join(layouts) or "none"
        raise ValueError(f"`results` must have one joint layout in one COCO file. Received: {received}")
    layout = get_poselayout(layouts[0])
    skeleton = [[a + 1, b + 1] for a, b in layout.links]
    names = list(layout.joint_names)
    category = {"id": 1, "name": "person", "supercategory": "person", "keypoints": names, "skeleton": skeleton}
    images, annotations, sources = [], [], []
    for name, result in named.items():
        head = {**result.head.to_dict(), "complete": result.complete, "problems": list(result.problems)}
        sources.append({"name": name, **head, "actions": [action.to_dict() for action in result.actions]})
        for frame in result.frames:
            images.append(_coco_image(len(images) + 1, len(sources) - 1, name, result, frame))
            for person in frame.people:
                annotations.append(_coco_person(len(annotations) + 1, len(images), person))
    info = {"description": "people found by deephar", "sources": sources}
    return {"info": info, "licenses": [], "categories": [category], "images": images, "annotations": annotations}


def _coco_image(number, source, name, result, frame):
    file = pathlib.Path(result.source).name if result.source else name
    file = file if result.head.kind == "image" else f"{pathlib.Path(file).stem}/{frame.index:06d}.jpg"
    width, height = result.size
    about = {"source": source, "frame": frame.index, "time_s": round(frame.time_s, TIME_DIGITS)}
    return {"id": number, "file_name": file, "width": width, "height": height, **about}


def _coco_person(number, image, person):
    document = person.to_dict()
    joints = np.array(list(document["joints"].values()), float)  # (J, 3)
    placed = np.isfinite(joints[:, :2]).all(axis=1)
    flags = np.where(placed, np.where(joints[:, 2] >= SEEN, 2, 1), 0)
    points = np.where(placed[:, None], joints[:, :2], 0.0).tolist()
    keypoints = [v for (x, y), flag in zip(points, flags.tolist(), strict=True) for v in (x, y, flag)]
    x1, y1, x2, y2 = document["box"]
    sides = [round(x2 - x1, COORDINATE_DIGITS), round(y2 - y1, COORDINATE_DIGITS)]
    found = {
        "id": number,
        "image_id": image,
        "category_id": 1,
        "keypoints": keypoints,
        "num_keypoints": int((flags > 0).sum()),
        "bbox": [x1, y1, *sides],
        "area": round(sides[0] * sides[1], COORDINATE_DIGITS),
        "iscrowd": 0,
        "track_id": person.id,
        "score": document["score"],
        "keypoint_scores": np.round(joints[:, 2], CONFIDENCE_DIGITS).tolist(),
    }
    return found | {key: document[key] for key in OPTIONAL if key in document}


def of_coco(document: dict) -> Result:
    """Return the result that `to_coco` made a document of.

    Raises:
        ValueError: it is of several sources.
        KeyError, TypeError: it is none that `to_coco` made.
    """
    sources = document["info"]["sources"]
    if len(sources) != 1:
        raise ValueError(f"`path` must be a COCO file of one source. Received: one of {len(sources)}")
    names, people = document["categories"][0]["keypoints"], {}
    for found in document["annotations"]:
        people.setdefault(found["image_id"], []).append(_person_of(found, names))
    frames = [
        FrameResult(image["frame"], image["time_s"], tuple(people.get(image["id"], ()))) for image in document["images"]
    ]
    about = sources[0]
    actions = tuple(map(ActionResult.from_dict, about["actions"]))
    return Result(Head.from_dict(about), tuple(frames), actions, about["complete"], tuple(about["problems"]))


def _person_of(found, names):
    points = np.array(found["keypoints"], float).reshape(-1, 3)
    points[points[:, 2] == 0, :2] = np.nan
    joints = np.column_stack([points[:, :2], found["keypoint_scores"]])
    x, y, wide, high = found["bbox"]
    return PoseResult.from_dict(
        {
            "id": found["track_id"],
            "box": [x, y, x + wide, y + high],
            "score": found["score"],
            "joints": dict(zip(names, joints.tolist(), strict=True)),
            **{key: found[key] for key in OPTIONAL if key in found},
        }
    )


def write_coco(named: Mapping[str, Result], out: pathlib.Path) -> list[pathlib.Path]:
    """Write all results as one COCO file, coco.json; return its path."""
    write_json(out / COCO_FILE, to_coco(named))
    return [out / COCO_FILE]
