"""What leaves for other tools: corrected labels of cells, and the cells of a triaged sample with what was decided.

Labels leave as class folders, as a Hugging Face `imagefolder` and as Label Studio tasks; boxes as COCO, YOLO and CVAT.
Zips are written to a file, one image in memory at a time.
"""

from malaria.export.boxes import CATEGORIES, FieldBoxes, LabelledBox, label_boxes
from malaria.export.formats import format_coco, format_cvat, write_yolo
from malaria.export.labels import LABELLING, LOCAL_FILES, format_label_studio, write_folders, write_imagefolder

__all__ = [
    "CATEGORIES",
    "LABELLING",
    "LOCAL_FILES",
    "FieldBoxes",
    "LabelledBox",
    "format_coco",
    "format_cvat",
    "format_label_studio",
    "label_boxes",
    "write_folders",
    "write_imagefolder",
    "write_yolo",
]
