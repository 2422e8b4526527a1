"""What can go wrong, as a tree. Every message says what is wrong and what to do, and can be shown to a user as it is.

MalariaError
├── ImageError          one image cannot be used: empty, truncated, not an image, too large, too small
├── SourceError         a folder or zip cannot be read, or is hostile
├── LabelsError         a table of labels lacks a column, contradicts itself, or uses an unknown class
│   └── UnknownLabelsError  ... the last of these, with the unknown words, so that a page can ask what they mean
├── MetricsError        a figure was asked for numbers outside their range
├── ModelError          a model folder is broken, unsafe or missing
│   └── NoHeldOutError      ... it came without held-out answers, and much can be done all the same
├── TrainingError       training was asked for something that cannot give an honest model
├── JournalError        decisions cannot be written or read
├── ReaderTestError     a reader test cannot be made, read or graded
└── SampleError         a sample calculation was asked for numbers outside their range
"""

__all__ = [
    "ImageError",
    "JournalError",
    "LabelsError",
    "MalariaError",
    "MetricsError",
    "ModelError",
    "NoHeldOutError",
    "ReaderTestError",
    "SampleError",
    "SourceError",
    "TrainingError",
    "UnknownLabelsError",
]


class MalariaError(Exception):
    """The root: everything this library raises on purpose."""


class ImageError(MalariaError):
    """One image cannot be used.

    `file` is the name the user knows, `rule` a full sentence of what is wrong, `mend` a full sentence of what to do.
    """

    def __init__(self, file: str, rule: str, mend: str) -> None:
        super().__init__(f"{file}: {rule} {mend}")
        self.file, self.rule, self.mend = file, rule, mend


class SourceError(MalariaError):
    """A folder or zip cannot be read."""


class LabelsError(MalariaError):
    """A table of labels cannot be used."""


class UnknownLabelsError(LabelsError):
    """Labels are in use that are none of the classes; `unknown` says which, and how often each."""

    def __init__(self, message: str, unknown: dict[str, int]) -> None:
        super().__init__(message)
        self.unknown = unknown


class MetricsError(MalariaError, ValueError):
    """A number given to a metric is out of range, or arrays that belong together differ in length."""


class ModelError(MalariaError):
    """A model folder cannot be used."""


class NoHeldOutError(ModelError):
    """A model folder has no held-out answers."""


class TrainingError(MalariaError):
    """Training was refused."""


class JournalError(MalariaError):
    """The journal of decisions cannot be written or read."""


class ReaderTestError(MalariaError):
    """A reader test, its key or its answers cannot be used, or a test cannot be made of a set."""


class SampleError(MalariaError, ValueError):
    """A number given to a sample calculation is out of range."""
