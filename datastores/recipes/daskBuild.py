"""Builds a datastore with Dask: one task for each share.

python daskBuild.py --scheduler tcp://HOST:8786 --source the-stack-dedup --out /stores/stack --shares 144 [OPTION OF datastore build ...]

Without --scheduler the processors of this machine are used. The folder must be one that all workers see, and foretoken must
be on their path (or in the variable FORETOKEN of whoever runs this). A task whose worker is lost is begun anew and takes over
what is there, even if the first attempt runs on.
"""
import argparse
import os
import subprocess

from distributed import Client


def build(share: str, command: list[str]) -> None:
    done = subprocess.run([*command, "--shard", share], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"share {share}: {done.stderr.strip()}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Builds a datastore with Dask.")
    parser.add_argument("--scheduler")
    parser.add_argument("--source", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--shares", type=int, required=True)
    arguments, options = parser.parse_known_args()
    foretoken = os.environ.get("FORETOKEN", "foretoken")
    command = [foretoken, "datastore", "build", "--source", arguments.source, "--out", arguments.out, *options]
    shares = arguments.shares
    with Client(arguments.scheduler, **({} if arguments.scheduler else {"threads_per_worker": 1})) as client:
        names = [f"{index}/{shares}" for index in range(shares)]
        client.gather(client.map(build, names, command=command, pure=False, retries=3))
    subprocess.run([foretoken, "datastore", "verify", arguments.out], check=True)


if __name__ == "__main__":
    main()
