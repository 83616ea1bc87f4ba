#!/usr/bin/python3
"""agreement.py DUMP_STEPS CONFIG [key=value...]: PyTorch and we compute the same network.

Runs dump_steps, loads our checkpoint into scripts/alexnet_torch.py's module and compares logits, loss, every gradient, and every
parameter after 5 SGD steps, norm-wise per tensor. Exit 77 (skipped) without PyTorch or PyYAML.
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
STEPS = 5


def main():
    dump_steps, config_path, settings = sys.argv[1], sys.argv[2], sys.argv[3:]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([dump_steps, config_path, folder, *settings], check=True)
        with open(os.path.join(folder, "config.yaml"), encoding="utf-8") as file:
            config = yaml.safe_load(file)
        ours, _ = read_safetensors(os.path.join(folder, "steps.safetensors"))
        net = AlexNet(config, num_classes=ours["logits"].shape[1])
        net.load(os.path.join(folder, "initial.safetensors"))
    net.train()
    labels = ours["labels"].long()
    momentum = config["optimizer"]["momentum"]
    velocity = {name: torch.zeros_like(p) for name, p in net.named_parameters()}
    worst = {}
    failures = []

    def compare(kind, name, theirs, tolerance=TOLERANCE):
        mine = ours[name]
        difference = ((mine - theirs.detach()).norm() / theirs.detach().norm().clamp_min(1e-30)).item()
        worst[kind] = max(worst.get(kind, 0.0), difference)
        if not difference <= tolerance:
            failures.append(f"{name}: differs by {difference:.2e} of its norm, allowed {tolerance:.0e}")

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
                    ours["gradient." + name]  # noqa: B018: must be there
                    compare("gradients", "gradient." + name, p.grad)
                rate, decay = ours["learning_rate." + name].item(), ours["weight_decay." + name].item()
                velocity[name].mul_(momentum).add_(p, alpha=-decay * rate).add_(p.grad, alpha=-rate)
                p.add_(velocity[name])
    for name, p in net.named_parameters():
        compare("weights after 5 steps", name, p)
        if torch.equal(p.detach(), initial[name]):
            failures.append(f"{name}: did not move in {STEPS} steps")
    if net.state_dict().keys() != {name for name in ours if name in initial}:
        failures.append("tensors are missing")
    print(f"{os.path.basename(config_path)} {' '.join(settings)}: {sum(p.numel() for p in net.parameters())} parameters, loss {loss.item():.4f}")
    for kind, difference in worst.items():
        print(f"  {kind}: largest difference {difference:.2e}")
    for failure in failures:
        print("FAILED", failure)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
