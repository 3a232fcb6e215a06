"""Adversaries: networks, how they are trained, and how they are measured. Imports no Django.

Pictures (`images`, without torch)
    canonical_png(data, canvas=280) -> bytes; to_array(png, size=28) -> uint8 [size, size]; ImageError
Base data (`base_data`, without torch)
    ensure_mnist(root, folder=None, progress=None); load_mnist(root) -> BaseData; BaseDataError
Networks (`architectures`)
    ARCHITECTURES, build(name, classes=10): float32 [n, channels, height, width] in 0 to 1 -> logits [n, classes]
Files (`checkpoints`)
    save_model(folder, model, meta) -> weights hash; load_model(folder); load_meta(folder); weights_hash(model);
    CheckpointError. A model is `model.safetensors` and `model.json` (architecture, classes, weights_hash, ...)
Training (`train`)
    fit(folder, config, base=..., on_progress=...) -> Fitted; Config, Config.from_json, config.to_json, ConfigError;
    FIRST, NEXT, PHOTOGRAPHS; Progress; TrainingFailed
Measuring (`evaluate`)
    probabilities(model, images) -> float32 [n, classes]; accuracy(model, images, labels) -> stats Score(correct, n);
    confusion(model, images, labels) -> int64 [classes, classes]
Robustness (`robustness.suites`, `robustness.table`)
    evaluate(model, name, pictures, rounds=..., suites=SUITES, attacks=AttackGrid(...)) -> [Row];
    write_rows(folder, rows), read_rows(folder); compare(rows, reference) -> [Comparison]

A run's folder, for `fit`:

    data/train_images.npy    uint8 [n, 28, 28], or [n, side, side, 3] for photographs; what was collected (not the base
                             digits); may be missing
    data/train_labels.npy    int64 [n]
    data/dev_images.npy      optional, with dev_labels.npy; part of dev_accuracy and of early stopping
    data/test_images.npy     optional, with test_labels.npy; what the command line measures on, never trained on
    data/manifest.json       optional, any JSON; hashed with the arrays into model.json's data_sha256
    parent/                  a model's files, needed when config.warm_start
    config.json              written by fit when it begins: {"config": ..., "data_sha256": ...} and what else decides
                             the weights, which goes into model.json too: parent_weights_hash and pretrained_sha256 (or
                             null), first_weights in words, threads, device, cpu, versions, and resumed_with: what
                             other device, CPU or versions it went on with
    checkpoint.safetensors   while it runs: weights, optimiser and history after the last whole epoch, in one file
    model.safetensors, model.json, metrics.json    when it is finished; model.json comes last
    trained.safetensors      where the weights were averaged: as the training left them
    evaluation.json, README.md    what was measured, and the model card
    measured.json            written where the command line measures: its test set's hash and the reference

Calling `fit` again on such a folder goes on from the checkpoint, with the number of threads that it was begun with, and
on a finished one returns at once. It refuses another config, other data or another parent: use a new folder for those.
"""

import os

# torch's threads wait for each other by spinning for milliseconds, which burns the time slices of whoever they wait
# for once the cores are shared. Ten thousand rounds instead of 300,000 bridge the waits within a step just as well, and
# two trainings at once then take a third less time. Read once, when torch is first imported.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
# What NVIDIA's library asks for before its matrix products repeat themselves exactly.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
