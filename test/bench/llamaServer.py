"""Runs llama.cpp's own server (the PyPI package xllamacpp) for a benchmark: python llamaServer.py MODEL THREADS CONTEXT SPEC.

SPEC is a kind of speculative decoding as in the server's --spec-type, with the parameters it has by default.

Prints its address as the first line and serves until its standard input is closed.
"""

import sys

import xllamacpp


def main() -> None:
    model, threads, context, spec = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.n_ctx = context
    params.n_parallel = 1
    params.n_gpu_layers = 0
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.endpoint_slots = True
    params.verbosity = -1
    kind = "COMMON_SPECULATIVE_TYPE_" + spec.replace("-", "_").upper()
    params.speculative.types = [getattr(xllamacpp.common_speculative_type, kind)]
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()


main()
