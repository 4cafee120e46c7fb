"""Builds a datastore with Spark: one task for each share.

spark-submit sparkBuild.py --source the-stack-dedup --out /stores/stack --shares 144 [OPTION OF datastore build ...]

The folder must be one that all executors see, and foretoken must be on their path (or in the variable FORETOKEN of the
driver). A task whose executor is lost is begun anew and takes over what is there, even if the first attempt runs on.
"""
import argparse
import os
import subprocess

from pyspark.sql import SparkSession


def build(share: str, command: list[str]) -> None:
    done = subprocess.run([*command, "--shard", share], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"share {share}: {done.stderr.strip()}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Builds a datastore with Spark.")
    parser.add_argument("--source", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--shares", type=int, required=True)
    arguments, options = parser.parse_known_args()
    foretoken = os.environ.get("FORETOKEN", "foretoken")
    command = [foretoken, "datastore", "build", "--source", arguments.source, "--out", arguments.out, *options]
    shares = arguments.shares
    spark = SparkSession.builder.appName("foretoken-datastore").getOrCreate()
    names = [f"{index}/{shares}" for index in range(shares)]
    spark.sparkContext.parallelize(names, shares).foreach(lambda share: build(share, command))
    spark.stop()
    subprocess.run([foretoken, "datastore", "verify", arguments.out], check=True)


if __name__ == "__main__":
    main()
