"""Quantiles and errors equal values computed by hand."""

import pandas as pd
import pytest

from ml.evaluation.quantile_regression import Fit, errors, predict, quantile_fit


def test_a_fit_without_features_is_the_median():
    table = pd.DataFrame({"seconds": [1.0, 2.0, 4.0, 9.0, 30.0], "task": "t"})

    assert quantile_fit(table, [], by_task=False).constants[""] == pytest.approx(4, abs=1e-3)
    low = quantile_fit(table, [], by_task=False, quantile=0.3).constants[""]
    assert low == pytest.approx(2, abs=1e-2)


def test_errors_by_hand():
    table = pd.DataFrame({"seconds": [1.0, 2.0, 4.0], "task": "t", "bits": [0.0, 1.0, 2.0]})
    fit = Fit({"bits": 1.0}, {"": 1.0})

    assert list(predict(fit, table)) == [1, 2, 3]
    assert errors(fit, table) == {
        "median_error": 0.0,
        "explained": pytest.approx(1 - 1 / 3, abs=1e-4),
    }


def test_of_equal_times_there_is_nothing_to_explain():
    table = pd.DataFrame({"seconds": [2.0, 2.0], "task": "t", "bits": [0.0, 1.0]})

    assert errors(Fit({"bits": 1.0}, {"": 1.0}), table) == {"median_error": 0.5, "explained": None}
