"""Helpers on NumPy arrays: poses, boxes, cameras, heat maps, affine maps, and small input and output."""

from deephar.utils.bbox import (
    PoseBBox,
    bbox_to_objposwin,
    compute_grid_bboxes,
    get_crop_params,
    get_gt_bbox,
    get_objpos_winsize,
    get_valid_bbox,
    get_valid_bbox_array,
    objposwin_to_bbox,
)
from deephar.utils.camera import Camera, camera_deserialize, project_pred_to_camera
from deephar.utils.cluster import clustering_grid
from deephar.utils.fs import mkdir
from deephar.utils.heatmaps import HeatMaps2D, pose_heatmaps
from deephar.utils.io import (
    ENDC,
    FAIL,
    HEADER,
    OKBLUE,
    OKGREEN,
    WARNING,
    appstr,
    printc,
    printcn,
    printnl,
    sizeof_eng_fmt,
    sizeof_fmt,
    sprintcn,
    warning,
)
from deephar.utils.math import linspace_2d, normalpdf2d
from deephar.utils.parser import TEST_MODE, TRAIN_MODE, VALID_MODE
from deephar.utils.plot import draw, show
from deephar.utils.pose import (
    coco17j,
    convert_pa17j3d_to_pa16j,
    convert_sequence_pa17j3d_to_pa16j,
    get_poselayout,
    get_valid_joints,
    get_visible_joints,
    lsp14j2d,
    mpii16j2d,
    ntu25j3d,
    pa13j2d,
    pa16j2d,
    pa16j3d,
    pa17j2d,
    pa17j3d,
    pa20j3d,
    pa21j3d,
    write_poselist,
)
from deephar.utils.transform import (
    AffineTransform,
    T,
    normalize_channels,
    transform_2d_points,
    transform_pose_sequence,
)

__all__ = [
    "TEST_MODE", "TRAIN_MODE", "VALID_MODE", "T", "AffineTransform", "transform_2d_points", "transform_pose_sequence",
    "normalize_channels", "PoseBBox", "get_valid_bbox", "get_valid_bbox_array", "get_objpos_winsize",
    "compute_grid_bboxes", "bbox_to_objposwin", "objposwin_to_bbox", "get_gt_bbox", "get_crop_params", "Camera",
    "camera_deserialize", "project_pred_to_camera", "clustering_grid", "HeatMaps2D", "pose_heatmaps", "normalpdf2d",
    "linspace_2d", "pa16j2d", "pa16j3d", "pa17j2d", "pa17j3d", "pa20j3d", "pa21j3d", "ntu25j3d", "coco17j", "pa13j2d",
    "mpii16j2d", "lsp14j2d", "get_poselayout", "get_visible_joints", "get_valid_joints", "convert_pa17j3d_to_pa16j",
    "convert_sequence_pa17j3d_to_pa16j", "write_poselist", "draw", "show", "mkdir", "appstr", "printc", "printcn",
    "printnl", "sprintcn", "warning", "sizeof_fmt", "sizeof_eng_fmt", "HEADER", "OKBLUE", "OKGREEN", "WARNING",
    "FAIL", "ENDC",
]
