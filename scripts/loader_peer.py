#!/usr/bin/env python3
"""The peers of scripts/bench_loader: the usual ways to feed 256 x 256 pictures to PyTorch, timed.

RandomCrop(224), RandomHorizontalFlip and ToTensor (with --uint8: PILToTensor) of torchvision, batches by
torch.utils.data.DataLoader; pictures come from class folders (torchvision's ImageFolder, drawn with replacement, so that no epoch
ends) or from WebDataset shards (shuffled, endless).
Prints one JSON line: for each number of workers images/s and images by the processor time of all processes.

  python3 scripts/loader_peer.py --kind folder|webdataset --data FOLDER --batch 128 --workers 0 2 --seconds 2
"""
import argparse
import glob
import json
import multiprocessing
import os
import time

import torch
import torchvision
import webdataset
from torch.utils.data import DataLoader, RandomSampler
from torchvision import transforms

WARMUP_BATCHES = 6
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def augmentation(args):
    to_tensor = transforms.PILToTensor() if args.uint8 else transforms.ToTensor()
    return transforms.Compose([transforms.RandomCrop(args.crop), transforms.RandomHorizontalFlip(), to_tensor])


def as_it_is(value):
    return value


def folder_loader(args, workers):
    pictures = torchvision.datasets.ImageFolder(args.data, augmentation(args))
    endless = RandomSampler(pictures, replacement=True, num_samples=10**9)
    return DataLoader(pictures, args.batch, sampler=endless, num_workers=workers)


def webdataset_loader(args, workers):
    shards = sorted(glob.glob(os.path.join(args.data, "train-*.tar")))
    pictures = webdataset.WebDataset(shards, resampled=True).shuffle(1000).decode("pil").to_tuple("jpg;ppm", "cls")
    pictures = pictures.map_tuple(augmentation(args), as_it_is).batched(args.batch)
    return DataLoader(pictures, batch_size=None, num_workers=workers)


def processor_s():
    """Of this process and of the workers that are alive."""
    total = time.process_time()
    for worker in multiprocessing.active_children():
        with open(f"/proc/{worker.pid}/stat", encoding="utf-8") as file:
            fields = file.read().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / TICKS_PER_S  # utime and stime
    return total


def rate(loader, seconds):
    batches = iter(loader)
    for _ in range(WARMUP_BATCHES):
        images, _ = next(batches)
    begin, processor_begin, count = time.perf_counter(), processor_s(), 0
    while time.perf_counter() - begin < seconds:
        images, _ = next(batches)
        count += len(images)
    elapsed, processor = time.perf_counter() - begin, processor_s() - processor_begin
    return {"images_per_s": round(count / elapsed, 1), "images_per_core_s": round(count / processor, 1)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", required=True, choices=["folder", "webdataset"])
    parser.add_argument("--data", required=True)
    parser.add_argument("--crop", type=int, default=224)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 2])
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--uint8", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    make = folder_loader if args.kind == "folder" else webdataset_loader
    version = f"torchvision {torchvision.__version__}" if args.kind == "folder" else f"webdataset {webdataset.__version__}"
    print(json.dumps({"peer": version, "torch": torch.__version__,
                      "rates": {workers: rate(make(args, workers), args.seconds) for workers in args.workers}}))


if __name__ == "__main__":
    main()
