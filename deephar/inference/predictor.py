"""`Predictor`: from images, folders and video to named joints in frame pixels and named actions.

    frame --crop of the box--> network --> pose in the crop --afmat inverted--> frame pixels --> box --> (refined crop)

Without a box the crop is the whole frame; the pose found there gives the box of the next, better crop (`refine` times).
"""

import pathlib

import numpy as np
from PIL import Image, ImageOps

from deephar.inference.boxes import check_box, whole_frame
from deephar.inference.millimetres import HEIGHT_MM, pose_in_mm
from deephar.inference.network import PersonNetwork
from deephar.inference.results import ImageResult, ModelStamp, PoseResult, VideoResult
from deephar.inference.video import VideoReader
from deephar.inference.windows import WindowedVideo
from deephar.models.signature import signature_of
from deephar.utils.progress import progress as progress_bar

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm")


class Predictor:
    """Predicts poses and actions with one network.

    Args:
        model: a network, the name of a registered one, or a path that `deephar.load_model` takes.
        weights: file with weights to load into it; None keeps what it has.
        layout, labels: joint layout and names of the actions; None: the network's own.
        refine: how often a box is found again from the poses, 0 keeps the first crop.
        subsampling: step between the frames of a clip; None: the network's own.
        pose_block, action_block: which of the pose and action outputs to return, counted as Python counts; the last.
        flip: also run the flipped crop and take the mean; twice the time.
        batch_size: frames in one forward pass.
        height_mm: body height of the person, which sets the scale of 3D poses in mm.

    Raises:
        ValueError: unknown name, or shapes that are not a pose network's.
        FileNotFoundError: no such weights.
    """

    def __init__(
        self,
        model,
        weights=None,
        layout=None,
        labels=None,
        refine=1,
        subsampling=None,
        pose_block=-1,
        action_block=-1,
        flip=False,
        batch_size=16,
        height_mm=HEIGHT_MM,
    ):
        if refine < 0 or batch_size < 1 or (subsampling is not None and subsampling < 1):
            received = f"refine={refine}, batch_size={batch_size}, subsampling={subsampling}"
            raise ValueError(f"`refine` must be >= 0, `batch_size` and `subsampling` >= 1. Received: {received}")
        if not height_mm > 0:
            raise ValueError(f"`height_mm` must be above 0. Received: {height_mm}")
        self.model, self.stamp = _load_network(model, weights)
        self.signature = signature_of(self.model, layout, labels)
        self.network = PersonNetwork(self.model, self.signature, pose_block, action_block, flip, batch_size)
        self.subsampling = subsampling or self.signature.frame.frame_step
        self.refine, self.height_mm = refine, height_mm

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
            image: path of an image, or uint8 array (H, W, 3), RGB.
            box: (x1, y1, x2, y2) of the person in pixels; None: the whole frame, then refined.

        Returns:
            `ImageResult`.

        Raises:
            FileNotFoundError, ValueError: no such file, not an image, or a bad box; names it.
        """
        source, pixels = (None, image) if isinstance(image, np.ndarray) else (str(image), read_image(image))
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
            except (OSError, ValueError) as error:
                yield error

    def predict_video(self, path, box=None, progress=True):
        """Predict the pose in each frame of a video and, where the network names actions, its action.

        Args:
            path: video file.
            box: (x1, y1, x2, y2) of the person in the first frame; None: the whole frame, then refined. The box follows
                the person unless `refine` is 0.
            progress: show a bar on stderr.

        Returns:
            `VideoResult`.

        Raises:
            FileNotFoundError, ValueError: no such file, not a video, no frames, damaged, or a bad box; names it.
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
        if box is None:
            box = self.network.locate([pixels], whole_frame(size), size, self.refine)
        points, confidence = self.network.poses([pixels], box, size)
        return self._pose_result(points[0], confidence[0], box)

    def _pose_result(self, points, confidence, box):
        """`PoseResult` of one person: points (J, D) in frame px, confidence (J,), box."""
        millimetres = pose_in_mm(points, self.layout, self.height_mm) if self.layout.dim == 3 else None
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


def read_image(path):
    """Read an image file as uint8 (H, W, 3), RGB, turned upright as its EXIF says.

    Raises:
        FileNotFoundError, ValueError: no such file, or not an image; names it.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"`image` must be an image file. Received: {path}, which does not exist")
    try:
        with Image.open(path) as opened:
            return np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"`image` must be an image that Pillow can read. Received: {path} ({error})") from error


def images_in(folder):
    """Sorted paths of the images directly in a folder; FileNotFoundError where there are none."""
    folder = pathlib.Path(folder)
    found = sorted(p for p in folder.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES) if folder.is_dir() else []
    if not found:
        raise FileNotFoundError(f"`folder` must hold images ({' '.join(IMAGE_SUFFIXES)}). Received: {folder}")
    return found
