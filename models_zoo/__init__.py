"""Adversaries: networks, how they are trained, and how they are measured. Imports no Django.

Rooms, each of which imports only those above it:

networks     `catalogue`: the names in ARCHITECTURES. `architectures`: build(name, classes=10), a network that takes
             float32 [n, channels, height, width] in 0 to 1 and gives logits [n, classes]. `checkpoints`:
             save_model(folder, model, meta) -> weights hash; load_model(folder). `predict`: probabilities(model,
             images) -> float32 [n, classes]; accuracy(model, images, labels) -> stats' Score(correct, n)
data         `images`: canonical_png(data, canvas=280) -> bytes; to_array(png, size=28) -> uint8 [size, size].
             `base_sets`: base_set("mnist").fetch(root) -> BaseData. `run_data`: the data of a run
robustness   attacks and corruptions. `suites`: evaluate(model, name, pictures, ...) -> [Row]. `table`:
             read_rows(folder), compare(rows, reference)
training     `config`: Config, with its recipe and augmentation; FIRST, NEXT, PHOTOGRAPHS. `fit`: fit(folder, config,
             base=..., on_progress=...) -> Fitted. `rebuild`: rebuild(folder, base=...) -> Rebuilt
cli          `python -m models_zoo`; no other module imports it

Without torch: `data.images`, `data.base_sets`, `networks.catalogue`, `training.config`, `training.progress`, `limits`,
`files`. A process that trains calls `process.prepare_process` before it imports torch.

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
                             other device, CPU or versions it resumed with
    checkpoint.safetensors   while it runs: weights, optimiser and history after the last whole epoch, in one file
    model.safetensors, model.json, metrics.json    when it is finished; model.json comes last
    trained.safetensors      where the weights were averaged: as the training left them
    evaluation.json, README.md    what was measured, and the model card
    measured.json            written where the command line measures: its test set's hash and the reference

Calling `fit` again on such a folder resumes from the checkpoint, with the number of threads that the run began with,
and on a finished one returns at once. It refuses another config, other data or another parent: use a new folder for
those.
"""
