"""What lies in the places that a user names, or one line that says what is wrong with one."""

import pytest

from deephar.report.places import find
from tests.report.examples import image, save, write_run


def test_runs_and_documents_are_found_in_folders_and_theirs(tmp_path):
    run = write_run(tmp_path / "mine")
    first = save(image(), run / "results", "b")
    save(image(), run / "results", "a")
    (run / "results" / "c_prediction.jsonl").write_text("{}\n")
    (run / "results" / ".hidden_prediction.json").write_text("{}")
    found = find([run, first])
    assert [(entry.kind, entry.name) for entry in found] == [
        ("run", "mine"),
        ("results", "a"),
        ("results", "b"),
        ("results", "c (unfinished)"),
    ]
    assert {entry.group for entry in found} == {str(run), str(run / "results")}


def test_a_place_without_anything_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="`places` must be documents .*which holds none"):
        find([tmp_path])
    with pytest.raises(FileNotFoundError, match="Received: .*nix', which does not exist"):
        find([tmp_path / "nix"])
