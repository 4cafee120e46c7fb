"""Teaches a model fill-in-the-middle; its matrices are rounded to a GGUF block format in every step.

    python train.py --base BASE.gguf --corpus DIR --checkpoint FILE --minutes 85

Training is quantisation-aware by the straight-through rule (Bengio et al. 2013, arXiv:1308.3432): the gradient is
taken at the rounded weights and applied to exact ones. The learning rate rises over the first steps, stays, and
falls linearly at the end (`rate_factor`). A checkpoint holds all that a run needs to go on as if unbroken.
"""
import argparse
import collections
import concurrent.futures
import json
import multiprocessing
import os
import re
import signal
import sys
import time

import torch

from evaluate import evaluate, middle_batches
from examples import CONTEXT_WEIGHT, MARKERS, Examples, encoder, newline_tokens, read_rows, to_device
from model import EMBEDDING, LOSS_PLACES, Llama, load
from quantise import BLOCK, ROUND

AHEAD = 3  # batches that each process has ready


class Trainer:
    """The exact weights, the optimiser's moments, the moving average, and the model with the rounded weights."""

    def __init__(self, shape, weights, matrices='q4_0', embedding='q4_0', average=0.98, embedding_rate=0.05,
                 device='cpu', only=''):
        """`embedding_rate`: share of the learning rate for all rows of the embedding but the markers'.

        `only`: pattern of the names of the weights that are trained; the others stay as they are.
        """
        self.device = device
        self.exact = {name: torch.nn.Parameter(value.to(device)) for name, value in weights.items()}
        self.formats = collections.defaultdict(list)
        for name, value in self.exact.items():
            self.formats['f32' if value.dim() == 1 else embedding if name == EMBEDDING else matrices].append(name)
        self.average = {name: value.detach().clone() for name, value in self.exact.items()}
        self.average_decay = average
        self.embedding_rate = embedding_rate
        self.model = Llama(shape, {name: value.detach().clone() for name, value in self.exact.items()},
                           compiled=device == 'cuda').to(device)
        for name in self.exact:
            self.model.weight(name).requires_grad_(re.search(only, name) is not None)
        others = [value for name, value in self.exact.items() if name != EMBEDDING]
        self.optimiser = torch.optim.Adam([{'params': others, 'share': 1.0},
                                           {'params': [self.exact[EMBEDDING]], 'share': embedding_rate}],
                                          betas=(0.9, 0.97), fused=True)
        self.step = 0
        self.round(self.exact)

    @torch.no_grad()
    def round(self, weights):
        """Puts `weights` into the model, rounded to their formats, those of a format all at once."""
        for kind, names in self.formats.items():
            if kind == 'f32':
                for name in names:
                    self.model.weight(name).copy_(weights[name])
                continue
            rounded = ROUND[kind](torch.cat([weights[name].reshape(-1, BLOCK) for name in names]))
            targets = [self.model.weight(name).reshape(-1, BLOCK) for name in names]
            torch._foreach_copy_(targets, list(rounded.split([len(target) for target in targets])))

    def backward(self, batch, total):
        """Adds to the model's gradient what one batch contributes; returns the sum of its middles' losses, a tensor.

        `total` is the sum of the weights of all batches of the step.
        """
        losses, weights = self.model.losses(to_device(batch, self.device))
        (losses * weights).sum().div(total).backward()
        return (losses.detach() * (weights == 1)).sum()

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
        embedding[rows] = before + (embedding[rows] - before) / self.embedding_rate
        self.optimiser.zero_grad()
        self.step += 1
        decay = min(self.average_decay, (1 + self.step) / (10 + self.step))
        torch._foreach_lerp_(list(self.average.values()), list(self.exact.values()), 1 - decay)
        self.round(self.exact)
        return norm

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
    """Batches without end; `position`, the number of the next one, can be set before the first is taken.

    They are made by `processes` processes, by this one if there is none.
    """

    def __init__(self, examples, places, context_fraction, filled=False, processes=0):
        self.examples, self.processes, self.position = examples, processes, 0
        self.options = places, context_fraction, filled
        self.queues, self.makers = [], []

    def _make(self, queue, number):
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        while True:
            queue.put(self.examples.batch(number, *self.options))
            number += self.processes

    def start(self):
        """Starts the processes, by fork: they share the corpus. To be called before a GPU is used."""
        context = multiprocessing.get_context('fork')
        for i in range(self.processes):
            queue = context.Queue(AHEAD)
            maker = context.Process(target=self._make, args=(queue, self.position + i), daemon=True)
            maker.start()
            self.queues.append(queue)
            self.makers.append(maker)
        self.first = self.position

    def _next(self):
        number, self.position = self.position, self.position + 1
        if self.processes == 0:
            return self.examples.batch(number, *self.options)
        return self.queues[(number - self.first) % self.processes].get()

    def take(self, count):
        return [self._next() for _ in range(count)]

    def close(self):
        for maker in self.makers:
            maker.terminate()


def rate_factor(step, progress, warm_up=10, fall=1 / 3, last=0.05):
    """The share of the full learning rate at a step; `progress` runs from 0 to 1 over the whole run.

    It rises over the first `warm_up` steps and falls to the share `last` over the last part `fall` of the run.
    """
    return min(1.0, (step + 1) / warm_up) * max(last, min(1.0, (1 - progress) / fall))


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
        encode = encoder(arguments.base)
        self.newlines = newline_tokens(arguments.base)
        rows, valid = (read_rows(os.path.join(arguments.corpus, part + '.jsonl')) for part in ('train', 'valid'))
        cuda = arguments.device == 'cuda'
        self.valid = arguments.validation and middle_batches(
            valid, encode, arguments.validation, arguments.batch_tokens if cuda else 1600, cuda)
        self.stream = Stream(Examples(rows, encode, arguments.seed, arguments.context_share, arguments.limits,
                                      arguments.context_weight),
                             arguments.batch_tokens, arguments.context_fraction, cuda, arguments.processes)
        state = torch.load(arguments.checkpoint, map_location='cpu') if os.path.exists(arguments.checkpoint) else None
        self.totals = {'began': time.time(), 'tokens': 0, 'middles': 0}
        if state:
            self.stream.position, self.totals = state['position'], state['totals']
        self.stream.start()
        shape, weights = load(arguments.base)
        self.trainer = Trainer(shape, weights, arguments.matrices, arguments.embedding,
                               embedding_rate=arguments.embedding_rate, device=arguments.device,
                               only=arguments.only)
        if state:
            self.trainer.restore(state)
        self.end = arguments.end or self.totals['began'] + 60 * arguments.minutes
        self.stopped = False

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
                             progress_of(arguments, self.trainer.step, self.totals['began'], self.end),
                             arguments.warm_up, arguments.fall, arguments.last_rate)
        batches = self.stream.take(arguments.batches)
        waited = time.time() - started
        total = float(sum(batch.weights.sum() for batch in batches))
        side_by_side = map if arguments.device == 'cuda' else self.workers.map
        results = list(side_by_side(lambda batch: self.trainer.backward(batch, total), batches))
        norm = self.trainer.update(arguments.rate * factor)
        self.totals['tokens'] += sum(int((batch.targets > 0).sum()) for batch in batches)
        middles = sum(int((batch.weights == 1).sum()) for batch in batches)
        self.totals['middles'] += middles
        if self.trainer.step % arguments.log_steps and self.trainer.step > 1:
            return
        loss = sum(result.item() for result in results)
        now = time.time()
        tokens, since = (a - b for a, b in zip((self.totals['tokens'], now), self.logged))
        self.logged = self.totals['tokens'], now
        self.log(loss=round(loss / middles, 3), norm=round(norm.item(), 2), factor=round(factor, 2),
                 tokens=self.totals['tokens'], speed=round(tokens / since, 1), waited=round(waited, 3))

    def run(self):
        """Steps until the run is over; leaves a checkpoint. At the end of a whole run the average is measured too."""
        saved = checked = time.time()
        self.logged = self.totals['tokens'], saved
        while not self.over():
            self.step()
            if time.time() - saved > 60 * self.arguments.save_minutes:
                self.save()
                saved = time.time()
            if self.valid and time.time() - checked > 60 * self.arguments.validate_minutes:
                self.validate()
                checked = time.time()
        self.stream.close()
        self.save()
        if self.valid and not self.stopped and not self.arguments.stop_after:
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
    parser.add_argument('--embedding-rate', type=float, default=0.05, help='share of it for the embedding')
    parser.add_argument('--warm-up', type=int, default=10, help='steps over which the rate rises')
    parser.add_argument('--fall', type=float, default=1 / 3, help='part of the run at whose end the rate falls')
    parser.add_argument('--last-rate', type=float, default=0.05, help='share of the rate that is left at the end')
    parser.add_argument('--batches', type=int, default=4, help='batches per step')
    parser.add_argument('--batch-tokens', type=int, default=800,
                        help=f'places per batch; with cuda a multiple of {LOSS_PLACES}')
    parser.add_argument('--limits', type=int, nargs=3, default=(260, 110, 100), metavar='TOKENS',
                        help='most tokens of prefix, suffix and middle')
    parser.add_argument('--processes', type=int, default=0, help='processes that make the examples')
    parser.add_argument('--log-steps', type=int, default=1, help='a line every so many steps')
    parser.add_argument('--context-fraction', type=float, default=0.15, help='of the tokens before middles that count')
    parser.add_argument('--context-weight', type=float, default=CONTEXT_WEIGHT, help='weight of those')
    parser.add_argument('--context-share', type=float, default=0.0, help='of examples with an excerpt of another file')
    parser.add_argument('--matrices', choices=ROUND, default='q4_0', help='format of the linear weights')
    parser.add_argument('--embedding', choices=ROUND, default='q4_0', help='format of the embedding')
    parser.add_argument('--only', default='', metavar='PATTERN', help='train only the weights whose names it matches')
    parser.add_argument('--device', default='cpu', choices=['cpu', 'cuda'])
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--workers', type=int, default=2, help='batches computed side by side; 1 for exact repetition')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--validation', type=int, default=12, help='validation examples per language; may be 0')
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
