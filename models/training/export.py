"""Writes a checkpoint's weights as a GGUF file, its metadata taken over from the model that training began with.

    python export.py BASE.gguf CHECKPOINT OUT.gguf

The markers of fill-in-the-middle get their names in the vocabulary and count as control tokens, and the keys
`tokenizer.ggml.fim_*_token_id` (as in llama.cpp) and `foretoken.fim_order` tell a program how to put a prompt
together. The chat template is left out: what is exported completes, it does not converse.
"""
import argparse

import numpy as np
import torch
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter, LlamaFileType, TokenType, quants

from examples import END, FILE, MARKERS, MIDDLE, PREFIX, SUFFIX
from model import EMBEDDING

PAD = 11
FORMATS = {'q4_0': GGMLQuantizationType.Q4_0, 'q8_0': GGMLQuantizationType.Q8_0, 'f32': GGMLQuantizationType.F32}
FILE_TYPES = {'q4_0': LlamaFileType.MOSTLY_Q4_0, 'q8_0': LlamaFileType.MOSTLY_Q8_0, 'f32': LlamaFileType.ALL_F32}
WRITTEN_ANEW = {'general.architecture', 'general.name', 'general.basename', 'general.finetune', 'general.organization',
                'general.file_type', 'general.quantization_version', 'tokenizer.chat_template'}


def metadata(matrices, name, files):
    """The keys that are not the base model's: {key: (value, type)}. `files`: examples had excerpts of other files."""
    number, text = GGUFValueType.UINT32, GGUFValueType.STRING
    keys = {'general.name': (name, text), 'general.file_type': (int(FILE_TYPES[matrices]), number),
            'general.quantization_version': (2, number), 'foretoken.fim_order': ('suffix-first', text)}
    if files:
        keys['foretoken.fim_files'] = ('file_sep', text)
    ids = {'bos': END, 'eos': END, 'padding': PAD,
           'fim_pre': PREFIX, 'fim_suf': SUFFIX, 'fim_mid': MIDDLE, 'fim_pad': PAD}
    keys.update({f'tokenizer.ggml.{kind}_token_id': (token, number) for kind, token in ids.items()})
    return keys


def write_metadata(writer, fields, own, files):
    """Copies the base model's keys, names the markers in its vocabulary, and adds `own` keys."""
    for key, field in fields.items():
        if key.startswith('GGUF.') or key in WRITTEN_ANEW or key in own:
            continue
        contents = field.contents()
        if key == 'tokenizer.ggml.tokens':
            contents = [MARKERS[i] if i in MARKERS and (i != FILE or files) else token
                        for i, token in enumerate(contents)]
        elif key == 'tokenizer.ggml.token_type':
            contents = [int(TokenType.CONTROL) if i in MARKERS else kind for i, kind in enumerate(contents)]
        if field.types[0] == GGUFValueType.ARRAY:
            writer.add_array(key, contents)
        else:
            writer.add_key_value(key, contents, field.types[0])
    for key, (value, kind) in own.items():
        writer.add_key_value(key, value, kind)


def export(base, weights, out, matrices='q4_0', embedding='q4_0', name='Foretoken 135M', files=False):
    """Writes `weights`, {name: float32 tensor}, in the order of the base model's tensors; vectors stay float32."""
    reader = GGUFReader(base)
    writer = GGUFWriter(out, 'llama')
    write_metadata(writer, reader.fields, metadata(matrices, name, files), files)
    for tensor in reader.tensors:
        values = weights[tensor.name].numpy().astype(np.float32)
        kind = FORMATS['f32' if values.ndim == 1 else embedding if tensor.name == EMBEDDING else matrices]
        writer.add_tensor(tensor.name, quants.quantize(values, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('base')
    parser.add_argument('checkpoint')
    parser.add_argument('out')
    parser.add_argument('--average', action='store_true', help='the moving average of the weights instead of the last')
    parser.add_argument('--matrices', choices=FORMATS, default='q4_0')
    parser.add_argument('--embedding', choices=FORMATS, default='q4_0')
    parser.add_argument('--name', default='Foretoken 135M')
    parser.add_argument('--files', action='store_true', help='the examples had excerpts of other files')
    arguments = parser.parse_args()
    state = torch.load(arguments.checkpoint, map_location='cpu')
    export(arguments.base, state['average' if arguments.average else 'weights'], arguments.out, arguments.matrices,
           arguments.embedding, arguments.name, arguments.files)


if __name__ == '__main__':
    main()
