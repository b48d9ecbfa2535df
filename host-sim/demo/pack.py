"""Packs matrices as Q4_K and Q6_K, with exactly the roundings that training saw (model.round_q4k, model.round_q6k)."""
import numpy as np


def half(x):
    return x.astype(np.float16)


def q4k(w):
    """Blocks of 256: f16 scale of scales, f16 scale of minima, eight 6-bit scales and minima, 4-bit values."""
    x = np.asarray(w, np.float32).reshape(-1, 8, 32)
    low = np.minimum(x.min(-1), 0)
    scale = (x.max(-1) - low) / 15
    d, dmin = half(scale.max(-1, keepdims=True) / 63), half(-low.min(-1, keepdims=True) / 63)
    d32, dmin32 = d.astype(np.float32), dmin.astype(np.float32)
    sc = np.clip(np.rint(scale / np.maximum(d32, 1e-12)), 0, 63)
    mn = np.clip(np.rint(-low / np.maximum(dmin32, 1e-12)), 0, 63)
    step = np.maximum(sc * d32, 1e-12)[..., None]
    q = np.clip(np.rint((x + (mn * dmin32)[..., None]) / step), 0, 15).astype(np.uint8)
    sc, mn = sc.astype(np.uint8), mn.astype(np.uint8)
    packed = np.concatenate([sc[:, :4] | (sc[:, 4:] >> 4) << 6, mn[:, :4] | (mn[:, 4:] >> 4) << 6, (sc[:, 4:] & 15) | (mn[:, 4:] & 15) << 4], -1)
    qs = (q[:, 0::2] | q[:, 1::2] << 4).reshape(-1, 128)
    rows = np.concatenate([d.view(np.uint8), dmin.view(np.uint8), packed, qs], -1)
    return rows.reshape(w.shape[0], -1)


def q6k(w):
    """Blocks of 256: 4 low bits and 2 high bits of the values apart, sixteen 8-bit scales, f16 scale of scales."""
    x = np.asarray(w, np.float32).reshape(-1, 16, 16)
    scale = np.abs(x).max(-1) / 31
    d = half(scale.max(-1, keepdims=True) / 127)
    d32 = d.astype(np.float32)
    sc = np.clip(np.rint(scale / np.maximum(d32, 1e-12)), 1, 127)
    q = np.clip(np.rint(x / np.maximum(sc * d32, 1e-12)[..., None]), -32, 31).astype(np.int32) + 32
    # Two halves of 128 values; in each, value l of four groups of 32 shares a byte of high bits.
    q = q.reshape(-1, 2, 4, 32).astype(np.uint8)
    low = np.stack([(q[:, :, 0] & 15) | (q[:, :, 2] & 15) << 4, (q[:, :, 1] & 15) | (q[:, :, 3] & 15) << 4], 2)
    high = q[:, :, 0] >> 4 | q[:, :, 1] >> 4 << 2 | q[:, :, 2] >> 4 << 4 | q[:, :, 3] >> 4 << 6
    rows = np.concatenate([low.reshape(-1, 128), high.reshape(-1, 64), sc.astype(np.int8).view(np.uint8), d.view(np.uint8)], -1)
    return rows.reshape(w.shape[0], -1)
