"""What the scripts that measure this program beside others share: a virtual environment for the others, and running both."""
import json
import os
import platform
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAM = os.path.basename(sys.argv[0])


def stop(code, message):
    print(message if message.startswith("error: ") else f"error: {PROGRAM}: {message}", file=sys.stderr)
    sys.exit(code)


def say(text):
    print(text, file=sys.stderr, flush=True)


def parsed(parser):
    """The arguments; a wrong command line ends with 64."""
    try:
        return parser.parse_args()
    except SystemExit as e:
        sys.exit(64 if e.code else 0)


def require_alexnet(path):
    if not shutil.which(path):
        stop(66, f"error: {PROGRAM}: {path}: there is no such executable; build it first (README.md)")


def python_with(modules, folder):
    """The interpreter of a virtual environment that has these modules (module -> its name at PyPI); made if it is not there."""
    python = os.path.join(folder, "bin", "python3")
    has_all = ["-c", "import " + ", ".join(modules)]
    if os.path.exists(python) and subprocess.run([python, *has_all], capture_output=True, check=False).returncode == 0:
        return python
    say(f"{', '.join(modules)} into {folder} (minutes)")
    if not os.path.exists(python):
        made = subprocess.run(["/usr/bin/python3", "-m", "venv", folder], capture_output=True, text=True, check=False)
        if made.returncode != 0:
            reason = " ".join(made.stdout.split())[-200:]
            stop(69, f"error: {PROGRAM}: no virtual environment can be made; run scripts/setup peers first: {reason}")
    installed = subprocess.run([python, "-m", "pip", "install", "--quiet", *modules.values()], capture_output=True, text=True, check=False)
    if installed.returncode != 0:
        stop(69, f"error: {PROGRAM}: pip install {' '.join(modules.values())} failed: {' '.join(installed.stderr.split())[-300:]}")
    return python


def measured(command):
    """The JSON that the command prints last."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        stop(70, f"error: {PROGRAM}: {' '.join(command)} ended with {done.returncode}: {' '.join(done.stderr.split())[-300:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def cpu_name():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor()
