# pyright: basic, reportAttributeAccessIssue=false, reportPrivateImportUsage=false, reportCallIssue=false
# Attributes that steps make and self.next(…) are Metaflow's own dialect, which no checker knows.
"""Artifacts to be decoded: small dicts, many numbers, and a DataFrame."""

import random

import numpy as np
import pandas as pd
from metaflow import FlowSpec, step

ROWS = 100_000


class ValuesFlow(FlowSpec):
    @step(start=True, end=True)
    def only(self):
        chance = random.Random(7)
        self.small_dict = {"name": "run 7", "accuracy": 0.855, "labels": ["a", "b"], "rates": {"low": 0.1, "high": 1.0}}
        self.small_dicts = [{"rate": number / 100, "epoch": number, "name": f"run {number}"} for number in range(1000)]
        self.floats = [chance.random() for _ in range(1_000_000)]
        self.array = np.array(self.floats)
        self.frame = pd.DataFrame(
            {
                "number": range(ROWS),
                "ratio": self.floats[:ROWS],
                "label": [f"label {number % 50}" for number in range(ROWS)],
                "at": pd.date_range("2026-01-01", periods=ROWS, freq="min"),
                "kind": pd.Categorical([("low", "high")[number % 2] for number in range(ROWS)]),
            }
        )


if __name__ == "__main__":
    ValuesFlow()
