"""Which videos train and which test: folders, shares, the published lists, and lists with bad lines."""

import pathlib

import pytest

from deephar.data.video_splits import LabelledVideo, find_videos, folder_splits, hold_out, read_splits
from deephar.utils import TEST_MODE, TRAIN_MODE, VALID_MODE


def touch(root, *names):
    for name in names:
        path = pathlib.Path(root) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def write(path, *lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\r\n".join(lines) + "\n", encoding="utf-8")


def read(root, source, number=1, labels=None):
    return read_splits(source, number, find_videos(root), root, labels)


def names(splits, mode):
    return [(video.name, splits.labels[video.label]) for video in splits.videos[mode]]


def test_videos_are_found_by_their_suffix(tmp_path):
    touch(tmp_path, "jump/b.MP4", "jump/a.mkv", "run/x y.Avi")
    touch(tmp_path, "jump/notes.txt", "jump/.c.mp4", ".old/a.mp4", "none/n.md")
    (tmp_path / "run" / "again").symlink_to(tmp_path / "run")  # a loop
    assert find_videos(tmp_path) == ["jump/a.mkv", "jump/b.MP4", "run/x y.Avi"]


def test_folders_are_classes(tmp_path):
    touch(tmp_path, "run/a.mp4", "jump/a.mp4", "Walk/a.mp4", "none/n.txt")
    splits = folder_splits(find_videos(tmp_path), tmp_path, None)
    assert splits.labels == ("Walk", "jump", "run") and splits.missing == []
    assert names(splits, TRAIN_MODE) == [("Walk/a.mp4", "Walk"), ("jump/a.mp4", "jump"), ("run/a.mp4", "run")]
    own = folder_splits(find_videos(tmp_path), tmp_path, ["sit", "run", "jump", "Walk"])
    assert [video.label for video in own.videos[TRAIN_MODE]] == [3, 2, 1] and own.labels[0] == "sit"
    with pytest.raises(ValueError, match="`labels` must name the class of every folder. Received: none for 'Walk'"):
        folder_splits(find_videos(tmp_path), tmp_path, ["run", "jump"])
    with pytest.raises(ValueError, match="`labels` must be different names"):
        folder_splits(find_videos(tmp_path), tmp_path, ["run", "jump", "Walk", "run"])


def test_folders_of_splits(tmp_path):
    touch(tmp_path, "train/run/a.mp4", "train/jump/b.mp4", "val/run/c.mp4", "Test/jump/d.mp4")
    splits = folder_splits(find_videos(tmp_path), tmp_path, None)
    assert splits.labels == ("jump", "run")
    assert names(splits, TRAIN_MODE) == [("train/jump/b.mp4", "jump"), ("train/run/a.mp4", "run")]
    assert names(splits, VALID_MODE) == [("val/run/c.mp4", "run")]
    assert names(splits, TEST_MODE) == [("Test/jump/d.mp4", "jump")]


@pytest.mark.parametrize("odd", ["a.mp4", "run/deep/a.mp4", "run/very/deep/down/a.mp4"])
def test_no_video_is_left_out_in_silence(tmp_path, odd):
    touch(tmp_path, "run/a.mp4", odd)
    with pytest.raises(ValueError, match=f"`root` must be a folder of class-named folders.*1 videos elsewhere.*{odd}"):
        folder_splits(find_videos(tmp_path), tmp_path, None)


def test_a_folder_without_videos(tmp_path):
    with pytest.raises(ValueError, match="`root` must be .* Received: no videos"):
        folder_splits(find_videos(tmp_path), tmp_path, None)


def test_a_share_of_every_class_is_held_out_wherever_the_folder_lies():
    counts = (50, 10, 2, 1)
    videos = [LabelledVideo(f"{label}/v{k}.mp4", label) for label in range(4) for k in range(counts[label])]
    train, held = hold_out(videos, 0.2)
    assert [sum(v.label == label for v in held) for label in range(4)] == [10, 2, 1, 0]
    assert sorted(train + held, key=videos.index) == videos and train == sorted(train, key=videos.index)
    moved = [LabelledVideo(f"elsewhere/{v.name}", v.label) for v in reversed(videos)]
    assert {v.name for v in hold_out(moved, 0.2)[1]} == {f"elsewhere/{v.name}" for v in held}
    assert [v.name for v in held if v.label == 1] != ["1/v0.mp4", "1/v1.mp4"]  # by a hash, not the first ones
    assert {v.name for v in held} <= {v.name for v in hold_out(videos, 0.4)[1]}


@pytest.fixture
def ucf101(tmp_path):
    touch(tmp_path / "videos", "Archery/v_g01.avi", "Archery/v_g08.avi", "Bowling/v_g01.mp4", "Bowling/x.avi")
    lists = tmp_path / "lists"
    write(lists / "classInd.txt", "1 Archery", "2 Bowling", "")
    write(lists / "trainlist01.txt", "Archery/v_g08.avi 1", "Bowling/v_g01.avi 2")
    write(lists / "testlist01.txt", "Archery/v_g01.avi")
    return tmp_path / "videos", lists


def test_ucf101(ucf101):
    splits = read(*ucf101)
    assert splits.labels == ("Archery", "Bowling") and splits.videos[VALID_MODE] == []
    assert names(splits, TRAIN_MODE) == [("Archery/v_g08.avi", "Archery"), ("Bowling/v_g01.mp4", "Bowling")]
    assert names(splits, TEST_MODE) == [("Archery/v_g01.avi", "Archery")]
    with pytest.raises(FileNotFoundError, match=r"`splits` must hold trainlist02.txt"):
        read(*ucf101, number=2)
    with pytest.raises(ValueError, match="`labels` must name every class of `splits`. Received: none for Bowling"):
        read(*ucf101, labels=["Archery"])
    assert read(*ucf101, labels=["Bowling", "Archery"]).videos[TEST_MODE] == [LabelledVideo("Archery/v_g01.avi", 1)]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("Archery/v_g08.avi 2", "trainlist01.txt', line 3: must be CLASS/video.avi, and the class's number"),
        ("Archery/v_g08.avi 1 1", "line 3: must be CLASS/video.avi"),
        ("Cooking/v_g08.avi", "line 3: must be CLASS/video.avi"),
        ("Archery/../../secret.avi 1", "line 3: a video must be named by its path inside of"),
        ("/etc/Archery.avi 1", "line 3: must be CLASS/video.avi"),
        ("Archery/..\\..\\secret.avi 1", "line 3: a video must be named by its path inside of"),
    ],
)
def test_bad_lines_of_ucf101(ucf101, line, error):
    root, lists = ucf101
    touch(root.parent, "secret.avi")
    write(lists / "trainlist01.txt", "Archery/v_g08.avi 1", "", line)
    with pytest.raises(ValueError, match=error):
        read(root, lists)


def test_videos_that_are_not_there(ucf101):
    root, lists = ucf101
    write(lists / "trainlist01.txt", *(f"Archery/v_{k}.avi 1" for k in range(9)))
    with pytest.raises(FileNotFoundError, match=r"9 of 10 missing: Archery/v_0.avi, .*Archery/v_4.avi \.\.\."):
        read(root, lists)


def test_a_video_in_two_splits(ucf101):
    root, lists = ucf101
    write(lists / "testlist01.txt", "Archery/v_g08.avi")
    with pytest.raises(ValueError, match=r"testlist01.txt', line 1: 'Archery/v_g08.avi' must be in one split"):
        read(root, lists)


def test_hmdb51(tmp_path):
    touch(tmp_path, *(f"v/{label}/{k}.avi" for label in ("wave", "brush_hair") for k in "abc"))
    for label in ("wave", "brush_hair"):
        write(tmp_path / "lists" / f"{label}_test_split1.txt", "a.avi 1 ", "b.avi 2 ", "c.avi 0 ")
        write(tmp_path / "lists" / f"{label}_test_split2.txt", "a.avi 2 ", "b.avi 1 ", "c.avi 1 ")
    first, second = (read(tmp_path / "v", tmp_path / "lists", number) for number in (1, 2))
    assert first.labels == ("brush_hair", "wave")
    assert names(first, TRAIN_MODE) == [("brush_hair/a.avi", "brush_hair"), ("wave/a.avi", "wave")]
    assert names(first, TEST_MODE) == [("brush_hair/b.avi", "brush_hair"), ("wave/b.avi", "wave")]
    assert [len(second.videos[mode]) for mode in (TRAIN_MODE, TEST_MODE, VALID_MODE)] == [4, 2, 0]
    with pytest.raises(FileNotFoundError, match="`split` must be a number with CLASS_test_split3.txt"):
        read(tmp_path / "v", tmp_path / "lists", 3)
    for line in ("a.avi", "a.avi 3", "../brush_hair/a.avi 1"):
        write(tmp_path / "lists" / "wave_test_split1.txt", line)
        with pytest.raises(ValueError, match=r"wave_test_split1.txt', line 1: must be video.avi and 0, 1 or 2"):
            read(tmp_path / "v", tmp_path / "lists")
    write(tmp_path / "lists" / "wave_test_split1.txt", ".. 1")
    with pytest.raises(ValueError, match="inside of"):
        read(tmp_path / "v", tmp_path / "lists")


HEADER = "label,youtube_id,time_start,time_end,split,is_cc"


def test_kinetics(tmp_path):
    bike = "riding a bike/-abc_DEF123_000010_000020.mp4"
    touch(tmp_path / "v", bike, "flat567890x_000007_000017.webm", "not_listed.mp4")
    rows = "riding a bike,-abc_DEF123,10,20,train,0", '"sword, ""fight""",gone,0,10,train,0'
    write(tmp_path / "train.csv", HEADER, *rows)
    write(tmp_path / "val.csv", HEADER, "abseiling,flat567890x,7.0,17.0,validate,1")
    splits = read(tmp_path / "v", [tmp_path / "train.csv", tmp_path / "val.csv"])
    assert splits.labels == ("abseiling", "riding a bike", 'sword, "fight"')  # that of what is missing, too
    assert names(splits, TRAIN_MODE) == [(bike, "riding a bike")]
    assert names(splits, VALID_MODE) == [("flat567890x_000007_000017.webm", "abseiling")]
    assert splits.missing == ["gone_000000_000010"]
    assert read(tmp_path / "v", tmp_path) == splits
    assert read(tmp_path / "v", tmp_path / "val.csv").labels == ("abseiling",)
    touch(tmp_path, "w/a.mp4")
    with pytest.raises(FileNotFoundError, match="3 of 3 missing"):
        read(tmp_path / "w", tmp_path)


BAD_ROWS = ["run,abc,10,20", ",abc,10,20,train", "run,../c,10,20,train", "run,abc,1.5,20,train", "run,abc,10,20,later"]


@pytest.mark.parametrize("row", BAD_ROWS)
def test_bad_lines_of_kinetics(tmp_path, row):
    touch(tmp_path, "v/abc_000010_000020.mp4")
    write(tmp_path / "a.csv", HEADER, "run,abc,10,20,train,0", row)
    with pytest.raises(ValueError, match=r"a.csv', line 3: must be label, id, two times"):
        read(tmp_path / "v", tmp_path / "a.csv")


def test_other_files(tmp_path):
    touch(tmp_path, "v/run/a.mp4")
    write(tmp_path / "a.csv", "label,name", "run,a")
    with pytest.raises(ValueError, match=r"a.csv' must have the columns label,youtube_id,.*\['label', 'name'\]"):
        read(tmp_path / "v", tmp_path / "a.csv")
    for source in (tmp_path / "v", tmp_path / "none.csv", tmp_path / "v" / "run" / "a.mp4", []):
        with pytest.raises(FileNotFoundError, match="`splits` must be a folder with classInd.txt"):
            read(tmp_path / "v", source)
    (tmp_path / "a.csv").write_bytes(b"label,youtube_id,time_start,time_end,split\n\xff\xfe,a,1,2,train\n")
    with pytest.raises(ValueError, match=r"a.csv' must be a table"):
        read(tmp_path / "v", tmp_path / "a.csv")
