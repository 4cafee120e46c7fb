"""A decoder of the Llama architecture with tied embeddings, its weights named and laid out as in a GGUF file."""
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from gguf import GGUFReader, dequantize

EMBEDDING = 'token_embd.weight'


@dataclass(frozen=True)
class Shape:
    """Sizes of a model: `width` of the residual stream, number of `layers`, of query heads and of key/value heads."""
    width: int
    layers: int
    heads: int
    kv_heads: int
    norm_epsilon: float
    rope_base: float


def load(path):
    """Reads a GGUF file: its Shape, and name -> float32 tensor, matrices as (rows out, columns in)."""
    reader = GGUFReader(path)

    def field(name):
        return reader.fields['llama.' + name].contents()

    shape = Shape(field('embedding_length'), field('block_count'), field('attention.head_count'),
                  field('attention.head_count_kv'), field('attention.layer_norm_rms_epsilon'), field('rope.freq_base'))
    weights = {}
    for tensor in reader.tensors:
        values = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        size = tuple(int(n) for n in reversed(tensor.shape))
        weights[tensor.name] = torch.from_numpy(np.ascontiguousarray(values).reshape(size))
    return shape, weights


def rotation(length, head_width, base, device=None):
    """Complex factors (length, head_width / 2) of rotary position embedding, for neighbouring pairs of values."""
    frequency = base ** (-torch.arange(0, head_width, 2, device=device).float() / head_width)
    angle = torch.arange(length, device=device).float()[:, None] * frequency
    return torch.polar(torch.ones_like(angle), angle)


def rotate(x, factors):
    """Turns x (batch, length, heads, head width) by the factors of its positions (GGUF's interleaved layout)."""
    pairs = torch.view_as_complex(x.float().unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * factors[:, None]).flatten(-2).to(x.dtype)


class Llama(torch.nn.Module):
    """The decoder. `weights` are taken as they are: rounding them is the caller's business."""

    def __init__(self, shape, weights):
        super().__init__()
        self.shape = shape
        self.weights = torch.nn.ParameterDict({name.replace('.', '/'): torch.nn.Parameter(value)
                                               for name, value in weights.items()})

    def weight(self, name):
        return self.weights[name.replace('.', '/')]

    def _attention(self, layer, x, factors):
        """Causal self-attention of x (batch, length, width)."""
        batch, length, _ = x.shape
        heads, kv_heads = self.shape.heads, self.shape.kv_heads

        def project(kind, count):
            return F.linear(x, self.weight(f'{layer}.attn_{kind}.weight')).view(batch, length, count, -1)

        query, key = rotate(project('q', heads), factors), rotate(project('k', kv_heads), factors)
        key, value = (y.repeat_interleave(heads // kv_heads, 2) for y in (key, project('v', kv_heads)))
        mixed = F.scaled_dot_product_attention(query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2),
                                               is_causal=True)
        return F.linear(mixed.transpose(1, 2).flatten(2), self.weight(f'{layer}.attn_output.weight'))

    def _feed_forward(self, layer, x):
        gate = F.silu(F.linear(x, self.weight(f'{layer}.ffn_gate.weight')))
        return F.linear(gate * F.linear(x, self.weight(f'{layer}.ffn_up.weight')),
                        self.weight(f'{layer}.ffn_down.weight'))

    def _norm(self, name, x):
        return F.rms_norm(x, (self.shape.width,), self.weight(name + '.weight'), self.shape.norm_epsilon)

    def hidden(self, tokens):
        """tokens (batch, length) -> normalised states (batch, length, width) from which the next token is told."""
        shape = self.shape
        factors = rotation(tokens.shape[1], shape.width // shape.heads, shape.rope_base, tokens.device)
        x = F.embedding(tokens, self.weight(EMBEDDING))
        for i in range(shape.layers):
            layer = f'blk.{i}'
            x = x + self._attention(layer, self._norm(layer + '.attn_norm', x), factors)
            x = x + self._feed_forward(layer, self._norm(layer + '.ffn_norm', x))
        return self._norm('output_norm', x)

    def logits(self, hidden):
        return F.linear(hidden, self.weight(EMBEDDING))

    def losses(self, tokens, targets, counted):
        """Cross-entropy in nats of the targets (batch, length) where `counted` (batch, length, bool) is true, in a row.

        Logits are computed only there: the head is a fifth of the model's weights.
        """
        return F.cross_entropy(self.logits(self.hidden(tokens)[counted]).float(), targets[counted], reduction='none')
