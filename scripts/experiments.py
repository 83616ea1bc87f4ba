"""What the scripts that run many trainings share: jobs side by side, going on after a kill, results that belong together, and tables,
figures and reports of them.

OUT/experiment.json says which program, config and data set the results are of; OUT/runs/NAME is a run directory of `alexnet train`, whose
job.json says what was changed in its config. A job that is done has done.json there; all others go on with --resume. Nothing else is
remembered, so a killed script is started again with the same command.
"""
import csv
import glob
import hashlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field

import peers_common
from peers_common import PROGRAM, ROOT, cpu_name, measured, require_alexnet, say, stop

POLL_S = 0.5
EVALUATED = ("top1_error", "top5_error", "top1_error_centre", "top5_error_centre")
ENSEMBLE = "ensemble"  # an evaluation of several runs' average
ACTIVATIONS = ("relu", "leaky_relu", "tanh", "softsign", "sigmoid")  # types of layers


def add_arguments(parser, out):
    parser.add_argument("--alexnet", default=os.path.join(ROOT, "build", "alexnet"), help="the executable [build/alexnet]")
    parser.add_argument("--data", required=True, help="data set of alexnet prepare")
    parser.add_argument("--out", default=out, help=f"folder of runs and results [{out}]")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="trainings side by side, each with its share of the cores [the cores]")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="sets", help="change a key of every run")
    parser.add_argument("--mix", action="store_true", help="go on in a folder whose results are of another commit, config or data set")
    parser.add_argument("--quick", action="store_true", help="fewer runs, 15 minutes at most on two cores")
    parser.add_argument("--report", action="store_true", help="train nothing: tables and figure of the runs that are done")


def write_json(path, value):
    """Whole or not at all."""
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)
    os.replace(path + ".tmp", path)


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def positive(option, value):
    if value is not None and value < 1:
        stop(64, f"error: {PROGRAM}: {option} {value}: must be 1 or more")


def parsed(parser):
    args = peers_common.parsed(parser)
    positive("--jobs", args.jobs)
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
    keep_checkpoints: bool = True  # False: removed when the job is done


def yaml():
    try:
        import yaml as module
    except ImportError:
        stop(69, f"error: {PROGRAM}: PyYAML is missing; run scripts/setup test")
    return module


def chosen(only, known):
    """The names of --only, or all known ones."""
    for name in only or []:
        if name not in known:
            stop(64, f"error: {PROGRAM}: --only {name}: unknown; there are {', '.join(known)}")
    return [name for name in known if name in only] if only else list(known)


def inputs_of(layer):
    """How many products each output of a layer of `summary` sums: its weights without the bias, by outputs."""
    return layer["parameters"] / layer["output"][-1] - 1


def sets_that_keep_variance(before, after, config):
    """Standard deviations of initial weights, as --set, for the layers that have another number of inputs in `after` than in `before`
    (layers of `summary`): std^2 * inputs stays, and with it the variance of a layer's sums in the first step."""
    inputs = {layer["name"]: inputs_of(layer) for layer in before if layer["parameters"]}
    stds = {layer["name"]: layer["weights"]["std"] for layer in config["model"]["layers"] if "weights" in layer}
    changed = [layer for layer in after if layer["parameters"] and inputs_of(layer) != inputs[layer["name"]]]
    return [f"model.layers.{layer['name']}.weights.std={stds[layer['name']] * (inputs[layer['name']] / inputs_of(layer)) ** 0.5:.4g}" for layer in changed]


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


def short_hash(text):
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Experiment:
    def __init__(self, args, configs, settings=None):
        """settings: more that results must agree in, as {name: value}."""
        self.args = args
        self.version = json.loads(subprocess.run([args.alexnet, "--version", "--json"], capture_output=True, text=True, check=True).stdout)
        self.remember(configs, settings or {})

    def remember(self, configs, settings):
        """Refuses to add to the results of another experiment."""
        dumps = "".join(self.resolved(config) for config in configs)
        pictures = json.dumps({key: self.dataset()[key] for key in ("size", "classes", "splits")}, sort_keys=True)  # with the shards' hashes
        self.agreed = {"commit": self.version["commit"], "configs": short_hash(dumps), "pictures": short_hash(pictures), **settings}
        path = os.path.join(self.args.out, "experiment.json")
        for folder in ("runs", "evaluations"):
            os.makedirs(os.path.join(self.args.out, folder), exist_ok=True)
        if os.path.exists(path):
            self.refuse_other(self.args.out, read_json(path))
        else:
            write_json(path, self.agreed)

    def refuse_other(self, where, experiment):
        differing = [key for key in self.agreed if experiment.get(key) != self.agreed[key]]
        if differing:
            self.refuse_mix(where, ", ".join(f"{key} {experiment.get(key)} (now {self.agreed[key]})" for key in differing))

    def refuse_mix(self, where, was):
        if not self.args.mix:
            stop(65, f"error: {PROGRAM}: {where}: holds results of another {was}; choose another --out, or add --mix")

    def refuse_undone_changes(self, keys):
        """--set of all runs comes first, so one of a key that the runs set themselves would have no effect."""
        for given in self.args.sets:
            key = given.split("=")[0]
            if any(key == own or key.startswith(own + ".") or own.startswith(key + ".") for own in keys):
                stop(64, f"error: {PROGRAM}: --set {given}: the runs set {key} themselves; see --help for what can be chosen")

    def refuse_changed_jobs(self, jobs):
        for job in jobs:
            self.refuse_changed(self.args.out, job, self.begun(job))

    def refuse_changed(self, where, job, before):
        """A run that was begun with other changes of its config, by another --epochs say, is of another experiment."""
        if before is not None and before != job.sets:
            differing = [s for s in before if s not in job.sets] or before
            self.refuse_mix(where, f"configuration: {job.name} was begun with {', '.join(differing) or 'no --set'}")

    def job(self, job):
        """What was written when the run was begun, or {}."""
        path = os.path.join(self.run_folder(job), "job.json")
        return read_json(path) if os.path.exists(path) else {}

    def begun(self, job):
        """The changes of its config that a run was begun with, or None."""
        return self.job(job).get("sets")

    def asked(self, command, config, sets):
        """What `alexnet COMMAND CONFIG` prints with these --set."""
        words = [self.args.alexnet, *command, config] + [word for s in sets for word in ("--set", s)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            stop(done.returncode, done.stderr.strip())
        return done.stdout

    def resolved(self, config, sets=()):
        """The whole config, with the --set of all runs and these."""
        return self.asked(["config"], config, [*self.args.sets, *sets])

    def summary(self, config, sets):
        """The layers of the network, with shapes, parameters and multiply-accumulates."""
        return json.loads(self.asked(["summary", "--json", "--config"], config, [*self.args.sets, *sets, f"model.num_classes={self.num_classes()}"]))["layers"]

    def dataset(self):
        return read_json(os.path.join(self.args.data, "dataset.json"))

    def num_classes(self):
        return len(self.dataset()["classes"])

    def require_pictures(self, size):
        """Of another size a crop would be another share of the picture."""
        if self.dataset()["size"] != size:
            stop(65, f"error: {PROGRAM}: --data {self.args.data}: pictures of {self.dataset()['size']} pixels; this net is for {size}: alexnet prepare --size {size}")

    def run_folder(self, job):
        return os.path.join(self.args.out, "runs", job.name)

    def result(self, job):
        """What finish() wrote, or None."""
        path = os.path.join(self.run_folder(job), "done.json")
        return read_json(path) if os.path.exists(path) else None

    def finish(self, job, result):
        write_json(os.path.join(self.run_folder(job), "done.json"), {**result, **self.origin(job)})
        if not job.keep_checkpoints:
            for checkpoint in glob.glob(os.path.join(self.run_folder(job), "*.safetensors")):
                os.remove(checkpoint)
            shutil.rmtree(os.path.join(self.run_folder(job), "checkpoints"), ignore_errors=True)

    def start(self, job):
        threads = max(1, os.cpu_count() // self.args.jobs)
        command = [self.args.alexnet, "train", "--config", job.config, "--run-dir", self.run_folder(job), "--resume", "--set", f"data.path={self.args.data}",
                   "--set", f"device.threads={threads}"]
        command += [word for s in self.args.sets + job.sets for word in ("--set", s)]
        os.makedirs(self.run_folder(job), exist_ok=True)
        write_json(os.path.join(self.run_folder(job), "job.json"), {"config": job.config, "sets": job.sets, "experiment": self.agreed})
        log = open(os.path.join(self.run_folder(job), "output.log"), "ab")  # closed with the process
        say(f"{job.name}: begins or goes on")
        return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True), log

    def run(self, jobs, evaluate):
        """Runs the jobs that are not done. evaluate(job, records, ended) -> the result when nothing more is to be learnt from the run,
        else None; a run with a result is stopped. -> the jobs that have a result: with --report those of before, otherwise all."""
        self.refuse_changed_jobs(jobs)
        if self.args.report:
            return [job for job in jobs if self.result(job) is not None]
        self.refuse_undone_changes({s.split("=")[0] for job in jobs for s in job.sets})
        waiting = [job for job in jobs if self.result(job) is None]
        say(f"{len(jobs)} runs, {len(jobs) - len(waiting)} of them done before")
        running = {}
        # Left to itself a training would go on, and be in the way of the next one of its name.
        for number, code in ((signal.SIGTERM, 75), (signal.SIGHUP, 75), (signal.SIGINT, 130)):
            signal.signal(number, lambda *_, code=code: stop(code, f"error: {PROGRAM}: stopped on request; the same command goes on"))
        try:
            while waiting or running:
                while waiting and len(running) < self.args.jobs:
                    job = waiting.pop(0)
                    running[job.name] = (job, *self.start(job))
                time.sleep(POLL_S)
                for job, process, log in list(running.values()):
                    code = process.poll()
                    result = evaluate(job, records(self.run_folder(job)), code is not None)
                    good = (0, 1)  # 1: diverged, which is a result
                    if result is not None and code is None:
                        process.send_signal(signal.SIGTERM)
                        code = process.wait()
                        good = (0, 1, 75, -signal.SIGTERM)  # the signal itself: it was at its end
                    if code is None:
                        continue
                    log.close()
                    del running[job.name]
                    if code not in good or result is None:
                        why = {73: "another process trains it", 75: "it was stopped from outside; the same command goes on"}.get(code, f"alexnet ended with {code}")
                        stop(code if code == 75 else 70, f"error: {PROGRAM}: {job.name}: {why}; see {self.run_folder(job)}/output.log")
                    self.finish(job, result)
                    say(f"{job.name}: {json.dumps(result)}")
        finally:
            for _, process, _ in running.values():
                process.send_signal(signal.SIGTERM)
            for _, process, _ in running.values():
                process.wait()
        return jobs

    def run_some(self, jobs, evaluate):
        """As run(); refuses a --report of nothing."""
        found = self.run(jobs, evaluate)
        if not found:
            stop(66, f"error: {PROGRAM}: --report: no run in {self.args.out} is done; leave --report out to train")
        return found

    def evaluation(self, name, jobs):
        """`alexnet eval` with ten views of the last checkpoint of a job, or of the average of several; asked once, kept in OUT/evaluations.
        None where the checkpoints of several are not all here (of runs that were added)."""
        path, runs = self.evaluation_file(name), [job.name for job in jobs]
        checkpoints = [os.path.join(self.run_folder(job), "last.safetensors") for job in jobs]
        here = [checkpoint for checkpoint in checkpoints if os.path.exists(checkpoint)]
        written = max(map(os.path.getmtime, here), default=0)
        if os.path.exists(path) and os.path.getmtime(path) >= written and read_json(path).get("runs") == runs:
            return read_json(path)
        if len(here) < len(jobs):
            if len(jobs) > 1:
                return None
            stop(66, f"error: {PROGRAM}: {self.run_folder(jobs[0])}: done, but its last.safetensors is gone; remove the folder to train it again")
        say(f"{name}: ten views")
        command = [self.args.alexnet, "eval", "--data", self.args.data, "--views", "10", "--json"]
        found = measured(command + [word for c in checkpoints for word in ("--checkpoint", c)])
        write_json(path, {**{key: found[key] for key in EVALUATED}, "runs": runs})
        return read_json(path)

    def evaluation_file(self, name):
        return os.path.join(self.args.out, "evaluations", name + ".json")

    def origin(self, job):
        """Which program trained a job, where, and for how long; where the run does not tell: this one, here."""
        done, path = self.result(job) or {}, os.path.join(self.run_folder(job), "environment.json")
        if "commit" in done:
            return {key: done[key] for key in ("commit", "cpu", "time_s")}
        return {"commit": read_json(path)["version"]["commit"] if os.path.exists(path) else self.version["commit"], "cpu": cpu_name(),
                "time_s": max((r.get("time_s", 0) for r in records(self.run_folder(job))), default=0)}

    def write_results(self, jobs):
        """OUT/results.json: what add_results() takes up elsewhere."""
        runs = {job.name: {"experiment": self.job(job).get("experiment", self.agreed), "sets": self.begun(job),
                           "done": {**self.result(job), **self.origin(job)}} for job in jobs}
        names = [name for name in [*runs, ENSEMBLE] if os.path.exists(self.evaluation_file(name))]
        evaluations = {name: read_json(self.evaluation_file(name)) for name in names}
        write_json(os.path.join(self.args.out, "results.json"), {"runs": runs, "evaluations": evaluations})

    def add_results(self, path, jobs):
        """Of another results.json the runs that are asked for here and not begun here count as done."""
        try:
            other = read_json(path)
            asked = {job.name: job for job in jobs if job.name in other["runs"]}
            for name, job in asked.items():
                self.refuse_other(path, other["runs"][name]["experiment"])
                self.refuse_changed(path, job, other["runs"][name]["sets"])
            new = {name: job for name, job in asked.items() if self.begun(job) is None}
            evaluations = {name: {key: found[key] for key in (*EVALUATED, "runs")} for name, found in other["evaluations"].items()
                           if (name in new or name == ENSEMBLE) and set(found["runs"]) <= set(new)}
            runs = {name: {key: dict(other["runs"][name])[key] for key in ("experiment", "sets", "done")} for name in new}
            if not all({"diverged", "commit", "cpu", "time_s"} <= run["done"].keys() for run in runs.values()):
                raise KeyError("done")
        except OSError as error:
            stop(66, f"error: {PROGRAM}: --add {path}: {error.strerror}")
        except (ValueError, KeyError, TypeError, AttributeError):
            stop(65, f"error: {PROGRAM}: --add {path}: not a results.json of this script")
        for name, found in evaluations.items():
            write_json(self.evaluation_file(name), found)
        for name, run in runs.items():  # job.json last: without it the same command takes the run up again
            os.makedirs(self.run_folder(new[name]), exist_ok=True)
            write_json(os.path.join(self.run_folder(new[name]), "done.json"), run.pop("done"))
            write_json(os.path.join(self.run_folder(new[name]), "job.json"), run)
        say(f"{path}: of {len(other['runs'])} runs {len(new)} are taken up, {len(asked) - len(new)} were begun here, the others are not asked for")

    def write_csv(self, name, header, rows):
        with open(os.path.join(self.args.out, name), "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows(rows)

    def write_report(self, title, setting, jobs, lines):
        """OUT/report.md: how the results came about, then the lines, which are printed too."""
        origins = [self.origin(job) for job in jobs]
        commits, cpus = (", ".join(sorted({origin[key] for origin in origins})) for key in ("commit", "cpu"))
        command = shlex.join([f"scripts/{PROGRAM}", *sys.argv[1:]])
        origin = f"alexnet {commits}, data set {self.args.data}, {setting}; {cpus}; {len(jobs)} runs, " \
                 f"{sum(origin['time_s'] for origin in origins) / 3600:.1f} hours of training in all, --jobs {self.args.jobs} of {os.cpu_count()} cores; `{command}`."
        with open(os.path.join(self.args.out, "report.md"), "w", encoding="utf-8") as file:
            file.write("\n".join([f"# {title}", "", origin, "", *lines]) + "\n")
        print("\n".join(lines))

    def draw(self, name, paint):
        """paint(pyplot) -> a figure, which becomes OUT/NAME."""
        try:
            import matplotlib
            matplotlib.use("Agg")
            import matplotlib.pyplot as plt
        except ImportError:
            say("no matplotlib: the figure is left out; scripts/setup plot")
            return
        paint(plt).savefig(os.path.join(self.args.out, name), dpi=110, bbox_inches="tight")
