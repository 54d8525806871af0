"""`Predictor`: from images, folders, video and streams to people with named joints in frame pixels and their actions.

    image --detector--> boxes --crop--> network --> pose in the crop --afmat inverted--> frame pixels
    video --looks, tracks, windows: `deephar.inference.people`--> who is where, and what everyone does

Without a detector one person is looked for: the crop is the whole frame, and the pose found there gives the box of the
next, better crop (`refine` times). A given box is kept as it is, unless `refine` says otherwise.
"""

import contextlib
import os
import pathlib
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from deephar.data.video_frames import DEFAULT_FPS
from deephar.inference.actions import actions_of
from deephar.inference.detector import Detector, named_detector
from deephar.inference.finders import Detected, Followed, Given
from deephar.inference.given_boxes import GivenBox, GivenBoxes
from deephar.inference.live import LiveReader
from deephar.inference.millimetres import HEIGHT_MM, PinholeView, known_links, pose_in_mm
from deephar.inference.network import PersonNetwork, load_network
from deephar.inference.people import LOOKS_TOGETHER, PeopleStream, Step
from deephar.inference.results import FrameResult, Head, PoseResult, Result
from deephar.inference.smoothing import Smoothing, smoothed
from deephar.inference.sources import images_in, kind_of
from deephar.inference.stills import detected, given, people_in_images, predict_files, whole
from deephar.inference.tracking import Tracker
from deephar.inference.video import VideoReader
from deephar.inference.windows import rounds_of
from deephar.models.cards import DEFAULT_MODEL
from deephar.models.signature import signature_of
from deephar.utils.ahead import ahead
from deephar.utils.images import ImageSource, read_image
from deephar.utils.pose import PoseLayout
from deephar.utils.progress import progress as progress_bar

if TYPE_CHECKING:
    import keras


class Predictor:
    """Predicts poses and actions with one network.

    Args:
        model: str, Path or keras.Model. The name of a registered network, a path that `deephar.load_model` takes, or a
            network.
        weights: str, Path or None. File with weights to load into it; None keeps what it has.
        layout: PoseLayout or None. Joint layout; None: the network's own.
        labels: sequence of str or None. Names of the actions; None: the network's own.
        refine: int or None. How often the box of a person is looked for again, each time around the pose in the box
            before. None: once around a detector's boxes, twice from the whole frame, and a given `box` is taken as it
            is. 0: the first crop is kept: a given box or the whole frame for all frames of a video.
        subsampling: int or None. Step between the frames of a clip; None: the network's own, in seconds where it knows
            the frame rate that it was trained at, so that a clip lasts as long at any rate.
        pose_block: int or None. Index of the pose output that is returned; None: the network's answer, the last of
            those with the finest maps.
        action_block: int. The same for the action outputs.
        flip: bool. Also run the flipped crop and take the mean; twice the time.
        batch_size: int. Frames in one forward pass.
        height_mm: float. Body height of the person, which sets the scale of 3D poses in mm. A layout of which
            `deephar.inference.millimetres` knows no link gives a warning and no poses in mm.
        detector: str, function or None. Who finds the people where no box is given: "auto", the detector that ships;
            "none" or None, nobody: one person is looked for in the whole frame; a registered detector, a
            run of `exp/detector/train_detector.py`, "dfine" (extra `detect`); or a function of a list of frames uint8
            (H, W, 3) that returns for each one boxes (N, 4), x1 y1 x2 y2 px, and scores (N,) in [0, 1].
        people: int or None. The most people in a frame; the best scores are kept. None: everyone.
        camera: four numbers (fx, fy, cx, cy) or None. Focal lengths and principal point in px, for 3D poses in mm from
            the camera; with `root_depth_mm`.
        root_depth_mm: float or None. Distance of the person's root joint along the camera's axis, mm.
        smooth: True, `deephar.inference.smoothing.Smoothing` or None. Fill short gaps of videos and streams and smooth
            their poses; frames of a stream then come `Smoothing.delay_s` later. None: poses as predicted.
        engine: str. What runs the networks: "keras", "onnx", "openvino", "openvino-bfloat16", or "auto", the fastest on
            this machine that is as good; see `deephar.inference.engines.open_engine`.

    Raises:
        ValueError: unknown name, shapes that are not a pose network's, weights that do not fit, or an option out of its
            range.
        FileNotFoundError: there is no such file.

    Example:

    >>> import numpy as np
    >>> import deephar
    >>> predictor = deephar.Predictor("spnet-2d")
    >>> result = predictor.predict_image(np.zeros((120, 160, 3), np.uint8), box=(40, 10, 120, 110))
    >>> result.pose.pose_px.shape, result.pose.confidence.shape, result.pose.box
    ((16, 2), (16,), (40.0, 10.0, 120.0, 110.0))
    >>> len(predictor.predict_image(np.zeros((120, 160, 3), np.uint8)).people)
    0
    """

    def __init__(
        self,
        model: "str | pathlib.Path | keras.Model" = DEFAULT_MODEL,
        weights: str | pathlib.Path | None = None,
        layout: PoseLayout | None = None,
        labels: Sequence[str] | None = None,
        refine: int | None = None,
        subsampling: int | None = None,
        pose_block: int | None = None,
        action_block: int = -1,
        flip: bool = False,
        batch_size: int = 16,
        height_mm: float = HEIGHT_MM,
        detector: str | Detector | None = "auto",
        people: int | None = None,
        camera: ArrayLike | None = None,
        root_depth_mm: float | None = None,
        smooth: Smoothing | bool | None = None,
        engine: str = "keras",
    ):
        if (refine or 0) < 0 or batch_size < 1 or (subsampling is not None and subsampling < 1):
            received = f"refine={refine}, batch_size={batch_size}, subsampling={subsampling}"
            raise ValueError(f"`refine` must be >= 0, `batch_size` and `subsampling` >= 1. Received: {received}")
        if not height_mm > 0 or (people is not None and people < 1):
            received = f"height_mm={height_mm}, people={people}"
            raise ValueError(f"`height_mm` must be above 0, `people` at least 1 or None. Received: {received}")
        self.model, self.stamp = load_network(model, weights)
        self.signature = signature_of(self.model, layout, labels)
        options = dict(flip=flip, batch_size=batch_size, engine=engine)
        self.network = PersonNetwork(self.model, self.signature, pose_block, action_block, **options)
        self.subsampling = subsampling or self.signature.frame.frame_step
        self._step_s = None if subsampling else self.signature.frame.clip_step_s
        self.refine, self.height_mm, self.people = refine, height_mm, people
        self.view, self.smoothing = PinholeView.of(camera, root_depth_mm, self.layout), Smoothing.of(smooth)
        self._detect = named_detector(detector, self.signature, engine)
        self._has_mm = self.layout.dim == 3 and len(known_links(self.layout)[0]) > 0
        if self.layout.dim == 3 and not self._has_mm:
            warnings.warn(f"`layout` {self.layout.name} has no link of known length: no poses in mm", stacklevel=2)

    @property
    def layout(self) -> PoseLayout:
        """Joint layout of the poses."""
        return self.signature.layout

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the actions that the network answers, empty where it knows none."""
        return self.network.labels

    def __call__(self, source: Any, **options: Any) -> "Result | list[Result] | Iterator[FrameResult]":
        """Predict whatever `source` is.

        Args:
            source: an image (path, `PIL.Image.Image` or array (H, W, 3)), a video (path): a `Result`; a list of images,
                an array (N, H, W, 3) or a folder: a list of them; another iterable of frames, a camera's number or
                a URL: an iterator of `FrameResult`, see `stream`.
            options: of the method that is called.

        Example:

        >>> import numpy as np
        >>> import deephar
        >>> predictor = deephar.Predictor()
        >>> frames = (np.zeros((96, 128, 3), np.uint8) for _ in range(3))
        >>> [len(frame.people) for frame in predictor(frames)]
        [0, 0, 0]
        """
        kinds = {"image": self.predict_image, "video": self.predict_video, "live": self.watch}
        kinds |= {"images": self.predict_images, "frames": self.stream}
        kind = kind_of(source)
        return self.predict_images(images_in(source), **options) if kind == "folder" else kinds[kind](source, **options)

    def predict_image(self, image: ImageSource, box: ArrayLike | None = None) -> Result:
        """Predict the poses of the people in one image.

        Args:
            image: str, Path, `PIL.Image.Image` or array (H, W, 3), RGB: what `deephar.utils.images.read_image` takes.
            box: four numbers (x1, y1, x2, y2) of one person in pixels of the upright image, or None: everyone whom the
                detector finds. A given box is kept unless the predictor was made with `refine`.

        Returns:
            `Result` with one frame; `people` is empty where nobody is.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file is not an image or is damaged, or `box` is bad.
            TypeError: `image` is no image at all.
            ImportError: a HEIC file without the package pillow-heif.

        Example:

        >>> from PIL import Image
        >>> import deephar
        >>> predictor = deephar.Predictor("spnet-2d", detector="none")
        >>> result = predictor.predict_image(Image.new("RGB", (160, 120)))
        >>> result.size, len(result.pose.joint("head"))
        ((160, 120), 3)
        """
        return self.predict_images([image], None if box is None else [[box]])[0]

    def predict_images(
        self, images: Sequence[ImageSource], boxes: Sequence[Sequence[ArrayLike | GivenBox]] | None = None
    ) -> list[Result]:
        """Predict the people in several images, in common batches.

        Args:
            images: list of what `predict_image` takes, or an array (N, H, W, 3).
            boxes: a list of boxes (x1, y1, x2, y2) px, or `GivenBox`, for each image, which are taken as they are
                unless the predictor was made with `refine`; None: everyone whom the detector finds.

        Returns:
            List of `Result`.

        Raises:
            FileNotFoundError, ValueError, TypeError, ImportError: as `predict_image`.
        """
        sources = [str(k) if isinstance(k, (str, os.PathLike)) else None for k in images]
        pixels = [read_image(image) for image in images]
        if boxes is not None and len(boxes) != len(pixels):
            raise ValueError(f"`boxes` must have one list an image. Received: {len(boxes)} for {len(pixels)} images")
        found = self._find_all(pixels, boxes)
        heads = [self._head(source, "image", k.shape[1::-1], boxes) for source, k in zip(sources, pixels, strict=True)]
        return [Result(head, (FrameResult(0, 0.0, people),)) for head, people in zip(heads, found, strict=True)]

    def predict_folder(self, folder: str | pathlib.Path, progress: bool = True) -> Iterator[Result | Exception]:
        """Predict the images directly in a folder, in the order of their names.

        Args:
            folder: str or Path.
            progress: bool. Show a bar on stderr.

        Yields:
            `Result`, or the error where an image cannot be read.

        Raises:
            FileNotFoundError: as `images_in`.
        """
        paths = images_in(folder)
        results = self.predict_readable(paths)
        for result, _ in progress_bar(results, len(paths), "images") if progress else results:
            yield result

    def predict_readable(
        self, paths: Sequence[str | pathlib.Path], boxes: Sequence[Sequence[ArrayLike | GivenBox]] | None = None
    ) -> Iterator[tuple[Result | Exception, np.ndarray | None]]:
        """Predict image files in common batches, while a thread reads the next ones.

        Args:
            paths: list of str or Path.
            boxes: as `predict_images`.

        Yields:
            (`Result`, uint8 (H, W, 3)), or (error, None) where an image cannot be read or its box is bad.
        """
        return predict_files(self.predict_images, paths, boxes)

    def predict_video(
        self,
        path: str | pathlib.Path,
        box: ArrayLike | None = None,
        progress: bool = True,
        boxes: GivenBoxes | None = None,
    ) -> Result:
        """Predict the pose of everyone in each frame of a video and, where the network names actions, their actions.

        Args:
            path: str or Path. The video.
            box: four numbers (x1, y1, x2, y2) of one person in the first frame, who is followed; or None: everyone whom
                the detector finds. The box follows the person unless `refine` is 0.
            progress: bool. Show a bar on stderr.
            boxes: `GivenBoxes` of `deephar.inference.given_boxes.read_boxes`, or None. They take the detector's place.

        Returns:
            `Result`, of a damaged file with what could be read: see its `complete` and `problems`.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file is not a video, no frame of it can be read, or `box` is bad.
            ImportError: PyAV is not installed.

        Example:

        >>> import numpy as np
        >>> import deephar
        >>> from deephar.inference import VideoWriter
        >>> with VideoWriter("walk.mp4", fps=25) as writer:
        ...     for _ in range(10):
        ...         writer.add(np.zeros((96, 128, 3), np.uint8))
        >>> predictor = deephar.Predictor("spnet-2d")
        >>> result = predictor.predict_video("walk.mp4", box=(40, 0, 90, 96), progress=False)
        >>> len(result.frames), result.size, result.fps
        (10, (128, 96), 25.0)
        """
        frames, clips, label = [], [], f"predict {pathlib.Path(path).name}"
        with VideoReader(path) as video, contextlib.closing(self.steps(video, box, boxes)) as steps:
            for frame, _, new in progress_bar(steps, video.num_frames or None, label) if progress else steps:
                frames.append(frame)
                clips += new
            head, end = self.head_of(video, str(path), box, boxes), (video.complete, tuple(video.problems))
        if not frames:
            raise ValueError(f"`path` must hold at least one frame. Received: {path}, which has none")
        return Result(head, tuple(frames), actions_of(clips), *end)

    def stream(
        self,
        frames: Iterable[ArrayLike],
        fps: float = DEFAULT_FPS,
        box: ArrayLike | None = None,
        looks_together: int = 1,
    ) -> Iterator[FrameResult]:
        """Predict frames as they come, in constant memory.

        Args:
            frames: iterable of images of one size, or of (image, time in s).
            fps: float. Frames a second, where the frames have no times.
            box: as `predict_video`.
            looks_together: int. Looks for people that are taken in one batch: 1 gives the shortest delay.

        Yields:
            `FrameResult` in order, each when everyone in it has a pose: after one window of the network (about a second
            for those that ship), and half a second more where somebody may have gone.
        """
        timed = (frame if isinstance(frame, tuple) else (frame, k / fps) for k, frame in enumerate(frames))
        read = ((read_image(pixels), time_s) for pixels, time_s in timed)
        yield from (frame for frame, *_ in self._steps(read, box, None, looks_together))

    def watch(self, source: int | str, box: ArrayLike | None = None) -> Iterator[FrameResult]:
        """Predict a camera (its number) or a URL, see `deephar.inference.LiveReader`; otherwise as `stream`."""
        with LiveReader(source) as video:
            yield from (frame for frame, *_ in self.steps(video, box, looks_together=1))

    def steps(
        self,
        video: VideoReader,
        box: ArrayLike | None = None,
        boxes: GivenBoxes | None = None,
        looks_together: int = LOOKS_TOGETHER,
    ) -> Iterator[Step]:
        """Predict the frames of an open video as they come, in constant memory.

        Args:
            video: `VideoReader`, or another iterable of frames with `time_s`.
            box, boxes: as `predict_video`.
            looks_together: as `stream`; with more than 1 frames are read ahead, in a thread.

        Yields:
            (`FrameResult`, frame uint8 (H, W, 3), list of (id, `ActionScores`) of the clips seen since the one before).
        """
        timed = ((frame, video.time_s) for frame in video)
        return self._steps(ahead(timed, 8) if looks_together > 1 else timed, box, boxes, looks_together)

    def _steps(self, timed, box, boxes, looks_together):
        """As `steps`, of (frame, time in s)."""
        steps = self._people(box, boxes, looks_together).steps(timed)
        return smoothed(steps, self.smoothing) if self.smoothing else steps

    def head_of(
        self, video: VideoReader, source: str, box: ArrayLike | None = None, boxes: GivenBoxes | None = None
    ) -> Head:
        """Return the `Head` of a video's result; arguments as of `steps`. The size is known after the first frame."""
        given = box if box is not None else boxes
        step = self._step_s or self.subsampling / video.fps
        clip = (self.signature.num_frames, round(step, 6)) if self.signature.num_frames else (None, None)
        return self._head(source, "video", video.size, given, video.fps, *clip, self.smoothing)

    def _head(self, source, kind, size, boxes, *more):
        finder = "boxes" if boxes is not None else self._detect.name
        return Head(source, kind, tuple(map(int, size)), self.stamp, self.layout.name, finder, *more)

    def _people(self, box, boxes, looks_together):
        """A `PeopleStream` that finds its people as the arguments say."""
        if boxes is not None:
            finder = Given(boxes)
        elif box is not None or self._detect.function is None:
            finder = Followed(self.network, rounds_of(self.refine, None), box, rounds_of(self.refine, box))
        else:
            finder = self._finder()
        tracker = Tracker(most=self.people, least_new=finder.least_score)
        clips = (self._step_s or self.subsampling, self._step_s is None)
        return PeopleStream(self.network, finder, tracker, self._pose_result, *clips, looks_together)

    def _find_all(self, frames, boxes):
        """The people of each of some images, as tuples of `PoseResult`."""
        rounds = rounds_of(self.refine, boxes)
        if boxes is not None:
            found = [given(some, frame) for some, frame in zip(boxes, frames, strict=True)]
        elif self._detect.function is None:
            found = [whole(frame) for frame in frames]
        else:
            rounds, found = 0, detected(self._finder(), frames, self.people)
        return people_in_images(self.network, frames, found, rounds, self._pose_result)

    def _finder(self):
        return Detected(self.network, self._detect.function, 1 if self.refine is None else self.refine)

    def _pose_result(self, points, confidence, box, number=1, score=None):
        """Return the `PoseResult` of one person: points (J, D) in frame px, confidence (J,), box."""
        millimetres = pose_in_mm(points, self.layout, self.height_mm) if self._has_mm else None
        camera, names = self.view and self.view.pose(points), tuple(self.layout.joint_names)
        return PoseResult(points, confidence, box, names, millimetres, number, score, camera)
