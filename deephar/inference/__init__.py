"""Prediction for user code: `Predictor` for images, folders and video, its results, and their files."""

from deephar.inference.export import draw_people, output_folder, save_image
from deephar.inference.given_boxes import read_boxes
from deephar.inference.live import LiveReader
from deephar.inference.predictor import Predictor
from deephar.inference.results import ActionResult, ActionScores, FrameResult, ModelStamp, PoseResult, Result, read
from deephar.inference.video import VideoReader, VideoWriter

__all__ = [
    "ActionResult",
    "ActionScores",
    "FrameResult",
    "LiveReader",
    "ModelStamp",
    "PoseResult",
    "Predictor",
    "Result",
    "VideoReader",
    "VideoWriter",
    "draw_people",
    "output_folder",
    "read",
    "read_boxes",
    "save_image",
]
