"""Boxes of people that another detector or tracker found, read from a user's file.

    file --its content--> COCO JSON   {"images": [...], "annotations": [...]} or detections: [{"image_id": ...}, ...]
                          CSV table   a header row with frame or image, x1,y1,x2,y2 or x,y,w,h, maybe id and score
                          MOT rows    frame,id,left,top,width,height,conf,... without a header

Frames are counted from 0 here, in COCO and in CSV files; MOTChallenge counts them from 1. Its `conf`
(motchallenge.net/instructions) is the score, on any scale, in a det.txt; in ground truth 0 says that a row is to be
ignored; in results it says nothing and is -1. So rows with 0 are left out, -1 or no value becomes the score 1, and
other values are cut to [0, 1]. The class in later columns of some files is not read: every row is a person.

Of a COCO file the category "person" is read, without crowds (`iscrowd`). Detections name no categories; where they have
several `category_id`, 1 is the person, as in COCO itself. In all formats a negative id says that it is not known.
"""

import csv
import functools
import io
import itertools
import json
import math
import pathlib
import re
import reprlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from deephar.inference.boxes import Box

MAX_BYTES = 512 * 1024**2
MAX_WHOLE = 2**53  # up to here a float holds every whole number
NORMALISED = (-0.5, 1.5)  # a file with no coordinate outside holds shares of the frame, not pixels
CORNERS, SIDES = ("x1", "y1", "x2", "y2"), ("x", "y", "w", "h")
COLUMNS = ("frame", "image", *CORNERS, *SIDES, "id", "score")
MOT_COLUMNS = 6  # those that a row must have
UNSTATED = -1.0  # `conf` of a row of results
COCO_PERSON = 1
FORMATS = "COCO JSON, CSV with a header (frame or image, x1, y1, x2, y2) or MOTChallenge rows (frame, id, left, ...)"


@dataclass(frozen=True, slots=True)
class GivenBox:
    """The box of a person as the file gives it.

    Attributes:
        box: (x1, y1, x2, y2) in frame pixels, x1 < x2 and y1 < y2. It may reach out of the frame.
        score: float in [0, 1], how sure the detector is; 1 where the file does not say.
        id: int from 0, the same in all the frames of a person; None where not known.
    """

    box: Box
    score: float = 1.0
    id: int | None = None


@dataclass(frozen=True, eq=False)
class GivenBoxes:
    """The boxes of a file, by frame of a video or by image.

    Attributes:
        source: str. The file.
        by_frame: dict from the number of a frame, from 0, to its boxes. In a file of images, these as a video's frames:
            by the number at the end of their names where all have one and no two the same, otherwise in the order of
            COCO's list of images; empty where there is no such list.
        by_image: dict from the name of an image, as the file has it, to its boxes, () for one of COCO's list without
            people; empty in a file of frame numbers.
        first: int. The number that the file gives to frame 0.
    """

    source: str
    by_frame: Mapping[int, tuple[GivenBox, ...]]
    by_image: Mapping[str, tuple[GivenBox, ...]]
    first: int = 0

    @property
    def frames(self) -> tuple[int, ...]:
        """The numbers of the frames with boxes, from 0, sorted."""
        return tuple(sorted(number for number, boxes in self.by_frame.items() if boxes))

    @property
    def images(self) -> tuple[str, ...]:
        """The names of the images in the order of the file; none in a file of frame numbers."""
        return tuple(self.by_image)

    @functools.cached_property
    def has_ids(self) -> bool:
        """Whether every box has an id, so that nobody need be tracked."""
        each = self.by_image or self.by_frame
        return all(box.id is not None for boxes in each.values() for box in boxes)

    def of_frame(self, index: int) -> list[GivenBox]:
        """Return the boxes of a frame of a video, in the order of the file; none where the file has none.

        Args:
            index: int. Number of the frame, from 0.
        """
        return list(self.by_frame.get(index, ()))

    def of_image(self, name: str | pathlib.Path) -> list[GivenBox]:
        """Return the boxes of an image, in the order of the file; none where the file has none.

        Args:
            name: str or Path. Name of the image, or its path. An image of the file matches that has the same path or,
                if there is none, the same name, or else the same name without suffix. In a file of frame numbers,
                `name` must end with the number as the file has it: img1/000012.jpg.

        Raises:
            ValueError: several images of the file match equally well.
        """
        file_name = _file_name(str(name))
        if not self.by_image:
            number = _number_in(file_name)
            return [] if number is None else self.of_frame(number - self.first)
        exact = [str(name)] if str(name) in self.by_image else []
        matches = exact or self._by_name.get(file_name) or self._by_name.get(_stem(file_name), [])
        if len(matches) > 1:
            allowed = f"the name of one image of {self.source!r}, as it stands there"
            raise ValueError(f"`name` must be {allowed}. Received: {str(name)!r}, which may be {_shown(matches)}")
        return [box for match in matches for box in self.by_image[match]]

    @functools.cached_property
    def _by_name(self):
        """{name of a file, or that without suffix: the images that have it}."""
        found = {}
        for image in self.by_image:
            for name in dict.fromkeys([_file_name(image), _stem(_file_name(image))]):
                found.setdefault(name, []).append(image)
        return found


def read_boxes(path: str | pathlib.Path) -> GivenBoxes:
    """Read a file of people's boxes; its content shows which format it has.

    Args:
        path: str or Path. COCO JSON, a CSV table with a header row, or MOTChallenge rows, see the head of this file:
            UTF-8, columns apart by commas, semicolons or tabs, numbers with a decimal point, at most 512 MiB.

    Returns:
        GivenBoxes.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is empty, too large, in no such format or without a person; all coordinates are in 0..1
            instead of pixels; or an entry is malformed: no finite number, a box without area, a negative frame, a score
            outside [0, 1], an id twice in a frame. The message names the file and the line or entry.

    Example:
        boxes = read_boxes("boxes.csv")  # frame,x1,y1,x2,y2,score
        print(boxes.frames, boxes.of_frame(0))
    """
    path = pathlib.Path(path)
    text, found = _text_of(path), _Found(path)
    return _read_coco(text, found) if re.match(r"\s*[\[{]", text) else _read_table(text, found)


class _Found:
    """Collects the boxes of a file by frame number or by image name, and checks each."""

    def __init__(self, path):
        self.path, self.place = path, ""  # the place in the file that is being read, for errors
        self.boxes, self.ids, self.left_out = {}, set(), 0
        self.low, self.high = math.inf, -math.inf

    def bad(self, argument, allowed, received):
        where = f"{str(self.path)!r}, {self.place}"
        return ValueError(f"{where}: `{argument}` must be {allowed}. Received: {_shown(received)}")

    def number(self, argument, value):
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number) or isinstance(value, bool) or "_" in str(value):  # Python takes True and 1_000
            raise self.bad(argument, "a finite number, such as 12 or 12.5", value)
        return number

    def whole(self, argument, value, least=0):
        number = self.number(argument, value)
        if not number.is_integer() or not least <= number <= MAX_WHOLE:
            raise self.bad(argument, f"a whole number from {least} to 2**53", value)
        return int(number)

    def corners(self, values, names=SIDES):
        """Return (x1, y1, x2, y2) of four values with these names, CORNERS or SIDES."""
        x1, y1, x2, y2 = (self.number(*pair) for pair in zip(names, values, strict=True))
        if names is SIDES:
            x2, y2 = x1 + x2, y1 + y2
        if not (x1 < x2 < math.inf and y1 < y2 < math.inf):
            above = "w > 0 and h > 0" if names is SIDES else "x1 < x2 and y1 < y2"
            raise self.bad("box", f"{','.join(names)} in pixels with {above}", values)
        return (x1, y1, x2, y2)

    def add(self, key, box, score, identity):
        """Add a person's box; `score` and `identity` as the file has them, None where it does not say."""
        if key == "" or not isinstance(key, type(next(iter(self.boxes), key))):
            raise self.bad("image", "the name of an image in all entries, or the number of a frame in all", key)
        score = 1.0 if score is None else self.number("score", score)
        if not 0 <= score <= 1:
            raise self.bad("score", "in [0, 1]", score)
        identity = -1 if identity is None else self.whole("id", identity, -MAX_WHOLE)
        if (key, identity) in self.ids:
            raise self.bad("id", f"different in all boxes of {_shown(key)}", f"{identity}, twice")
        if identity >= 0:
            self.ids.add((key, identity))
        self.low, self.high = min(self.low, box[0], box[1]), max(self.high, box[2], box[3])
        self.boxes.setdefault(key, []).append(GivenBox(box, score, identity if identity >= 0 else None))

    def finish(self, first=0, listed=False):
        """Return `GivenBoxes`; `listed`: whether the keys are a whole list of images in order."""
        if not any(self.boxes.values()):
            left_out = f"{self.left_out} entries are left out: other categories, crowds or rows with conf 0"
            raise ValueError(_unfit(self.path, f"which has no person's box; {left_out}"))
        if NORMALISED[0] <= self.low and self.high <= NORMALISED[1]:
            remedy = "but must be pixels: multiply x by the width and y by the height of the frame"
            raise ValueError(_unfit(self.path, f"whose coordinates all lie within 0..1, {remedy}"))
        boxes = {key: tuple(each) for key, each in self.boxes.items()}
        if isinstance(next(iter(boxes)), int):
            return GivenBoxes(str(self.path), boxes, {}, first)
        numbers = [_number_in(_file_name(name)) for name in boxes]
        if None in numbers or len(set(numbers)) < len(numbers):
            numbers = range(len(boxes)) if listed else ()
        return GivenBoxes(str(self.path), dict(zip(numbers, boxes.values(), strict=False)), boxes)


def _text_of(path):
    if not path.is_file():
        raise FileNotFoundError(_unfit(path, "which is not a file" if path.exists() else "which does not exist"))
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(_unfit(path, f"which has {path.stat().st_size} bytes, more than {MAX_BYTES}"))
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(_unfit(path, f"which is not UTF-8 text: {error}")) from error
    if not text.strip():
        raise ValueError(_unfit(path, "which is empty"))
    return text


def _unfit(path, why):
    return f"`boxes` must be a file of {FORMATS}. Received: {str(path)!r}, {why}"


def _read_coco(text, found):
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(_unfit(found.path, f"which is not JSON: {error}")) from error
    if isinstance(document, list):
        name, annotations, names = "the list", document, None
        ids = {_category(entry, found) for entry in _entries(document, name, found)} - {None}
        people = None if len(ids) < 2 else {each: each == COCO_PERSON for each in ids}
    else:
        name, annotations, names = "annotations", document.get("annotations"), _image_names(document, found)
        people = _people_of(document, found)
        found.boxes = {each: [] for each in names.values()}
    for entry in _entries(annotations, name, found):
        key = _image_id(entry, "image_id", found)
        if names is not None and key not in names:
            raise found.bad("image_id", "the id of one of `images`", key)
        _add_annotation(names[key] if names else key, entry, people, found)
    return found.finish(listed=names is not None)


def _entries(values, name, found):
    """Yield the objects of a list; note the place of each for errors."""
    found.place = name
    if not isinstance(values, list):
        raise found.bad(name, "a list; COCO JSON has the lists images and annotations, or is a list", values)
    for index, value in enumerate(values):
        found.place = f"entry {index} (from 0) of {name}"
        if not isinstance(value, dict):
            raise found.bad("entry", "a JSON object", value)
        yield value


def _image_names(document, found):
    """Return {id: name} of COCO's list of images."""
    names = {}
    for entry in _entries(document.get("images"), "images", found):
        identity, name = _image_id(entry, "id", found), entry.get("file_name")
        if not isinstance(name, str) or not name.strip():
            raise found.bad("file_name", "the name of an image", name)
        if names.setdefault(identity, name) != name:
            raise found.bad("id", "different in all images", f"{identity}, twice")
    return names


def _image_id(entry, key, found):
    value = entry.get(key)
    return value if isinstance(value, str) and value.strip() else found.whole(key, value)


def _category(entry, found):
    value = entry.get("category_id")
    return None if value is None else found.whole("category_id", value)


def _people_of(document, found):
    """Return {id: whether it is that of a person} of COCO's categories, None where none are named."""
    categories = document.get("categories") or []
    people = {
        found.whole("id", entry.get("id")): str(entry.get("name")).strip().lower() == "person"
        for entry in _entries(categories, "categories", found)
    }
    if people and not any(people.values()):
        raise found.bad("categories", "a list that names the category 'person'", [c.get("name") for c in categories])
    return people or None


def _add_annotation(key, entry, people, found):
    category = _category(entry, found)
    if people and category is not None and category not in people:
        raise found.bad("category_id", "the id of one of `categories`", category)
    if entry.get("iscrowd") or not (people or {}).get(category, True):
        found.left_out += 1
        return
    values = entry.get("bbox")
    if not isinstance(values, list) or len(values) != 4:
        raise found.bad("bbox", "[x, y, width, height] in pixels", values)
    found.add(key, found.corners(values), entry.get("score"), entry.get("track_id"))


def _read_table(text, found):
    """Read rows of cells: those of MOTChallenge where the first begins like a number, otherwise it is the header."""
    first_line = re.search(r"\S[^\r\n]*", text).group()
    rows = _rows(text, next((mark for mark in "\t;," if mark in first_line), ","), found)
    first = next(rows)
    if re.match(r"[-+.0-9]", first[0]):
        for row in itertools.chain([first], rows):
            _add_mot(row, found)
        return found.finish(first=1)
    place, names = _check_header([cell.lower() for cell in first], found)
    for row in rows:
        if len(row) > len(first):
            raise found.bad("row", f"{len(first)} cells as the header", row)
        cells = {column: row[k] if k < len(row) else "" for column, k in place.items()}
        key = found.whole("frame", cells["frame"]) if "frame" in cells else cells["image"]
        box = found.corners([cells[column] for column in names], names)
        found.add(key, box, cells.get("score") or None, cells.get("id") or None)
    return found.finish()


def _rows(text, delimiter, found):
    """Yield the cells of every row that has any, without empty ones at the end; note the line for errors."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            while cells and not cells[-1]:
                cells.pop()
            if cells:
                found.place = f"line {reader.line_num}"
                yield cells
    except csv.Error as error:
        raise ValueError(_unfit(found.path, f"line {reader.line_num}: {error}")) from error


def _check_header(header, found):
    """Return {column: its place} of the columns that are read, and the names of those of the box."""
    place = {column: header.index(column) for column in COLUMNS if column in header}
    names = CORNERS if all(column in place for column in CORNERS) else SIDES
    fits = ("frame" in place) != ("image" in place) and all(column in place for column in names)
    if not fits or any(header.count(column) > 1 for column in place):
        allowed = "a header with either frame or image, with x1,y1,x2,y2 or x,y,w,h, each once; or MOTChallenge rows"
        raise found.bad("boxes", allowed, ",".join(header))
    return place, names


def _add_mot(row, found):
    if len(row) < MOT_COLUMNS:
        allowed = "frame,id,left,top,width,height,conf of MOTChallenge; a CSV table needs a header"
        raise found.bad("row", allowed, ",".join(row))
    frame = found.whole("frame", row[0], 1) - 1
    conf = found.number("conf", row[6]) if len(row) > MOT_COLUMNS else UNSTATED
    score = 1.0 if conf == UNSTATED else min(max(conf, 0.0), 1.0)
    if conf == 0:
        found.left_out += 1
    else:
        found.add(frame, found.corners(row[2:6]), score, row[1])


def _file_name(path):
    """Return the last part of a path of Unix or Windows; letters with accents in one form, since systems differ."""
    return unicodedata.normalize("NFC", path).replace("\\", "/").rsplit("/", 1)[-1]


def _stem(file_name):
    return re.sub(r"(?<=.)\.[A-Za-z][A-Za-z0-9]{1,4}$", "", file_name)  # video.0012 has no suffix


def _number_in(file_name):
    """Return the number at the end of a file's name without suffix, or None."""
    match = re.search(r"(?<![0-9])[0-9]{1,15}$", _stem(file_name))
    return int(match.group()) if match else None


def _shown(value):
    """Return a value for an error, cut where it is long."""
    return repr(value)[:200] if isinstance(value, str) else reprlib.repr(value)
