"""The command line: help and version at once, results where they belong, user errors in one line with status 2."""

import concurrent.futures
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

import deephar
from deephar import cli
from deephar.inference.results import ActionResult, ActionScores, ImageResult, ModelStamp, PoseResult, VideoResult
from deephar.inference.video import VideoReader, VideoWriter
from deephar.models.cards import MODELS
from deephar.utils.pose import pa16j2d


class StandIn:
    """Takes the place of `Predictor`: one fixed pose, no network."""

    made = []
    layout = pa16j2d

    def __init__(self, model, **options):
        self.made.append((model, options))
        self.stamp = ModelStamp(str(model), "0" * 64)

    def pose(self, box):
        points = np.linspace([10, 10], [40, 30], 16)
        return PoseResult(points, np.ones(16), box or (0, 0, 60, 40), tuple(pa16j2d.joint_names))

    def predict_image(self, path, box=None):
        from deephar.inference.predictor import read_image

        height, width = read_image(path).shape[:2]
        return ImageResult(str(path), (width, height), self.pose(box), self.stamp)

    def predict_folder(self, folder):
        from deephar.inference.predictor import images_in

        for path in images_in(folder):
            try:
                yield self.predict_image(path)
            except ValueError as error:
                yield error

    def predict_video(self, path, box=None):
        with VideoReader(path) as video:
            count = len(list(video))
        scores = ActionScores(0, count - 1, np.array([0.1, 0.9]), ("squat", "golf_swing"))
        poses = (self.pose(box),) * count
        return VideoResult(str(path), (60, 40), 10.0, 1, poses, ActionResult(scores, (scores,)), self.stamp)


@pytest.fixture
def stand_in(monkeypatch):
    monkeypatch.setattr(StandIn, "made", [])
    monkeypatch.setattr("deephar.inference.command.Predictor", StandIn)
    monkeypatch.setattr("deephar.inference.command.quiet_keras", lambda: None)
    monkeypatch.setattr("deephar.inference.command.DEFAULT_MODEL", "default")
    return StandIn


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.jpg"
    Image.new("RGB", (60, 40), (90, 120, 90)).save(path)
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def fails(capsys, arguments, *words):
    """The command ends with status 2 and one line that holds the words."""
    try:
        status = cli.main([str(a) for a in arguments])
    except SystemExit as stop:  # argparse
        status = stop.code
    captured = capsys.readouterr()
    assert status == 2 and "Traceback" not in captured.err
    last = captured.err.strip().splitlines()[-1]
    assert all(word in last for word in words), last


def test_it_runs_in_a_thread(stand_in, photo, tmp_path):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        assert pool.submit(cli.main, ["predict", str(photo), "--out", str(tmp_path / "out")]).result() == 0
    assert names(tmp_path / "out") == ["photo_overlay.png", "photo_prediction.json"]


def test_a_fault_keeps_its_traceback(stand_in, photo, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(StandIn, "pose", lambda self: None)  # which predict_image calls with a box
    assert cli.main(["predict", str(photo), "--out", str(tmp_path / "out")]) == 1
    error = capsys.readouterr().err
    assert "Traceback" in error and "TypeError" in error and "please report it" in error


@pytest.mark.parametrize("name", ["phone.jpg", "pages.tif"])
def test_an_image_with_further_images_in_it_is_one_image(stand_in, tmp_path, name):
    pages = [Image.new("RGB", (60, 40), (90, 120, 90)), Image.new("RGB", (30, 20))]
    kind = "MPO" if name.endswith("jpg") else "TIFF"
    pages[0].save(tmp_path / name, kind, save_all=True, append_images=pages[1:])
    out, stem = tmp_path / "out", name.split(".")[0]
    assert cli.main(["predict", str(tmp_path / name), "--out", str(out)]) == 0
    assert names(out) == [f"{stem}_overlay.png", f"{stem}_prediction.json"]


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png"])
def test_an_animated_image_is_a_video(stand_in, tmp_path, name):
    frames = [Image.new("RGB", (60, 40), (40 * k, 120, 90)) for k in range(5)]
    frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], duration=100)
    out = tmp_path / "out"
    assert cli.main(["predict", str(tmp_path / name), "--out", str(out)]) == 0
    assert names(out) == ["a_overlay.mp4", "a_prediction.json"]
    assert json.loads((out / "a_prediction.json").read_text())["num_frames"] == 5


def test_what_is_named_as_an_image_is_none_of_video(stand_in, tmp_path, capsys):
    (tmp_path / "page.jpg").write_text("<!DOCTYPE html><html></html>")
    fails(
        capsys, ["predict", tmp_path / "page.jpg", "--out", tmp_path / "out"], "`SOURCE` must be an image", "page.jpg"
    )
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(40))
    words = ("HEIC image", "a.heic", "pip install pillow-heif")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "pillow_heif", None)
        fails(capsys, ["predict", tmp_path / "a.heic", "--out", tmp_path / "out"], *words)


def test_version_is_fast_and_starts_no_keras():
    start = time.perf_counter()
    code = "import sys; from deephar.cli import main\ntry: main(['--version'])\nexcept SystemExit: pass\n"
    code += "assert not {'keras', 'tensorflow', 'numpy'} & set(sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, f"deephar {deephar.__version__}"), done.stderr
    assert time.perf_counter() - start < 10


def test_help_names_every_command(capsys):
    assert cli.main([]) == 0
    text = capsys.readouterr().out
    assert all(command in text for command in ("predict", "synth", "models", "demo", "examples:"))


def test_predict_image(stand_in, photo, tmp_path, capsys):
    out = tmp_path / "out"
    assert cli.main(["predict", str(photo), "--model", "m", "--out", str(out), "--box", "5,5,50,35"]) == 0
    assert names(out) == ["photo_overlay.png", "photo_prediction.json"]
    document = json.loads((out / "photo_prediction.json").read_text())
    assert document["box"] == [5, 5, 50, 35] and document["model"]["name"] == "m" and len(document["joints"]) == 16
    assert capsys.readouterr().out.split() == [str(out / "photo_prediction.json"), str(out / "photo_overlay.png")]
    assert stand_in.made == [
        ("m", {"weights": None, "refine": None, "subsampling": None, "flip": False, "height_mm": 1700})
    ]


def test_predictions_of_other_sources_and_models_are_kept(stand_in, photo, tmp_path, capsys):
    out, other = tmp_path / "out", tmp_path / "sub" / "photo.png"
    other.parent.mkdir()
    Image.open(photo).save(other)

    def predicted(source, model):
        assert cli.main(["predict", str(source), "--model", model, "--out", str(out)]) == 0
        said = capsys.readouterr().out.splitlines()
        document = json.loads((out / said[-2].rpartition("/")[2]).read_text())
        assert (document["source"], document["model"]["name"]) == (str(source), model)
        return said

    assert len(predicted(photo, "m")) == 2
    said = predicted(other, "m")
    assert "photo_prediction.json" in said[0] and "is kept" in said[0] and said[2].endswith("photo-2_overlay.png")
    assert predicted(photo, "n")[1].endswith("photo-3_prediction.json")
    assert len(predicted(photo, "m")) == 2 and predicted(other, "m")[1].endswith("photo-2_prediction.json")
    assert len(names(out)) == 6
    (out / "photo_prediction.json").write_text("[]")  # not one of ours
    assert predicted(photo, "m")[1].endswith("photo-4_prediction.json")
    assert (out / "photo_prediction.json").read_text() == "[]"


def test_predict_options_reach_the_predictor(stand_in, photo, tmp_path):
    out = tmp_path / "out"
    options = ["--no-refine", "--no-overlay", "--subsampling", "3", "--flip", "--weights", "w.h5", "--height", "1850"]
    assert cli.main(["predict", str(photo), "--out", str(out), *options]) == 0
    assert names(out) == ["photo_prediction.json"]
    made = stand_in.made[0][1]
    assert made["height_mm"] == 1850
    assert cli.main(["predict", str(photo), "--out", str(tmp_path), "--refine", "3"]) == 0
    assert stand_in.made[-1][1]["refine"] == 3
    assert (made["refine"], made["subsampling"], made["flip"], str(made["weights"])) == (0, 3, True, "w.h5")


def test_predict_video_names_the_action(stand_in, tmp_path, capsys):
    path = tmp_path / "v.mp4"
    with VideoWriter(path, 10) as writer:
        for _ in range(5):
            writer.add(np.zeros((40, 60, 3), np.uint8))
    assert cli.main(["predict", str(path), "--out", str(tmp_path / "out")]) == 0
    assert names(tmp_path / "out") == ["v_overlay.mp4", "v_prediction.json"]
    assert "action: golf swing 0.90" in capsys.readouterr().out


def test_predict_folder_goes_on_after_a_bad_image(stand_in, tmp_path, capsys):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.png", "b.jpg", "b.png"):
        Image.new("RGB", (60, 40)).save(folder / name)
    (folder / "bad.jpg").write_text("no image")
    (folder / "notes.txt").write_text("not looked at")
    assert cli.main(["predict", str(folder), "--out", str(tmp_path / "out"), "--no-overlay"]) == 2
    expected = ["a_prediction.json", "b.jpg_prediction.json", "b.png_prediction.json"]
    assert names(tmp_path / "out") == expected
    captured = capsys.readouterr()
    assert "3 of 4 images" in captured.out and "bad.jpg" in captured.err


def test_predict_user_errors(stand_in, photo, tmp_path, capsys):
    out = tmp_path / "out"
    fails(capsys, ["predict", tmp_path / "none.jpg", "--out", out], "`SOURCE` must be an image", "none.jpg")
    fails(capsys, ["predict", photo, "--out", out, "--box", "1,2,3"], "--box", "x1,y1,x2,y2", "1,2,3")
    fails(capsys, ["predict", photo, "--out", out, "--box", "9,9,3,30"], "`--box` must be", "9")
    fails(capsys, ["predict", photo, "--out", out, "--box", "100,0,200,30"], "overlap the frame of 60 x 40")
    fails(capsys, ["predict", photo, "--out", out, "--subsampling", "0"], "--subsampling", "at least 1", "0")
    fails(capsys, ["predict", photo], "--out")
    empty = tmp_path / "empty"
    empty.mkdir()
    fails(capsys, ["predict", empty, "--out", out], "`SOURCE` must hold images", "empty")
    fails(capsys, ["predict", tmp_path, "--out", out, "--box", "1,1,9,9"], "`--box` must not be given for a folder")
    assert not out.exists() and not stand_in.made


def test_neither_image_nor_video(stand_in, tmp_path, capsys):
    text = tmp_path / "notes.txt"
    text.write_text("hello")
    fails(capsys, ["predict", text, "--out", tmp_path / "out"], "`SOURCE` must be a video", "notes.txt")
    assert names(tmp_path / "out") == []


def test_output_that_cannot_be_written(stand_in, photo, tmp_path, capsys):
    out = photo / "out"
    fails(capsys, ["predict", photo, "--out", out], "`--out` must be a folder that can be written to", "photo.jpg")
    assert photo.exists() and not stand_in.made


def test_debug_shows_the_traceback(stand_in, tmp_path):
    with pytest.raises(FileNotFoundError):
        cli.main(["predict", str(tmp_path / "none.jpg"), "--out", str(tmp_path), "--debug"])


def test_interrupt_ends_quietly(stand_in, photo, tmp_path, monkeypatch, capsys):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(StandIn, "predict_image", stop)
    assert cli.main(["predict", str(photo), "--out", str(tmp_path / "out")]) == 130
    assert "interrupted" in capsys.readouterr().err and names(tmp_path / "out") == []


def test_synth_refuses_bad_arguments(tmp_path, capsys):
    fails(capsys, ["synth", "--format", "coco", "--out", tmp_path / "o"], "--format", "coco")
    fails(capsys, ["synth", "--format", "mpii", "--out", tmp_path / "o", "--train", "-1"], "--train", "-1")
    assert not (tmp_path / "o").exists()


def test_synth_writes_a_folder_that_the_reader_takes(tmp_path, capsys):
    from deephar.config import DataConfig
    from deephar.data.mpii import MpiiSinglePerson
    from deephar.utils.parser import TRAIN_MODE, VALID_MODE

    out = tmp_path / "data"
    options = ["--train", "1", "--test", "2", "--size", "96", "72", "--workers", "1"]
    assert cli.main(["synth", "--format", "mpii", "--out", str(out), *options]) == 0
    people = MpiiSinglePerson(capsys.readouterr().out.strip(), DataConfig(crop_resolution=(64, 64)))
    assert (people.get_length(TRAIN_MODE), people.get_length(VALID_MODE)) == (1, 2)
    assert people.get_data(1, VALID_MODE)["frame"].shape == (64, 64, 3)


@pytest.mark.parametrize("kind, name, size", [("h36m", "Human3.6M", (60, 60)), ("ntu", "NTU", (48, 27))])
def test_synth_writes_what_several_cameras_saw(kind, name, size, tmp_path, capsys):
    out, options = tmp_path / "data", ["--train", "1", "--test", "1", "--workers", "1"]
    size = [str(side) for side in size]
    assert cli.main(["synth", "--format", kind, "--out", str(out), *options, "--size", *size]) == 0
    assert capsys.readouterr().out.strip() == str(out / name)
    assert len(list((out / name / ("images" if kind == "h36m" else "images-small")).iterdir())) in (6, 12)


def test_synth_writes_folders_of_videos(tmp_path, capsys):
    out, options = tmp_path / "data", ["--train", "1", "--test", "1", "--workers", "1", "--size", "48", "32"]
    chosen = ["--actions", "ntu", "--classes", "wave_hello=hand waving", "hop", "--fps", "10"]
    assert cli.main(["synth", "--format", "videos", "--out", str(out), *options, *chosen]) == 0
    assert capsys.readouterr().out.strip() == str(out / "Videos")
    assert sorted(path.name for path in out.rglob("*.mp4")) == 2 * ["hop_0001.mp4"] + 2 * ["wave_hello_0001.mp4"]
    fails(capsys, ["synth", "--format", "videos", "--out", out, "--classes", "fly"], "`--classes`", "Received: 'fly'")


def test_models_lists_the_registry(capsys):
    assert cli.main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[2:-2]] == list(MODELS)
    assert "256 x 256  8 x 0.133 s    26 of 60       4.9 M    yes  MPJPE 70.7 mm" in lines[3]


def test_models_shows_one_network(capsys):
    assert cli.main(["models", "spnet-penn-6p"]) == 0
    text = capsys.readouterr().out
    for words in (
        "multi-clip accuracy 98.7 %",
        "TPAMI 2020, table 2",
        "licence of the weights: unknown",
        "bench_press",
    ):
        assert words in text
    fails(capsys, ["models", "nix"], "`NAME` must be one of", "spnet-2d", "merge-ntu", "nix")


def test_models_as_json(capsys):
    assert cli.main(["models", "--json"]) == 0
    cards = json.loads(capsys.readouterr().out)
    assert [card["name"] for card in cards] == list(MODELS)
    assert cards[0]["clip_step_s"] == pytest.approx(4 / 30)
    assert cards[0]["scores"][0] == dataclasses.asdict(MODELS["spnet-2d"].scores[0])
    assert cli.main(["models", "merge-ntu", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["input_shape"] == [20, 256, 256, 3]


def test_models_needs_no_keras():
    code = "import sys; from deephar import cli; cli.main(['models']); print('keras' in sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr.strip()) == (0, "False")


def test_unknown_model_lists_the_names(photo, tmp_path, capsys):
    fails(capsys, ["predict", photo, "--out", tmp_path / "out", "--model", "nix"], "`--model` must be", "nix", *MODELS)
    assert names(tmp_path / "out") == []


@pytest.mark.parametrize("option", ["--model", "--weights"])
def test_a_weight_file_that_is_none_names_its_option(option, photo, tmp_path, capsys):
    path = tmp_path / "own.h5"
    path.write_text("no weights")
    options = [option, path] if option == "--model" else ["--model", "spnet-2d", option, path]
    fails(
        capsys, ["predict", photo, "--out", tmp_path / "out", *options], f"`{option}` must be a weight file", "own.h5"
    )


def test_synth_names_its_option(tmp_path, capsys):
    options = ["--format", "mpii", "--train", "1", "--background", tmp_path / "none"]
    fails(capsys, ["synth", "--out", tmp_path / "o", *options], "`--background` must be a folder", "none")


def test_a_stopped_process_leaves_nothing_half_written(stand_in, tmp_path):
    """SIGTERM while the overlay is written: the temporary file goes, and nothing stands in its place."""
    path = tmp_path / "v.mp4"
    with VideoWriter(path, 10) as writer:
        for _ in range(5):
            writer.add(np.zeros((40, 60, 3), np.uint8))

    def stop(*_):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("deephar.inference.export.draw_person", stop)
        assert cli.main(["predict", str(path), "--out", str(tmp_path / "out")]) == 130
    assert names(tmp_path / "out") == ["v_prediction.json"]
