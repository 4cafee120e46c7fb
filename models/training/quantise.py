"""Rounding of weights to the values that GGUF's block formats can hold (ggml-quants.c: Q4_0 and Q8_0).

Both formats cut the last axis into blocks of 32 values. A block keeps one 16-bit float scale d and, for each
value, a small integer: Q4_0 keeps q in 0..15 and means (q - 8) * d; Q8_0 keeps q in -127..127 and means q * d.
"""
import torch

BLOCK = 32


def round_q4_0(weight):
    """Returns what a reader of Q4_0 gets back for `weight` (float32, last axis a multiple of 32)."""
    blocks = weight.reshape(-1, BLOCK)
    extreme = blocks.gather(1, blocks.abs().argmax(1, keepdim=True))
    scale = (extreme / -8).half().float()
    quotient = blocks * _inverse(extreme / -8)
    return quotient.add_(8.5).floor_().clamp_(0, 15).sub_(8).mul_(scale).reshape(weight.shape)


def round_q8_0(weight):
    """Returns what a reader of Q8_0 gets back for `weight` (float32, last axis a multiple of 32)."""
    blocks = weight.reshape(-1, BLOCK)
    exact = blocks.abs().amax(1, keepdim=True) / 127
    return (blocks * _inverse(exact)).round_().mul_(exact.half().float()).reshape(weight.shape)


def _inverse(scale):
    return torch.where(scale == 0, torch.zeros_like(scale), 1 / scale)


ROUND = {'q4_0': round_q4_0, 'q8_0': round_q8_0, 'f32': lambda weight: weight}
