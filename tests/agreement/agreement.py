#!/usr/bin/python3
"""agreement.py DUMP_STEPS CONFIG TRIES [key=value...]: PyTorch and we compute the same network.

Runs dump_steps, loads our checkpoint into scripts/alexnet_torch.py's module and compares logits, loss, every gradient, and every
parameter after 5 SGD steps, norm-wise per tensor.

TRIES: sets of pictures that may be tried. A smooth network must agree on the first. Where two values under a max-pool, or a value and
a ReLU's zero, lie closer than f32's rounding, the two programs may choose differently: one such choice among 280,000 moves a gradient
by 1e-3 of its norm. That is luck of the pictures, so a network with kinks must agree on one set of a few; a wrong formula agrees on none.

Exit 77 (skipped) without PyTorch or PyYAML.
"""
import os
import subprocess
import sys
import tempfile

try:
    import torch
    import yaml
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts"))
from alexnet_torch import AlexNet, read_safetensors  # noqa: E402

TOLERANCE = 1e-4  # f32 sums in different orders, through a dozen layers
KINK_TOLERANCE = 0.1  # what a few different choices at kinks can explain; more is a wrong formula, whatever the pictures
STEPS = 5


def load(dump_steps, config_path, pictures, settings):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([dump_steps, config_path, folder, str(pictures), *settings], check=True)
        with open(os.path.join(folder, "config.yaml"), encoding="utf-8") as file:
            config = yaml.safe_load(file)
        ours, _ = read_safetensors(os.path.join(folder, "steps.safetensors"))
        net = AlexNet(config, num_classes=ours["logits"].shape[1])
        net.load(os.path.join(folder, "initial.safetensors"))
    return config, ours, net.train()


def differences(config, ours, net):
    """-> {(what, tensor): difference as a fraction of the norm}"""
    found = {}

    def compare(what, name, theirs):
        theirs = theirs.detach()
        found[what, name] = ((ours[name] - theirs).norm() / theirs.norm().clamp_min(1e-30)).item()

    labels = ours["labels"].long()
    velocity = {name: torch.zeros_like(p) for name, p in net.named_parameters()}
    initial = {name: p.detach().clone() for name, p in net.named_parameters()}
    for step in range(STEPS):
        net.zero_grad()
        logits = net(ours["images"])
        loss = torch.nn.functional.cross_entropy(logits, labels)
        loss.backward()
        if step == 0:
            compare("logits", "logits", logits)
            compare("loss", "loss", loss.reshape(1))
        with torch.no_grad():
            for name, p in net.named_parameters():
                if step == 0:
                    compare("gradients", "gradient." + name, p.grad)
                rate, decay = ours["learning_rate." + name].item(), ours["weight_decay." + name].item()
                velocity[name].mul_(config["optimizer"]["momentum"]).add_(p, alpha=-decay * rate).add_(p.grad, alpha=-rate)
                p.add_(velocity[name])
    for name, p in net.named_parameters():
        if torch.equal(p.detach(), initial[name]):
            sys.exit(f"FAILED {name} did not move in {STEPS} steps")
        compare(f"weights after {STEPS} steps", name, p)
    return found


def main():
    dump_steps, config_path, tries, settings = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:]
    for pictures in range(1, tries + 1):
        config, ours, net = load(dump_steps, config_path, pictures, settings)
        found = differences(config, ours, net)
        print(f"{os.path.basename(config_path)}, pictures {pictures}: {sum(p.numel() for p in net.parameters())} parameters")
        for kind in dict.fromkeys(what for what, _ in found):
            worst = max((value, name) for (what, name), value in found.items() if what == kind)
            print(f"  {kind}: largest difference {worst[0]:.2e} of the norm, in {worst[1]}")
        if all(value <= TOLERANCE for value in found.values()):
            return
        for (what, name), value in found.items():
            if not value <= TOLERANCE:
                print(f"  {what}, {name}: {value:.2e}, allowed {TOLERANCE:.0e}")
        if not all(value <= KINK_TOLERANCE for value in found.values()):
            break
    sys.exit("FAILED")


if __name__ == "__main__":
    main()
