"""What `deephar predict` does: find out what the sources are, predict, write the files, say where they are."""

import argparse
import collections
import contextlib
import json
import pathlib
import sys
from collections.abc import Sequence

from deephar.inference.actions import ActionTally, headline
from deephar.inference.boxes import check_box
from deephar.inference.engines import check_engine
from deephar.inference.export import OverlayWriter, free_name, output_folder, save_image, save_maps
from deephar.inference.given_boxes import GivenBoxes, read_boxes
from deephar.inference.live import LiveReader
from deephar.inference.millimetres import HEIGHT_MM
from deephar.inference.people import LOOKS_TOGETHER
from deephar.inference.predictor import Predictor
from deephar.inference.quiet import quiet_keras
from deephar.inference.result_files import DOCUMENT, OVERLAY_VIDEO, ResultWriter
from deephar.inference.sources import Source, find_sources
from deephar.inference.video import VideoReader
from deephar.models.cards import DEFAULT_MODEL
from deephar.utils.ahead import Behind
from deephar.utils.errors import is_for_user
from deephar.utils.images import read_image
from deephar.utils.progress import make_room, progress

MOST_LABELS = 10_000
DRAWN_BEHIND = 32  # frames: those of one window, which are predicted together
SAVED_BEHIND = 4  # images


def predict_source(arguments: argparse.Namespace) -> int:
    """Predict on `arguments.source` and write to `arguments.out`; return the exit status.

    Args:
        arguments: argparse.Namespace as `deephar.cli.predict` parses it.

    Returns:
        0, or 2 where some sources or some frames of a video could not be read (the others are written).

    Raises:
        FileNotFoundError, ValueError: as `find_sources`, `output_folder`, `read_boxes` and `Predictor`; and for a
            single source what is wrong with it.
    """
    sources, skipped = find_sources(arguments.source, arguments.recursive, arguments.out)
    boxes = read_boxes(arguments.boxes) if arguments.boxes else None
    if arguments.box is not None:
        _check_box_early(arguments, sources)
    labels = read_labels(arguments.labels) if arguments.labels else None
    check_engine(arguments.engine)
    output_folder(arguments.out)
    quiet_keras()
    predictor = Predictor(
        arguments.model or DEFAULT_MODEL,
        weights=arguments.weights,
        labels=labels,
        refine=0 if arguments.no_refine else arguments.refine,
        subsampling=arguments.subsampling,
        flip=arguments.flip,
        height_mm=arguments.height or HEIGHT_MM,
        detector=arguments.detector,
        people=arguments.people,
        camera=arguments.camera,
        root_depth_mm=arguments.root_depth,
        smooth=arguments.smooth,
        engine=arguments.engine,
    )
    if arguments.maps:
        predictor.network.check_maps()
    return _Run(predictor, arguments, sources, boxes).all(skipped)


def read_labels(path: str | pathlib.Path) -> list[str]:
    """Return the names of actions in a file: a JSON list, or a text with one a line.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it holds no such list.
    """
    path = pathlib.Path(path)
    allowed = "a JSON list of names, or a text with one name a line"
    if not path.is_file():
        raise FileNotFoundError(f"`labels` must be {allowed}. Received: {path}, which does not exist")
    try:
        text = path.read_text(encoding="utf-8-sig")
        names = json.loads(text) if text.lstrip().startswith("[") else text.splitlines()
        names = [name.strip() for name in names]
    except (ValueError, AttributeError) as error:
        raise ValueError(f"`labels` must be {allowed}. Received: {path} ({error})") from error
    while names and not names[-1]:
        names.pop()
    if not names or not all(names) or len(set(names)) != len(names) or len(names) > MOST_LABELS:
        raise ValueError(f"`labels` must be {allowed}, none of them empty or twice. Received: {path}: {names[:20]}")
    return names


def _check_box_early(arguments, sources):
    """Refuse a bad box before the network is loaded."""
    if arguments.boxes or len(sources) > 1:
        other = "with --boxes" if arguments.boxes else "for several sources, see --boxes"
        raise ValueError(f"`box` must not be given {other}. Received: {arguments.box}")
    if sources[0].kind == "image":
        pixels = read_image(sources[0].path)
        check_box(arguments.box, (pixels.shape[1], pixels.shape[0]))


class _Run:
    """Predicts sources one after the other, images in batches; what cannot be read is named and left out."""

    def __init__(
        self, predictor: Predictor, arguments: argparse.Namespace, sources: Sequence[Source], boxes: GivenBoxes | None
    ) -> None:
        self.predictor, self.arguments, self.sources, self.boxes = predictor, arguments, sources, boxes
        self.out, self.alone = pathlib.Path(arguments.out), len(sources) == 1
        self.status, self.written = 0, 0
        self.stems = collections.Counter(source.name for source in sources)

    def all(self, skipped: list[str]) -> int:
        """Predict everything; return the exit status."""
        self._images([source for source in self.sources if source.kind == "image"])
        for source in self.sources:
            if source.kind != "image":
                self._guarded(source)
        if not self.alone:
            print(f"{self.written} of {len(self.sources)} sources: predictions in {self.out}")
        for line in skipped:
            print(f"deephar: skipped {line}", file=sys.stderr)
        return self.status

    def _failed(self, error):
        """Name what cannot be read, and go on; a single source ends the command."""
        if self.alone or not is_for_user(error):
            raise error
        make_room()
        print(f"deephar: error: {error}", file=sys.stderr)
        self.status = 2

    def _images(self, sources):
        """Predict images; the next ones are read, and the results written, while the network goes on."""
        boxes = None
        if self.arguments.box is not None:
            boxes = [[self.arguments.box]] * len(sources)
        elif self.boxes is not None:
            boxes = [self.boxes.of_image(pathlib.Path(source.path).name) for source in sources]
        results = self.predictor.predict_readable([source.path for source in sources], boxes)
        with contextlib.closing(results), self._saving() as save:
            for source, found in progress(zip(sources, results, strict=True), len(sources), "images"):
                save(source, *found)

    def _saving(self):
        """A context that gives `_save`, in a thread; but maps take the network, which this thread uses."""
        return contextlib.nullcontext(self._save) if self.arguments.maps else Behind(self._save, SAVED_BEHIND)

    def _save(self, source, result, pixels):
        """Write the files of an image."""
        if isinstance(result, Exception):
            self._failed(result)
            return
        name = self._name(source, result.head)
        try:
            paths = save_image(result, self.out, self.predictor.layout, self.arguments.overlay, name, pixels)
            if self.arguments.maps:
                paths += save_maps(self.predictor.network, result, self.out, name, pixels)
        except OSError as error:
            self._failed(error)
            return
        self.written += 1
        if self.alone:
            _report(paths)
            _say_people(len(result.people))

    def _guarded(self, source):
        """Predict a video or a live stream, where it can be read."""
        try:
            self._video(source)
        except (OSError, ValueError, TypeError) as error:
            self._failed(error)
        else:
            self.written += 1

    def _video(self, source):
        live = source.kind == "live"
        with contextlib.ExitStack() as stack:
            video = stack.enter_context(LiveReader(source.path) if live else VideoReader(source.path))
            files = _VideoFiles(self, source, video, stack)
            try:
                for step in self._steps(video, live, source):
                    if not files.add(*step):
                        break
            except KeyboardInterrupt:
                if not live:
                    raise
            files.finish()
        for problem in files.overlay.problems if files.overlay else ():
            print(f"deephar: {source.path}: {problem}", file=sys.stderr)

    def _steps(self, video, live, source):
        """The steps of a video, with progress where its length is known or others wait."""
        together = 1 if live else LOOKS_TOGETHER
        steps = self.predictor.steps(video, self.arguments.box, self.boxes, together)
        return steps if live else progress(steps, video.num_frames or None, f"predict {source.name}")

    def _name(self, source, head):
        """The name of a source's files; says so where another result has the wanted one."""
        wanted = source.name
        if self.stems[wanted] > 1 and source.kind != "live":
            wanted = pathlib.Path(source.path).name
        name = free_name(head, self.out, wanted)
        if name != wanted:
            held = f"{wanted}{DOCUMENT} in {self.out} is of another source or model and is kept"
            print(f"{held}; this is {name}")
        return name


class _VideoFiles:
    """The files of a video, written as results come: lines, overlay, window."""

    def __init__(self, run: _Run, source: Source, video: VideoReader, stack: contextlib.ExitStack) -> None:
        self.run, self.source, self.video, self.stack = run, source, video, stack
        self.writer = self.overlay = self.window = None
        self.actions, self.segments, self.most = {}, {}, 0
        self._shown = getattr(video, "source", source.path)  # of a URL without its password

    def _start(self):
        """Open the files; the size of the frames is known now."""
        run, arguments = self.run, self.run.arguments
        given = dict(box=arguments.box, boxes=run.boxes)
        head = run.predictor.head_of(self.video, self._shown, **given)
        name = run._name(self.source, head)
        self.writer = self.stack.enter_context(ResultWriter(run.out, name, head))
        if arguments.overlay:
            path = run.out / f"{name}{OVERLAY_VIDEO}"
            of = self.video if isinstance(self.video, VideoReader) else None
            overlay = OverlayWriter(path, head.fps, run.predictor.layout, keep=True, of=of)
            self.overlay = self.stack.enter_context(overlay)
            self._draw = self.stack.enter_context(Behind(overlay.add, DRAWN_BEHIND))
        if arguments.show:
            from deephar.drawing.window import FrameWindow

            self.window = self.stack.enter_context(FrameWindow(f"deephar: {self.source.name}"))

    def add(self, frame, pixels, new):
        """Write the next frame; return whether to go on."""
        if self.writer is None:
            self._start()
        for person, scores in new:
            self.writer.add_clip(person, scores)
            found = self.actions.setdefault(person, ActionTally(person))
            found.add(scores)
            self.segments[person] = found.segments
        self.writer.add(frame)
        self.most = max(self.most, len(frame.people))
        if self.window is not None:
            shown = self.overlay.add(frame, pixels, self.segments) if self.overlay is not None else pixels
            self.window.show(shown)
            return not self.window.closed
        if self.overlay is not None:  # while the network goes on
            self._draw(frame, pixels, dict(self.segments))
        return True

    def finish(self):
        """Write the end of the results and say what was found."""
        if self.writer is None:
            raise ValueError(f"`path` must hold at least one frame. Received: {self._shown}, which has none")
        if self.overlay is not None:
            self._draw.wait()
        video, paths, problems = self.video, [self.writer.path], list(self.video.problems)
        if getattr(video, "dropped", 0):
            problems.append(f"{video.dropped} frames came faster than they could be predicted and were dropped")
        self.writer.finish(video.complete, tuple(problems))
        if self.actions:
            print(f"actions: {headline([self.actions[person] for person in sorted(self.actions)])}")
        if self.overlay is not None:
            paths.append(self.overlay.path)
        _say_people(self.most)
        _report(paths)
        for problem in problems:
            print(f"deephar: {self._shown}: {problem}", file=sys.stderr)
        if not video.complete:
            self.run.status = 2


def _say_people(number):
    """Say that nobody was found; who was is in the files."""
    if not number:
        print("nobody was found")


def _report(written):
    for path in written:
        print(path)
