"""Reads a prepared data set as others do; run by other_readers_test.cpp.

  read_shards.py index FOLDER              every .idx against tarfile, as DALI documents the format; prints the number of samples
  read_shards.py webdataset FOLDER OUT     by the webdataset package: prints "KEY LABEL WIDTH HEIGHT" lines, pixels (RGB) go to OUT
"""
import glob
import os
import sys
import tarfile


def check_index(folder):
    """A line "v1.2 N", then for each sample "EXTENSION OFFSET SIZE NAME" of each of its parts, all on one line."""
    samples = 0
    for path in sorted(glob.glob(os.path.join(folder, "*.idx"))):
        with tarfile.open(path[:-4] + ".tar") as tar:
            members = [(os.path.splitext(m.name)[1][1:], m.offset_data, m.size, m.name) for m in tar if m.isfile()]
        with open(path, encoding="ascii") as file:
            head, *lines = file.read().splitlines()
        assert head == f"v1.2 {len(lines)}", head
        parts = []
        for line in lines:
            words = line.split(" ")
            assert len(words) % 4 == 0, line
            sample = [(words[i], int(words[i + 1]), int(words[i + 2]), words[i + 3]) for i in range(0, len(words), 4)]
            assert len({os.path.splitext(name)[0] for _, _, _, name in sample}) == 1, line
            parts += sample
        assert parts == members, (path, parts[:2], members[:2])
        samples += len(lines)
    print(samples)


def read_webdataset(folder, out):
    import webdataset

    shards = sorted(glob.glob(os.path.join(folder, "train-*.tar")))
    pictures = webdataset.WebDataset(shards, shardshuffle=False).decode("pil").to_tuple("__key__", "jpg;ppm", "cls")
    with open(out, "wb") as file:
        for key, picture, label in pictures:
            assert picture.mode == "RGB", picture.mode
            print(key, label, *picture.size)
            file.write(picture.tobytes())


if __name__ == "__main__":
    if sys.argv[1] == "index":
        check_index(sys.argv[2])
    else:
        read_webdataset(*sys.argv[2:])
