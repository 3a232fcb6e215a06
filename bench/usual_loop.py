"""The baseline of `bench.train`: MNIST trained as in pytorch/examples. Prints one line of JSON per epoch.

    python -m bench.usual_loop --epochs 5

A DataLoader over torchvision's MNIST with ToTensor and Normalize per picture, batch 64, SGD with learning rate 0.01 and
momentum 0.5, the network of the original digits demo with log-softmax and negative log-likelihood. Nothing is slowed
down or left out.
"""

import argparse
import json
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader

from models_zoo.cli import BASE_FOLDER
from models_zoo.data.base_sets import base_set
from models_zoo.networks._torchvision import torchvision


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 10, kernel_size=5)
        self.conv2 = nn.Conv2d(10, 20, kernel_size=5)
        self.conv2_drop = nn.Dropout2d()
        self.fc1 = nn.Linear(320, 50)
        self.fc2 = nn.Linear(50, 10)

    def forward(self, x):
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        x = F.relu(F.max_pool2d(self.conv2_drop(self.conv2(x)), 2))
        x = x.view(-1, 320)
        x = F.relu(self.fc1(x))
        x = F.dropout(x, training=self.training)
        return F.log_softmax(self.fc2(x), dim=1)


def digits(root: Path, *, train: bool) -> torchvision.datasets.MNIST:
    transforms = torchvision.transforms
    changes = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
    return torchvision.datasets.MNIST(root, train=train, transform=changes)


def train_epoch(model: nn.Module, loader: DataLoader, optimizer: optim.Optimizer) -> float:
    """Seconds of one epoch."""
    started = time.perf_counter()
    model.train()
    for data, target in loader:
        optimizer.zero_grad()
        F.nll_loss(model(data), target).backward()
        optimizer.step()
    return time.perf_counter() - started


def test_accuracy(model: nn.Module, loader: DataLoader) -> float:
    model.eval()
    correct = read = 0
    with torch.no_grad():
        for data, target in loader:
            correct += int((model(data).argmax(dim=1) == target).sum())
            read += len(target)
    return correct / read


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--base", type=Path, default=BASE_FOLDER)
    options = parser.parse_args()
    base_set("mnist").ensure(options.base)
    torch.manual_seed(1)
    loader = DataLoader(digits(options.base, train=True), batch_size=64, shuffle=True)
    test_loader = DataLoader(digits(options.base, train=False), batch_size=1000)
    model = Net()
    optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.5)
    for epoch in range(1, options.epochs + 1):
        seconds = train_epoch(model, loader, optimizer)
        accuracy = test_accuracy(model, test_loader)
        print(json.dumps({"epoch": epoch, "seconds": round(seconds, 3), "accuracy": accuracy}), flush=True)


if __name__ == "__main__":
    main()
