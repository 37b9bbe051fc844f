"""Which method a series is forecast with, judged by the trial on its past only."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from include.forecasting.methods import BASELINE, TITLES
from include.forecasting.trial import AVERAGE, Trial

_LEAST_ORIGINS = 4


@dataclass(frozen=True, slots=True)
class Choice:
    """The method, and in words why it was taken."""

    method: str
    reason: str


def choose(trial: Trial, clearly_better: float) -> Choice:
    """The average of all methods, or the single one that was better by more than `clearly_better` standard
    errors of the difference between weeks; the best of several. Few origins: the weekday mean.
    """
    import numpy as np

    if len(trial) < _LEAST_ORIGINS:
        return Choice(BASELINE, f"only {len(trial)} past weeks to try methods on")
    errors = {name: abs(made - trial.actual).sum(axis=1) for name, made in trial.made.items()}
    best, most = AVERAGE, 0.0
    for name, of_weeks in errors.items():
        if name == AVERAGE:
            continue
        gain = errors[AVERAGE] - of_weeks
        mean, doubt = float(np.mean(gain)), float(np.std(gain, ddof=1)) / sqrt(len(gain))
        if mean > max(clearly_better * doubt, most) and mean > 1e-9:
            best, most = name, mean
    if best == AVERAGE:
        return Choice(AVERAGE, f"no method was clearly better in {len(trial)} past weeks")
    return Choice(best, f"{TITLES[best]} was clearly better in {len(trial)} past weeks")
