"""`Predictor`: from images, folders and video to named joints in frame pixels and named actions.

    frame --crop of the box--> network --> pose in the crop --afmat inverted--> frame pixels --> box --> (refined crop)

Without a box the crop is the whole frame; the pose found there gives the box of the next, better crop (`refine` times).
A given box is kept as it is, unless `refine` says otherwise.
"""

import os
import pathlib
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from deephar.inference.boxes import check_box, whole_frame
from deephar.inference.millimetres import HEIGHT_MM, known_links, pose_in_mm
from deephar.inference.network import PersonNetwork
from deephar.inference.results import ImageResult, ModelStamp, PoseResult, VideoResult
from deephar.inference.video import VideoReader
from deephar.inference.windows import WindowedVideo, rounds_of
from deephar.models.signature import signature_of
from deephar.utils.errors import arguments_renamed, is_for_user
from deephar.utils.images import IMAGE_SUFFIXES, ImageSource, read_image
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
        refine: int or None. How often the person's box is looked for again, each time around the pose in the box
            before: in an image, and in the first frame of a video. None: twice, but a given `box` is taken as it is.
            0: the first crop, a given box or the whole frame, is kept, for all frames of a video.
        subsampling: int or None. Step between the frames of a clip; None: the network's own, in seconds where it knows
            the frame rate that it was trained at, so that a clip lasts as long at any rate.
        pose_block: int or None. Index of the pose output that is returned; None: the network's answer, the last of
            those with the finest maps.
        action_block: int. The same for the action outputs.
        flip: bool. Also run the flipped crop and take the mean; twice the time.
        batch_size: int. Frames in one forward pass.
        height_mm: float. Body height of the person in mm, which sets the scale of 3D poses in mm. A layout of which
            `deephar.inference.millimetres` knows no link gives a warning and no poses in mm.

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
    """

    def __init__(
        self,
        model: "str | pathlib.Path | keras.Model",
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
    ):
        if (refine or 0) < 0 or batch_size < 1 or (subsampling is not None and subsampling < 1):
            received = f"refine={refine}, batch_size={batch_size}, subsampling={subsampling}"
            raise ValueError(f"`refine` must be >= 0, `batch_size` and `subsampling` >= 1. Received: {received}")
        if not height_mm > 0:
            raise ValueError(f"`height_mm` must be above 0. Received: {height_mm}")
        self.model, self.stamp = _load_network(model, weights)
        self.signature = signature_of(self.model, layout, labels)
        self.network = PersonNetwork(self.model, self.signature, pose_block, action_block, flip, batch_size)
        self.subsampling = subsampling or self.signature.frame.frame_step
        self._step_s = None if subsampling else self.signature.frame.clip_step_s
        self.refine, self.height_mm = refine, height_mm
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

    def predict_image(self, image: ImageSource, box: ArrayLike | None = None) -> ImageResult:
        """Predict the pose of one person in one image.

        Args:
            image: str, Path, `PIL.Image.Image` or array (H, W, 3), RGB: what `deephar.utils.images.read_image` takes.
            box: four numbers (x1, y1, x2, y2) of the person in pixels of the upright image, or None: the whole frame,
                then refined. A given box is kept unless the predictor was made with `refine`.

        Returns:
            `ImageResult`.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file is not an image or is damaged, or `box` is bad.
            TypeError: `image` is no image at all.
            ImportError: a HEIC file without the package pillow-heif.

        Example:

        >>> from PIL import Image
        >>> import deephar
        >>> predictor = deephar.Predictor("spnet-2d")
        >>> result = predictor.predict_image(Image.new("RGB", (160, 120)))
        >>> result.size, len(result.pose.joint("head"))
        ((160, 120), 3)
        """
        source, pixels = str(image) if isinstance(image, (str, os.PathLike)) else None, read_image(image)
        size = pixels.shape[1], pixels.shape[0]
        pose = self._find_person(pixels, size, None if box is None else check_box(box, size))
        return ImageResult(source, size, pose, self.stamp)

    def predict_folder(self, folder: str | pathlib.Path, progress: bool = True) -> Iterator[ImageResult | Exception]:
        """Predict the images directly in a folder, in the order of their names.

        Args:
            folder: str or Path.
            progress: bool. Show a bar on stderr.

        Yields:
            `ImageResult`, or the error where an image cannot be read.

        Raises:
            FileNotFoundError: there is no such folder, or no image in it.
        """
        for path in progress_bar(images_in(folder), label="images") if progress else images_in(folder):
            try:
                yield self.predict_image(path)
            except Exception as error:
                if not is_for_user(error):
                    raise
                yield error

    def predict_video(
        self, path: str | pathlib.Path, box: ArrayLike | None = None, progress: bool = True
    ) -> VideoResult:
        """Predict the pose in each frame of a video and, where the network names actions, its action.

        Args:
            path: str or Path. The video.
            box: four numbers (x1, y1, x2, y2) of the person in the first frame, or None: the whole frame, then refined.
                The box follows the person unless `refine` is 0.
            progress: bool. Show a bar on stderr.

        Returns:
            `VideoResult`, of a damaged file with what could be read: see its `complete` and `problems`.

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
        >>> len(result.poses), result.size, result.fps
        (10, (128, 96), 25.0)
        """
        with VideoReader(path) as video:
            windows = WindowedVideo(self.network, self._step_s or self.subsampling, self.refine, box)
            name = pathlib.Path(path).name
            frames = progress_bar(video, video.num_frames or None, f"predict {name}") if progress else video
            times = []
            for frame in frames:
                windows.add(frame, video.time_s if self._step_s else None)
                times.append(video.time_s)
            found, action = windows.finish()
            poses = tuple(self._pose_result(*pose) for pose in found)
            fps, state = video.fps, (tuple(times), video.complete, tuple(video.problems))
        if not poses:
            raise ValueError(f"`path` must hold at least one frame. Received: {path}, which has none")
        step = round(self._step_s * fps, 3) if self._step_s else self.subsampling
        step = int(step) if step == int(step) else step
        return VideoResult(str(path), windows.size, fps, step, poses, action, self.stamp, *state)

    def _find_person(self, pixels, size, box):
        rounds = rounds_of(self.refine, box)
        box = self.network.locate([pixels], whole_frame(size) if box is None else box, size, rounds)
        points, confidence = self.network.poses([pixels], box, size)
        return self._pose_result(points[0], confidence[0], box)

    def _pose_result(self, points, confidence, box):
        """Return the `PoseResult` of one person: points (J, D) in frame px, confidence (J,), box."""
        millimetres = pose_in_mm(points, self.layout, self.height_mm) if self._has_mm else None
        return PoseResult(points, confidence, box, tuple(self.layout.joint_names), millimetres)


def _load_network(model, weights=None):
    """Return the network that the user named or handed over, and the `ModelStamp` of its predictions."""
    with arguments_renamed(name_or_path="model", path="model" if weights is None else "weights"):
        if isinstance(model, (str, pathlib.Path)):
            from deephar.models.zoo import load_model, weights_path

            return load_model(model, weights=weights), ModelStamp.of_file(model, weights_path(model, weights))
        if weights is None:
            return model, ModelStamp.of_network(model)
        model.load_weights(weights)
    return model, ModelStamp.of_file(getattr(model, "name", type(model).__name__), weights)


def images_in(folder: str | pathlib.Path) -> list[pathlib.Path]:
    """Return the sorted paths of the images directly in a folder, without hidden ones.

    Raises:
        FileNotFoundError: there is no such folder, or no image in it.
    """
    folder = pathlib.Path(folder)
    inside = sorted(folder.iterdir()) if folder.is_dir() else []
    found = [p for p in inside if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith(".") and not p.is_dir()]
    if not found:
        raise FileNotFoundError(f"`folder` must hold images ({' '.join(IMAGE_SUFFIXES)}). Received: {folder}")
    return found
