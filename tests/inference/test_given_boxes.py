"""Users' files of boxes: each format gives the same boxes, and what is malformed is named with its place."""

import json

import numpy as np
import pytest

from deephar.inference import given_boxes
from deephar.inference.given_boxes import GivenBox, read_boxes

IMAGES = [{"id": 7, "file_name": "b.jpg"}, {"id": "x", "file_name": "a.jpg"}, {"id": 9, "file_name": "c.jpg"}]
DOG = {"image_id": 7, "bbox": [1, 2, 3, 4], "category_id": 18}


def written(folder, content, name="boxes.dat"):
    """Write bytes, text or a JSON document."""
    path = folder / name
    if not isinstance(content, (str, bytes)):
        content = json.dumps(content)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(folder, content):
    return read_boxes(written(folder, content))


def coco(*annotations, images=IMAGES, **more):
    return {"images": images, "annotations": list(annotations), **more}


def person(image_id=7, bbox=(10, 20, 30, 40), **more):
    return {"image_id": image_id, "bbox": list(bbox), **more}


def test_all_formats_give_the_same_boxes(tmp_path):
    detections = [
        person(0, (10, 20, 30, 40.5), score=0.5, track_id=3),
        person(0, (0, 5, 8, 9), score=0.25, track_id=4),
        person(12, (11, 20, 30, 40), score=1, track_id=3),
    ]
    texts = [
        json.dumps(detections),
        "frame,x1,y1,x2,y2,score,id\n0,10,20,40,60.5,0.5,3\n0,0,5,8,14,0.25,4\n12,11,20,41,60,1,3\n",
        "ID;H;W;label;Y;X;Score;FRAME\n3;40.5;30;man;20;10;.5;0.0\n4;9;8;;5;0;0.25;0\n3;40;30;man;20;11;;1.2e1\n",
        "1,3,10,20,30,40.5,0.5,-1,-1,-1\n1,4,0,5,8,9,0.25,-1,-1,-1\n13,3,11,20,30,40,-1,-1,-1,-1\n",
        "1.0\t3\t10\t20\t30\t40.5\t0.5\n1e0\t4\t0\t5\t8\t9\t0.25\n13\t3\t11\t20\t30\t40\n",
    ]
    first = [GivenBox((10.0, 20.0, 40.0, 60.5), 0.5, 3), GivenBox((0.0, 5.0, 8.0, 14.0), 0.25, 4)]
    for text in texts:
        boxes = read(tmp_path, text)
        assert boxes.frames == (0, 12) and boxes.images == () and boxes.has_ids
        assert boxes.of_frame(0) == first
        assert boxes.of_frame(np.int64(12)) == [GivenBox((11.0, 20.0, 41.0, 60.0), 1.0, 3)]
        assert boxes.of_frame(1) == [] and boxes.of_frame(-1) == []


SAME = ("frame,x,y,w,h\n\n3,10,20,30,40\n", "4,-1,10,20,30,40\n,,,\n", json.dumps([person(3)]))


@pytest.mark.parametrize("text", SAME)
def test_bytes_at_the_start_line_ends_and_blank_lines_do_not_matter(tmp_path, text):
    for end in ("\n", "\r\n", "\r"):
        boxes = read(tmp_path, b"\xef\xbb\xbf" + text.replace("\n", end).encode())
        assert boxes.frames == (3,) and boxes.of_frame(3) == [GivenBox((10.0, 20.0, 40.0, 60.0), 1.0, None)]
        assert not boxes.has_ids


def test_mot_confidence_ignores_and_is_cut(tmp_path):
    confidence = [67.5, 1, 0.3, 0, -0.4, -1]
    rows = [f"{k + 1},-1,10,20,30,40,{conf},-1,-1,-1" for k, conf in enumerate(confidence)]
    boxes = read(tmp_path, "\n".join(rows))
    scores = {frame: boxes.of_frame(frame)[0].score for frame in boxes.frames}
    assert scores == {0: 1.0, 1: 1.0, 2: 0.3, 4: 0.0, 5: 1.0}


def test_ids_are_known_only_where_all_boxes_have_one(tmp_path):
    boxes = read(tmp_path, "frame,id,x1,y1,x2,y2\n0,0,1,2,30,40\n0,-1,1,2,30,40\n0,-1,1,2,30,40\n0,,1,2,30,40\n")
    assert [box.id for box in boxes.of_frame(0)] == [0, None, None, None] and not boxes.has_ids


def test_coco_images_are_found_by_name_and_keep_the_order_of_the_list(tmp_path):
    boxes = read(tmp_path, coco(person("x", track_id=5), person(7.0, score=0.5), person(7, (0, 0, 5, 5))))
    assert boxes.images == ("b.jpg", "a.jpg", "c.jpg") and boxes.frames == (0, 1)
    assert [box.score for box in boxes.of_image("b.jpg")] == [0.5, 1.0] == [box.score for box in boxes.of_frame(0)]
    assert boxes.of_image("a.jpg")[0].id == 5
    assert boxes.of_image("c.jpg") == boxes.of_image("d.jpg") == boxes.of_frame(2) == []


def test_coco_images_are_frames_by_the_number_in_all_their_names(tmp_path):
    def frames(*names):
        images = [{"id": k, "file_name": name} for k, name in enumerate(names)]
        return read(tmp_path, coco(*(person(k) for k in range(len(names))), images=images)).frames

    assert frames("v/frame_0012.png", "v/frame_0003.png") == (3, 12)
    assert frames("v.0012", "v.0003") == (3, 12)
    assert frames("frame_0012.png", "last.png") == (0, 1)
    assert frames("a/0012.png", "b/0012.png") == (0, 1)
    assert frames("take2.mp4_0005.jpg") == (5,)


def test_only_people_are_read(tmp_path):
    categories = [{"id": 1, "name": "Person"}, {"id": 18, "name": "dog"}]
    people = [person(category_id=1), person(), person(bbox=[0, 0, 9, 9], category_id=1, iscrowd=1)]
    boxes = read(tmp_path, coco(DOG, *people, categories=categories))
    assert [box.box for box in boxes.of_image("b")] == [(10, 20, 40, 60)] * 2
    assert len(read(tmp_path, coco(DOG, *people[:2])).of_image("b")) == 3
    assert len(read(tmp_path, [DOG, person(category_id=1)]).of_frame(7)) == 1
    assert len(read(tmp_path, [DOG, DOG]).of_frame(7)) == 2
    with pytest.raises(ValueError, match="no person's box; 2 entries are left out: other categories, crowds"):
        read(tmp_path, [DOG, {**DOG, "category_id": 3}])


def test_images_match_by_path_then_name_then_stem(tmp_path):
    names = ["one.jpg", "two.png", "two.jpg", "cam1/1.jpg", "cam2/1.jpg", "C:\\Users\\me\\three.jpg", "four.jpg"]
    rows = [f"{name},{k},0,50,50" for k, name in enumerate(names)]
    boxes = read(tmp_path, "\n".join(["image,x1,y1,x2,y2", *rows]))
    asked = {
        "one.jpg": 0, "dir/one.jpg": 0, "one": 0, "one.webp": 0, "two.png": 1, "/dir/two.jpg": 2, "cam2/1.jpg": 4,
        "three.jpg": 5, "four.tar.gz": None, "D:\\four.JPG": 6, "five.jpg": None, "on": None,
    }  # fmt: skip
    for name, place in asked.items():
        assert [box.box[0] for box in boxes.of_image(name)] == ([] if place is None else [place]), name
    assert boxes.of_image(tmp_path / "one.jpg") == boxes.of_image("one.jpg")
    assert boxes.frames == ()
    for name, several in {"two.gif": "two.png", "1.jpg": "cam1/1.jpg"}.items():
        with pytest.raises(ValueError, match=f"`name` must be the name of one image.*Received: '{name}'.*{several}"):
            boxes.of_image(name)


def test_accents_are_the_same_composed_or_not(tmp_path):
    boxes = read(tmp_path, "image,x1,y1,x2,y2\ndir/Zoe\u0308.jpg,1,2,30,40\n")
    assert len(boxes.of_image("Zo\u00eb.jpg")) == len(boxes.of_image("Zo\u00eb.png")) == 1


def test_detections_name_images_or_frames(tmp_path):
    boxes = read(tmp_path, [person("000139"), person("img_2.jpg"), person("000139", (0, 0, 9, 9))])
    assert boxes.images == ("000139", "img_2.jpg") and len(boxes.of_image("000139.jpg")) == 2
    assert boxes.frames == (2, 139)
    assert len(read(tmp_path, [person(139)]).of_image("val2017/000000000139.jpg")) == 1


def test_numbered_images_fit_the_frames_of_the_file(tmp_path):
    boxes = read(tmp_path, "1,-1,10,20,30,40\n3,-1,11,20,30,40\n")
    assert boxes.of_image("img1/000003.jpg") == boxes.of_frame(2) != []
    assert boxes.of_image("000002.jpg") == boxes.of_image("other.jpg") == boxes.of_image("000000.jpg") == []


BAD_TEXTS = {
    "": "which is empty",
    "\ufeff \r\n": "which is empty",
    "\x89PNG": "line 1: `boxes` must be a header",
    "hello": "line 1: `boxes` must be a header.*Received: 'hello'",
    '{"images": [': "which is not JSON: Expecting value: line 1",
    "[" * 100_000: "which is not JSON",
    "frame,x1,y1,x2,y2\n": "has no person's box; 0 entries",
    "frame,image,x1,y1,x2,y2\n0,a.jpg,1,2,30,40": "either frame or image",
    "x1,y1,x2,y2\n1,2,30,40": "either frame or image",
    "frame,x1,y1,x2\n0,1,2,3": "with x1,y1,x2,y2 or x,y,w,h",
    "frame,frame,x1,y1,x2,y2\n0,0,1,2,30,40": "each once",
    "frame,x1,y1,x2,y2\n0,1,2,30,40\n\n1,nan,2,30,40": r"boxes\.dat', line 4: `x1` must be a finite number.*'nan'",
    "frame,x1,y1,x2,y2\n0,1,2,inf,40": "line 2: `x2` must be a finite number.*'inf'",
    "frame,x1,y1,x2,y2\n0,1,2,30": "line 2: `y2` must be a finite number.*''",
    "frame,x1,y1,x2,y2\n0,1,2,3_0,40": "`x2` must be a finite number.*'3_0'",
    "frame;x1;y1;x2;y2\n0;1,5;2;30;40": "`x1` must be a finite number.*'1,5'",
    "frame,x1,y1,x2,y2\n0,1,2,30,40,5": "line 2: `row` must be 5 cells",
    "frame,x1,y1,x2,y2\n0,30,2,1,40": "`box` must be x1,y1,x2,y2 in pixels with x1 < x2",
    "frame,x1,y1,x2,y2\n0,1,2,30,2": "`box` must be .* and y1 < y2",
    "frame,x,y,w,h\n0,1,2,30,-4": "`box` must be x,y,w,h in pixels with w > 0 and h > 0",
    "frame,x,y,w,h\n0,1e308,2,1e308,4": "`box` must be",
    "frame,x1,y1,x2,y2\n-1,1,2,30,40": "line 2: `frame` must be a whole number from 0 .*Received: '-1'",
    "frame,x1,y1,x2,y2\n1.5,1,2,30,40": "`frame` must be a whole number from 0 .*Received: '1.5'",
    "frame,x1,y1,x2,y2\n1e300,1,2,30,40": "`frame` must be a whole number",
    "image,x1,y1,x2,y2\n,1,2,30,40": "line 2: `image` must be the name of an image",
    "frame,x1,y1,x2,y2,score\n0,1,2,30,40,1.2": r"line 2: `score` must be in \[0, 1\]. Received: 1.2",
    "frame,x1,y1,x2,y2,score\n0,1,2,30,40,-1": "`score` must be in",
    "frame,x1,y1,x2,y2,id\n0,1,2,30,40,a": "`id` must be a finite number.*'a'",
    "frame,x1,y1,x2,y2,id\n0,1,2,30,40,2\n1,1,2,30,40,2\n0,1,2,30,40,2.0": "line 4: `id` must be different.*2, twice",
    "frame,x1,y1,x2,y2\n0,0.1,0.2,0.5,0.9\n1,-0.02,0,1,1.01": "all lie within 0..1, but must be pixels: multiply x",
    "image,x1,y1,x2,y2\n\"a" + "b" * 200_000: "field larger than field limit",
    "0,1,-1,2,30,40": "line 1: `frame` must be a whole number from 1 ",
    "0,10,20,30,40": "`row` must be frame,id,left,top,width,height.*a CSV table needs a header",
    "1,-1,10,20,30,40,0.5\n2,-1,10,20,30": "line 2: `row` must be",
    "1;-1;10,5;20,5;30;40;1": "line 1: `x` must be a finite number, such as 12 or 12.5. Received: '10,5'",
    "1,-1,10,20,30,40,nan": "`conf` must be a finite number",
    "1,-1,10,20,30,40,0\n": "no person's box; 1 entries are left out: .*conf 0",
    "1,5,10,20,30,40\n1,5,10,20,30,41": "line 2: `id` must be different in all boxes of 0",
}


@pytest.mark.parametrize("text", BAD_TEXTS, ids=range(len(BAD_TEXTS)))
def test_malformed_tables_are_refused(tmp_path, text):
    with pytest.raises(ValueError, match=BAD_TEXTS[text]):
        read(tmp_path, text)


BAD_DOCUMENTS = [
    ([], "no person's box"),
    ({}, "images: `images` must be a list; COCO JSON has the lists images and annotations"),
    ({"images": []}, "`annotations` must be a list"),
    (coco(), "no person's box"),
    ([person(), 3], r"entry 1 \(from 0\) of the list: `entry` must be a JSON object. Received: 3"),
    ([person(True)], "`image_id` must be a finite number.*True"),
    ([person(None)], "`image_id` must be a finite number.*None"),
    ([person([1])], "`image_id` must be"),
    ([person(-1)], "`image_id` must be a whole number from 0 "),
    ([person(1), person("a.jpg")], r"entry 1 .*`image` must be the name of an image in all.*number.*Received: 'a.jpg'"),
    ([{"image_id": 1}], r"`bbox` must be \[x, y, width, height\]"),
    ([person(bbox=[1, 2, 3])], "`bbox` must be"),
    ([person(bbox=[1, 2, 3, None])], "`h` must be a finite number.*None"),
    ([person(bbox=[1, 2, 3, float("nan")])], "`h` must be a finite number.*nan"),
    ([person(bbox=[1, 2, 3, 10**400])], "`h` must be a finite number"),
    ([person(bbox=[1, 2, 3, 0])], "`box` must be"),
    ([person(score=1.5)], "`score` must be in"),
    ([person(score="high")], "`score` must be a finite number"),
    ([person(track_id=1), person(track_id=1)], "entry 1 .*`id` must be different in all boxes of 7"),
    ([person(bbox=[0.1, 0.2, 0.3, 0.4])], "must be pixels"),
    ([person(category_id=[1])], "`category_id` must be a finite number"),
    (coco(person(8)), "of annotations: `image_id` must be the id of one of `images`. Received: 8"),
    (coco(images=[{"id": 1}]), "of images: `file_name` must be the name of an image"),
    (coco(images=[{"id": 1, "file_name": "a"}, {"id": 1, "file_name": "b"}]), "`id` must be different in all images"),
    (coco(person(), categories=[{"id": 3, "name": "cat"}]), r"names the category 'person'. Received: \['cat'\]"),
    (coco(person(), categories={"id": 1}), "`categories` must be a list"),
    (coco(person(category_id=2), categories=[{"id": 1, "name": "person"}]), "the id of one of `categories`"),
]


@pytest.mark.parametrize("document, message", BAD_DOCUMENTS, ids=range(len(BAD_DOCUMENTS)))
def test_malformed_json_is_refused(tmp_path, document, message):
    with pytest.raises(ValueError, match=message) as caught:
        read(tmp_path, document)
    assert str(tmp_path / "boxes.dat") in str(caught.value) and len(str(caught.value)) < 700


def test_files_that_are_none(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="`boxes` must be a file of COCO JSON.*none.csv', which does not exist"):
        read_boxes(tmp_path / "none.csv")
    with pytest.raises(FileNotFoundError, match="which is not a file"):
        read_boxes(tmp_path)
    for content in ("frame".encode("utf-16"), b"\x80\x81", "frame,x1\nä".encode("latin-1")):
        with pytest.raises(ValueError, match="which is not UTF-8 text"):
            read(tmp_path, content)
    monkeypatch.setattr(given_boxes, "MAX_BYTES", 20)
    with pytest.raises(ValueError, match="which has 22 bytes, more than 20"):
        read(tmp_path, "1,-1,10,20,30,40,0.500")


def test_damaged_files_never_fail_otherwise(tmp_path):
    random = np.random.default_rng(0)
    sources = [
        json.dumps(coco(person(category_id=1, track_id=2), categories=[{"id": 1, "name": "person"}])),
        json.dumps([person(score=0.5, category_id=1)]),
        "frame,id,score,x1,y1,x2,y2\n0,1,0.5,10,20,30,40\n",
        "1,3,10,20,30,40,0.5,-1,-1,-1\n",
    ]
    refused = 0
    for count in range(400):
        content = bytearray(sources[count % 4].encode())
        for _ in range(random.integers(1, 4)):
            content[random.integers(len(content))] = random.choice(list(b'0129-.,;:"[]{}nea\x00\xff\n\t'))
        try:
            read(tmp_path, bytes(content))
        except ValueError as error:
            refused += 1
            assert "boxes.dat" in str(error)
    assert 50 < refused < 400
