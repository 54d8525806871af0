"""Clips of actions from a folder of videos, of what was computed from them, or of both.

    root/CLASS/video.mp4 --25 frames a second, short side 256--> T frames --crop, mirror, contrast--> frame (T, H, W, 3)
    flow/CLASS/video.h5  ------------------------------------> the same T --crop, mirror-----------> flow (T, H, W, 2)
    pose/CLASS/video.mp4 ------------------------------------> the same T --crop, mirror-----> pose_frame (T, H, W, 3)

Li et al., "PERF-Net: Pose Empowered RGB-Flow Net", WACV 2022, section 4. Its settings are in `clip_crops`, the rule of
time in `video_frames`, the published lists in `video_splits`, the files of flow and poses in `video_streams`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from deephar.data.clip_crops import ClipConfig, clip_numbers, crop_frames, scale_clip
from deephar.data.clips import choose_frames, clip_windows
from deephar.data.flow import ZERO, decode_flow, mirror_flow, normalise_flow
from deephar.data.samples import draw_augmentation, sample_at, shape_of, split_of
from deephar.data.video_check import DamagedVideo, check_videos
from deephar.data.video_frames import read_frames, read_timeline, scaled_size
from deephar.data.video_splits import find_videos, folder_splits, hold_out, read_splits
from deephar.data.video_streams import (
    SCRIPTS,
    SHOWN,
    SUFFIXES,
    find_stream,
    read_flow,
    read_pose_video,
    stream_path,
    stream_paths,
)
from deephar.utils.parser import TEST_MODE, TRAIN_MODE, VALID_MODE
from deephar.utils.settings import positive

VALIDATION = 0.1  # share of the videos, without published lists


class VideoFolder:
    """Clips of a folder of class-named folders of videos.

    A clip is `num_frames` consecutive frames at `fps` frames a second: in TRAIN_MODE from anywhere in the video, else
    from its middle. A video that is too short is repeated at its ends, see `clip_numbers`. Frames are scaled to a short
    side and cropped: at random in TRAIN_MODE, with mirror, contrast and brightness, else in the middle.

    Args:
        root: str or Path. Folder of `CLASS/video.mp4`, or of `train/`, `val/`, `test/` with such; with `splits` as the
            lists say. Suffixes of videos (`VIDEO_SUFFIXES`) in capitals or not; what is hidden is left out.
        dataconf: ClipConfig. Frames, crop and augmentation; None: the paper's for training on Kinetics. Others are
            `kinetics_test_clips`, `ucf101_train_clips`, `ucf101_test_clips`, `hmdb51_train_clips`, `hmdb51_test_clips`.
        streams: dict or None. {"flow": folder, "pose": folder} of what `exp/perfnet` computed, read as well.
        rgb: bool. Samples have `frame`; False where only other streams are read.
        splits: str, Path, list or None. Published lists: the folder of those of UCF-101 or HMDB-51, or the .csv files
            of Kinetics, or the folder of these.
        split: int. Number of the split of UCF-101 or HMDB-51, from 1.
        validation: float in [0, 1) or None. Share of the training videos that validate instead, class by class by a
            hash of the files' names, where there is no split for validation; None: 0.1 without `splits` and without
            folders `val` and `test`, else 0.
        labels: list of str or None. Names of the classes in the order of a network's output; None: the folders' names,
            sorted, or those of the lists.
        skip_damaged: bool. Check all videos first, and leave the damaged ones out; without it reading one is an error.
        check_file: str, Path or None. File that keeps the results of checks, so that a video is checked once.
        workers: int or None. Processes that check for `skip_damaged`; None: one for each core.
        seed: int or None. Seed of clip and augmentation when `get_data` gets no `rng`; None: a random one.

    Attributes:
        labels: tuple of str. Names of the classes, which networks take along: `r3d.build(..., labels=folder.labels)`.
        videos: {mode: list of `LabelledVideo`}. Without a test split TEST_MODE has the videos of VALID_MODE.
        missing: list of str. Videos of the lists of Kinetics that are not there; of other lists they are an error.
        damaged: list of `DamagedVideo`, of the last check, whether left out or not.

    A sample has `seq_idx`, `frame_list` (T numbers at `fps`, from 0), `action` (one-hot K), and of the streams `frame`
    (T, H, W, 3) float32 in the value range, `flow` (T, H, W, 2) float32 in [-1, 1], 1 being 20 px, and `pose_frame`
    (T, H, W, 3) in the value range. All streams show the same moments and the same crop, mirrored or not; a mirrored
    flow has its x negated; contrast and brightness are those of `frame` alone.

    Raises:
        FileNotFoundError: there is no such folder, or there are no lists, videos of them or files of the streams.
        ValueError: an argument out of range, a list that is not as described, videos where none should be.
        ImportError: PyAV is not installed (on reading or checking).

    Example:
        train = VideoFolder("videos", streams={"flow": "flow"}, seed=0)
        loader = BatchLoader(train, ["frame", "flow"], ["action"], TRAIN_MODE, batch_size=8)
    """

    action_key = "action"

    def __init__(
        self,
        root: str | Path,
        dataconf: ClipConfig | None = None,
        streams: Mapping[str, str | Path] | None = None,
        rgb: bool = True,
        splits: str | Path | Sequence | None = None,
        split: int = 1,
        validation: float | None = None,
        labels: Sequence[str] | None = None,
        skip_damaged: bool = False,
        check_file: str | Path | None = None,
        workers: int | None = 1,
        seed: int | None = None,
    ):
        self.root, self.dataconf = Path(root), ClipConfig() if dataconf is None else dataconf
        self.streams = {name: Path(folder) for name, folder in (streams or {}).items()}
        self.rgb, self.check_file, self._rng = rgb, check_file, np.random.default_rng(seed)
        self._check(validation, labels)
        names = find_videos(self.root)
        if splits is None:
            found = folder_splits(names, self.root, labels)
        else:
            found = read_splits(splits, positive("split", split), names, self.root, labels)
        self.labels, self.videos, self.missing, self.damaged = found.labels, found.videos, found.missing, []
        self._hold_out(validation, published=splits is not None)
        self._all_names = self.names()
        if skip_damaged:
            gone = {video.name for video in self.check(workers)}
            self.videos = {mode: [v for v in some if v.name not in gone] for mode, some in self.videos.items()}
        for stream in self.streams:
            self._check_stream(stream)

    def _check(self, validation, labels):
        if not self.root.is_dir():
            raise FileNotFoundError(f"`root` must be an existing folder. Received: {str(self.root)!r}")
        if not set(self.streams) <= set(SUFFIXES):
            raise ValueError(f"`streams` must be among {', '.join(SUFFIXES)}. Received: {', '.join(self.streams)}")
        if not self.rgb and not self.streams:
            raise ValueError("`streams` must name one or more where `rgb` is False. Received: none")
        if validation is not None and not 0 <= validation < 1:
            raise ValueError(f"`validation` must be in [0, 1). Received: {validation!r}")
        if isinstance(labels, str):
            raise ValueError(f"`labels` must be a list of names. Received: {labels!r}")

    def _hold_out(self, share, published):
        """Take a share of the training videos for validation, if there is nothing else for it."""
        if share is None:
            share = 0 if published or self.videos[TEST_MODE] else VALIDATION
        if share and not self.videos[VALID_MODE]:
            self.videos[TRAIN_MODE], self.videos[VALID_MODE] = hold_out(self.videos[TRAIN_MODE], share)
        self.videos[TEST_MODE] = self.videos[TEST_MODE] or self.videos[VALID_MODE]

    def _check_stream(self, stream):
        """Raise if a video has no file of a stream, or two have the same."""
        names, folder = self.names(), self.streams[stream]
        stream_paths(folder, names, stream)
        absent = [name for name in names if find_stream(folder, name, stream) is None]
        if absent:
            found = f"{len(absent)} of {len(names)} absent: {', '.join(absent[:SHOWN])}{' ...' * (len(absent) > SHOWN)}"
            raise FileNotFoundError(
                f"`streams` must hold the {stream} of every video in {str(folder)!r}. Received: {found}. "
                f"{SCRIPTS[stream]} writes them."
            )

    @property
    def action_labels(self) -> tuple[str, ...]:
        """The same as `labels`, as other data sets call them."""
        return self.labels

    def names(self) -> list[str]:
        """Return the videos of all modes, each once, as sorted paths below `root`; damaged ones if not skipped."""
        return sorted({video.name for some in self.videos.values() for video in some})

    def check(self, workers: int | None = None) -> list[DamagedVideo]:
        """Decode all videos once, and return the damaged ones, which `damaged` has from then on.

        Args:
            workers: int or None. Processes; None: one for each core.

        Raises:
            ValueError, FileNotFoundError, ImportError: as `check_videos`.
        """
        self.damaged = check_videos(self.root, self._all_names, self.check_file, workers)
        return self.damaged

    def get_data(
        self,
        key: int,
        mode: int,
        frame_list: Sequence[int] | None = None,
        bbox: None = None,
        rng: np.random.Generator | None = None,
    ) -> dict:
        """Load one clip.

        Args:
            key: int. Number of the video in its split, from 0.
            mode: TRAIN_MODE takes a clip and a crop at random, and augments; the others take the middle.
            frame_list: frames of the clip at `fps`, from 0 (`get_clip_index`); by default one is chosen.
            bbox: None; whole frames are cropped.
            rng: `numpy.random.Generator` of clip and augmentation.

        Returns:
            Dict with the keys that the class names.

        Raises:
            ValueError: `key` or a frame is out of range, a file is damaged (`DamagedVideoError` for a video) or of
                another video.
            FileNotFoundError: a file is gone.
        """
        if bbox is not None:
            raise ValueError(f"`bbox` must be None: whole frames are cropped. Received: {bbox!r}")
        config, video = self.dataconf, sample_at(self.videos, key, mode)
        augmentation = draw_augmentation(config, mode, self._rng if rng is None else rng)
        timeline = read_timeline(self.root / video.name)
        length = timeline.num_frames(config.fps)
        if frame_list is None:
            frame_list = clip_numbers(length, config.num_frames, augmentation["start"])
        else:
            frame_list = choose_frames(frame_list, length, 1, config.num_frames, False, None, key)
        sample = {"seq_idx": key, "frame_list": frame_list, self.action_key: np.eye(len(self.labels))[video.label]}
        if self.rgb:
            frames = read_frames(self.root / video.name, frame_list, config.fps, config.short_side, timeline)
            sample["frame"] = self._pixels(frames, augmentation, augmentation["contrast"], augmentation["brightness"])
        shape = (length, *scaled_size(timeline.size, config.short_side)[::-1])
        for stream, folder in self.streams.items():
            path = find_stream(folder, video.name, stream) or stream_path(folder, video.name, stream)
            if stream == "flow":
                sample["flow"] = self._flow(read_flow(path, frame_list, config.fps, shape), augmentation)
            else:
                sample["pose_frame"] = self._pixels(read_pose_video(path, frame_list, config.fps, shape), augmentation)
        return sample

    def _pixels(self, frames, augmentation, contrast=1.0, brightness=0.0):
        """Crop, mirror and scale frames (T, h, w, 3) to (T, H, W, 3)."""
        config = self.dataconf
        crop = crop_frames(frames, augmentation, config.crop_resolution, config.pad_color)
        crop = crop[:, :, ::-1] if augmentation["hflip"] else crop
        return scale_clip(crop, config.value_range, contrast, brightness)

    def _flow(self, levels, augmentation):
        """Crop, mirror and scale flow (T, h, w, 2) to (T, H, W, 2)."""
        flow = decode_flow(crop_frames(levels, augmentation, self.dataconf.crop_resolution, ZERO))
        return normalise_flow(mirror_flow(flow) if augmentation["hflip"] else flow)

    def get_clip_index(self, key: int, mode: int, subsamples: Sequence[int] = (1,)) -> list[range]:
        """List the clips that cover a video, for several steps between frames, as `PennAction.get_clip_index` does."""
        length = read_timeline(self.root / sample_at(self.videos, key, mode).name).num_frames(self.dataconf.fps)
        return clip_windows(length, self.dataconf.num_frames, subsamples)

    def clip_length(self) -> int:
        """Return the frames of a sample."""
        return self.dataconf.num_frames

    def get_shape(self, dictkey: str) -> tuple[int, ...]:
        """Return the shape of one entry of a sample."""
        clip = self.dataconf.input_shape
        shapes = {"seq_idx": (1,), "frame_list": clip[:1], self.action_key: (len(self.labels),)}
        streams = {"frame": clip} if self.rgb else {}
        streams.update({"flow": (*clip[:-1], 2)} if "flow" in self.streams else {})
        streams.update({"pose_frame": clip} if "pose" in self.streams else {})
        return shape_of({**shapes, **streams}, dictkey)

    def get_length(self, mode: int) -> int:
        """Return the number of videos in a split."""
        return len(split_of(self.videos, mode))
