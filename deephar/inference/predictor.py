"""`Predictor`: from images, folders and video to named joints in frame pixels and named actions.

    frame --crop of the box--> network --> pose in the crop --afmat inverted--> frame pixels --> box --> (refined crop)

Without a box the crop is the whole frame; the pose found there gives the box of the next, better crop (`refine` times).
A given box is kept as it is, unless `refine` says otherwise.
"""

import os
import pathlib
import warnings

from deephar.inference.boxes import check_box, whole_frame
from deephar.inference.millimetres import HEIGHT_MM, known_links, pose_in_mm
from deephar.inference.network import PersonNetwork
from deephar.inference.results import ImageResult, ModelStamp, PoseResult, VideoResult
from deephar.inference.video import VideoReader
from deephar.inference.windows import WindowedVideo, rounds_of
from deephar.models.signature import signature_of
from deephar.utils.errors import is_for_user
from deephar.utils.images import IMAGE_SUFFIXES, read_image
from deephar.utils.progress import progress as progress_bar


class Predictor:
    """Predicts poses and actions with one network.

    Args:
        model: str, Path or keras.Model. The name of a registered network, a path that `deephar.load_model` takes, or a
            network.
        weights: str, Path or None. File with weights to load into it; None keeps what it has.
        layout: PoseLayout or None. Joint layout; None: the network's own.
        labels: sequence of str or None. Names of the actions; None: the network's own.
        refine: int or None. How often the person's box is looked for again, each time around the pose in the box
            before: in an image, and in the first frame of a video. None: once, but a given `box` is taken as it is.
            0: the first crop, a given box or the whole frame, is kept, for all frames of a video.
        subsampling: int or None. Step between the frames of a clip; None: the network's own.
        pose_block: int. Which of the pose outputs to return, counted as Python counts.
        action_block: int. The same for the action outputs.
        flip: bool. Also run the flipped crop and take the mean; twice the time.
        batch_size: int. Frames in one forward pass.
        height_mm: float. Body height of the person, which sets the scale of 3D poses in mm. A layout of which
            `deephar.inference.millimetres` knows no link gives a warning and no poses in mm.

    Raises:
        ValueError: unknown name, shapes that are not a pose network's, or an option out of its range.
        FileNotFoundError: no such weights.

    Example:

    >>> import numpy as np
    >>> import deephar
    >>> predictor = deephar.Predictor("spnet-small-2d")
    >>> result = predictor.predict_image(np.zeros((120, 160, 3), np.uint8), box=(40, 10, 120, 110))
    >>> result.pose.pose_px.shape, result.pose.confidence.shape, result.pose.box
    ((16, 2), (16,), (40.0, 10.0, 120.0, 110.0))
    """

    def __init__(
        self,
        model,
        weights=None,
        layout=None,
        labels=None,
        refine=None,
        subsampling=None,
        pose_block=-1,
        action_block=-1,
        flip=False,
        batch_size=16,
        height_mm=HEIGHT_MM,
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
        self.refine, self.height_mm = refine, height_mm
        self._has_mm = self.layout.dim == 3 and len(known_links(self.layout)[0]) > 0
        if self.layout.dim == 3 and not self._has_mm:
            warnings.warn(f"`layout` {self.layout.name} has no link of known length: no poses in mm", stacklevel=2)

    @property
    def layout(self):
        """Joint layout of the poses."""
        return self.signature.layout

    @property
    def labels(self):
        """Names of the actions, empty where the network knows none."""
        return self.signature.labels

    def predict_image(self, image, box=None):
        """Predict the pose of one person in one image.

        Args:
            image: str, Path, `PIL.Image.Image` or array (H, W, 3), RGB: what `deephar.utils.images.read_image` takes.
            box: four numbers (x1, y1, x2, y2) of the person in pixels of the upright image, or None: the whole frame,
                then refined. A given box is kept unless the predictor was made with `refine`.

        Returns:
            `ImageResult`.

        Raises:
            FileNotFoundError, ValueError, TypeError: no such file, not an image, or a bad box; names it.
            ImportError: a HEIC file without the package pillow-heif.

        Example:

        >>> from PIL import Image
        >>> import deephar
        >>> predictor = deephar.Predictor("spnet-small-2d")
        >>> result = predictor.predict_image(Image.new("RGB", (160, 120)))
        >>> result.size, len(result.pose.joint("head"))
        ((160, 120), 3)
        """
        source, pixels = str(image) if isinstance(image, (str, os.PathLike)) else None, read_image(image)
        size = pixels.shape[1], pixels.shape[0]
        pose = self._find_person(pixels, size, None if box is None else check_box(box, size))
        return ImageResult(source, size, pose, self.stamp)

    def predict_folder(self, folder, progress=True):
        """Yield for each image in a folder, by name, its `ImageResult`, or the error where it cannot be read.

        Raises:
            FileNotFoundError: no such folder, or no images in it.
        """
        for path in progress_bar(images_in(folder), label="images") if progress else images_in(folder):
            try:
                yield self.predict_image(path)
            except Exception as error:
                if not is_for_user(error):
                    raise
                yield error

    def predict_video(self, path, box=None, progress=True):
        """Predict the pose in each frame of a video and, where the network names actions, its action.

        Args:
            path: str or Path. The video.
            box: four numbers (x1, y1, x2, y2) of the person in the first frame, or None: the whole frame, then refined.
                The box follows the person unless `refine` is 0.
            progress: bool. Show a bar on stderr.

        Returns:
            `VideoResult`.

        Raises:
            FileNotFoundError, ValueError: no such file, not a video, no frames, damaged, or a bad box; names it.

        Example:

        >>> import numpy as np
        >>> import deephar
        >>> from deephar.inference import VideoWriter
        >>> with VideoWriter("walk.mp4", fps=25) as writer:
        ...     for _ in range(20):
        ...         writer.add(np.zeros((96, 128, 3), np.uint8))
        >>> result = deephar.Predictor("spnet-small-2d").predict_video("walk.mp4", progress=False)
        >>> len(result.poses), result.size, result.fps
        (20, (128, 96), 25.0)
        """
        with VideoReader(path) as video:
            windows = WindowedVideo(self.network, self.subsampling, self.refine, box)
            name = pathlib.Path(path).name
            frames = progress_bar(video, video.num_frames or None, f"predict {name}") if progress else video
            for frame in frames:
                windows.add(frame)
            found, action = windows.finish()
            poses = tuple(self._pose_result(*pose) for pose in found)
            fps = video.fps
        if not poses:
            raise ValueError(f"`path` must hold at least one frame. Received: {path}, which has none")
        return VideoResult(str(path), windows.size, fps, self.subsampling, poses, action, self.stamp)

    def _find_person(self, pixels, size, box):
        rounds = rounds_of(self.refine, box)
        box = self.network.locate([pixels], whole_frame(size) if box is None else box, size, rounds)
        points, confidence = self.network.poses([pixels], box, size)
        return self._pose_result(points[0], confidence[0], box)

    def _pose_result(self, points, confidence, box):
        """`PoseResult` of one person: points (J, D) in frame px, confidence (J,), box."""
        millimetres = pose_in_mm(points, self.layout, self.height_mm) if self._has_mm else None
        return PoseResult(points, confidence, box, tuple(self.layout.joint_names), millimetres)


def _load_network(model, weights=None):
    """Return what the user named or handed over, and the `ModelStamp` of its predictions."""
    if isinstance(model, (str, pathlib.Path)):
        from deephar.models.zoo import load_model, weights_path

        return load_model(model, weights=weights), ModelStamp.of_file(model, weights_path(model, weights))
    if weights is None:
        return model, ModelStamp.of_network(model)
    model.load_weights(weights)
    return model, ModelStamp.of_file(getattr(model, "name", type(model).__name__), weights)


def images_in(folder):
    """Sorted paths of the images directly in a folder, hidden ones left out; FileNotFoundError where there are none."""
    folder = pathlib.Path(folder)
    inside = sorted(folder.iterdir()) if folder.is_dir() else []
    found = [p for p in inside if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith(".") and not p.is_dir()]
    if not found:
        raise FileNotFoundError(f"`folder` must hold images ({' '.join(IMAGE_SUFFIXES)}). Received: {folder}")
    return found
