#!/usr/bin/python3
"""Our networks in PyTorch: builds the module of a RUN/config.yaml and loads a checkpoint into it.

  from alexnet_torch import AlexNet, read_safetensors
  net = AlexNet(yaml.safe_load(open("RUN/config.yaml")), num_classes=1000)
  net.load("RUN/last.safetensors")
  logits = net(images)            # (N, 3, crop, crop), already minus mean and scaled

or, from the shell, a check that a checkpoint loads:   scripts/alexnet_torch.py RUN
"""
import json
import os
import struct
import sys

import numpy as np
import torch
import torch.nn.functional as F
import yaml


def read_safetensors(path):
    """-> ({name: tensor}, metadata). F32 tensors only, which is what checkpoints hold."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        array = np.frombuffer(data[begin:end], dtype=np.float32).reshape(entry["shape"])
        tensors[name] = torch.from_numpy(array.copy())
    return tensors, metadata


def channel_norm(x, layer, groups):
    alpha = layer["alpha"] * (1 if layer["reduction"] == "mean" else layer["size"])  # PyTorch divides alpha by the size
    return torch.cat([F.local_response_norm(part, layer["size"], alpha, layer["beta"], layer["k"]) for part in x.chunk(groups, 1)], 1)


def spatial_norm(x, layer):
    size = layer["size"]
    mean = F.avg_pool2d(x * x, size, 1, size // 2)
    alpha = layer["alpha"] * (1 if layer["reduction"] == "mean" else size * size)
    return x / (layer["k"] + alpha * mean) ** layer["beta"]


def pad_of(layer):
    pad = layer.get("pad", 0)
    pad = {side: pad for side in ("left", "right", "top", "bottom")} if isinstance(pad, int) else pad
    return [pad.get(side, 0) for side in ("left", "right", "top", "bottom")]


class AlexNet(torch.nn.Module):
    def __init__(self, config, num_classes):
        super().__init__()
        self.columns = config["model"]["columns"]
        self.layers = config["model"]["layers"][:-1]  # the last one is the loss
        extent = torch.zeros(1, 3, config["data"]["crop"], config["data"]["crop"])
        for layer in self.layers:
            groups = self.groups(layer)
            outputs = num_classes if layer.get("num_output") == "num_classes" else layer.get("num_output", 0)
            if layer["type"] == "conv2d":
                kernel = layer["kernel_size"]
                module = torch.nn.Conv2d(extent.shape[1], outputs, kernel, layer["stride"], groups=groups)
            elif layer["type"] == "fully_connected":
                module = torch.nn.Linear(extent[0].numel() // groups, outputs)
            else:
                module = None
            if module is not None:
                setattr(self, layer["name"], module)
            extent = self.run_layer(layer, extent)

    def groups(self, layer):
        return self.columns if layer.get("sees") == "own" else 1

    def run_layer(self, layer, x):
        kind, groups = layer["type"], self.groups(layer)
        if kind == "conv2d":
            return getattr(self, layer["name"])(F.pad(x, pad_of(layer)))
        if kind == "fully_connected":
            module = getattr(self, layer["name"])
            parts = zip(x.chunk(groups, 1), module.weight.chunk(groups), module.bias.chunk(groups))
            return torch.cat([F.linear(part.flatten(1), weight, bias) for part, weight, bias in parts], 1)
        if kind == "relu":
            return F.relu(x)
        if kind == "leaky_relu":
            return F.leaky_relu(x, layer["negative_slope"])
        if kind in ("tanh", "sigmoid"):
            return getattr(torch, kind)(x)
        if kind == "softsign":
            return F.softsign(x)
        if kind == "lrn":
            return channel_norm(x, layer, groups)
        if kind == "spatial_norm":
            return spatial_norm(x, layer)
        if kind == "max_pool":
            return F.max_pool2d(F.pad(x, pad_of(layer), value=-torch.inf), layer["kernel_size"], layer["stride"])
        if kind == "average_pool":
            sums = F.avg_pool2d(F.pad(x, pad_of(layer)), layer["kernel_size"], layer["stride"], divisor_override=1)
            ones = F.pad(torch.ones_like(x[:1, :1]), pad_of(layer), value=1.0 if layer["count_pad"] else 0.0)
            return sums / F.avg_pool2d(ones, layer["kernel_size"], layer["stride"], divisor_override=1)
        if kind == "dropout":  # at its first rate, when it is timed
            rate = layer["rate"][0] if isinstance(layer["rate"], dict) else layer["rate"]
            if self.training:
                return F.dropout(x, rate) * (1 - rate if layer["scale_at"] == "test" else 1)
            return x * (1 - rate if layer["scale_at"] == "test" else 1)
        raise ValueError(f"layer {layer['name']}: unknown type {kind}")

    def forward(self, x):
        for layer in self.layers:
            x = self.run_layer(layer, x)
        return x

    def load(self, path):
        tensors, metadata = read_safetensors(path)
        self.load_state_dict({name: tensors[name] for name in self.state_dict()})
        return tensors, metadata


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    run = sys.argv[1]
    with open(os.path.join(run, "config.yaml"), encoding="utf-8") as file:
        config = yaml.safe_load(file)
    tensors, metadata = read_safetensors(os.path.join(run, "last.safetensors"))
    net = AlexNet(config, num_classes=len(json.loads(metadata["alexnet"])["classes"]))
    net.load(os.path.join(run, "last.safetensors"))
    print(f"{run}/last.safetensors: {sum(p.numel() for p in net.parameters())} parameters in {len(net.state_dict())} tensors loaded into PyTorch")


if __name__ == "__main__":
    main()
