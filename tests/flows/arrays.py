"""An artifact of every kind of numpy value."""

import numpy as np
from metaflow import FlowSpec, step


class ArraysFlow(FlowSpec):
    @step(start=True, end=True)
    def only(self):
        numbers = np.arange(6)
        self.ints = numbers.astype("int64")
        self.ints_big_endian = numbers.astype(">i4")
        self.bytes_small = numbers.astype("uint8")
        self.unsigned_huge = np.array([2**64 - 1], dtype="uint64")
        self.floats = np.array([0.5, np.nan, np.inf])
        self.floats_half = np.array([0.5, 1.5], dtype="float16")
        self.floats_single = np.array([0.1], dtype="float32")
        self.matrix = numbers.reshape(2, 3).astype("float64")
        self.matrix_fortran = np.asfortranarray(numbers.reshape(2, 3))
        self.cube = np.arange(8).reshape(2, 2, 2)
        self.empty = np.array([])
        self.empty_rows = np.zeros((0, 3))
        self.zero_dimensional = np.array(5)
        self.bools = np.array([True, False])
        self.complexes = np.array([1 + 2j])
        self.texts = np.array(["a", "longer", ""])
        self.raw_bytes = np.array([b"a", b"bc"])
        self.objects = np.array([1, "two", None, [3]], dtype=object)
        self.dates = np.array(["2024-02-29", "NaT"], dtype="datetime64[D]")
        self.instants = np.array(["2024-02-29T12:30:15.123456"], dtype="datetime64[us]")
        self.instants_ns = np.array(["2024-02-29T12:30:15.123456789"], dtype="datetime64[ns]")
        self.spans = np.array([90, -1], dtype="timedelta64[s]")
        self.structured = np.array([(1, "a", 0.5), (2, "b", 1.5)], dtype=[("n", "i4"), ("s", "U1"), ("f", "f8")])
        self.masked = np.ma.array([1, 2, 3], mask=[False, True, False])
        self.strided = np.arange(10)[::3]
        self.scalar_int = np.int64(7)
        self.scalar_float = np.float32(0.5)
        self.scalar_nan = np.float64("nan")
        self.scalar_bool = np.bool_(True)
        self.scalar_text = np.str_("text")
        self.scalar_date = np.datetime64("2024-02-29")
        self.type_itself = np.dtype("float64")
        self.within = {"loss": np.float64(0.25), "weights": np.array([[1.0, 2.0]])}


if __name__ == "__main__":
    ArraysFlow()
