"""Projections beside their rivals: how wrong, how well covered, how fast.

    python3 run.py python benchmarks/projection.py            # ours alone
    # in an environment with benchmarks/requirements-rivals.lock:
    python benchmarks/projection.py [--quick]

Accuracy: the cooperatives panel and a simulated one, every year in turn the
present, one to three years ahead; the same regions and years for all. Rivals see
the whole history of a region, ours its last two points and the other regions.
`coverage` is of each rule's own 80 % interval, as a mean over years.

Speed: 10^2 to 10^6 series, three years ahead with an interval. Ours against the
bare numpy arithmetic of the same formula, and the rivals up to a time limit. Ends
with exit code 1 if 100,000 series take more than three times the bare arithmetic
or memory grows faster than the result.
"""

import argparse
import sys
import time
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from umkm_analysis import backtest, data, projection

LIMIT = 3.0  # times the bare arithmetic, at 100,000 series
SIZES = (10**2, 10**3, 10**4, 10**5, 10**6)
PATIENCE = 10.0  # seconds a rival may need at one size
HORIZON = 3
LEVEL = 0.8


# Rivals: from values up to a year, (m, n) with NaN at gaps, to (m, 3, H) arrays of
# point, low, high; NaN where a rival cannot run.


def forecast_models(model):
    from statsforecast import StatsForecast, models

    def rival(values):
        out = np.full((len(values), 3, HORIZON), np.nan)
        m, n = values.shape
        known = ~np.isnan(values)
        frame = pd.DataFrame(
            {
                "unique_id": np.repeat(np.arange(m), n)[known.ravel()],
                "ds": np.tile(np.arange(n), m)[known.ravel()],
                "y": values.ravel()[known.ravel()],
            }
        )
        kept = np.unique(frame["unique_id"])
        sf = StatsForecast([model], freq=1, n_jobs=1, fallback_model=models.Naive())
        try:
            r = sf.forecast(df=frame, h=HORIZON, level=[int(LEVEL * 100)])
        except Exception:  # noqa: BLE001 - a rival that cannot run has no forecast
            return out
        name = r.columns[2]
        ends = [name, f"{name}-lo-{LEVEL * 100:.0f}", f"{name}-hi-{LEVEL * 100:.0f}"]
        for i, column in enumerate(ends):
            if column in r:
                out[kept, i] = r[column].to_numpy(float).reshape(-1, HORIZON)
        return out

    return rival


def statsmodels_ets(values):
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    out = np.full((len(values), 3, HORIZON), np.nan)
    for i, row in enumerate(values):
        # A Series: predictions of an array fail for want of an index.
        y = pd.Series(np.log(row[~np.isnan(row)]))
        try:
            with warnings.catch_warnings():
                # It warns that it did not converge: with so few points it rarely does.
                warnings.simplefilter("ignore")
                fit = ETSModel(y, error="add", trend="add").fit(disp=False)
            r = fit.get_prediction(y.size, y.size + HORIZON - 1)
            r = r.summary_frame(alpha=1 - LEVEL)
            out[i] = np.exp(r[["mean", "pi_lower", "pi_upper"]].to_numpy().T)
        except Exception:  # noqa: BLE001 - a rival that cannot run has no forecast
            continue
    return out


def mapie_conformal(values):
    """A line through the own growth, cross-conformal over regions and past years."""
    from mapie.regression import CrossConformalRegressor
    from sklearn.linear_model import LinearRegression

    y = np.log(values)
    d = np.diff(y, axis=1)
    out = np.full((len(y), 3, HORIZON), np.nan)
    new = ~np.isnan(d[:, -1]) if d.size else np.zeros(len(y), bool)
    for h in range(1, HORIZON + 1):
        if d.shape[1] <= h:
            continue
        x, z = d[:, : d.shape[1] - h].ravel(), (y[:, 1 + h :] - y[:, 1:-h]).ravel()
        known = ~np.isnan(x + z)
        if known.sum() < 20:
            continue
        model = CrossConformalRegressor(LinearRegression(), confidence_level=LEVEL)
        model.fit_conformalize(x[known, None], z[known])
        point, ends = model.predict_interval(d[new, -1:])
        step = np.stack([point, ends[:, 0, 0], ends[:, 1, 0]], axis=1)
        out[new, :, h - 1] = np.exp(y[new, -1:] + step)
    return out


def rivals():
    """Name to function, for those that are installed; a line for the others."""
    found = {}
    try:
        from statsforecast import models

        for name, model in {
            "sf Naive": models.Naive(),
            "sf RandomWalkWithDrift": models.RandomWalkWithDrift(),
            "sf AutoETS": models.AutoETS(season_length=1),
            "sf Theta": models.Theta(season_length=1),
        }.items():
            found[name] = forecast_models(model)
    except ImportError:
        print("statsforecast is not installed: see benchmarks/requirements-rivals.lock")
    try:
        import mapie.regression  # noqa: F401

        found["mapie conformal"] = mapie_conformal
    except ImportError:
        print("mapie is not installed: see benchmarks/requirements-rivals.lock")
    found["statsmodels ETS(A,A)"] = statsmodels_ets
    return found


def accuracy(name, panel, names):
    """One row a rule and horizon, all on the region-years that every rule can do."""
    block = projection.blocks(panel)[-1]
    values, size = np.exp(block.log), block.years.size
    made = {}
    for rival, function in names.items():
        out = np.full((size, len(values), 3, HORIZON), np.nan)
        for t in range(1, size - 1):
            out[t] = function(values[:, : t + 1])
        made[rival] = out
    test = backtest._Test(block, 2)
    rows = []
    for h in range(1, HORIZON + 1):
        s = test.origins(h)
        actual = block.log[:, s + h]
        base = np.abs(actual - block.log[:, s])
        results = {}
        for method in ("naive", "shrunk", "gated"):
            error, _, [(half, _)] = test.score(method, method, h, [LEVEL])
            grid = np.full((2, *block.log.shape), np.nan)
            known = ~np.isnan(block.log[:, h:] - block.log[:, :-h] + test.d[:, :-h])
            grid[:, :, :-h][:, known] = np.abs(error), np.abs(error) <= half
            grid[1, :, :-h][known] = np.where(
                np.isnan(half), np.nan, grid[1, :, :-h][known]
            )
            results[f"ours: {method}"] = grid[:, :, s]
        for rival, out in made.items():
            point, low, high = np.log(np.maximum(out[s, :, :, h - 1], 1e-9)).transpose(
                2, 1, 0
            )
            inside = np.where(np.isnan(low), np.nan, (low <= actual) & (actual <= high))
            results[rival] = np.stack([np.abs(point - actual), inside])
        # Rivals need a few points; years that one of them cannot do are left out.
        able = [e for e, _ in results.values() if not np.isnan(e).all()]
        common = ~np.isnan(np.sum(able, axis=0))
        for method, (error, inside) in results.items():
            error, inside = (np.where(common, x, np.nan) for x in (error, inside))
            with warnings.catch_warnings():
                # A series that no rival could do has an empty mean: NaN, as it should.
                warnings.simplefilter("ignore", RuntimeWarning)
                covered = np.nanmean(inside, axis=0)
            nothing = np.where(np.isnan(error), np.nan, base)
            rows.append(
                {
                    "panel": name,
                    "h": h,
                    "method": method,
                    "n": int(common.sum()),
                    "years": int(common.any(axis=0).sum()),
                    "mae_log": np.nanmean(error),
                    "vs naive": 1 - np.nanmean(error) / np.nanmean(nothing),
                    "coverage": np.nanmean(covered)
                    if np.isfinite(covered).any()
                    else None,
                    "worst year": np.nanmin(covered)
                    if np.isfinite(covered).any()
                    else None,
                }
            )
    return pd.DataFrame(rows)


def best(function, *args, times=5):
    """Shortest of several times, in seconds."""
    result = np.inf
    for _ in range(times):
        start = time.perf_counter()
        function(*args)
        result = min(result, time.perf_counter() - start)
        if result > 2:
            break
    return result


def bare(fit, values):
    """The same formula in numpy, without checks, chunks or names."""
    y = np.log(values)
    h = np.arange(1, HORIZON + 1)
    b = (y[:, 1] - y[:, 0])[:, None]
    point = y[:, 1:] + h * (fit.weight_own * b + fit.weight_panel * fit.mu)
    half = fit.q
    if np.isfinite(fit.prior).any():
        d0 = np.where(np.isinf(fit.prior), 1, fit.prior)
        s = np.sqrt(((b - fit.mu) ** 2 + d0 * fit.spread) / (1 + d0))
        half = half * np.where(np.isinf(fit.prior), 1, s)
    return np.exp(point), np.exp(point - half), np.exp(point + half)


def memory(function, *args):
    tracemalloc.start()
    function(*args)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def speed(names, sizes):
    """One row a number of series; ends with the ratio and the memory at the largest."""
    panel = data.panel("cooperatives")
    fit = projection.fit_panel(panel, horizon=HORIZON)
    rng = np.random.default_rng(0)
    print(
        f"fit_panel on cooperatives: {1000 * best(projection.fit_panel, panel):.1f} ms"
    )
    rows, slow = [], set()
    for m in sizes:
        values = np.exp(rng.normal(9, 1, (m, 1)) + rng.normal(0, 0.1, (m, 6)).cumsum(1))
        ours = fit.project(values)
        for a, b in zip(ours, bare(fit, values[:, -2:]), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12)
        row = {
            "series": m,
            "bare s": best(bare, fit, values[:, -2:]),
            "ours s": best(fit.project, values),
            "peak MB": memory(fit.project, values),
            "result MB": ours.point.nbytes * 3 / 2**20,
        }
        row["ratio"] = row["ours s"] / row["bare s"]
        for name, function in names.items():
            if name in slow:
                continue
            row[name] = best(function, values, times=1)
            if row[name] * 10 > PATIENCE:
                slow.add(name)
        rows.append(row)
    return pd.DataFrame(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="no slow rival, 10^5")
    quick = parser.parse_args().quick
    # Rivals warn of series this short on every fit; the table says how they did.
    warnings.simplefilter("ignore")
    names = rivals()
    if quick:
        names = {
            k: v for k, v in names.items() if k.startswith(("sf N", "sf R", "map"))
        }
    pd.set_option("display.width", 160, "display.max_columns", 30)
    pd.set_option("display.float_format", "{:.3f}".format)
    for name, panel in {
        "cooperatives": data.panel("cooperatives"),
        "simulated, lasting growth": backtest.simulate(
            regions=30, lasting=0.04, year_shock=0.03, seed=1
        ),
    }.items():
        print(accuracy(name, panel, names).to_string(index=False), "\n")
    pd.set_option("display.float_format", "{:.4g}".format)
    table = speed(names, SIZES[:4] if quick else SIZES)
    print(table.T.to_string(header=False))
    ratio = float(table.loc[table["series"] == 10**5, "ratio"].iloc[0])
    extra = float((table["peak MB"] - table["result MB"]).iloc[-1])
    print(f"\nratio at 100,000 series: {ratio:.2f} (at most {LIMIT:g})")
    print(f"memory beyond the result: {extra:.0f} MB")
    return int(ratio > LIMIT or extra > 50)


if __name__ == "__main__":
    sys.exit(main())
