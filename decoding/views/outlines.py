"""Tables, indexes and tensors in a few words, for previews."""

from ..arrays.torch_tensors import Tensor
from ..frames.frames import Frame, Labels
from ..frames.series import Series
from .headings import Named, heading, headings, levels

_SHOWN = 30  # columns


def outline(name: str, found: Tensor | Frame | Labels | Series) -> str:
    """DataFrame(3 rows x 2 columns: a int64, b object), Index(3 rows: object), Tensor(torch.int64, shape [2, 3])"""
    if isinstance(found, Tensor):
        return f"{name}({found.dtype or 'dtype not known'}, shape {list(found.shape)})"
    if isinstance(found, Frame) and found.columns is not None:
        shown = _written(list(zip(headings(found, _SHOWN), found.data[:_SHOWN], strict=True)))
        more = ", …" if len(found.data) > _SHOWN else ""
        return f"{name}({found.length} rows x {len(found.data)} columns{': ' if shown else ''}{shown}{more})"
    return f"{name}({found.length} rows: {_written(_columns(found))})"


def _columns(found: Frame | Labels | Series) -> Named:
    if isinstance(found, Labels):
        return levels(found, "")
    if isinstance(found, Series):
        return [("", found)]
    return [("" if found.name is None else heading(found.name), found.data[0])]


def _written(named: Named) -> str:
    return ", ".join(f"{name} {series.dtype}".strip() for name, series in named)
