"""`deephar report`: a page where it belongs; a mistake in one line, and then no file."""

import json

import pytest

from deephar.cli import main
from tests.report.examples import image, save, video


def test_a_page_is_written_into_the_folder_or_where_one_says(tmp_path, capsys):
    path = save(image("gone.png"), tmp_path / "results", "a")
    assert main(["report", str(tmp_path / "results")]) == 0
    said = capsys.readouterr().out
    page = tmp_path / "results" / "report.html"
    assert said.startswith(f"{page} (") and "not there: only the poses are shown" in page.read_text(encoding="utf-8")
    assert main(["report", str(path), "--out", str(tmp_path / "other.html")]) == 0
    assert (tmp_path / "other.html").read_text(encoding="utf-8").count("application/json") == 2


def test_an_unfinished_document_is_shown_and_said(tmp_path):
    document = json.loads(json.dumps(video("gone.mp4").to_dict()))
    head = {k: v for k, v in document.items() if k not in ("frames", "actions", "complete", "problems", "num_frames")}
    lines = [json.dumps(head), *(json.dumps({"frame": frame}) for frame in document["frames"]), '{"frame": {"ind']
    (tmp_path / "walk_prediction.jsonl").write_text("\n".join(lines))
    assert main(["report", str(tmp_path)]) == 0
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "the run was cut off after 50 frames" in text and "walk (unfinished)" in text


def test_a_damaged_document_is_left_out_and_said(tmp_path, capsys):
    save(image("gone.png"), tmp_path, "good")
    bad = tmp_path / "bad_prediction.json"
    bad.write_text('{"format": "deephar-res')
    assert main(["report", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1 and "left out: `path` must be a document of deephar-results" in said.err
    assert "bad_prediction.json" in (tmp_path / "report.html").read_text(encoding="utf-8")
    (tmp_path / "report.html").unlink()
    assert main(["report", str(bad)]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("deephar: error: `PLACE` must be a document") and said.err.count("\n") == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad_prediction.json", "good_prediction.json"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{}/empty"], "`PLACE` must be documents NAME_prediction.json, folders of them, or run folders"),
        (["{}/nix"], "which does not exist"),
        (["{}/a_prediction.json", "--out", "{}/page.pdf"], "`--out` must be a file NAME.html. Received: "),
        (["{}/a_prediction.json", "--out", "{}/empty"], "`--out` must be a file NAME.html. Received: "),
        (["{}/a_prediction.json", "--out", "{}/none/a.html"], "must lie in a folder that exists"),
        (["{}/a_prediction.json", "--embed-limit", "-1"], "`--embed-limit` must be at least 0. Received: -1.0"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_no_file(tmp_path, capsys, arguments, words):
    (tmp_path / "empty").mkdir()
    save(image("gone.png"), tmp_path, "a")
    assert main(["report", *(word.format(tmp_path) for word in arguments)]) == 2
    said = capsys.readouterr()
    assert words in said.err and said.err.count("\n") == 1 and said.out == ""
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a_prediction.json", "empty"]
