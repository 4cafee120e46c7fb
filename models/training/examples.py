"""Fill-in-the-middle examples: a place in a file where an editor's cursor may stand, and what is to come there.

An example is the token sequence (suffix first, after Bavarian et al. 2022, arXiv:2207.14255, "SPM")

    [<|file_sep|> path newline excerpt]  <|fim_suffix|> suffix <|fim_prefix|> prefix <|fim_middle|> middle <|endoftext|>

whose bracketed part, an excerpt of another file of the same package, only some examples have.
"""
import ast
import collections
import json
import random

import numpy as np
import torch
from gguf import GGUFReader
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

END, FILE, PREFIX, MIDDLE, SUFFIX = 0, 5, 8, 9, 10
MARKERS = {FILE: '<|file_sep|>', PREFIX: '<|fim_prefix|>', MIDDLE: '<|fim_middle|>', SUFFIX: '<|fim_suffix|>',
           11: '<|fim_pad|>'}
PYTHON_SHARE = 0.66      # of the examples; the rest is divided evenly among the other languages
ALGORITHMIC_SHARE = 0.5  # of the Python examples: from packages of short documented functions
BODY_LINE_SHARE = 0.4    # of the Python examples: a whole line in the body of a function
EMPTY_SHARE = 0.04       # of all examples: nothing is missing at the cursor
CONTEXT_WEIGHT = 0.5     # of those tokens before the middle that count at all

Example = collections.namedtuple('Example', 'tokens weights')  # weights: float32, 0 where nothing is learnt


def tokenizer(path):
    """The tokenizer of a GGUF file with a byte-level BPE vocabulary of the kind "smollm" (digits stand alone)."""
    fields = GGUFReader(path).fields
    vocabulary = {token: i for i, token in enumerate(fields['tokenizer.ggml.tokens'].contents())}
    merges = [tuple(merge.split(' ')) for merge in fields['tokenizer.ggml.merges'].contents()]
    result = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    result.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                                    pre_tokenizers.ByteLevel(add_prefix_space=False)])
    result.decoder = decoders.ByteLevel()
    return result


def encoder(path):
    """A function from a list of texts to their lists of tokens, with a GGUF file's tokenizer."""
    own = tokenizer(path)
    return lambda texts: [encoding.ids for encoding in own.encode_batch(texts, add_special_tokens=False)]


def newline_tokens(path):
    """Which tokens of a GGUF file's vocabulary hold a newline (byte-level BPE writes it as U+010A)."""
    tokens = GGUFReader(path).fields['tokenizer.ggml.tokens'].contents()
    return torch.tensor(['\u010a' in token for token in tokens])


# --- places: (start, end) of the middle in a text; None where there is none ---

def indentation(line):
    return len(line) - len(line.lstrip(' \t'))


def line_around(text, position):
    """Start and end, without its newline, of the line that `position` is in."""
    end = text.find('\n', position)
    return text.rfind('\n', 0, position) + 1, len(text) if end < 0 else end


def block_end(text, start, rng, limit=12):
    """The end of the block that the line at `start` is in or opens; now and then that of a part of it."""
    first, end = line_around(text, start)
    base = indentation(text[first:end])
    for _ in range(limit):
        if end >= len(text):
            break
        next_end = line_around(text, end + 1)[1]
        line = text[end + 1:next_end]
        if line.strip() and (indentation(line) < base or indentation(line) == base and rng.random() < 0.25):
            break
        end = next_end
    return start + len(text[start:end].rstrip())


def any_place(text, rng):
    """A cursor behind the indentation, at a line's start or within a line, and up to where one would complete."""
    position, kind = rng.randrange(len(text)), rng.random()
    start, end = line_around(text, position)
    behind = start + indentation(text[start:end])
    if behind == end and rng.random() < 0.95:
        return None
    position = behind if kind < 0.4 else start if kind < 0.5 else max(position, behind)
    if kind >= 0.5 and not text[position:end].strip():
        return None
    kind = rng.random()
    if kind < 0.55:
        return position, end
    if kind < 0.80:
        return position, block_end(text, position, rng)
    if kind < 0.92:
        for _ in range(rng.randint(1, 5)):
            end = line_around(text, min(end + 1, len(text)))[1]
        return position, end
    return position, min(len(text), position + rng.randint(1, 120))


def empty_place(text, rng):
    """The end of a line, or the start of an empty one, where the text goes on as it should: nothing is missing."""
    end = line_around(text, rng.randrange(len(text)))[1]
    return (end, end) if end < len(text) else None


# Of a function: its extent, the starts of its body's lines that are not blank, whether it has a docstring.
Body = collections.namedtuple('Body', 'start end lines documented')


def function_bodies(text):
    """The functions of a Python text whose bodies have 2 to 30 lines; none if it does not parse."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    starts = [0] + [i + 1 for i, c in enumerate(text) if c == '\n'] + [len(text)]
    bodies = []
    for node in ast.walk(tree):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        documented = ast.get_docstring(node, clean=False) is not None
        body = node.body[documented:]
        if body and 2 <= node.end_lineno - body[0].lineno + 1 <= 30:
            lines = [starts[i - 1] for i in range(body[0].lineno, node.end_lineno + 1)
                     if text[starts[i - 1]:starts[i]].strip()]
            bodies.append(Body(starts[node.lineno - 1], starts[node.end_lineno], lines, documented))
    return bodies


def body_place(text, bodies, rng):
    """A whole line in a function's body, with its indentation or with the cursor behind it; and the function."""
    documented = [body for body in bodies if body.documented]
    body = rng.choice(documented if documented and rng.random() < 0.5 else bodies)
    start, end = line_around(text, rng.choice(body.lines))
    if rng.random() < 0.4:
        start += indentation(text[start:end])
    return (start, end), body


# --- examples ---

class Examples:
    """Draws examples without end from the rows of a corpus; draws the same ones for the same seed."""

    def __init__(self, rows, encode, seed, context_share=0.0, limits=(260, 110, 100)):
        """`encode` turns a list of texts into lists of tokens; `limits`: tokens of prefix, suffix and middle."""
        self.seed = seed
        self.rng = random.Random(seed)
        self.encode = encode
        self.context_share = context_share
        self.limits = limits
        self.bodies = {}
        self.by_language = collections.defaultdict(list)
        self.by_package = collections.defaultdict(list)
        for row in rows:
            self.by_language[row['language']].append(row)
            self.by_package[row['package']].append(row)
        self.algorithmic = collections.defaultdict(list)
        for row in self.by_language['python']:
            if row.get('group') in ('pypi', 'stdlib'):
                self.algorithmic[row['package']].append(row)
        self.algorithmic_weights = [len(files) ** 0.5 for files in self.algorithmic.values()]
        self.others = sorted(set(self.by_language) - {'python'})

    def _row(self):
        rng = self.rng
        if self.others and (not self.by_language['python'] or rng.random() >= PYTHON_SHARE):
            return rng.choice(self.by_language[rng.choice(self.others)])
        if self.algorithmic and rng.random() < ALGORITHMIC_SHARE:
            return rng.choice(rng.choices(list(self.algorithmic.values()), self.algorithmic_weights)[0])
        return rng.choice(self.by_language['python'])

    def _place(self, row):
        """A place in the row's text, and the function whose body line it is if it is one."""
        rng, text = self.rng, row['content']
        kind = rng.random()
        if kind < EMPTY_SHARE:
            return empty_place(text, rng), None
        if row['language'] == 'python' and kind < EMPTY_SHARE + BODY_LINE_SHARE:
            key = id(row)
            if key not in self.bodies:
                self.bodies[key] = function_bodies(text)
            if self.bodies[key]:
                return body_place(text, self.bodies[key], rng)
        return any_place(text, rng), None

    def _extent(self, text, start, end, body):
        """Where the prefix begins and the suffix ends: short ones as well as long ones, often just the function."""
        rng = self.rng
        prefix, suffix, _ = self.limits
        share = 1.0 if rng.random() < 0.25 else 0.6
        first = max(0, start - rng.randint(100, int(share * prefix * 4)))
        last = end if rng.random() < 0.06 else min(len(text), end + rng.randint(20, int(share * suffix * 4)))
        if body and rng.random() < 0.5:
            first, last = max(first, body.start), min(max(body.end, end), end + suffix * 4)
        if first > 0:
            first = text.find('\n', first - 1, start) + 1 or first
        return first, last

    def _context(self, row):
        """Tokens of an excerpt of another file of the row's package, behind the file's name; mostly none."""
        rng = self.rng
        siblings = self.by_package[row['package']]
        if rng.random() >= self.context_share or len(siblings) < 2:
            return []
        other = rng.choice(siblings)
        if other is row:
            return []
        text = other['content']
        start = text.rfind('\n', 0, rng.randrange(len(text))) + 1
        return [FILE] + self.encode([other['path'] + '\n' + text[start:start + 400]])[0][:120]

    def draw(self):
        """One example as (tokens before the middle, tokens of the middle with the end mark)."""
        rng = self.rng
        prefix_limit, suffix_limit, middle_limit = self.limits
        while True:
            row = self._row()
            text = row['content']
            place, body = self._place(row)
            if place is None:
                continue
            start, end = place
            at_line_start = start == 0 or text[start - 1] == '\n'
            if end > start and text[end:end + 1] == '\n' and rng.random() < (0.5 if at_line_start else 0.03):
                end += 1
            first, last = self._extent(text, start, end, body)
            prefix, suffix, middle = self.encode([text[first:start], text[end:last], text[start:end]])
            if len(middle) > middle_limit:
                continue
            suffix, prefix = suffix[:suffix_limit], prefix[-prefix_limit:]
            return self._context(row) + [SUFFIX] + suffix + [PREFIX] + prefix + [MIDDLE], middle + [END]

    def example(self, context_fraction):
        """An Example: the middle counts fully, a fraction of the tokens before it at CONTEXT_WEIGHT, markers never."""
        before, middle = self.draw()
        tokens = np.array(before + middle, dtype=np.int64)
        weights = np.ones(len(tokens), dtype=np.float32)
        chosen = np.random.default_rng(self.rng.randrange(1 << 30)).random(len(before)) < context_fraction
        weights[:len(before)] = CONTEXT_WEIGHT * (chosen & ~np.isin(before, list(MARKERS)))
        weights[0] = 0
        return Example(tokens, weights)

    def batches(self, number, examples, tokens, context_fraction):
        """Pool `number` of batches, the same each time: `examples` examples, put together with others of like length.

        A batch (see `pad`) has at most `tokens` places, so that all take about equally long.
        """
        self.rng.seed(f'{self.seed}/{number}')
        drawn = sorted((self.example(context_fraction) for _ in range(examples)), key=lambda e: len(e.tokens))
        groups = [[]]
        for example in drawn:
            if (len(groups[-1]) + 1) * len(example.tokens) > tokens and groups[-1]:
                groups.append([])
            groups[-1].append(example)
        self.rng.shuffle(groups)
        return [pad(group) for group in groups]


def pad(examples):
    """Arrays (tokens, targets, weights), each (examples, length - 1): targets are the tokens one further on."""
    length = max(len(e.tokens) for e in examples) - 1
    tokens = np.zeros((len(examples), length), np.int64)
    targets, weights = np.zeros_like(tokens), np.zeros(tokens.shape, np.float32)
    for i, example in enumerate(examples):
        n = len(example.tokens) - 1
        tokens[i, :n], targets[i, :n], weights[i, :n] = example.tokens[:-1], example.tokens[1:], example.weights[1:]
    return tokens, targets, weights


def read_rows(path):
    with open(path, encoding='utf-8') as lines:
        return [json.loads(line) for line in lines]
