"""The data that a config trains on, and which of its pictures each epoch shows."""

from pathlib import Path

import torch

from models_zoo.data.base_data import BaseData
from models_zoo.data.run_data import TrainingData, read_training_data
from models_zoo.training.config import Config
from models_zoo.training.progress import TrainingFailed


def training_data(folder: Path, config: Config, base: BaseData | None, device: torch.device) -> TrainingData:
    """The data of a run's folder, with the base set before it when the config replays any.

    Raises:
        RunDataError: as `run_data.read_training_data` does.
        TrainingFailed: the base set is missing, the config chooses by dev accuracy and there is no dev set, or an epoch
            would show no picture.
    """
    if config.base_replay == 0:
        base = None
    elif base is None:
        raise TrainingFailed("The base set is missing: fetch it first, or set base_replay to 0.")
    data = read_training_data(folder, base, architecture=config.architecture, classes=config.classes, device=device)
    if not data.dev and (config.patience or config.schedule == "plateau"):
        raise TrainingFailed("There is no dev set to choose by: set patience to 0 and another schedule, or freeze one.")
    if not epoch_length(data, config):
        raise TrainingFailed("An epoch would show no picture: raise collected_weight or base_replay.")
    return data


def epoch_length(data: TrainingData, config: Config) -> int:
    """Pictures shown in one epoch."""
    return sum(_shown(data, config))


def epoch_order(data: TrainingData, config: Config, random: torch.Generator) -> torch.Tensor:
    """Which pictures an epoch shows, shuffled: int64 [epoch_length], indices into the data's pictures."""

    def shuffled(count: int) -> torch.Tensor:
        return torch.randperm(count, generator=random, device=random.device)

    base_shown, collected_shown = _shown(data, config)
    base = shuffled(data.base_count)[:base_shown]
    times, rest = divmod(collected_shown, max(1, data.collected_count))
    once_more = shuffled(data.collected_count)[:rest]
    collected = torch.cat([torch.arange(data.collected_count, device=random.device).repeat(times), once_more])
    order = torch.cat([base, collected + data.base_count])
    return order[shuffled(len(order))]


def _shown(data: TrainingData, config: Config) -> tuple[int, int]:
    """How many base and how many collected pictures an epoch shows, each as often as it is shown."""
    base = data.base_count if config.base_replay is None else min(config.base_replay, data.base_count)
    collected = round(config.collected_weight * data.collected_count)
    if base and config.collected_share < 1:
        collected = min(collected, round(base * config.collected_share / (1 - config.collected_share)))
    return base, collected
