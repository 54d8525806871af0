"""Results in other formats: the same numbers in tables and COCO files, read back by others and by ourselves."""

import csv
import importlib
import json

import numpy as np
import pytest

from deephar.cli import main
from deephar.cli.convert import FORMATS
from deephar.inference.actions import ActionResult, ActionScores
from deephar.inference.formats import to_coco, write_csv
from deephar.inference.given_boxes import read_boxes
from deephar.inference.results import FrameResult, Head, ModelStamp, PoseResult, Result, read
from deephar.utils.io import write_json
from deephar.utils.pose import pa16j2d, pa17j3d

STAMP = ModelStamp("net", "ab" * 32)


def person(number, layout=pa17j3d, lost=()):
    rng = np.random.default_rng(number)
    points = rng.uniform(0, 40, (layout.num_joints, 2))
    points[list(lost)] = np.nan
    confidence = rng.uniform(0, 1, layout.num_joints)
    confidence[:2] = 0.1, 0.9
    mm = rng.uniform(-900, 900, (layout.num_joints, 3)) if layout.dim == 3 else None
    names = tuple(layout.joint_names)
    return PoseResult(points, confidence, (0.0, 1.25, 20.5, 30.75), names, mm, number, 0.8)


def video(layout=pa17j3d):
    clip = ActionScores(0, 1, np.array([0.25, 0.75]), ("squat", "bowl"), 0.0, 0.08)
    head = Head("films/a b.mp4", "video", (40, 50), STAMP, layout.name, "people", 25.0, 8, 0.16)
    first, both = (person(1, layout),), (person(1, layout, lost=[5]), person(2, layout))
    frames = FrameResult(0, 0.0, first), FrameResult(1, 0.04, both), FrameResult(2, 0.08)
    return Result(head, frames, (ActionResult((clip,)),), False, ("1 of 4 frames missing",))


def image(source="photos/c.png", layout=pa17j3d):
    head = Head(source, "image", (40, 50), STAMP, layout.name, "people")
    return Result(head, (FrameResult(0, 0.0, (person(3, layout),)),))


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_table_has_a_row_for_everyone_in_every_frame(tmp_path):
    people, actions = write_csv({"a b": video()}, tmp_path)
    rows = rows_of(people)
    assert people.name == "a b_people.csv"
    assert [(r["frame"], r["id"]) for r in rows] == [("0", "1"), ("1", "1"), ("1", "2")]
    one = person(2)
    x, y, confidence = one.joint("head")
    found = [float(rows[2][f"head_{k}"]) for k in ("x", "y", "confidence", "x_mm", "y_mm", "z_mm")]
    np.testing.assert_allclose(found[:3], [x, y, confidence], atol=0.005)
    np.testing.assert_allclose(found[3:], one.pose_mm[one.joint_names.index("head")], atol=0.051)
    assert float(rows[1]["time_s"]) == 0.04 and float(rows[1]["score"]) == 0.8
    assert rows_of(actions) == [{"id": "1", "start_s": "0.0", "end_s": "0.08", "name": "bowl", "probability": "0.75"}]


def test_a_table_of_nobody_has_its_columns_and_an_image_no_actions(tmp_path):
    empty = Result(image(layout=pa16j2d).head, (FrameResult(0, 0.0),))
    (people,) = write_csv({"c": empty}, tmp_path)
    (header,) = people.read_text().splitlines()
    assert header.startswith("frame,time_s,id,score,x1,y1,x2,y2,") and header.count(",") == 7 + 3 * 16


def test_the_table_gives_the_boxes_of_another_prediction(tmp_path):
    people, _ = write_csv({"a": video()}, tmp_path)
    boxes = read_boxes(people)
    assert [(b.box, b.id) for b in boxes.of_frame(1)] == [((0.0, 1.25, 20.5, 30.75), 1), ((0.0, 1.25, 20.5, 30.75), 2)]


def test_coco_keeps_all_of_one_source(tmp_path):
    write_json(tmp_path / "coco.json", to_coco({"a": video()}))
    assert read(tmp_path / "coco.json").to_dict()["frames"][0] == video().to_dict()["frames"][0]
    back, whole = read(tmp_path / "coco.json").to_dict(), video().to_dict()
    lost = [document["frames"][1]["people"][0]["joints"].pop(pa17j3d.joint_names[5]) for document in (back, whole)]
    assert back == whole and np.isnan(lost[0][:2]).all() and lost[0][2] == lost[1][2]


def test_coco_as_others_read_it(tmp_path):
    tools = pytest.importorskip("pycocotools.coco")
    write_json(tmp_path / "coco.json", to_coco({"a": video(), "c": image()}))
    coco = tools.COCO(str(tmp_path / "coco.json"))
    assert [coco.imgs[k]["file_name"] for k in sorted(coco.imgs)] == [*(f"a b/{k:06d}.jpg" for k in range(3)), "c.png"]
    assert len(coco.getAnnIds(imgIds=[2])) == 2 and coco.getAnnIds(imgIds=[3]) == []
    (last,) = coco.loadAnns(coco.getAnnIds(imgIds=[4]))
    assert last["bbox"] == [0.0, 1.25, 20.5, 29.5] and last["area"] == pytest.approx(20.5 * 29.5)
    assert last["iscrowd"] == 0
    keypoints = np.array(last["keypoints"]).reshape(-1, 3)
    np.testing.assert_allclose(keypoints[:, :2], person(3).pose_px, atol=0.005)
    assert keypoints[:2, 2].tolist() == [1, 2] and last["num_keypoints"] == 17
    (lost,) = (a for a in coco.loadAnns(coco.getAnnIds(imgIds=[2])) if a["track_id"] == 1)
    assert lost["keypoints"][15:18] == [0, 0, 0] and lost["num_keypoints"] == 16
    (category,) = coco.loadCats(coco.getCatIds())
    assert len(category["keypoints"]) == 17 and np.array(category["skeleton"]).min() == 1


def test_what_does_not_go_into_one_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match="must have one joint layout in one COCO file. Received: pa16j2d, pa17j3d"):
        to_coco({"a": video(), "c": image(layout=pa16j2d)})
    write_json(tmp_path / "coco.json", to_coco({"a": video(), "c": image()}))
    with pytest.raises(ValueError, match="`path` must be a COCO file of one source. Received: one of 2"):
        read(tmp_path / "coco.json")
    (tmp_path / "other.json").write_text('{"images": [], "annotations": []}')
    with pytest.raises(ValueError, match=r"`path` must be a document .*other.json.*damaged"):
        read(tmp_path / "other.json")


def test_every_format_of_the_command_has_its_function():
    for place, about in FORMATS.values():
        module, _, name = place.rpartition(".")
        assert callable(getattr(importlib.import_module(module), name)) and about


def test_the_command_converts_folders_and_files(tmp_path, capsys):
    results, out = tmp_path / "results", tmp_path / "out"
    results.mkdir()
    for name, result in (("a", video()), ("c", image())):
        (results / f"{name}_prediction.json").write_text(json.dumps(result.to_dict()))
    assert main(["convert", str(results), "--format", "csv", "--out", str(out)]) == 0
    assert sorted(p.name for p in out.iterdir()) == ["a_actions.csv", "a_people.csv", "c_people.csv"]
    assert "not complete, of what there is: a" in capsys.readouterr().out
    assert main(["convert", str(results / "c_prediction.json"), "--format", "coco"]) == 0
    assert read(results / "coco.json").to_dict() == image().to_dict()
    capsys.readouterr()
    for wrong, words in ((out, "which holds none"), (tmp_path / "nix", "which does not exist")):
        assert main(["convert", str(wrong), "--format", "csv"]) == 2
        said = f"`RESULTS` must hold documents NAME_prediction.json. Received: '{wrong}', {words}"
        assert said in capsys.readouterr().err
    twice = [str(results), str(results / "c_prediction.json")]
    assert main(["convert", *twice, "--format", "csv"]) == 2
    assert "must be documents of different names" in capsys.readouterr().err
