"""Prediction for user code: `Predictor` for images, folders and video, its results, and their files."""

from deephar.inference.export import draw_person, output_folder, save_image, save_video
from deephar.inference.predictor import Predictor
from deephar.inference.results import ActionResult, ActionScores, ImageResult, ModelStamp, PoseResult, VideoResult
from deephar.inference.video import VideoReader, VideoWriter

__all__ = [
    "ActionResult",
    "ActionScores",
    "ModelStamp",
    "ImageResult",
    "PoseResult",
    "Predictor",
    "VideoReader",
    "VideoResult",
    "VideoWriter",
    "draw_person",
    "output_folder",
    "save_image",
    "save_video",
]
