#!/usr/bin/python3
"""An independent check of Figure 1: trains the network of one run of scripts/relu_vs_tanh once more, in PyTorch, and puts both side by side.

    scripts/figure1_peer.py runs/relu_vs_tanh/runs/relu_0.001_1 [--epochs 5] [--python venv/bin/python3]

The same initial weights (of a checkpoint after one step with a rate of 1e-30), the same pictures in the same order, the same batches. The
order is not exported by the program but computed here from its definition (include/alexnet/core/rng.hpp): picture p % n of epoch p / n is a
Fisher-Yates permutation drawn with Philox 4x32-10 from (seed, stream 2, epoch). So the first steps agree to rounding; later ones drift apart
as two orders of summation do, and what is to agree is the curve. For networks whose training draws nothing but that order: no random crops,
mirror images, noise or dropout.

With --perturb 1e-6 PyTorch's initial weights are changed by about one part in a million: a second run with it says how far PyTorch drifts
from itself, which two right programs may do as well.

Prints a table by epoch: the running training error and loss here and there; --csv FILE writes every interval that the run logged (of 20
steps); the last line is JSON. Needs PyTorch, NumPy and PyYAML.
"""
import argparse
import csv
import json
import os
import subprocess
import tarfile
import tempfile
from collections import namedtuple

from experiments import records
from peers_common import ROOT, parsed, require_alexnet, say, stop

SHUFFLE_STREAM = 2
Interval = namedtuple("Interval", "epoch step images error_alexnet error_pytorch loss_alexnet loss_pytorch")


def philox(np, seed, stream, indices):
    """The first two words of Philox 4x32-10 at counters (index, 0, stream), as one 64-bit number each."""
    mask = np.uint64(0xFFFFFFFF)
    words = [indices & mask, indices >> np.uint64(32), np.zeros_like(indices), np.full_like(indices, stream)]
    key = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        first, second = words[0] * np.uint64(0xD2511F53), words[2] * np.uint64(0xCD9E8D57)  # 32 x 32 bits fit into 64
        words = [second >> np.uint64(32) ^ words[1] ^ np.uint64(key[0]), second & mask,
                 first >> np.uint64(32) ^ words[3] ^ np.uint64(key[1]), first & mask]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return words[0] << np.uint64(32) | words[1]


def epoch_order(np, seed, epoch, count):
    places = np.arange(count, 1, -1, dtype=np.uint64)
    bits = philox(np, seed, SHUFFLE_STREAM, np.uint64(epoch) << np.uint64(32) | places)
    order = list(range(count))
    for place, drawn in zip(places.tolist(), bits.tolist()):
        other = drawn * place >> 64
        order[place - 1], order[other] = order[other], order[place - 1]
    return order


def read_split(np, folder, split):
    """Pictures (N, H, W, 3) of bytes and labels, in the order of the shards."""
    with open(os.path.join(folder, "dataset.json"), encoding="utf-8") as file:
        manifest = json.load(file)
    side, pictures, labels = manifest["size"], [], []
    if manifest["encoding"] != "raw":
        stop(65, f"{folder}: no raw pictures; prepare the data set with --encoding raw")
    for shard in manifest["splits"][split]["shards"]:
        with tarfile.open(os.path.join(folder, shard["file"])) as tar:
            for member in tar:
                content = tar.extractfile(member).read()
                if member.name.endswith(".cls"):
                    labels.append(int(content))
                else:
                    pictures.append(np.frombuffer(content[-side * side * 3:], dtype=np.uint8).reshape(side, side, 3))
    return np.stack(pictures), np.array(labels)


def require_deterministic(config, side, run):
    """Nothing but the order of the pictures is drawn at random."""
    dropout = any(layer["type"] == "dropout" and layer["rate"] != 0 for layer in config["model"]["layers"])
    drawn = {"dropout": dropout, "crops": config["data"]["crop"] != side, "mirror images": config["data"]["flip"],
             "colour noise": config["data"]["color_noise"]["std"] != 0}
    if any(drawn.values()) or config["data"]["mean"] != "image" or config["schedule"]["kind"] != "constant" or config["data"]["limit"]:
        what = ", ".join(name for name, is_drawn in drawn.items() if is_drawn) or "another mean, schedule or limit of pictures than Figure 1"
        stop(65, f"{run}: was trained with {what}, which is not repeated here; give a run of scripts/relu_vs_tanh")


def intervals(run):
    """{step: (loss, top-1 error)} of the intervals that the run logged, by their last step."""
    return {r["step"]: (r["loss"], r["top1_error"]) for r in records(run) if r["kind"] == "train"}


def optimizer_of(torch, net, config):
    """The recipe's update with a constant rate: the rate inside or outside of the velocity makes no difference then."""
    rate, groups = config["schedule"]["learning_rate"], []
    for layer in config["model"]["layers"]:
        for what in ("weights", "bias") if "weights" in layer else ():
            parameter = getattr(getattr(net, layer["name"]), "weight" if what == "weights" else "bias")
            groups.append({"params": [parameter], "lr": rate * layer["lr_mult"] * layer[what]["lr_mult"],
                           "weight_decay": config["optimizer"]["weight_decay"] * layer[what]["decay_mult"]})
    return torch.optim.SGD(groups, lr=rate, momentum=config["optimizer"]["momentum"])


def initial_weights(args, net):
    """Loads them into the net, through a checkpoint after a step that moves nothing; -> the mean image (H, W, 3)."""
    with tempfile.TemporaryDirectory() as folder:
        sets = ["schedule.learning_rate=1.0e-30", "train.max_steps=1", "train.epochs=null", "train.validate_splits=[val]"]
        command = [args.alexnet, "train", "--config", os.path.join(args.run, "config.yaml"), "--run-dir", os.path.join(folder, "run")]
        done = subprocess.run(command + [word for s in sets for word in ("--set", s)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            stop(done.returncode, done.stderr.strip().splitlines()[-1])
        return net.load(os.path.join(folder, "run", "last.safetensors"))[0]["mean_image"]


def batches(np, seed, count, size):
    """The pictures of one batch after the other: one stream, so a batch may run over the end of an epoch."""
    ahead, epoch = [], 0
    while True:
        while len(ahead) < size:
            ahead += epoch_order(np, seed, epoch, count)
            epoch += 1
        yield ahead[:size]
        ahead = ahead[size:]


def train(np, torch, args, config):
    """The intervals that the run logged."""
    from alexnet_torch import AlexNet
    pictures, labels = read_split(np, config["data"]["path"], "train")
    require_deterministic(config, pictures.shape[1], args.run)
    logged, count, size = intervals(args.run), len(labels), config["train"]["batch_size"]
    net = AlexNet(config, num_classes=int(labels.max()) + 1).train()
    mean = initial_weights(args, net)
    if args.perturb:
        torch.manual_seed(1)
        with torch.no_grad():
            for parameter in net.parameters():
                parameter.mul_(1 + args.perturb * torch.randn_like(parameter))
    optimizer = optimizer_of(torch, net, config)
    rows, images, errors, loss_sum = [], 0, 0, 0.0
    for step, indices in enumerate(batches(np, config["seed"], count, size), 1):
        if step > max(logged, default=0) or (step - 1) * size >= args.epochs * count:
            return rows
        target = torch.from_numpy(labels[indices])
        optimizer.zero_grad()
        logits = net(((torch.from_numpy(pictures[indices]).float() - mean) * config["data"]["scale"]).permute(0, 3, 1, 2))
        loss = torch.nn.functional.cross_entropy(logits, target)
        loss.backward()
        optimizer.step()
        images, errors, loss_sum = images + size, errors + (logits.argmax(1) != target).sum().item(), loss_sum + loss.item() * size
        if step in logged:
            epoch = (step * size - 1) // count + 1  # an interval counts for the epoch that it ends in
            our_loss, our_error = logged[step]
            rows.append(Interval(epoch, step, images, our_error, errors / images, our_loss, loss_sum / images))
            images, errors, loss_sum = 0, 0, 0.0


def by_epoch(rows, most):
    table = []
    for epoch in sorted({row.epoch for row in rows if row.epoch <= most}):
        chosen = [row for row in rows if row.epoch == epoch]
        images = sum(row.images for row in chosen)
        means = {key: sum(row.images * getattr(row, key) for row in chosen) / images for key in Interval._fields[3:]}
        table.append(Interval(epoch, chosen[-1].step, images, **means))
    return table


def largest_difference(rows):
    return max((abs(row.error_alexnet - row.error_pytorch) for row in rows), default=None)


def main():
    parser = argparse.ArgumentParser(prog="figure1_peer.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", metavar="RUN", help="a run directory of scripts/relu_vs_tanh: OUT/runs/NAME")
    parser.add_argument("--epochs", type=int, default=5, help="to compare [5]")
    parser.add_argument("--perturb", type=float, default=0, metavar="SHARE", help="multiply PyTorch's initial weights by 1 + SHARE * N(0, 1) [0]")
    parser.add_argument("--csv", metavar="FILE", help="write the errors and losses of every interval")
    parser.add_argument("--alexnet", default=os.path.join(ROOT, "build", "alexnet"), help="the executable [build/alexnet]")
    parser.add_argument("--python", help="an interpreter that has PyTorch, NumPy and PyYAML [this one]")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of PyTorch [the cores]")
    args = parsed(parser)
    require_alexnet(args.alexnet)
    for name in ("config.yaml", "metrics.jsonl"):
        if not os.path.exists(os.path.join(args.run, name)):
            stop(66, f"{args.run}: no {name} in it; give a run directory of scripts/relu_vs_tanh")
    if args.python:
        options = {"--epochs": args.epochs, "--perturb": args.perturb, "--csv": args.csv, "--alexnet": args.alexnet, "--threads": args.threads}
        own = [word for option, value in options.items() if value is not None for word in (option, str(value))]
        os.execvp(args.python, [args.python, os.path.abspath(__file__), args.run, *own])
    try:
        import numpy as np
        import torch
        import yaml
    except ImportError as error:
        stop(69, f"{error}; name an interpreter that has it with --python, or run scripts/setup test")
    torch.set_num_threads(args.threads)
    with open(os.path.join(args.run, "config.yaml"), encoding="utf-8") as file:
        config = yaml.safe_load(file)
    say(f"PyTorch {torch.__version__}, {args.threads} threads")
    rows = train(np, torch, args, config)
    if args.csv:
        with open(args.csv, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(Interval._fields)
            writer.writerows(rows)
    table = by_epoch(rows, args.epochs)
    print("| epoch | running error: alexnet | PyTorch | running loss: alexnet | PyTorch |\n|---|---|---|---|---|")
    for row in table:
        print(f"| {row.epoch} | {100 * row.error_alexnet:.2f} % | {100 * row.error_pytorch:.2f} % | {row.loss_alexnet:.4f} | {row.loss_pytorch:.4f} |")
    print(json.dumps({"torch": torch.__version__, "epochs": len(table),
                      "first_loss_difference": abs(rows[0].loss_alexnet - rows[0].loss_pytorch) if rows else None,
                      "largest_difference_of_an_interval": largest_difference(rows), "largest_difference_of_an_epoch": largest_difference(table)}))


if __name__ == "__main__":
    main()
