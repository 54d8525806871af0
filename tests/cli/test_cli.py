"""The command line: help and version at once, results where they belong, user errors in one line with status 2."""

import concurrent.futures
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import deephar
from deephar import cli
from deephar.inference.predictor import Predictor
from deephar.inference.results import ActionScores, FrameResult, Head, ModelStamp, PoseResult, read
from deephar.inference.video import VideoReader, VideoWriter
from deephar.models.cards import MODELS
from deephar.utils.pose import pa16j2d


class StandIn(Predictor):
    """A `Predictor` without a network: one fixed pose, or everyone in the given boxes, and a golf swing."""

    made = []
    layout = pa16j2d

    def __init__(self, model, **options):
        self.made.append((model, options))
        self.stamp, self._detect = ModelStamp(str(model), "0" * 64), SimpleNamespace(name=options["detector"])

    def pose(self, box, number=1):
        points = np.linspace([10, 10], [40, 30], 16)
        return PoseResult(points, np.ones(16), box or (0, 0, 60, 40), tuple(pa16j2d.joint_names), id=number)

    def _find_all(self, frames, boxes):
        given = boxes or [[None]] * len(frames)
        return [tuple(self.pose(getattr(b, "box", b), k) for k, b in enumerate(some, 1)) for some in given]

    def head_of(self, video, source, box=None, boxes=None):
        return Head(source, "video", video.size, self.stamp, "pa16j2d", "none", video.fps, 8, 0.1)

    def steps(self, video, box=None, boxes=None, looks_together=1):
        for k, frame in enumerate(video):
            scores = ActionScores(0, k, np.array([0.1, 0.9]), ("squat", "golf_swing"), 0.0, 4.2)
            yield FrameResult(k, video.time_s, (self.pose(box),)), frame, [(1, scores)] if k == 0 else []


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
    monkeypatch.setattr(StandIn, "pose", lambda self: None)  # which is called with a box
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
    assert len(read(out / "a_prediction.json").frames) == 5


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
    assert document["model"]["name"] == "m"
    (person,) = document["frames"][0]["people"]
    assert person["box"] == [5, 5, 50, 35] and len(person["joints"]) == 16
    assert capsys.readouterr().out.split() == [str(out / "photo_prediction.json"), str(out / "photo_overlay.png")]
    (model, options), *_ = stand_in.made
    plain = dict.fromkeys(("weights", "labels", "refine", "subsampling", "people", "camera", "root_depth_mm"))
    assert model == "m"
    plain |= {"flip": False, "smooth": False}
    assert options == {**plain, "height_mm": 1700, "detector": "auto", "engine": "keras"}


def test_smooth_reaches_the_predictor(stand_in, photo, tmp_path):
    assert cli.main(["predict", str(photo), "--out", str(tmp_path), "--smooth"]) == 0
    assert stand_in.made[0][1]["smooth"] is True


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
    path = write_video(tmp_path / "v.mp4")
    assert cli.main(["predict", str(path), "--out", str(tmp_path / "out")]) == 0
    assert names(tmp_path / "out") == ["v_overlay.mp4", "v_prediction.json"]
    assert "actions: golf swing 0:00-0:04" in capsys.readouterr().out


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
    assert "3 of 4 sources" in captured.out and "bad.jpg" in captured.err
    assert "notes.txt: no image or video by its name" in captured.err


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
    Image.new("RGB", (60, 40)).save(tmp_path / "second.png")
    words = "`--box` must not be given for several sources"
    fails(capsys, ["predict", tmp_path, "--out", out, "--box", "1,1,9,9"], words)
    assert not out.exists() and not stand_in.made


def write_video(path, count=5):
    with VideoWriter(path, 10) as writer:
        for _ in range(count):
            writer.add(np.zeros((40, 60, 3), np.uint8))
    return path


def test_several_sources_and_folders_of_folders(stand_in, photo, tmp_path, capsys):
    inside, out = tmp_path / "in" / "deep", tmp_path / "in" / "out"
    inside.mkdir(parents=True)
    Image.new("RGB", (60, 40)).save(inside / "a.png")
    Image.new("RGB", (60, 40)).save(tmp_path / "in" / "b.png")
    write_video(tmp_path / "in" / "c.mp4")
    (tmp_path / "in" / "d.jpg").symlink_to(tmp_path / "nowhere")
    words = ["predict", str(photo), str(tmp_path / "in"), "--out", str(out)]
    assert cli.main(words) == 0
    said = capsys.readouterr()
    assert "3 of 3 sources" in said.out and "deep: a folder (--recursive looks into it)" in said.err
    assert "d.jpg: a link to nowhere" in said.err
    found = ["b_overlay.png", "b_prediction.json", "c_overlay.mp4", "c_prediction.json"]
    assert names(out) == [*found, "photo_overlay.png", "photo_prediction.json"]
    assert cli.main([*words, "--recursive"]) == 0
    said = capsys.readouterr()
    assert "4 of 4 sources" in said.out and "out: the folder of the results" in said.err
    assert "a_prediction.json" in names(out)


def test_results_of_an_earlier_run_are_no_sources(stand_in, photo, tmp_path, capsys):
    write_video(tmp_path / "v.mp4")
    for _ in range(2):
        assert cli.main(["predict", str(tmp_path), "--out", str(tmp_path)]) == 0
        said = capsys.readouterr()
        assert "2 of 2 sources" in said.out
    assert said.err.count("a result of an earlier run") == 4
    results = ["photo_overlay.png", "photo_prediction.json", "v_overlay.mp4", "v_prediction.json"]
    assert names(tmp_path) == sorted(["photo.jpg", "v.mp4", *results])


def test_boxes_of_a_file(stand_in, photo, tmp_path, capsys):
    boxes = tmp_path / "boxes.csv"
    boxes.write_text("image,x1,y1,x2,y2\nphoto.jpg,5,5,20,35\nphoto.jpg,30,5,50,35\n")
    assert cli.main(["predict", str(photo), "--out", str(tmp_path / "out"), "--boxes", str(boxes)]) == 0
    people = read(tmp_path / "out" / "photo_prediction.json").people
    assert [p.box for p in people] == [(5, 5, 20, 35), (30, 5, 50, 35)]
    boxes.write_text("image,x1,y1,x2,y2\nphoto.jpg,0.1,0.1,0.3,0.9\n")
    fails(capsys, ["predict", photo, "--out", tmp_path / "out", "--boxes", boxes], "`--boxes`", "pixels")
    fails(capsys, ["predict", photo, "--out", tmp_path, "--box", "0.1,0.1,0.5,0.9"], "`--box`", "parts of the frame")


def test_own_names_of_actions(stand_in, photo, tmp_path, capsys):
    labels = tmp_path / "names.txt"
    labels.write_text("hop\njump over\n\n")
    assert cli.main(["predict", str(photo), "--out", str(tmp_path / "out"), "--labels", str(labels)]) == 0
    labels.write_text('["hop", "jump over"]')
    assert cli.main(["predict", str(photo), "--out", str(tmp_path / "out"), "--labels", str(labels)]) == 0
    assert [options["labels"] for _, options in stand_in.made] == 2 * [["hop", "jump over"]]
    for text in ("hop\n\nhop", "hop\nhop", "[1, 2]", ""):
        labels.write_text(text)
        words = ("`--labels` must be", "names.txt")
        fails(capsys, ["predict", photo, "--out", tmp_path / "out", "--labels", labels], *words)


@pytest.mark.parametrize(
    ("source", "words"),
    [("-", ("the standard input",)), ("https://host/a.jpg", ("URL of an image",)), ("nothing", ("does not exist",))],
)
def test_sources_that_are_none_say_what_they_are(stand_in, tmp_path, capsys, source, words):
    fails(capsys, ["predict", source, "--out", tmp_path / "out"], "`SOURCE` must be an image", *words)


def test_an_engine_is_looked_for_before_a_network_is_loaded(stand_in, photo, tmp_path, capsys, monkeypatch):
    command = ["predict", photo, "--out", tmp_path / "out", "--engine"]
    fails(capsys, [*command, "trt"], "`--engine` must be one of", "'trt'")
    monkeypatch.setitem(sys.modules, "openvino", None)
    fails(capsys, [*command, "openvino"], "engine", "needs the package openvino")
    assert not stand_in.made and not (tmp_path / "out").exists()


def test_ctrl_c_in_a_video_leaves_a_document_and_what_was_drawn(stand_in, tmp_path, monkeypatch, capsys):
    class Stopped(StandIn):
        def steps(self, *arguments):
            for number, step in enumerate(super().steps(*arguments)):
                if number == 3:
                    raise KeyboardInterrupt
                yield step

    monkeypatch.setattr("deephar.inference.command.Predictor", Stopped)
    out = tmp_path / "out"
    assert cli.main(["predict", str(write_video(tmp_path / "v.mp4")), "--out", str(out)]) == 130
    result = read(out / "v_prediction.json")
    assert len(result.frames) == 3 and not result.complete
    assert result.problems == ("stopped after 3 frames: interrupted",) and len(result.actions) == 1
    with VideoReader(out / "v_overlay.mp4") as video:
        assert len(list(video)) == 3
    assert names(out) == ["v_overlay.mp4", "v_prediction.json"]


class Camera:
    """Takes the place of `LiveReader`: four frames, of which the user sees three."""

    fps, size, time_s, num_frames, complete = 10.0, (60, 40), 0.0, 0, True
    problems, dropped, source = ("no frames from 0.1 s to 0.2 s, opened again",), 5, "rtsp://host/live"

    def __init__(self, source):
        assert source == "rtsp://me:secret@host/live"

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def __iter__(self):
        for k in range(4):
            self.time_s = k / 10
            if k == 3:
                raise KeyboardInterrupt
            yield np.zeros((40, 60, 3), np.uint8)


def test_a_camera_ends_with_ctrl_c_and_everything_is_written(stand_in, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("deephar.inference.command.LiveReader", Camera)
    assert cli.main(["predict", "rtsp://me:secret@host/live", "--out", str(tmp_path)]) == 0
    assert names(tmp_path) == ["live_overlay.mp4", "live_prediction.json"]
    result = read(tmp_path / "live_prediction.json")
    assert len(result.frames) == 3 and result.complete and result.source == "rtsp://host/live"
    assert "opened again" in result.problems[0] and result.problems[1].startswith("5 frames came faster")
    said = capsys.readouterr()
    assert "opened again" in said.err and "secret" not in said.out + said.err + str(result.to_dict())


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

    monkeypatch.setattr(StandIn, "predict_readable", stop)
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
    assert "256 x 256  8 x 0.133 s    26 of 60       4.9 M    yes  MPJPE 70.8 mm" in lines[3]


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
    """SIGTERM while the first frame is drawn, all others are predicted: no overlay, and a document that says so."""
    path = write_video(tmp_path / "v.mp4")

    def stop(*_):
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("deephar.inference.export.draw_people", stop)
        assert cli.main(["predict", str(path), "--out", str(tmp_path / "out")]) == 130
    assert names(tmp_path / "out") == ["v_prediction.json"]
    assert not read(tmp_path / "out" / "v_prediction.json").complete
