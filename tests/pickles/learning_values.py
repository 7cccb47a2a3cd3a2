"""Values of scikit-learn, scipy and LightGBM, by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

VIEWS = "learning_view"
DATA, TARGET = np.array([[0.0, 1.0], [1.0, 3.0], [2.0, 5.0]]), np.array([0, 1, 1])


def of(module: str, name: str, *args: Any, **options: Any) -> Any:
    return getattr(importlib.import_module(module), name)(*args, **options)


def pipeline() -> Any:
    steps = [
        ("scale", of("sklearn.preprocessing", "StandardScaler")),
        ("fit", of("sklearn.linear_model", "LogisticRegression")),
    ]
    return of("sklearn.pipeline", "Pipeline", steps).fit(DATA, TARGET)


def values() -> dict[str, Callable[[], Any]]:
    return {
        "sklearn_linear": lambda: of("sklearn.linear_model", "LinearRegression").fit(DATA, TARGET),
        "sklearn_unfitted": lambda: of("sklearn.svm", "SVC", C=2.0),
        "sklearn_scaler": lambda: of("sklearn.preprocessing", "StandardScaler").fit(DATA),
        "sklearn_pipeline": pipeline,
        "sklearn_means": lambda: of("sklearn.cluster", "KMeans", 2, n_init=1, random_state=0).fit(DATA),
        "sklearn_forest": lambda: of("sklearn.ensemble", "RandomForestClassifier", 2, random_state=0).fit(DATA, TARGET),
        "lightgbm_trees": lambda: of("lightgbm", "LGBMClassifier", n_estimators=2, verbose=-1).fit(DATA, TARGET),
        "scipy_rows": lambda: of("scipy.sparse", "csr_matrix", DATA),
    }
