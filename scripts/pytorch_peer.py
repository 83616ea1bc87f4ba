#!/usr/bin/env python3
"""The peer of scripts/bench_peers: our networks as a careful PyTorch user would write and time them.

channels_last, pooling with ceil_mode where ours reaches over the edge, LRN inside a column, SGD with momentum 0.9 and
weight decay 5e-4. Random data, made once. Prints one JSON line: images/s as the median over the timed steps.

  python3 scripts/pytorch_peer.py --net alexnet --batch 128 --mode train [--compile]

With --check FOLDER (of build/dump_steps) it takes our weights and pictures instead and prints both losses.
"""
import argparse
import json
import resource
import statistics
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


class ColumnLrn(nn.Module):
    """LRN whose windows stay inside each of two columns; PyTorch divides alpha by the window, as the 2012 source did."""

    def forward(self, x):
        columns = [F.local_response_norm(part, 5, 1e-4, 0.75, 2.0) for part in x.chunk(2, 1)]
        return torch.cat(columns, 1).contiguous(memory_format=torch.channels_last)


def alexnet():
    return 224, 1000, nn.Sequential(
        nn.ZeroPad2d((0, 3, 0, 3)), nn.Conv2d(3, 96, 11, 4), nn.ReLU(True), ColumnLrn(), nn.MaxPool2d(3, 2),
        nn.Conv2d(96, 256, 5, 1, 2, groups=2), nn.ReLU(True), ColumnLrn(), nn.MaxPool2d(3, 2),
        nn.Conv2d(256, 384, 3, 1, 1), nn.ReLU(True),
        nn.Conv2d(384, 384, 3, 1, 1, groups=2), nn.ReLU(True),
        nn.Conv2d(384, 256, 3, 1, 1, groups=2), nn.ReLU(True), nn.MaxPool2d(3, 2),
        nn.Flatten(), nn.Linear(9216, 4096), nn.ReLU(True), nn.Dropout(0.5),
        nn.Linear(4096, 4096), nn.ReLU(True), nn.Dropout(0.5), nn.Linear(4096, 1000))


def cifar10_quick():
    return 32, 10, nn.Sequential(
        nn.Conv2d(3, 32, 5, 1, 2), nn.MaxPool2d(3, 2, ceil_mode=True), nn.ReLU(True),
        nn.Conv2d(32, 32, 5, 1, 2), nn.ReLU(True), nn.AvgPool2d(3, 2, ceil_mode=True),
        nn.Conv2d(32, 64, 5, 1, 2), nn.ReLU(True), nn.AvgPool2d(3, 2, ceil_mode=True),
        nn.Flatten(), nn.Linear(1024, 64), nn.ReLU(True), nn.Linear(64, 10))


def check(net, folder):
    """The loss of our weights on our pictures, in this net and as we computed it."""
    from alexnet_torch import read_safetensors
    weights, _ = read_safetensors(f"{folder}/initial.safetensors")
    ours, _ = read_safetensors(f"{folder}/steps.safetensors")
    modules = [module for module in net if isinstance(module, (nn.Conv2d, nn.Linear))]
    names = list(dict.fromkeys(name.rsplit(".", 1)[0] for name in weights if name.endswith(".weight") and not name.startswith("velocity")))
    with torch.no_grad():
        for module, name in zip(modules, names, strict=True):
            module.weight.copy_(weights[name + ".weight"])
            module.bias.copy_(weights[name + ".bias"])
        images = ours["images"].contiguous(memory_format=torch.channels_last)
        loss = F.cross_entropy(net.eval()(images), ours["labels"].long()).item()
    print(json.dumps({"peer": "PyTorch " + torch.__version__, "loss": loss, "ours": ours["loss"].item()}))


NETS = {"alexnet": alexnet, "cifar10_quick": cifar10_quick}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--net", default="alexnet", choices=sorted(NETS))
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--dtype", default="f32", choices=["f32", "tf32", "bf16"])
    parser.add_argument("--mode", default="train", choices=["train", "infer"])
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--check", metavar="FOLDER")
    args = parser.parse_args()

    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    on_gpu = args.device == "cuda"
    if on_gpu:
        torch.backends.cudnn.benchmark = True
        torch.backends.cuda.matmul.allow_tf32 = args.dtype != "f32"
        torch.backends.cudnn.allow_tf32 = args.dtype != "f32"
    side, num_classes, net = NETS[args.net]()
    if args.check:
        return check(net, args.check)
    net = net.to(args.device, memory_format=torch.channels_last)
    net.train(args.mode == "train")
    images = torch.randn(args.batch, 3, side, side, device=args.device).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(0, num_classes, (args.batch,), device=args.device)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.001, momentum=0.9, weight_decay=5e-4, foreach=True if on_gpu else None)
    model = torch.compile(net) if args.compile else net

    def forward():
        with torch.autocast(args.device, dtype=torch.bfloat16, enabled=args.dtype == "bf16"):
            return model(images)

    def step():
        if args.mode == "infer":
            with torch.no_grad():
                forward()
            return
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(forward(), labels).backward()
        optimizer.step()

    def seconds():
        if on_gpu:
            torch.cuda.synchronize()
        begin = time.perf_counter()
        step()
        if on_gpu:
            torch.cuda.synchronize()
        return time.perf_counter() - begin

    for _ in range(args.warmup):
        seconds()
    rates = [args.batch / seconds() for _ in range(args.steps)]
    print(json.dumps({
        "peer": "PyTorch " + torch.__version__, "net": args.net, "device": args.device, "batch": args.batch, "dtype": args.dtype,
        "mode": args.mode, "compile": args.compile, "threads": torch.get_num_threads(),
        "images_per_s": round(statistics.median(rates), 1), "min": round(min(rates), 1), "max": round(max(rates), 1),
        "peak_resident_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}))


if __name__ == "__main__":
    main()
