"""A decoder of the Llama architecture with tied embeddings, its weights named and laid out as in a GGUF file.

It works on packed batches: several sequences one after the other in one row of places, each attending to itself only.
"""
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from gguf import GGUFReader, dequantize

EMBEDDING = 'token_embd.weight'
LOSS_PLACES = 8192  # on a GPU: logits are computed for so many places at a time


@dataclass(frozen=True)
class Shape:
    """Sizes of a model: `width` of the residual stream, number of `layers`, of query heads and of key/value heads."""
    width: int
    layers: int
    heads: int
    kv_heads: int
    norm_epsilon: float
    rope_base: float

    @property
    def head_width(self):
        return self.width // self.heads


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


def rotation(positions, head_width, base):
    """Cosines and sines (places, 1, head_width / 2) of rotary position embedding at integer `positions` (places)."""
    frequency = base ** (-torch.arange(0, head_width, 2, device=positions.device).float() / head_width)
    angle = positions.float()[:, None, None] * frequency
    return angle.cos(), angle.sin()


def rotate(x, cosine, sine):
    """Turns neighbouring pairs of values of x (places, heads, head width), as GGUF lays them out."""
    even, odd = x.float().unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack((even * cosine - odd * sine, even * sine + odd * cosine), -1).flatten(-2).to(x.dtype)


def attend(query, key, value, starts, longest):
    """Causal attention of each sequence to itself; all are (places, heads, head width).

    `starts` (sequences + 1, int32): where each sequence begins, and the number of places. `longest`: places of the
    longest one.
    """
    if query.is_cuda:
        from torch.nn.attention.varlen import varlen_attn
        return varlen_attn(query, key, value, starts, starts, longest, longest, window_size=(-1, 0))
    edges = starts.tolist()
    pieces = []
    for first, last in zip(edges, edges[1:]):
        q, k, v = (x[first:last].transpose(0, 1)[None] for x in (query, key, value))
        pieces.append(F.scaled_dot_product_attention(q, k, v, is_causal=True)[0].transpose(0, 1))
    return torch.cat(pieces)


def before_attention(x, norm, q, k, v, cosine, sine, shape):
    """Queries, keys and values (places, query heads, head width) of a layer; keys and values are repeated."""
    y = F.rms_norm(x, (shape.width,), norm, shape.norm_epsilon).to(q.dtype)
    query, key, value = (F.linear(y, weight).unflatten(-1, (-1, shape.head_width)) for weight in (q, k, v))
    query, key = rotate(query, cosine, sine), rotate(key, cosine, sine)
    repeats = shape.heads // shape.kv_heads
    return query, key.repeat_interleave(repeats, 1), value.repeat_interleave(repeats, 1)


def after_attention(x, mixed, output, norm, gate, up, down, shape):
    """The residual stream after a layer, from that before it and what attention mixed."""
    x = x + F.linear(mixed.flatten(1), output)
    y = F.rms_norm(x, (shape.width,), norm, shape.norm_epsilon).to(output.dtype)
    return x + F.linear(F.silu(F.linear(y, gate)) * F.linear(y, up), down)


def cross_entropy(hidden, embedding, targets):
    """Nats of each target (places) from normalised states (places, width)."""
    return F.cross_entropy(F.linear(hidden.to(embedding.dtype), embedding).float(), targets, reduction='none')


class Llama(torch.nn.Module):
    """The decoder. `weights` are taken as they are: rounding them is the caller's business.

    `compiled`: for a GPU, where every batch has the same number of places, a multiple of LOSS_PLACES; matrix products
    are then done in bfloat16, the residual stream stays float32.
    """

    def __init__(self, shape, weights, compiled=False):
        super().__init__()
        self.shape = shape
        self.compiled = compiled
        self.matrix_type = torch.bfloat16 if compiled else torch.float32
        wrap = (lambda f: torch.compile(f, dynamic=False)) if compiled else (lambda f: f)
        self.before, self.after, self.loss = (wrap(f) for f in (before_attention, after_attention, cross_entropy))
        self.weights = torch.nn.ParameterDict({name.replace('.', '/'): torch.nn.Parameter(value)
                                               for name, value in weights.items()})

    def weight(self, name):
        return self.weights[name.replace('.', '/')]

    def _matrix(self, name):
        return self.weight(name).to(self.matrix_type)

    def hidden(self, batch):
        """The states (places, width), normalised, from which the next tokens of a Batch of tensors are told."""
        shape = self.shape
        cosine, sine = rotation(batch.positions, shape.head_width, shape.rope_base)
        x = F.embedding(batch.tokens, self.weight(EMBEDDING))
        for i in range(shape.layers):
            norm, feed_norm = (self.weight(f'blk.{i}.{kind}_norm.weight') for kind in ('attn', 'ffn'))
            q, k, v, output = (self._matrix(f'blk.{i}.attn_{kind}.weight') for kind in ('q', 'k', 'v', 'output'))
            gate, up, down = (self._matrix(f'blk.{i}.ffn_{kind}.weight') for kind in ('gate', 'up', 'down'))
            query, key, value = self.before(x, norm, q, k, v, cosine, sine, shape)
            mixed = attend(query, key, value, batch.starts, batch.longest)
            x = self.after(x, mixed, output, feed_norm, gate, up, down, shape)
        return F.rms_norm(x, (shape.width,), self.weight('output_norm.weight'), shape.norm_epsilon)

    def logits(self, hidden):
        return F.linear(hidden.to(self.matrix_type), self._matrix(EMBEDDING)).float()

    def losses(self, batch):
        """Nats of the targets of a Batch where its weights are not 0, and those weights; two vectors.

        Otherwise logits are computed only there: the head is a fifth of the model's weights. Compiled, they are
        computed everywhere, a part at a time.
        """
        hidden, embedding = self.hidden(batch), self._matrix(EMBEDDING)
        if self.compiled:
            parts = zip(hidden.split(LOSS_PLACES), batch.targets.split(LOSS_PLACES))
            return torch.cat([self.loss(states, embedding, targets) for states, targets in parts]), batch.weights
        counted = batch.weights > 0
        return self.loss(hidden[counted], embedding, batch.targets[counted]), batch.weights[counted]
