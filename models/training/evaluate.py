"""Measures a model on code that training does not see: the loss of the middles, and lines got exactly right.

    python evaluate.py MODEL.gguf CORPUS/valid.jsonl [CORPUS/held-out.jsonl] [--examples 60]

The examples are the same for every model. A line is exactly right if each of its tokens, and the end mark after
them, is the likeliest one, which is so if and only if greedy decoding brings forth that line and then stops.
"""
import argparse
import collections

import torch

from examples import Examples, encoder, newline_tokens, read_rows, to_device
from model import Llama, load

Result = collections.namedtuple('Result', 'loss exact')  # nats a token of the middle; share of the single lines


def middle_batches(rows, encode, per_language, places=1600, filled=False, seed=99):
    """Fixed examples to measure on: {language: Batches of arrays}, only the middles counted. See `Examples.some`."""
    languages = sorted({row['language'] for row in rows})
    return {language: Examples([row for row in rows if row['language'] == language], encode, seed)
            .some(per_language, places, filled) for language in languages}


@torch.no_grad()
def measure(model, batches, newlines, device='cpu'):
    """The Result over some batches. `newlines` (vocabulary, bool): the tokens that hold a newline."""
    total = count = exact = lines = 0
    newlines = newlines.to(device)
    for batch in batches:
        batch = to_device(batch, device)
        counted = batch.weights > 0
        logits = model.logits(model.hidden(batch)[counted])
        losses = torch.nn.functional.cross_entropy(logits, batch.targets[counted], reduction='sum')
        total, count = total + losses.item(), count + len(logits)
        right = ~counted
        right[counted] = logits.argmax(-1) == batch.targets[counted]
        edges = batch.starts.tolist()
        for first, last in zip(edges, edges[1:]):
            middle = batch.targets[first:last][counted[first:last]]
            if len(middle) and not newlines[middle[:-2]].any():
                lines, exact = lines + 1, exact + int(right[first:last].all())
    return Result(total / count, exact / max(1, lines))


def evaluate(model, batches, newlines, device='cpu'):
    """{language: Result}, and the mean over the languages as 'all'."""
    results = {language: measure(model, pool, newlines, device) for language, pool in batches.items()}
    results['all'] = Result(*(sum(values) / len(results) for values in zip(*results.values())))
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('model')
    parser.add_argument('rows', nargs='+', help='files of a corpus')
    parser.add_argument('--examples', type=int, default=60, help='examples per language and file')
    parser.add_argument('--device', default='cpu', choices=['cpu', 'cuda'])
    parser.add_argument('--threads', type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    model = Llama(*load(arguments.model)).to(arguments.device)
    for path in arguments.rows:
        batches = middle_batches(read_rows(path), encoder(arguments.model), arguments.examples)
        print(path)
        for language, result in evaluate(model, batches, newline_tokens(arguments.model), arguments.device).items():
            print(f'  {language:12} loss {result.loss:.3f}  exact lines {100 * result.exact:.1f}%', flush=True)


if __name__ == '__main__':
    main()
