#!/bin/sh
# Builds a datastore with an array of jobs: one for each of 144 shares, 16 at a time. A job whose node is lost is begun
# anew and takes over what is there.
# SOURCE=the-stack-dedup OUT=/stores/stack MODEL=model.gguf sbatch slurm.sh; afterwards: foretoken datastore verify $OUT
#SBATCH --job-name=foretoken-datastore
#SBATCH --array=0-143%16
#SBATCH --cpus-per-task=4
#SBATCH --mem=4G
#SBATCH --requeue
set -eu
srun "${FORETOKEN:-foretoken}" datastore build --source "$SOURCE" --out "$OUT" --model "$MODEL" \
  --shard "auto/$SLURM_ARRAY_TASK_COUNT" --memory "${MEMORY_MB:-2048}" --threads "${SLURM_CPUS_PER_TASK:-4}"
