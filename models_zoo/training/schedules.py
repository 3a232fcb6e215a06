"""Learning rate and attack strength as a share of their highest, from the share of the run that is done."""

import math

WARM_UP = 0.2
PATIENCE = 2


def one_cycle(done: float) -> float:
    """The learning rate when the share `done` (0 to 1) of all steps is done.

    Up in a straight line from a tenth for the first fifth, then down along half a cosine to 0. After Smith 2018, "A
    disciplined approach to neural network hyper-parameters", with the annealing to 0 that became usual.
    """
    if done < WARM_UP:
        return 0.1 + 0.9 * done / WARM_UP
    return 0.5 * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP)))


def plateau(dev_accuracies: list[float]) -> float:
    """The learning rate after epochs with these dev accuracies: a tenth for every two in a row without a new best."""
    share, best, waited = 1.0, -math.inf, 0
    for value in dev_accuracies:
        best, waited = (value, 0) if value > best else (best, waited + 1)
        if waited == PATIENCE:
            share, waited = share / 10, 0
    return share


def warm_up(done: float, share: float) -> float:
    """How strong an attack is when the share `done` of all steps is done: from 0 in a straight line to 1 once `share`
    of them are, both 0 to 1; always 1 where `share` is 0."""
    return min(1.0, done / share) if share else 1.0
