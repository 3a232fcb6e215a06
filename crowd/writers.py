"""Writers: each has trajectories of their own, which are similar in shape, and a style of their own."""

from dataclasses import dataclass

import numpy as np

from crowd.handwriting import Handwriting
from crowd.styles import Style, jittered, random_style


class CrowdError(ValueError):
    """Such a crowd can't be made. The message gives the numbers that are possible."""


@dataclass(frozen=True)
class Writer:
    """One person's handwriting: some trajectories of each digit, and the style in which they are usually drawn."""

    trajectory_ids: tuple[np.ndarray, ...]
    """For each label the indices of this writer's trajectories in `Handwriting.trajectories`, int64 [any]."""
    style: Style

    def usual_style(self, random: np.random.Generator) -> Style:
        """The style of one drawing that nothing was varied in."""
        return jittered(self.style, random)


def make_writers(handwriting: Handwriting, count: int, *, seed: int, by_shape: bool = True) -> list[Writer]:
    """Writers who share no trajectory and together have all of them.

    Args:
        count: how many writers, 1 to the number of trajectories of the rarest label. Each gets an equal part of each
            label's trajectories, rounded.
        by_shape: whether a writer's trajectories of a label have similar shapes, as one person's digits do; otherwise
            they are a random choice.

    Raises:
        CrowdError: there are too few trajectories to give every writer one of each label.
    """
    most = int(np.bincount(handwriting.labels, minlength=10).min())
    if not 1 <= count <= most:
        raise CrowdError(
            f"{count} writers can't be made, since each needs their own trajectory of every label: choose 1 to {most}, "
            "annotators and held-out writers together."
        )
    random = np.random.default_rng([seed, 1])
    parts = []
    for label in range(10):
        of_label = random.permutation(np.flatnonzero(handwriting.labels == label))
        shapes = handwriting.trajectories[of_label].reshape(len(of_label), -1)
        split = similar_parts(shapes, count) if by_shape else np.array_split(np.arange(len(of_label)), count)
        # The data set does not record who wrote what, so any shape of a 3 may go with any shape of a 7.
        parts.append([np.sort(of_label[split[part]]) for part in random.permutation(count)])
    return [Writer(tuple(part[number] for part in parts), random_style(random)) for number in range(count)]


def similar_parts(points: np.ndarray, count: int) -> list[np.ndarray]:
    """Cuts float [n, d] into `count` parts of similar points and equal sizes, each the indices of its rows.

    Halves the rows along the direction of most variance, recursively (principal direction divisive partitioning, Boley
    1998, Data Mining and Knowledge Discovery 2:325), but at the median instead of the mean, so that sizes stay equal.
    """

    def cut(rows: np.ndarray, count: int) -> list[np.ndarray]:
        if count == 1:
            return [rows]
        centred = points[rows] - points[rows].mean(axis=0)
        direction = np.linalg.eigh(centred.T @ centred)[1][:, -1]
        ordered = rows[np.argsort(centred @ direction, kind="stable")]
        middle = round(len(rows) * (count // 2) / count)
        return [*cut(ordered[:middle], count // 2), *cut(ordered[middle:], count - count // 2)]

    return cut(np.arange(len(points)), count)
