"""Images of poses, boxes, labels and results: NumPy and Pillow; Matplotlib only when a chart is drawn."""

from deephar.drawing.sheet import contact_sheet, crop_image, pose_sheet
from deephar.drawing.skeleton import draw_box, draw_label, draw_pose, joint_side
from deephar.drawing.views import pose_views

__all__ = [
    "contact_sheet",
    "crop_image",
    "draw_box",
    "draw_label",
    "draw_pose",
    "joint_side",
    "pose_sheet",
    "pose_views",
]
