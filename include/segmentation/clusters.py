"""Clusters of customers by k-means, and how many of them there shall be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.segmentation.settings import Clusters

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sklearn.cluster import KMeans

_RESAMPLE_STARTS = 10


@dataclass(frozen=True, slots=True)
class Trial:
    """How a number of clusters did: the sum of squared distances to the centres, the mean silhouette, the
    mean adjusted Rand index over resamples, and whether its clusters are large enough and have names of their
    own.
    """

    count: int
    squares: float
    silhouette: float
    stability: float
    named: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """The number of clusters that is taken; 1 where nothing can be told apart."""

    count: int
    reason: str


def k_means(rows: NDArray[np.float64], count: int, starts: int, seed: int) -> KMeans:
    """The best of `starts` runs of k-means from k-means++ centres; the same for the same rows and seed.

    Its sum of squared distances is `inertia_`, the cluster of each row `labels_`.
    """
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    # Threads would add up in changing order, and a last digit can decide between two runs.
    with threadpool_limits(limits=1):
        return KMeans(count, init="k-means++", n_init=starts, random_state=seed).fit(rows)


def try_counts(
    rows: NDArray[np.float64], settings: Clusters, named: Callable[[NDArray[np.int_], NDArray[np.int_]], bool]
) -> list[Trial]:
    """All numbers of clusters, tried on `sample` of the rows.

    `named` says whether clusters are large enough and have names of their own, from the places of the drawn
    rows and their labels.
    """
    import numpy as np
    from sklearn.metrics import silhouette_score

    drawn = np.arange(len(rows))
    if len(rows) > settings.sample:
        drawn = np.sort(np.random.default_rng(settings.seed).choice(drawn, settings.sample, replace=False))
    some = rows[drawn]
    # A cluster needs rows that differ from those of the others, and the silhouette needs a pair somewhere.
    most = min(settings.at_most, len(np.unique(some, axis=0)), len(some) - 1)
    trials = []
    for count in range(settings.at_least, most + 1):
        model = k_means(some, count, settings.starts, settings.seed)
        labels = model.labels_
        trials.append(
            Trial(
                count,
                float(model.inertia_),
                float(silhouette_score(some, labels)),
                _stability(some, labels, count, settings),
                named(drawn, labels),
            )
        )
    return trials


def _stability(rows: NDArray[np.float64], labels: NDArray[np.int_], count: int, settings: Clusters) -> float:
    import numpy as np
    from sklearn.metrics import adjusted_rand_score

    found = []
    for number in range(settings.resamples):
        random = np.random.default_rng([settings.seed, count, number])
        again = rows[np.sort(random.integers(0, len(rows), len(rows)))]
        if len(np.unique(again, axis=0)) >= count:
            model = k_means(again, count, _RESAMPLE_STARTS, settings.seed + number)
            found.append(adjusted_rand_score(labels, model.predict(rows)))
    return float(np.mean(found)) if found else 0.0


def choose(trials: Sequence[Trial], settings: Clusters, before: int | None) -> Choice:
    """The number of clusters by the rule of `segmentation.yaml`; `before` is that of the last run."""
    apart = [trial for trial in trials if trial.named]
    if not apart:
        return Choice(1, "no number of clusters gives groups that the rules tell apart")
    best = max(trial.silhouette for trial in trials)
    good = [
        trial
        for trial in apart
        if trial.stability >= settings.stable and trial.silhouette >= settings.near_best * best
    ]
    if before in [trial.count for trial in good]:
        return Choice(before or 0, "stable, and as many as last time")
    if good:
        return Choice(good[-1].count, "the most that are stable, well apart and have names of their own")
    steadiest = max(apart, key=lambda trial: (trial.stability, -trial.count))
    return Choice(steadiest.count, "no number is stable; this one comes closest")
