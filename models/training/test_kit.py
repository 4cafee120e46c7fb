"""Tests of the training kit on a made-up corpus and a tiny model, less than a minute: python -m unittest test_kit"""
import contextlib
import gzip
import io
import json
import os
import random
import tempfile
import time
import unittest
import zipfile

import numpy as np
import torch
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter, TokenType, quants

import corpus
import evaluate
import examples
import export
import train
from model import EMBEDDING, Llama, load
from quantise import round_q4_0, round_q8_0

MIT = 'Metadata-Version: 2.1\nName: x\nLicense-Expression: MIT\n\ntext'
GPL = 'Metadata-Version: 2.1\nName: x\nLicense: GPL-3.0-or-later\n\ntext'
TASK = {'prompt': 'def has_close_elements(numbers, threshold):\n    """ Check if in given list of numbers, are any two '
                  'numbers closer to each other than given threshold. """\n',
        'canonical_solution': '    for left, right in zip(numbers, numbers[1:]):\n'
                              '        return right - left < threshold\n'}


def module(seed):
    """The text of a made-up Python module."""
    rng = random.Random(seed)
    names = [''.join(rng.choice('abcdefgh') for _ in range(5)) for _ in range(6)]
    return '\n\n'.join(f'def {name}({a}, {b}):\n    """Returns {name} of {a}."""\n    total = {a} + {b}\n'
                       f'    for item in range(total):\n        total += item\n    return total\n'
                       for name in names for a, b in [rng.sample(names, 2)])


def write_archive(folder, name, metadata, files):
    path = os.path.join(folder, name + '-1.0-py3-none-any.whl')
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr(name + '-1.0.dist-info/METADATA', metadata)
        for file, text in files.items():
            archive.writestr(f'{name}/{file}', text)


def byte_names():
    """The 256 one-byte tokens in the spelling of byte-level BPE."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [i for i in range(256) if i not in plain]
    return [chr(i) for i in plain] + [chr(256 + n) for n in range(len(rest))]


def write_model(path):
    """A random Llama of two layers, its vocabulary bytes and one merge, as a GGUF file."""
    width, feed, heads, kv_heads = 64, 96, 2, 1
    tokens = ['<|endoftext|>'] + [f'<unused {i}>' for i in range(1, 12)] + byte_names() + ['ab']
    writer = GGUFWriter(path, 'llama')
    writer.add_name('Tiny')
    writer.add_license('apache-2.0')
    writer.add_block_count(2)
    writer.add_embedding_length(width)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_chat_template('a template')
    writer.add_token_list(tokens)
    writer.add_token_types([int(TokenType.NORMAL)] * len(tokens))
    writer.add_token_merges(['a b'])
    generator = np.random.default_rng(0)
    shapes = {'attn_q': (width, width), 'attn_k': (width // 2, width), 'attn_v': (width // 2, width),
              'attn_output': (width, width), 'ffn_gate': (feed, width), 'ffn_up': (feed, width),
              'ffn_down': (width, feed)}
    writer.add_tensor(EMBEDDING, generator.normal(0, 0.1, (len(tokens), width)).astype(np.float32))
    writer.add_tensor('output_norm.weight', np.ones(width, np.float32))
    for i in range(2):
        for name, shape in shapes.items():
            writer.add_tensor(f'blk.{i}.{name}.weight', generator.normal(0, 0.1, shape).astype(np.float32))
        for name in ('attn_norm', 'ffn_norm'):
            writer.add_tensor(f'blk.{i}.{name}.weight', np.ones(width, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


class Rounding(unittest.TestCase):
    def test_equals_what_gguf_reads_back(self):
        generator = torch.Generator().manual_seed(0)
        weight = torch.randn(64, 96, generator=generator) * torch.logspace(-6, 1, 64)[:, None]
        weight[3, :32] = 0
        for rounded, kind in ((round_q4_0, GGMLQuantizationType.Q4_0), (round_q8_0, GGMLQuantizationType.Q8_0)):
            back = quants.dequantize(quants.quantize(weight.numpy(), kind), kind)
            np.testing.assert_array_equal(rounded(weight).numpy(), back)

    def test_exported_values_are_those_that_were_trained_with(self):
        with tempfile.TemporaryDirectory() as folder:
            base, out = os.path.join(folder, 'base.gguf'), os.path.join(folder, 'out.gguf')
            write_model(base)
            weights = load(base)[1]
            export.export(base, weights, out)
            for name, value in load(out)[1].items():
                wanted = value if value.dim() == 1 else round_q4_0(weights[name])
                np.testing.assert_array_equal(value.numpy(), wanted.numpy())


class Corpus(unittest.TestCase):
    def test_licences(self):
        for text in ('MIT', 'BSD-3-Clause', 'Apache-2.0', 'Expat or GPL-2+', 'PSF-2.0'):
            self.assertTrue(corpus.permissive(text), text)
        for text in ('GPL-3+', 'LGPL-2.1-only', 'MPL-2.0', '', 'MIT and GPL-2', 'Proprietary'):
            self.assertFalse(corpus.permissive(text), text)

    def test_debian_copyright(self):
        text = ('Format: x\n\nFiles: *\nCopyright: A\nLicense: BSD-3-clause\n\nFiles: lib/a.py\n other/*\n'
                'Copyright: B\nLicense: LGPL-2.1+\n\nFiles: debian/*\nCopyright: C\nLicense: Expat\n')
        self.assertEqual(corpus.debian_licence(text), ('BSD-3-clause', ['lib/a.py', 'other/*']))

    def test_build(self):
        with tempfile.TemporaryDirectory() as folder:
            statistics, rows = build_corpus(folder)
            self.assertEqual(statistics['left out'], {'package licence': 1, 'contaminated': 1, 'duplicate': 1})
            self.assertEqual({row['package'] for row in rows['held-out']}, {'bottle'})
            self.assertNotIn('bottle', {row['package'] for row in rows['train'] + rows['valid']})
            self.assertEqual({row['licence'] for part in rows.values() for row in part}, {'MIT'})


def build_corpus(folder):
    """Builds a corpus of made-up packages below a folder: its statistics, and its rows by part."""
    archives = os.path.join(folder, 'archives', 'pypi')
    os.makedirs(archives)
    humaneval = os.path.join(folder, 'humaneval.jsonl.gz')
    with gzip.open(humaneval, 'wt') as file:
        file.write(json.dumps(TASK) + '\n')
    write_archive(archives, 'good', MIT, {f'm{i}.py': module(i) for i in range(120)})
    write_archive(archives, 'bottle', MIT, {'bottle.py': module(1000)})
    write_archive(archives, 'copy', MIT, {'copied.py': module(1000) + '\n'})
    write_archive(archives, 'copyleft', GPL, {'m.py': module(2000)})
    write_archive(archives, 'leak', MIT, {'m.py': module(3000) + TASK['prompt'] + TASK['canonical_solution']})
    collector = corpus.Collector(corpus.benchmark_runs(humaneval))
    corpus.collect(os.path.join(folder, 'archives'), collector)
    out = os.path.join(folder, 'corpus')
    statistics = collector.write(out)
    return statistics, {part: examples.read_rows(os.path.join(out, part + '.jsonl')) for part in collector.rows}


class Drawing(unittest.TestCase):
    def setUp(self):
        self.rows = [{'language': 'python', 'package': 'a', 'group': 'pypi', 'path': f'm{i}.py', 'content': module(i)}
                     for i in range(5)]

    def drawn(self, **options):
        return examples.Examples(self.rows, lambda texts: [[20 + ord(c) % 200 for c in t] for t in texts], 1, **options)

    def test_an_example_is_a_piece_of_a_file(self):
        letters = examples.Examples(self.rows, lambda texts: [[ord(c) + 100 for c in text] for text in texts], 3,
                                    limits=(10_000, 10_000, 10_000))
        kinds = set()
        for _ in range(300):
            before, middle = letters.draw()
            self.assertEqual((before[0], before[-1], middle[-1]), (examples.SUFFIX, examples.MIDDLE, examples.END))
            cut = before.index(examples.PREFIX)
            suffix, prefix = before[1:cut], before[cut + 1:-1]
            text = ''.join(chr(token - 100) for token in prefix + middle[:-1] + suffix)
            self.assertTrue(any(text in row['content'] for row in self.rows))
            kinds.add('empty' if len(middle) == 1 else 'at line start' if prefix[-1:] == [110] else 'in a line')
        self.assertEqual(kinds, {'empty', 'at line start', 'in a line'})

    def test_only_middles_count_fully_and_markers_never(self):
        for _ in range(100):
            example = self.drawn(context_share=0.5).example(0.3)
            at = int(np.flatnonzero(example.tokens == examples.MIDDLE)[0])
            self.assertTrue((example.weights[at + 1:] == 1).all())
            self.assertTrue(set(example.weights[:at + 1]) <= {0, examples.CONTEXT_WEIGHT})
            self.assertFalse(example.weights[:at + 1][np.isin(example.tokens[:at + 1], list(examples.MARKERS))].any())

    def test_batches_are_repeatable_and_fit(self):
        for filled in (False, True):
            first, second = self.drawn().batch(4, 800, 0.1, filled), self.drawn().batch(4, 800, 0.1, filled)
            for a, b in zip(first, second):
                np.testing.assert_array_equal(a, b)
            self.assertLessEqual(len(first.tokens), 800)
            self.assertEqual(len(first.tokens) == 800, filled)

    def test_a_filled_batch_has_places_that_do_not_count(self):
        short, long = (examples.Example(np.arange(n), np.ones(n, np.float32)) for n in (4, 9))
        batch = examples.pack([short, long], 14)
        self.assertEqual(batch.starts.tolist(), [0, 3, 11, 14])
        self.assertEqual(batch.longest, 8)
        self.assertEqual(batch.weights.tolist(), [1] * 11 + [0] * 3)
        self.assertEqual(batch.targets.tolist(), [1, 2, 3, *range(1, 9), 0, 0, 0])
        self.assertEqual(batch.positions.tolist(), [0, 1, 2, *range(8), 0, 1, 2])

    def test_another_file_stands_before_the_suffix_with_both_names(self):
        letters = examples.Examples(self.rows, lambda texts: [[ord(c) + 100 for c in text] for text in texts], 3,
                                    context_share=1.0)
        found = 0
        for _ in range(50):
            before, _ = letters.draw()
            if before[0] != examples.FILE:
                continue
            found += 1
            files = before[1:before.index(examples.SUFFIX)]
            text = ''.join(chr(token - 100) if token > 11 else '|' for token in files)
            self.assertRegex(text, r'^m\d\.py\n(.|\n)*\|m\d\.py\n$')
        self.assertGreater(found, 20)

    def test_an_excerpt_begins_where_a_wanted_name_is_defined(self):
        text = 'import os\n\ndef other():\n    pass\n\n\ndef wanted(a):\n    return a\n'
        self.assertEqual(examples.excerpt(text, {'wanted'}, random.Random(1), 100), 'def wanted(a):\n    return a')


class Model(unittest.TestCase):
    def test_later_tokens_and_other_examples_do_not_matter(self):
        with tempfile.TemporaryDirectory() as folder:
            write_model(os.path.join(folder, 'base.gguf'))
            model = Llama(*load(os.path.join(folder, 'base.gguf')))
            tokens = np.random.default_rng(1).integers(20, 200, 40)
            weights = np.ones(40, np.float32)
            whole, alone, begun = (examples.to_device(examples.pack([
                examples.Example(tokens[first:last], weights[first:last]) for first, last in parts]), 'cpu')
                for parts in ([(0, 13), (13, 40)], [(13, 40)], [(13, 30)]))
            states = model.hidden(whole)
            torch.testing.assert_close(states[12:], model.hidden(alone))
            torch.testing.assert_close(states[12:28], model.hidden(begun))


class Run(unittest.TestCase):
    """From archives to an exported file; and a run broken off and resumed against an unbroken one."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        build_corpus(self.folder.name)
        write_model(self.path('base.gguf'))

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def train(self, checkpoint, *options):
        with contextlib.redirect_stdout(io.StringIO()) as log:
            train.Run(train.parse([
                '--base', self.path('base.gguf'), '--corpus', self.path('corpus'), '--checkpoint',
                self.path(checkpoint), '--rate', '3e-3', '--validation', '4', *options])).run()
        self.log = [json.loads(line) for line in log.getvalue().splitlines()]
        return torch.load(self.path(checkpoint))

    def test_a_paused_run_makes_no_step_and_ends_in_time(self):
        end = time.time() + 5
        state = self.train('paused', '--end', str(end), '--pause-file', self.path('base.gguf'))
        self.assertEqual(state['step'], 0)
        self.assertLess(time.time(), end + 20)

    def test_two_workers_go_by_the_clock(self):
        state = self.train('clock', '--minutes', '0.1', '--workers', '2')
        self.assertGreater(state['step'], 2)
        self.assertEqual(self.log[0]['factor'], 0.1)
        self.assertIn('validation of the average', self.log[-1])

    def test_only_the_weights_that_are_asked_for_are_trained(self):
        state = self.train('only', '--steps', '3', '--only', r'blk\.1\.ffn', '--validation', '0')
        for name, value in load(self.path('base.gguf'))[1].items():
            self.assertEqual(torch.equal(state['weights'][name], value), not name.startswith('blk.1.ffn'), name)

    def test_processes_make_the_same_batches(self):
        rows = examples.read_rows(self.path('corpus/train.jsonl'))
        made = []
        for processes in (0, 2):
            drawn = examples.Examples(rows, examples.encoder(self.path('base.gguf')), 1)
            stream = train.Stream(drawn, 800, 0.1, processes=processes)
            self.addCleanup(stream.close)
            stream.position = 3
            stream.start()
            made.append(stream.take(5))
        for one, other in zip(*made):
            np.testing.assert_array_equal(one.tokens, other.tokens)

    def test_run(self):
        steps = ('--steps', '12', '--workers', '1', '--processes', '2')
        unbroken = self.train('unbroken', *steps)
        self.assertEqual(self.train('broken', *steps, '--stop-after', '5')['step'], 5)
        resumed = self.train('broken', *steps)
        self.assertEqual((resumed['step'], resumed['position']), (12, unbroken['position']))
        for kind in ('weights', 'average'):
            for name, value in unbroken[kind].items():
                torch.testing.assert_close(resumed[kind][name], value, rtol=0, atol=0)

        export.export(self.path('base.gguf'), unbroken['weights'], self.path('out.gguf'), files=True)
        fields = GGUFReader(self.path('out.gguf')).fields
        tokens, kinds = (fields['tokenizer.ggml.' + name].contents() for name in ('tokens', 'token_type'))
        for token, name in examples.MARKERS.items():
            self.assertEqual((tokens[token], kinds[token]), (name, TokenType.CONTROL))
        self.assertEqual(fields['foretoken.fim_order'].contents(), 'suffix-first')
        self.assertEqual(fields['foretoken.fim_files'].contents(), 'file_sep')
        self.assertEqual(fields['general.license'].contents(), 'apache-2.0')
        self.assertEqual(fields['tokenizer.ggml.fim_suf_token_id'].contents(), examples.SUFFIX)
        self.assertNotIn('tokenizer.chat_template', fields)

        rows = examples.read_rows(self.path('corpus/train.jsonl'))
        batches = evaluate.middle_batches(rows, examples.encoder(self.path('base.gguf')), 30)
        newlines = examples.newline_tokens(self.path('base.gguf'))
        before, after = (evaluate.evaluate(Llama(*load(self.path(name))), batches, newlines)['all']
                         for name in ('base.gguf', 'out.gguf'))
        self.assertLess(after.loss, before.loss - 0.5)


if __name__ == '__main__':
    unittest.main()
