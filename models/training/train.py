"""Teaches a model fill-in-the-middle; its matrices are rounded to a GGUF block format in every step.

    python train.py --base BASE.gguf --corpus DIR --checkpoint FILE --minutes 85

Training is quantisation-aware by the straight-through rule (Bengio et al. 2013, arXiv:1308.3432): the gradient is
taken at the rounded weights and applied to exact ones. The learning rate rises over the first steps, stays, and
falls linearly in the last third, to a twentieth. A checkpoint holds all that a run needs to go on as if unbroken.
"""
import argparse
import concurrent.futures
import json
import os
import signal
import sys
import time

import torch

from evaluate import evaluate, middle_batches
from examples import MARKERS, Examples, encoder, newline_tokens, read_rows
from model import EMBEDDING, Llama, load
from quantise import ROUND

EMBEDDING_RATE = 0.05  # of the learning rate, for all rows of the embedding but the markers'
POOL = 96              # examples drawn at a time, to be put together by length


class Trainer:
    """The exact weights, the optimiser's moments, the moving average, and the model with the rounded weights."""

    def __init__(self, shape, weights, matrices='q4_0', embedding='q4_0', average=0.98, device='cpu'):
        self.device = device
        self.formats = {name: 'f32' if value.dim() == 1 else embedding if name == EMBEDDING else matrices
                        for name, value in weights.items()}
        self.exact = {name: torch.nn.Parameter(value.to(device)) for name, value in weights.items()}
        self.average = {name: value.detach().clone() for name, value in self.exact.items()}
        self.average_decay = average
        self.model = Llama(shape, {name: value.detach().clone() for name, value in self.exact.items()}).to(device)
        others = [value for name, value in self.exact.items() if name != EMBEDDING]
        self.optimiser = torch.optim.Adam([{'params': others, 'share': 1.0},
                                           {'params': [self.exact[EMBEDDING]], 'share': EMBEDDING_RATE}],
                                          betas=(0.9, 0.97), fused=True)
        self.step = 0
        self.round(self.exact)

    @torch.no_grad()
    def round(self, weights):
        """Puts `weights` into the model, rounded to their formats."""
        for name, value in weights.items():
            self.model.weight(name).copy_(ROUND[self.formats[name]](value))

    def backward(self, batch, total):
        """Adds to the model's gradient what one batch contributes; returns (sum of its middles' losses, their count).

        `total` is the sum of the weights of all batches of the step.
        """
        tokens, targets, weights = (torch.from_numpy(array).to(self.device) for array in batch)
        counted = weights > 0
        with torch.autocast('cuda', torch.bfloat16, enabled=self.device == 'cuda'):
            losses = self.model.losses(tokens, targets, counted)
        (losses * weights[counted]).sum().div(total).backward()
        middle = losses.detach()[weights[counted] == 1]
        return middle.sum().item(), middle.numel()

    @torch.no_grad()
    def update(self, rate):
        """One step of Adam with the gradient clipped to norm 1; the average follows. Returns the gradient's norm."""
        for name, value in self.exact.items():
            value.grad, self.model.weight(name).grad = self.model.weight(name).grad, None
        norm = torch.nn.utils.clip_grad_norm_(self.exact.values(), 1.0)
        for group in self.optimiser.param_groups:
            group['lr'] = rate * group['share']
        embedding, rows = self.exact[EMBEDDING], list(MARKERS)
        before = embedding[rows].clone()
        self.optimiser.step()
        embedding[rows] = before + (embedding[rows] - before) / EMBEDDING_RATE
        self.optimiser.zero_grad()
        self.step += 1
        decay = min(self.average_decay, (1 + self.step) / (10 + self.step))
        torch._foreach_lerp_(list(self.average.values()), list(self.exact.values()), 1 - decay)
        self.round(self.exact)
        return norm.item()

    def state(self):
        return {'step': self.step, 'weights': {name: value.detach() for name, value in self.exact.items()},
                'average': self.average, 'optimiser': self.optimiser.state_dict()}

    @torch.no_grad()
    def restore(self, state):
        self.step = state['step']
        for name, value in self.exact.items():
            value.copy_(state['weights'][name])
            self.average[name].copy_(state['average'][name])
        self.optimiser.load_state_dict(state['optimiser'])
        self.round(self.exact)


class Stream:
    """Batches without end; `position` (pool, batch within it) says where it stands and can be set."""

    def __init__(self, examples, tokens, context_fraction):
        self.examples, self.tokens, self.context_fraction = examples, tokens, context_fraction
        self.move((0, 0))

    def move(self, position):
        self.pool, self.index = position
        self.batches = self.examples.batches(self.pool, POOL, self.tokens, self.context_fraction)

    @property
    def position(self):
        return self.pool, self.index

    def take(self, count):
        taken = []
        while len(taken) < count:
            if self.index >= len(self.batches):
                self.move((self.pool + 1, 0))
            taken.append(self.batches[self.index])
            self.index += 1
        return taken


def rate_factor(step, progress, warm_up=10):
    """The share of the full learning rate at a step; `progress` runs from 0 to 1 over the whole run."""
    return min(1.0, (step + 1) / warm_up) * max(0.05, min(1.0, 3 * (1 - progress)))


def progress_of(arguments, step, began, end):
    """The share of the run that is over, by its steps if their number is given, else by the clock."""
    return step / arguments.steps if arguments.steps else (time.time() - began) / (end - began)


class Run:
    """A training run: what is trained, the batches it is trained on, and when to stop, report and save."""

    def __init__(self, arguments):
        self.arguments = arguments
        torch.set_num_threads(arguments.threads)
        torch.set_flush_denormal(True)
        self.workers = concurrent.futures.ThreadPoolExecutor(
            arguments.workers, initializer=torch.set_num_threads,
            initargs=(max(1, arguments.threads // arguments.workers),))
        shape, weights = load(arguments.base)
        self.trainer = Trainer(shape, weights, arguments.matrices, arguments.embedding, device=arguments.device)
        encode = encoder(arguments.base)
        self.newlines = newline_tokens(arguments.base)
        rows, valid = (read_rows(os.path.join(arguments.corpus, part + '.jsonl')) for part in ('train', 'valid'))
        self.valid = middle_batches(valid, encode, arguments.validation)
        self.stream = Stream(Examples(rows, encode, arguments.seed, arguments.context_share),
                             arguments.batch_tokens, arguments.context_fraction)
        self.totals = {'began': time.time(), 'tokens': 0, 'middles': 0}
        if os.path.exists(arguments.checkpoint):
            self._restore(torch.load(arguments.checkpoint, map_location=arguments.device))
        self.end = arguments.end or self.totals['began'] + 60 * arguments.minutes
        self.stopped = False

    def _restore(self, state):
        self.trainer.restore(state)
        self.stream.move(state['position'])
        self.totals = state['totals']

    def save(self):
        path = self.arguments.checkpoint
        torch.save({**self.trainer.state(), 'position': self.stream.position, 'totals': self.totals}, path + '.new')
        os.replace(path + '.new', path)

    def log(self, **values):
        minutes = round((time.time() - self.totals['began']) / 60, 1)
        print(json.dumps({'step': self.trainer.step, 'minutes': minutes, **values}), flush=True)

    def validate(self, name='validation'):
        results = evaluate(self.trainer.model, self.valid, self.newlines, self.arguments.device)
        self.log(**{name: {language: round(result.loss, 3) for language, result in results.items()}})

    def over(self):
        """Whether there is to be no further step; waits while the pause file exists."""
        arguments = self.arguments
        last = min(arguments.steps or sys.maxsize, arguments.stop_after or sys.maxsize)
        while True:
            if self.stopped or time.time() >= self.end or self.trainer.step >= last:
                return True
            if not arguments.pause_file or not os.path.exists(arguments.pause_file):
                return False
            time.sleep(1)

    def step(self):
        """One step of the optimiser, on --batches batches."""
        started, arguments = time.time(), self.arguments
        factor = rate_factor(self.trainer.step,
                             progress_of(arguments, self.trainer.step, self.totals['began'], self.end))
        batches = self.stream.take(arguments.batches)
        total = float(sum(weights.sum() for _, _, weights in batches))
        results = list(self.workers.map(lambda batch: self.trainer.backward(batch, total), batches))
        norm = self.trainer.update(arguments.rate * factor)
        loss, middles = (sum(values) for values in zip(*results))
        tokens = sum(int((targets > 0).sum()) for _, targets, _ in batches)
        self.totals['tokens'] += tokens
        self.totals['middles'] += middles
        self.log(loss=round(loss / middles, 3), norm=round(norm, 2), factor=round(factor, 2),
                 tokens=self.totals['tokens'], speed=round(tokens / (time.time() - started), 1))

    def run(self):
        """Steps until the run is over; leaves a checkpoint. At the end of a whole run the average is measured too."""
        saved = checked = time.time()
        while not self.over():
            self.step()
            if time.time() - saved > 60 * self.arguments.save_minutes:
                self.save()
                saved = time.time()
            if time.time() - checked > 60 * self.arguments.validate_minutes:
                self.validate()
                checked = time.time()
        self.save()
        if not self.stopped and not self.arguments.stop_after:
            self.validate()
            self.trainer.round(self.trainer.average)
            self.validate('validation of the average')

    def stop(self, *_):
        self.stopped = True


def parse(words):
    """The options of a run, from the words of a command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--base', required=True, help='GGUF file of the model to start from')
    parser.add_argument('--corpus', required=True, help='folder with train.jsonl and valid.jsonl')
    parser.add_argument('--checkpoint', required=True, help='file to save to, and to go on from if it exists')
    parser.add_argument('--minutes', type=float, default=90, help='length of the run on the clock')
    parser.add_argument('--end', type=float, help='end of the run in seconds since 1970, instead of --minutes')
    parser.add_argument('--steps', type=int, help='number of steps of the run, instead of a time')
    parser.add_argument('--stop-after', type=int, help='step at which to break off')
    parser.add_argument('--rate', type=float, default=2.5e-4, help='full learning rate')
    parser.add_argument('--batches', type=int, default=4, help='batches per step')
    parser.add_argument('--batch-tokens', type=int, default=800, help='places per batch, padding included')
    parser.add_argument('--context-fraction', type=float, default=0.15, help='of the tokens before middles that count')
    parser.add_argument('--context-share', type=float, default=0.0, help='of examples with an excerpt of another file')
    parser.add_argument('--matrices', choices=ROUND, default='q4_0', help='format of the linear weights')
    parser.add_argument('--embedding', choices=ROUND, default='q4_0', help='format of the embedding')
    parser.add_argument('--device', default='cpu', choices=['cpu', 'cuda'])
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--workers', type=int, default=2, help='batches computed side by side; 1 for exact repetition')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--validation', type=int, default=12, help='validation examples per language')
    parser.add_argument('--validate-minutes', type=float, default=20)
    parser.add_argument('--save-minutes', type=float, default=6)
    parser.add_argument('--pause-file', help='the run waits between two steps while this file exists')
    return parser.parse_args(words)


def main():
    run = Run(parse(sys.argv[1:]))
    signal.signal(signal.SIGTERM, run.stop)
    run.run()


if __name__ == '__main__':
    main()
