"""`Predictor`: from pictures, folders and video to named joints in frame pixels and named actions.

    frame --crop of the box--> network --> pose in the crop --afmat inverted--> frame pixels --> box --> (refined crop)

Without a box the crop is the whole frame; the pose found there gives the box of the next, better crop (`refine` times).
"""

import pathlib

import numpy as np
from PIL import Image, ImageOps

from deephar.inference.metric import HEIGHT_MM, pose_in_mm
from deephar.inference.model_input import crop_frames, forward, person_crop, picture_view, read_signature, to_frame_px
from deephar.inference.registry import load_network
from deephar.inference.results import PictureResult, PoseResult, VideoResult
from deephar.inference.stream import WindowedVideo
from deephar.inference.tracking import box_from_poses, check_box, whole_frame
from deephar.inference.video import VideoReader
from deephar.utils.progress import progress as progress_bar

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm")


class Predictor:
    """Predicts poses and actions with one network.

    Args:
        model: a network, the name of a registered one, or a path that `deephar.load_model` takes.
        weights: file with weights to load into it; None keeps what it has.
        layout, labels: joint layout and names of the actions; None: from the registry's card or the output shapes.
        refine: how often a box is found again from the poses, 0 keeps the first crop.
        subsampling: step between the frames of a clip; None: the card's, else 1.
        pose_block, action_block: which of the pose and action outputs to return, counted as Python counts; the last.
        flip: also run the mirrored crop and take the mean; twice the time.
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
        from deephar.models.surgery import join_confidence  # Keras is loaded when a network is, not before

        network, self.stamp, card = load_network(model, weights)
        self.model = join_confidence(network)
        self.signature = read_signature(self.model, layout, labels or getattr(card, "labels", None))
        self.subsampling = subsampling or getattr(card, "subsampling", None) or 1
        self.refine, self.flip, self.batch_size, self.height_mm = refine, flip, batch_size, height_mm
        self._pose_output = _pick(self.signature.pose_outputs, pose_block, "pose_block")
        actions = self.signature.action_outputs
        self._action_output = _pick(actions, action_block, "action_block") if actions else None
        self._picture_model = None

    @property
    def layout(self):
        """Joint layout of the poses."""
        return self.signature.layout

    @property
    def labels(self):
        """Names of the actions, empty where the network knows none."""
        return self.signature.labels

    def predict_image(self, image, box=None):
        """Predict the pose of one person in one picture.

        Args:
            image: path of a picture, or uint8 array (H, W, 3), RGB.
            box: (x1, y1, x2, y2) of the person in pixels; None: the whole frame, then refined.

        Returns:
            `PictureResult`.

        Raises:
            FileNotFoundError, ValueError: no such file, not a picture, or a bad box; names it.
        """
        source, pixels = (None, image) if isinstance(image, np.ndarray) else (str(image), read_picture(image))
        size = pixels.shape[1], pixels.shape[0]
        pose = self._find_person(pixels, size, None if box is None else check_box(box, size))
        return PictureResult(source, size, pose, self.stamp)

    def predict_folder(self, folder, progress=True):
        """Yield for each picture in a folder, by name, its `PictureResult`, or the error where it cannot be read.

        Raises:
            FileNotFoundError: no such folder, or no pictures in it.
        """
        for path in progress_bar(pictures_in(folder), label="pictures") if progress else pictures_in(folder):
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
            windows = WindowedVideo(self, box)
            name = pathlib.Path(path).name
            frames = progress_bar(video, video.num_frames or None, f"predict {name}") if progress else video
            for frame in frames:
                windows.add(frame)
            poses, action = windows.finish()
            fps = video.fps
        if not poses:
            raise ValueError(f"`path` must hold at least one frame. Received: {path}, which has none")
        return VideoResult(str(path), windows.size, fps, self.subsampling, poses, action, self.stamp)

    def poses_in(self, frames, box, size):
        """Poses of the person in `box` in each of N frames, one by one.

        Returns:
            (N, J, D) in frame pixels and the confidence (N, J).
        """
        model = self._pictures()
        results = []
        for mirrored in (False, True) if self.flip else (False,):
            crop = person_crop(box, size, self.signature.resolution, mirrored)
            parts = [
                self._pose_of(model, crop_frames(frames[k : k + self.batch_size], crop))
                for k in range(0, len(frames), self.batch_size)
            ]
            results.append(to_frame_px(np.concatenate(parts), crop, self.layout))
        return _mean_of(results)

    def clips_in(self, clips, box, size):
        """Poses and action scores of N clips of T frames, all cropped by the same box.

        Args:
            clips: (N, T) lists of uint8 frames; a frame may occur several times.

        Returns:
            (N, T, J, D) in frame pixels, confidence (N, T, J), scores (N, A) or None.
        """
        results, scores = [], []
        per_pass = max(1, self.batch_size // self.signature.num_frames)
        for mirrored in (False, True) if self.flip else (False,):
            crop = person_crop(box, size, self.signature.resolution, mirrored)
            poses = []
            for k in range(0, len(clips), per_pass):
                batch = [crop_frames(clip, crop) for clip in clips[k : k + per_pass]]  # n x (T, h, w, 3)
                outputs = forward(self.model, np.stack(batch), per_pass)
                poses.append(outputs[self._pose_output])
                if self._action_output is not None:
                    scores.append(outputs[self._action_output])
            results.append(to_frame_px(np.concatenate(poses), crop, self.layout))
        points, confidence = _mean_of(results)
        if not scores:
            return points, confidence, None
        scores = np.concatenate(scores)  # (N or 2 N, A)
        return points, confidence, scores.reshape(-1, len(clips), scores.shape[-1]).mean(axis=0)  # (N, A)

    def locate(self, frames, box, size, rounds):
        """The person's box in `frames`, found `rounds` times from the poses in the box before."""
        for _ in range(rounds):
            box = box_from_poses(*self.poses_in(frames, box, size), size) or whole_frame(size)
        return box

    def _find_person(self, pixels, size, box):
        if box is None:
            box = self.locate([pixels], whole_frame(size), size, self.refine)
        points, confidence = self.poses_in([pixels], box, size)
        return self.pose_result(points[0], confidence[0], box)

    def pose_result(self, points, confidence, box):
        """`PoseResult` of one person: points (J, D) in frame pixels, confidence (J,), box."""
        millimetres = pose_in_mm(points, self.layout, self.height_mm) if self.layout.dim == 3 else None
        return PoseResult(points, confidence, box, tuple(self.layout.joint_names), millimetres)

    def _pictures(self):
        """The network for single pictures: the model itself, or a view of a clip network's pose part."""
        if self._picture_model is None:
            clips = self.signature.num_frames is not None
            self._picture_model = (picture_view(self.model, [self._pose_output]) if clips else None) or self.model
        return self._picture_model

    def _pose_of(self, model, batch):
        """Forward pass of N pictures through `model`; a clip network sees each as a clip that stands still."""
        if model is not self.model:
            return forward(model, batch)[0]  # (N, J, D + 1)
        if self.signature.num_frames is None:
            return forward(model, batch)[self._pose_output]  # (N, J, D + 1)
        still = np.repeat(batch[:, None], self.signature.num_frames, axis=1)  # (N, T, h, w, 3)
        return forward(model, still)[self._pose_output][:, 0]  # (N, J, D + 1)


def read_picture(path):
    """Read a picture file as uint8 (H, W, 3), RGB, turned upright as its EXIF says.

    Raises:
        FileNotFoundError, ValueError: no such file, or not a picture; names it.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"`image` must be a picture file. Received: {path}, which does not exist")
    try:
        with Image.open(path) as picture:
            return np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"`image` must be a picture that Pillow can read. Received: {path} ({error})") from error


def pictures_in(folder):
    """Sorted paths of the pictures directly in a folder; FileNotFoundError where there are none."""
    folder = pathlib.Path(folder)
    found = sorted(p for p in folder.iterdir() if p.suffix.lower() in PICTURE_SUFFIXES) if folder.is_dir() else []
    if not found:
        raise FileNotFoundError(f"`folder` must hold pictures ({' '.join(PICTURE_SUFFIXES)}). Received: {folder}")
    return found


def _pick(indices, block, name):
    if not -len(indices) <= block < len(indices):
        raise ValueError(f"`{name}` must be from {-len(indices)} to {len(indices) - 1}. Received: {block}")
    return indices[block]


def _mean_of(results):
    """Mean of [(points, confidence), ...] over the list."""
    return tuple(np.mean([r[k] for r in results], axis=0) for k in range(2))
