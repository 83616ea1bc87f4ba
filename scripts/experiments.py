"""What the scripts that run many trainings share: jobs side by side, going on after a kill, and results that belong together.

OUT/experiment.json says which program, config and data set the results are of; OUT/runs/NAME is a run directory of `alexnet train`. A job
that is done has OUT/runs/NAME/done.json; all others go on with --resume. Nothing else is remembered, so a killed script is started again
with the same command.
"""
import hashlib
import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field

import peers_common
from peers_common import PROGRAM, ROOT, require_alexnet, say, stop

POLL_S = 0.5


def add_arguments(parser, out):
    parser.add_argument("--alexnet", default=os.path.join(ROOT, "build", "alexnet"), help="the executable [build/alexnet]")
    parser.add_argument("--data", required=True, help="data set of alexnet prepare")
    parser.add_argument("--out", default=out, help=f"folder of runs and results [{out}]")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="trainings side by side, each with its share of the cores [the cores]")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="sets", help="change a key of every run")
    parser.add_argument("--mix", action="store_true", help="go on in a folder whose results are of another commit, config or data set")
    parser.add_argument("--quick", action="store_true", help="fewer runs, 15 minutes at most on two cores")


def parsed(parser):
    args = peers_common.parsed(parser)
    if args.jobs < 1:
        stop(64, f"error: {PROGRAM}: --jobs {args.jobs}: must be 1 or more")
    require_alexnet(args.alexnet)
    if not os.path.exists(os.path.join(args.data, "dataset.json")):
        stop(66, f"error: {PROGRAM}: --data {args.data}: no dataset.json in it; make a data set with alexnet prepare")
    return args


@dataclass
class Job:
    name: str  # of its run directory
    config: str
    sets: list
    labels: dict = field(default_factory=dict)  # columns of the tables: activation, rate, seed ...


def records(run):
    """The lines of RUN/metrics.jsonl, without one that a kill cut off."""
    path = os.path.join(run, "metrics.jsonl")
    if not os.path.exists(path):
        return []
    found = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            try:
                found.append(json.loads(line))
            except ValueError:
                pass
    return found


class Experiment:
    def __init__(self, args, configs):
        self.args = args
        self.version = json.loads(subprocess.run([args.alexnet, "--version", "--json"], capture_output=True, text=True, check=True).stdout)
        self.remember(configs)

    def remember(self, configs):
        """Refuses to add to the results of another experiment."""
        dumps = "".join(self.resolved(config) for config in configs)
        with open(os.path.join(self.args.data, "dataset.json"), "rb") as file:
            data = hashlib.sha256(file.read()).hexdigest()[:16]
        now = {"commit": self.version["commit"], "configs": hashlib.sha256(dumps.encode()).hexdigest()[:16], "data": data}
        path = os.path.join(self.args.out, "experiment.json")
        os.makedirs(os.path.join(self.args.out, "runs"), exist_ok=True)
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                before = json.load(file)
            differing = [key for key in now if before.get(key) != now[key]]
            if differing and not self.args.mix:
                was = ", ".join(f"{key} {before.get(key)} (now {now[key]})" for key in differing)
                stop(65, f"error: {PROGRAM}: {self.args.out}: holds results of another {was}; choose another --out, or add --mix")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(now, file, indent=1)

    def resolved(self, config):
        command = [self.args.alexnet, "config", config] + [word for s in self.args.sets for word in ("--set", s)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            stop(done.returncode, done.stderr.strip())
        return done.stdout

    def run_folder(self, job):
        return os.path.join(self.args.out, "runs", job.name)

    def result(self, job):
        """What finish() wrote, or None."""
        path = os.path.join(self.run_folder(job), "done.json")
        if not os.path.exists(path):
            return None
        with open(path, encoding="utf-8") as file:
            return json.load(file)

    def finish(self, job, result):
        path = os.path.join(self.run_folder(job), "done.json")
        with open(path + ".tmp", "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1)
        os.replace(path + ".tmp", path)

    def start(self, job):
        threads = max(1, os.cpu_count() // self.args.jobs)
        command = [self.args.alexnet, "train", "--config", job.config, "--run-dir", self.run_folder(job), "--resume", "--set", f"data.path={self.args.data}",
                   "--set", f"device.threads={threads}"]
        command += [word for s in job.sets + self.args.sets for word in ("--set", s)]
        os.makedirs(self.run_folder(job), exist_ok=True)
        log = open(os.path.join(self.run_folder(job), "output.log"), "ab")  # closed with the process
        say(f"{job.name}: begins or goes on")
        return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True), log

    def run(self, jobs, evaluate):
        """Runs the jobs that are not done. evaluate(job, records, ended) -> the result when nothing more is to be learnt from the run,
        else None; a run with a result is stopped."""
        waiting = [job for job in jobs if self.result(job) is None]
        say(f"{len(jobs)} runs, {len(jobs) - len(waiting)} of them done before")
        running = {}
        try:
            while waiting or running:
                while waiting and len(running) < self.args.jobs:
                    job = waiting.pop(0)
                    running[job.name] = (job, *self.start(job))
                time.sleep(POLL_S)
                for job, process, log in list(running.values()):
                    code = process.poll()
                    result = evaluate(job, records(self.run_folder(job)), code is not None)
                    if result is not None and code is None:
                        process.send_signal(signal.SIGTERM)
                        code = process.wait()
                    if code is None:
                        continue
                    log.close()
                    del running[job.name]
                    if result is None or code not in (0, 1, 75):  # 1: diverged, which is a result
                        stop(70, f"error: {PROGRAM}: {job.name}: alexnet ended with {code}; see {self.run_folder(job)}/output.log")
                    self.finish(job, result)
                    say(f"{job.name}: {json.dumps(result)}")
        finally:
            for _, process, _ in running.values():
                process.send_signal(signal.SIGTERM)
            for _, process, _ in running.values():
                process.wait()
