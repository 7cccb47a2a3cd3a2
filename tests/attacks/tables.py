"""Tables, of pandas and others, whose pickles lie about blocks and axes."""

from collections.abc import Callable
from itertools import product

from .arrays import DATA, FALSE, FLOATS, array, dtype_of, sized
from .assembler import (
    BUILD,
    EMPTY_DICT,
    EMPTY_LIST,
    EMPTY_TUPLE,
    MARK,
    MEMOIZE,
    NONE,
    Family,
    attack,
    blob,
    built,
    called,
    integer,
    listed,
    mapped,
    named,
    new,
    pair,
    recalled,
    stated,
    text,
)

_VALUES = array(sized(1, 8), FLOATS, DATA)


def _index(values: bytes, kind: str = "pandas:Index", **more: bytes) -> bytes:
    return called(
        named("pandas.core.indexes.base:_new_Index"), named(kind), stated(**{"data": values, "name": NONE, **more})
    )


def _ranged(start: int, stop: int, step: int) -> bytes:
    parts = {"name": NONE, "start": integer(start), "stop": integer(stop), "step": integer(step)}
    return called(named("pandas.core.indexes.base:_new_Index"), named("pandas:RangeIndex"), stated(**parts))


_LETTERS = _index(array(sized(1), dtype_of("O"), listed(text("a"))))
_ROWS = _ranged(0, 8, 1)


def _placed(start: int, stop: int, step: int) -> bytes:
    return called(named("builtins:slice"), integer(start), integer(stop), integer(step))


def _block(values: bytes = _VALUES, placement: bytes = _placed(0, 1, 1), ndim: int = 2) -> bytes:
    return called(named("pandas._libs.internals:_unpickle_block"), values, placement, integer(ndim))


def _frame(
    blocks: bytes, axes: bytes = listed(_LETTERS, _ROWS), kind: str = "pandas:DataFrame", **more: bytes
) -> bytes:
    manager = called(named("pandas.core.internals.managers:BlockManager"), blocks, axes)
    return built(new(named(kind)), stated(**{"_mgr": manager, "_typ": text("dataframe"), "attrs": EMPTY_DICT, **more}))


def many_columns(values: bytes, width: int, length: int) -> bytes:
    """A frame of so many columns of pandas, each of the same array of pyarrow."""
    letters = _index(array(sized(width), dtype_of("O"), listed(*[text("a")] * width)))
    block = built(new(named("pandas.arrays:ArrowExtensionArray")), stated(_pa_array=values))
    blocks = pair(*(_block(block, _placed(place, place + 1, 1)) for place in range(width)))
    return _frame(blocks, listed(letters, _ranged(0, length, 1)))


_BLOCKS = {
    "a block in a place beyond": pair(_block(placement=_placed(10**9, 10**9 + 1, 1))),
    "a block in a negative place": pair(_block(placement=_placed(-5, -4, 1))),
    "a block of steps of 0": pair(_block(placement=_placed(0, 1, 0))),
    "a block of 10^18 places": pair(_block(placement=_placed(0, 10**18, 1))),
    "a block whose place is an array of floats": pair(_block(placement=array(sized(8), FLOATS, DATA))),
    "a block whose place is text": pair(_block(placement=text("a"))),
    "a block of one axis": pair(_block(array(sized(8), FLOATS, DATA))),
    "a block of three axes": pair(_block(array(sized(1, 2, 4), FLOATS, DATA), ndim=3)),
    "a block of no array": pair(_block(NONE)),
    "a block of a call": pair(_block(called(named("os:system"), text("touch ran")))),
    "a block of other rows": pair(_block(array(sized(1, 4), FLOATS, blob(bytes(32))))),
    "two blocks in one place": pair(_block(), _block()),
    "no blocks": EMPTY_TUPLE,
    "blocks that are a list": listed(_block()),
    "blocks that are text": text("a"),
    "two thousand blocks": pair(*[_block()] * 2000),
    "a block that is a tuple": pair(pair(_VALUES, NONE)),
}
_AXES = {
    "no axes": EMPTY_LIST,
    "one axis": listed(_LETTERS),
    "three axes": listed(_LETTERS, _ROWS, _ROWS),
    "axes in the other order": listed(_ROWS, _LETTERS),
    "axes that are no index": listed(text("a"), integer(8)),
    "a range of 10^18": listed(_LETTERS, _ranged(0, 10**18, 1)),
    "a range of steps of 0": listed(_LETTERS, _ranged(0, 8, 0)),
    "a range of a megabyte": listed(_LETTERS, _ranged(0, 1 << 8 * 10**6, 1)),
    "columns of 10^9": listed(_ranged(0, 10**9, 1), _ROWS),
    "an index of an index": listed(_LETTERS, _index(_index(_ROWS))),
    "an index of a frame": listed(_LETTERS, _index(_frame(pair(_block())))),
    "an index with a long name": listed(_LETTERS, _index(array(sized(8), FLOATS, DATA), name=text("a" * 10**6))),
    "an index of a call": listed(_LETTERS, called(named("os:system"), text("touch ran"))),
    "a MultiIndex of codes beyond": listed(
        _LETTERS,
        _index(
            NONE,
            "pandas:MultiIndex",
            levels=listed(_LETTERS),
            codes=listed(array(sized(8), dtype_of("i1"), blob(b"\x7f" * 8))),
            names=listed(NONE),
            sortorder=NONE,
        ),
    ),
    "a MultiIndex of levels of another number": listed(
        _LETTERS,
        _index(NONE, "pandas:MultiIndex", levels=listed(*[_LETTERS] * 99), codes=EMPTY_LIST, names=EMPTY_LIST),
    ),
    "an index of periods": listed(_LETTERS, _index(array(sized(8), dtype_of("i8"), DATA), "pandas:PeriodIndex")),
}


def _itself(put: Callable[[bytes], bytes]) -> bytes:
    return new(named("pandas:DataFrame")) + MEMOIZE + stated(_mgr=put(recalled(0))) + BUILD


_CATEGORIES = stated(
    _codes=array(sized(8), dtype_of("i1"), blob(b"\x7f" * 8)),
    _dtype=built(new(named("pandas:CategoricalDtype")), stated(categories=_LETTERS, ordered=FALSE)),
)
_FRAMES = {
    "without a manager": new(named("pandas:DataFrame")),
    "of a manager that is text": _frame(NONE, _mgr=text("a")),
    "of a manager that is a call": _frame(NONE, _mgr=called(named("os:system"), text("touch ran"))),
    "of itself": _itself(lambda it: it),
    "of blocks of itself": _itself(
        lambda it: called(named("pandas.core.internals.managers:BlockManager"), pair(_block(it)), listed(it, it))
    ),
    "of a frame in a cell": _frame(
        pair(_block(array(sized(1, 8), dtype_of("O"), listed(*[_frame(pair(_block()))] * 8))))
    ),
    "with a state that is a list": built(new(named("pandas:DataFrame")), listed(_VALUES)),
    "of pandas before 1": _frame(pair(_block()), kind="pandas.core.frame:DataFrame"),
    "of categories beyond": _frame(
        pair(_block(built(new(named("pandas:Categorical")), _CATEGORIES), _placed(0, 1, 1)))
    ),
    "of integers without a mask": _frame(
        pair(
            _block(built(new(named("pandas.arrays:IntegerArray")), stated(_data=array(sized(8), dtype_of("i8"), DATA))))
        )
    ),
    "of integers with a mask that is too short": _frame(
        pair(
            _block(
                built(
                    new(named("pandas.arrays:IntegerArray")),
                    stated(
                        _data=array(sized(8), dtype_of("i8"), DATA),
                        _mask=array(sized(1), dtype_of("b1"), blob(b"\x01")),
                    ),
                )
            )
        )
    ),
    "of text of a buffer that lies": _frame(
        pair(
            _block(
                built(
                    new(named("pandas.arrays:ArrowStringArray")),
                    stated(
                        _pa_array=called(
                            named("pyarrow.lib:_restore_array"),
                            pair(
                                called(named("pyarrow.lib:type_for_alias"), text("large_string")),
                                integer(10**12),
                                integer(0),
                                integer(0),
                                listed(
                                    NONE,
                                    called(named("pyarrow.lib:py_buffer"), DATA),
                                    called(named("pyarrow.lib:py_buffer"), DATA),
                                ),
                                EMPTY_LIST,
                                NONE,
                            ),
                        )
                    ),
                )
            )
        )
    ),
}
TABLES: Family = {
    **{f"a frame with {name}": attack(_frame(blocks)) for name, blocks in _BLOCKS.items()},
    **{f"a frame with {name}": attack(_frame(pair(_block()), axes)) for name, axes in _AXES.items()},
    **{f"a frame {name}": attack(frame) for name, frame in _FRAMES.items()},
    **{
        f"a {kind} with a state of {name}": attack(built(new(named(f"pandas:{kind}")), state))
        for kind, (name, state) in product(
            ("Series", "Index", "Categorical", "DatetimeIndex", "Interval", "Period"),
            {"text": text("a"), "nothing": NONE, "a call": called(named("os:system")), "a list": listed(NONE)}.items(),
        )
    },
    "a polars frame that lies": attack(built(new(named("polars.dataframe.frame:DataFrame")), listed(text("a")))),
    "a pyarrow table that lies": attack(called(named("pyarrow.lib:_reconstruct_table"), listed(NONE), text("a"))),
    "a tensor of a storage that lies": attack(
        called(
            named("torch._utils:_rebuild_tensor_v2"),
            called(named("torch.storage:_load_from_bytes"), DATA),
            integer(-1),
            sized(10**9, 10**9),
            sized(-1, 0),
            FALSE,
            EMPTY_DICT,
        )
    ),
    "an estimator whose state is a call": attack(
        built(new(named("sklearn.linear_model._base:LinearRegression")), called(named("os:system"), text("touch ran")))
    ),
    "rows of ever other keys": attack(listed(*(mapped((text(str(n)), NONE)) for n in range(30_000)))),
    "rows of one row": attack(mapped((text("a"), integer(1))), MEMOIZE, listed(*[recalled(0)] * 60_000)),
    "a row of a hundred thousand columns, as often": attack(
        mapped(*((text(str(n)), NONE) for n in range(10**5))),
        MEMOIZE + EMPTY_LIST + MARK,
        (recalled(0), 10**5),
        b"e",
        ends="TooLarge",
    ),
    "rows that are no rows": attack(listed(mapped((text("a"), NONE)), integer(1), NONE, EMPTY_LIST)),
}
