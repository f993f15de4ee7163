"""Published figures of real customers: the same functions come to the same numbers."""

import json
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from predictions import habits, renewing
from predictions.calibration import judge
from predictions.logistic import Floats, fit
from predictions.purchasing import BgNbd, fit_bg_nbd, fit_gamma_gamma, simulate

_DATA = Path(__file__).parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(not _DATA.exists(), reason=f"{_DATA} is not there: it is not shipped")


def _expected(name: str) -> Any:
    return json.loads((_DATA / "reference.json").read_text())[name]["expected"]


@pytest.fixture(scope="module")
def cdnow() -> dict[str, Floats]:
    lines = [line.split() for line in (_DATA / "cdnow_sample" / "CDNOW_sample.txt").read_text().splitlines()]
    ends = date(1997, 9, 30)
    bought = pl.DataFrame(
        {
            "customer": [int(line[1]) for line in lines],
            "day": [date(int(line[2][:4]), int(line[2][4:6]), int(line[2][6:8])) for line in lines],
            "amount": [float(line[4]) for line in lines],
        }
    )
    days = bought.filter(pl.col("day") <= ends).group_by("customer", "day").agg(pl.col("amount").sum())
    found = (
        days.sort("customer", "day")
        .group_by("customer", maintain_order=True)
        .agg(
            x=(pl.len() - 1).cast(pl.Float64),
            t_x=(pl.col("day").max() - pl.col("day").min()).dt.total_days() / 7,
            T=(pl.lit(ends) - pl.col("day").min()).dt.total_days() / 7,
            mean=pl.col("amount").slice(1).mean().fill_null(0),
        )
    )
    return {name: found[name].to_numpy() for name in ("x", "t_x", "T", "mean")}


@needs_data
def test_purchases_of_cdnow_are_fitted_and_foreseen_as_published(cdnow: dict[str, Floats]) -> None:
    x, t_x, weeks = cdnow["x"], cdnow["t_x"], cdnow["T"]
    known = _expected("cdnow_bgnbd")["ours"]
    fitted = fit_bg_nbd(x, t_x, weeks)

    assert (fitted.r, fitted.a) == pytest.approx((known["r"], known["a"]), abs=1e-3)
    assert (fitted.alpha, fitted.b) == pytest.approx((known["alpha"], known["b"]), abs=5e-3)
    assert fitted.log_likelihood == pytest.approx(known["ll"], abs=1e-2)
    held_out = _expected("cdnow_bgnbd_holdout")
    expected = fitted.expected(39, x, t_x, weeks)
    assert expected.sum() == pytest.approx(held_out["expected"], abs=0.5)
    for count, (mean, _, customers) in list(held_out["by_x"].items())[:-1]:
        chosen = x == int(count)
        assert (chosen.sum(), expected[chosen].mean()) == (customers, pytest.approx(mean, abs=2e-3))


@needs_data
def test_one_customer_of_the_paper_comes_to_its_figures() -> None:
    known = _expected("cdnow_bgnbd_individual")
    x, t_x, weeks = (np.array([float(known[name])]) for name in ("x", "tx", "T"))
    model = BgNbd(0.243, 4.414, 0.793, 2.426, 0.0)

    assert model.expected(known["t"], x, t_x, weeks)[0] == pytest.approx(known["published"], abs=1e-3)
    assert model.alive(x, t_x, weeks)[0] == pytest.approx(known["palive"], abs=1e-3)


@needs_data
def test_amounts_of_cdnow_are_fitted_as_published_and_drawn_around_what_is_expected(cdnow: dict[str, Floats]) -> None:
    again = cdnow["x"] > 0
    known = _expected("cdnow_gammagamma")
    amounts = fit_gamma_gamma(cdnow["x"][again], cdnow["mean"][again])

    assert (amounts.p, amounts.q, amounts.v) == pytest.approx([known["raw"][name] for name in "pqv"], abs=0.02)
    assert amounts.log_likelihood == pytest.approx(known["raw"]["ll"], abs=0.01)
    first = amounts.expected(cdnow["x"][:8], cdnow["mean"][:8])
    assert first == pytest.approx(known["summary_file"]["first5_cond"], abs=0.05)

    purchases = fit_bg_nbd(cdnow["x"], cdnow["t_x"], cdnow["T"])
    told = {name: cdnow[name] for name in ("x", "t_x", "T", "mean")} | {"times": cdnow["x"]}
    drawn = simulate(purchases, amounts, 39, **told, draws=200, seed=1)
    foreseen = purchases.expected(39, cdnow["x"], cdnow["t_x"], cdnow["T"]) * amounts.expected(
        cdnow["x"], cdnow["mean"]
    )
    assert drawn.mean(axis=1).sum() == pytest.approx(foreseen.sum(), rel=0.02)


@needs_data
def test_churn_of_a_telephone_company_is_ranked_and_calibrated_as_by_others() -> None:
    table = pl.read_csv(_DATA / "telco_churn" / "Telco-Customer-Churn.csv.gz", infer_schema_length=None)
    numbers = ("tenure", "MonthlyCharges", "TotalCharges")
    words = table.drop("customerID", "Churn", *numbers).with_columns(pl.all().cast(pl.String))
    columns = [
        table.select(pl.col(numbers).cast(pl.Float64, strict=False).fill_null(0)),
        words.to_dummies(drop_first=True),
    ]
    features = pl.concat(columns, how="horizontal").cast(pl.Float64).to_numpy()
    left = (table["Churn"] == "Yes").cast(pl.Float64).to_numpy()
    customers = table["customerID"].to_numpy()
    random = np.random.default_rng(42)
    folds = np.zeros(len(left), dtype=int)
    for kind in (0, 1):
        folds[random.permutation(np.flatnonzero(left == kind))] = np.arange((left == kind).sum()) % 5
    scores = np.zeros(len(left))
    for fold in range(5):
        out = folds == fold
        fitted = fit(features[~out], left[~out], customers[~out].tolist(), [list(range(features.shape[1]))])
        scores[out], low, high = fitted.predict(features[out])
        assert (low <= scores[out]).all() and (scores[out] <= high).all()
    figures = judge(scores, left, 10)

    assert figures.happened == _expected("telco_churn")["telco_base"]["churn"]
    assert 0.840 <= (figures.auc or 0) <= 0.86  # above it something leaks
    assert figures.brier <= 0.138
    assert figures.calibration_error <= 0.02
    assert figures.verdict == "agrees"


@needs_data
def test_hours_of_opening_are_foreseen_better_by_a_persons_own_pulled_to_everybodys() -> None:
    files = sorted((_DATA / "dito_opens").glob("*day.csv*"))
    opens = pl.concat([pl.read_csv(file, infer_schema_length=None) for file in files])
    opens = opens.filter(pl.col("time").is_between(0, 24, closed="left")).with_columns(pl.col("time").cast(pl.Int64))
    known = _expected("dito_send_time")
    assert (len(opens), opens["id"].n_unique()) == (known["dito"]["n"], known["dito"]["users"])
    often = opens.select(pl.len().over("id") >= 8).to_series().to_numpy()
    is_kept_back = often & (np.random.default_rng(42).random(len(opens)) < 0.3)
    seen, later = opens.filter(pl.Series(~is_kept_back)), opens.filter(pl.Series(is_kept_back))
    places = {person: place for place, person in enumerate(seen["id"].unique(maintain_order=True))}

    def counted(frame: pl.DataFrame) -> Floats:
        counts = np.zeros((len(places), 24))
        rows = [(places[person], hour) for hour, person in frame.iter_rows() if person in places]
        np.add.at(counts, tuple(np.array(rows).T), 1)
        return counts

    counts, came = counted(seen), counted(later)
    found = habits.fit(counts, np.arange(len(counts)), habits.KERNEL)
    weights = found.weights(counts, np.zeros_like(counts))
    shrunk = (came * np.log(weights / weights.sum(axis=1, keepdims=True))).sum() / came.sum()
    everybody = (came * np.log(found.shares)).sum() / came.sum()

    assert found.person_strength == known["dito_random30_hour"]["kappa"]
    assert shrunk >= -2.70
    assert everybody == pytest.approx(known["dito_random30_hour"]["glob"]["ll_pooled"], abs=0.02)


@pytest.mark.parametrize(
    ("still_there", "a", "b"),
    [
        ((1000, 869, 743, 653, 593, 551, 517, 491), 0.668, 3.806),
        ((1000, 631, 468, 382, 326, 289, 262, 241), 0.704, 1.182),
    ],
)
def test_renewals_are_fitted_as_by_fader_and_hardie(still_there: tuple[int, ...], a: float, b: float) -> None:
    earlier, renewed = [], []
    for year, (before, after) in enumerate(pairwise(still_there)):
        earlier += [float(year)] * before
        renewed += [1.0] * after + [0.0] * (before - after)
    fitted = renewing.fit(np.array(earlier), np.array(renewed))

    assert (fitted.a, fitted.b) == pytest.approx((a, b), rel=0.02)
