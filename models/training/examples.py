"""Fill-in-the-middle examples: a place in a file where an editor's cursor may stand, and what is to come there.

An example is the token sequence (suffix first, after Bavarian et al. 2022, arXiv:2207.14255, "SPM")

    [files]  <|fim_suffix|> suffix <|fim_prefix|> prefix <|fim_middle|> middle <|endoftext|>

whose bracketed part only some examples have: an excerpt of another file of the same package and the file's own name,

    <|file_sep|> path newline excerpt newline <|file_sep|> name newline
"""
import ast
import collections
import json
import math
import os
import random
import re

import numpy as np
import torch
from gguf import GGUFReader
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

END, FILE, PREFIX, MIDDLE, SUFFIX = 0, 5, 8, 9, 10
MARKERS = {FILE: '<|file_sep|>', PREFIX: '<|fim_prefix|>', MIDDLE: '<|fim_middle|>', SUFFIX: '<|fim_suffix|>',
           11: '<|fim_pad|>'}
PYTHON_SHARE = 0.62      # of the examples; the rest is divided among the others by the root of their numbers of files
ALGORITHMIC_SHARE = 0.4  # of the Python examples: from packages of short documented functions
BODY_SHARE = 0.55        # of the Python examples: in the body of a function, one that has documentation half the time
EMPTY_SHARE = 0.04       # of all examples: nothing is missing at the cursor
CONTEXT_WEIGHT = 0.5     # of those tokens before the middle that count at all, unless told otherwise

Example = collections.namedtuple('Example', 'tokens weights')  # weights: float32, 0 where nothing is learnt

# Examples one after the other. Vectors of one value a place: `tokens`, `targets` (the tokens one further on), `weights`
# and `positions` (within the example); `starts`: the first place of each example, and the number of places; `longest`:
# places of the longest example.
Batch = collections.namedtuple('Batch', 'tokens targets weights positions starts longest')


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
    """Whole lines in a function's body, mostly one, or any piece of it; and the function.

    Lines are taken with their indentation or with the cursor behind it.
    """
    documented = [body for body in bodies if body.documented]
    body = rng.choice(documented if documented and rng.random() < 0.5 else bodies)
    kind = rng.random()
    if kind < 0.12:
        first, last = sorted(rng.randrange(body.lines[0], body.end) for _ in range(2))
        return (first, last), body
    chosen = [rng.choice(body.lines)] * 2 if kind < 0.7 else sorted(rng.choice(body.lines) for _ in range(2))
    start, end = chosen[0], line_around(text, chosen[1])[1]
    if rng.random() < 0.4:
        start += indentation(text[start:end])
    return (start, end), body


# --- other files ---

IMPORT = re.compile(r'^\s*(?:import|from|use|require|include|#include|package)\b.*', re.M)
DEFINES = r'\b(?:def|class|function|func|fn|struct|enum|trait|interface|type|const|let|module)\s+'


def stem(path):
    return os.path.basename(path).split('.')[0]


def excerpt(text, wanted, rng, characters):
    """Lines of a file: from the definition of one of the `wanted` names if it has one, else from any line."""
    names = '|'.join(map(re.escape, wanted))
    found = names and re.search(DEFINES + f'(?:{names})\\b', text)
    start = text.rfind('\n', 0, found.start() if found else rng.randrange(len(text))) + 1
    end = start + characters
    return text[start:text.rfind('\n', start, end) + 1 or end].rstrip()


# --- examples ---

class Examples:
    """Draws examples without end from the rows of a corpus; draws the same ones for the same seed."""

    def __init__(self, rows, encode, seed, context_share=0.0, limits=(260, 110, 100),
                 context_weight=CONTEXT_WEIGHT):
        """`encode` turns a list of texts into lists of tokens; `limits`: tokens of prefix, suffix and middle."""
        self.seed = seed
        self.rng = random.Random(seed)
        self.encode = encode
        self.context_share = context_share
        self.limits = limits
        self.context_weight = context_weight
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
        self.other_weights = [len(self.by_language[language]) ** 0.5 for language in self.others]

    def _row(self):
        rng = self.rng
        if self.others and (not self.by_language['python'] or rng.random() >= PYTHON_SHARE):
            return rng.choice(self.by_language[rng.choices(self.others, self.other_weights)[0]])
        if self.algorithmic and rng.random() < ALGORITHMIC_SHARE:
            return rng.choice(rng.choices(list(self.algorithmic.values()), self.algorithmic_weights)[0])
        return rng.choice(self.by_language['python'])

    def _place(self, row):
        """A place in the row's text, and the function that it was chosen in if it was."""
        rng, text = self.rng, row['content']
        kind = rng.random()
        if kind < EMPTY_SHARE:
            return empty_place(text, rng), None
        if row['language'] == 'python' and kind < EMPTY_SHARE + BODY_SHARE:
            key = id(row)
            if key not in self.bodies:
                self.bodies[key] = function_bodies(text)
            if self.bodies[key]:
                return body_place(text, self.bodies[key], rng)
        return any_place(text, rng), None

    def _reach(self, least, tokens):
        """A number of characters from `least` to what fills so many tokens, of the short ones more."""
        most = max(least, tokens * (4 if self.rng.random() < 0.4 else 1.3))
        return int(math.exp(self.rng.uniform(math.log(least), math.log(most))))

    def _extent(self, text, start, end, body):
        """Where the prefix begins and the suffix ends: short ones as well as long ones, often just the function."""
        rng = self.rng
        prefix, suffix, _ = self.limits
        first = max(0, start - self._reach(100, prefix))
        last = end if rng.random() < 0.06 else min(len(text), end + self._reach(20, suffix))
        if body and rng.random() < 0.5:
            first, last = max(first, body.start), min(max(body.end, end), end + suffix * 4)
        if first > 0:
            first = text.find('\n', first - 1, start) + 1 or first
        return first, last

    def _context(self, row, middle):
        """Tokens of an excerpt of another file of the row's package and of the file's name; mostly none.

        Rather a file that the row's file imports, and rather from where it defines a name that the middle has.
        """
        rng = self.rng
        siblings = self.by_package[row['package']]
        if rng.random() >= self.context_share or len(siblings) < 2:
            return []
        imports = set(re.findall(r'\w+', ' '.join(IMPORT.findall(row['content']))))
        imported = [other for other in siblings if stem(other['path']) in imports and other is not row]
        other = rng.choice(imported if imported and rng.random() < 0.8 else siblings)
        if other is row:
            return []
        text = excerpt(other['content'], set(re.findall(r'[^\W\d]\w{3,}', middle)), rng, self._reach(150, 300))
        theirs, own = self.encode([f"{other['path']}\n{text}\n", os.path.basename(row['path']) + '\n'])
        return [FILE] + theirs[:400] + [FILE] + own

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
            if end - start > middle_limit * 8:
                continue
            first, last = self._extent(text, start, end, body)
            prefix, suffix, middle = self.encode([text[first:start], text[end:last], text[start:end]])
            if len(middle) > middle_limit:
                continue
            suffix, prefix = suffix[:suffix_limit], prefix[-prefix_limit:]
            files = self._context(row, text[start:end])
            return files + [SUFFIX] + suffix + [PREFIX] + prefix + [MIDDLE], middle + [END]

    def example(self, context_fraction):
        """An Example: the middle counts fully, a fraction of the tokens before it in part, markers never."""
        before, middle = self.draw()
        tokens = np.array(before + middle, dtype=np.int64)
        weights = np.ones(len(tokens), dtype=np.float32)
        chosen = np.random.default_rng(self.rng.randrange(1 << 30)).random(len(before)) < context_fraction
        weights[:len(before)] = self.context_weight * (chosen & ~np.isin(before, list(MARKERS)))
        weights[0] = 0
        return Example(tokens, weights)

    def batch(self, number, places, context_fraction, filled=False):
        """The Batch of a number, the same each time: as many examples as fit into `places`; `filled` up to them."""
        self.rng.seed(f'{self.seed}/{number}')
        drawn, size = [], 0
        while True:
            example = self.example(context_fraction)
            if drawn and size + len(example.tokens) - 1 > places:
                return pack(drawn, places if filled else None)
            if len(example.tokens) - 1 <= places:
                drawn.append(example)
                size += len(example.tokens) - 1

    def some(self, count, places, filled=False):
        """`count` examples as Batches, the same each time, of which only the middles count."""
        self.rng.seed(f'{self.seed}/some')
        groups, size = [[]], 0
        for example in (self.example(0.0) for _ in range(count)):
            if groups[-1] and size + len(example.tokens) - 1 > places:
                groups.append([])
                size = 0
            groups[-1].append(example)
            size += len(example.tokens) - 1
        return [pack(group, places if filled else None) for group in groups]


def pack(examples, places=None):
    """A Batch of arrays; filled with places that do not count up to a number of `places` if one is given."""
    lengths = [len(e.tokens) - 1 for e in examples]
    missing = (places or sum(lengths)) - sum(lengths)
    if missing:
        examples = [*examples, Example(np.zeros(missing + 1, np.int64), np.zeros(missing + 1, np.float32))]
        lengths = [*lengths, missing]
    return Batch(tokens=np.concatenate([e.tokens[:-1] for e in examples]),
                 targets=np.concatenate([e.tokens[1:] for e in examples]),
                 weights=np.concatenate([e.weights[1:] for e in examples]),
                 positions=np.concatenate([np.arange(n, dtype=np.int32) for n in lengths]),
                 starts=np.cumsum([0, *lengths], dtype=np.int32), longest=max(lengths))


def to_device(batch, device):
    """A Batch of tensors from one of arrays."""
    arrays = (torch.from_numpy(array) for array in batch[:-1])
    if device == 'cuda':
        return Batch(*(tensor.pin_memory().to(device, non_blocking=True) for tensor in arrays), batch.longest)
    return Batch(*arrays, batch.longest)


def read_rows(path):
    with open(path, encoding='utf-8') as lines:
        return [json.loads(line) for line in lines]
