"""Prepared pictures against Pillow: the same bytes as torchvision's Resize(size) and CenterCrop(size) on PIL images.

    resize_agreement.py ALEXNET

Leaves with 77 where Pillow is missing.
"""
import io
import os
import subprocess
import sys
import tarfile
import tempfile

try:
    import numpy as np
    from PIL import Image
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

# (width, height): shrinking, enlarging, one side that fits, long and narrow ones, sizes whose margin is odd.
SHAPES = [(500, 375), (375, 500), (333, 500), (257, 256), (256, 259), (64, 64), (100, 63), (1280, 1094), (2000, 97), (31, 900), (512, 512), (300, 255),
          (7, 5), (1, 1), (3, 700), (96, 97), (97, 96), (98, 96), (99, 96), (192, 193), (193, 191)]


def expected(picture, size):
    width, height = picture.size
    short = min(width, height)
    if short != size:
        picture = picture.resize((int(size * width / short), int(size * height / short)), Image.BILINEAR)
    left, top = (int(round((extent - size) / 2)) for extent in picture.size)
    return np.asarray(picture.crop((left, top, left + size, top + size)))


def prepared(alexnet, folder, size):
    """Source name -> pixels."""
    out = os.path.join(folder, f"set{size}")
    subprocess.run([alexnet, "prepare", os.path.join(folder, "pictures"), out, "--size", str(size), "--encoding", "raw", "--val-fraction", "0", "-q"],
                   check=True, stdout=subprocess.DEVNULL)
    with open(os.path.join(out, "train.tsv"), encoding="utf-8") as table:
        names = {line.split("\t")[0]: line.split("\t")[4] for line in table}
    pixels = {}
    with tarfile.open(os.path.join(out, "train-000000.tar")) as shard:
        for member in shard:
            key, extension = member.name.split(".")
            if extension == "ppm":
                pixels[names[key]] = np.asarray(Image.open(io.BytesIO(shard.extractfile(member).read())))
    return pixels


def main():
    random = np.random.default_rng(1)
    num_wrong = num_right = 0
    with tempfile.TemporaryDirectory() as folder:
        for i, (width, height) in enumerate(SHAPES):
            name = os.path.join(folder, "pictures", "ab"[i % 2], f"{width}x{height}.png")
            os.makedirs(os.path.dirname(name), exist_ok=True)
            Image.fromarray(random.integers(0, 256, (height, width, 3), dtype=np.uint8)).save(name)
        for size in (96, 256):
            found = prepared(sys.argv[1], folder, size)
            for name, pixels in found.items():
                wanted = expected(Image.open(os.path.join(folder, "pictures", name)), size)
                same = np.array_equal(pixels, wanted)
                num_right, num_wrong = num_right + same, num_wrong + (not same)
                if not same:
                    print(f"{name} to {size}: {np.count_nonzero(pixels != wanted)} bytes differ, by {np.abs(pixels.astype(int) - wanted).max()} at most")
    print(f"{num_right} pictures are Pillow's byte for byte, {num_wrong} are not")
    sys.exit(0 if num_wrong == 0 and num_right == 2 * len(SHAPES) else 1)


if __name__ == "__main__":
    main()
