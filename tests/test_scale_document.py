"""The scripts in docs/scale.md, as far as they can be run without a farm."""

import os
import re
import subprocess
from pathlib import Path

import click
import yaml

from spag4d.commands import cli

DOCUMENT = (Path(__file__).parents[1] / "docs" / "scale.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)


def check(words: list[str]) -> None:
    """Let the command line read the words, without doing what they say."""
    command = cli.commands[words[0]]
    command.make_parser(click.Context(command)).parse_args(list(words[1:]))


def commands_in(script: str, tmp_path: Path, **variables: str) -> list[list[str]]:
    """Run a script with programs that only write down how they were called."""
    log = tmp_path / "log"
    for name, line in {"spag4d": f'printf "%s\\t" "$@" >> {log}; echo >> {log}', "srun": '"$@"', "pip": "", "ray": ""}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{line}\n")
        (tmp_path / name).chmod(0o755)
    environment = {**os.environ, **variables, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(["bash", "-eu", "-c", script], env=environment, check=True)
    return [line.rstrip("\t").split("\t") for line in log.read_text().splitlines()]


def test_commands_are_those_of_the_command_line(tmp_path: Path) -> None:
    variables = {"HEAD": "head", "SLURM_CPUS_PER_TASK": "2", "SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_COUNT": "16"}
    found = [words for script in blocks("sh") for words in commands_in(script, tmp_path, **variables)]
    assert any("3/16" in words for words in found)
    for words in found:
        check(words)


def test_manifests_can_be_read_and_start_commands_that_there_are() -> None:
    manifests = [part for text in blocks("yaml") for part in yaml.safe_load_all(text)]
    jobs = [part for part in manifests if part.get("kind") == "Job"]
    assert jobs
    for job in jobs:
        assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"
        for container in job["spec"]["template"]["spec"]["containers"]:
            assert container["command"][0] == "spag4d"
            check(container["command"][1:])


def test_the_cloud_is_described_as_ray_wants_it() -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    clouds = [part for text in blocks("yaml") for part in yaml.safe_load_all(text) if "cluster_name" in part]
    assert len(clouds) == 1
    validate_config(prepare_config(clouds[0]))
