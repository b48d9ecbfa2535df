"""The demo's model in JAX: llama with multi-query attention and tied embeddings, its weights rounded as the file will store them."""
import jax
import jax.numpy as jnp

VOCAB, WIDTH, LAYERS, HIDDEN, HEADS, HEAD = 1024, 256, 3, 256, 4, 64
EPS, ROPE_BASE, CONTEXT = 1e-5, 10000.0, 128
SHAPES = {"attn_q": (HEADS * HEAD, WIDTH), "attn_k": (HEAD, WIDTH), "attn_v": (HEAD, WIDTH), "attn_output": (WIDTH, HEADS * HEAD),
          "ffn_gate": (HIDDEN, WIDTH), "ffn_up": (HIDDEN, WIDTH), "ffn_down": (WIDTH, HIDDEN)}


def init(seed):
    """Parameters by the names that they have in the file, matrices as [rows, cols]."""
    keys = iter(jax.random.split(jax.random.PRNGKey(seed), 64))
    params = {"token_embd": jax.random.normal(next(keys), (VOCAB, WIDTH)) * 0.05, "output_norm": jnp.ones(WIDTH)}
    for i in range(LAYERS):
        for name, (rows, cols) in SHAPES.items():
            scale = (0.3 if name in ("attn_output", "ffn_down") else 1.0) * cols ** -0.5
            params[f"blk.{i}.{name}"] = jax.random.normal(next(keys), (rows, cols)) * scale
        params[f"blk.{i}.attn_norm"] = jnp.ones(WIDTH)
        params[f"blk.{i}.ffn_norm"] = jnp.ones(WIDTH)
    return params


def round_q4k(w):
    """As Q4_K stores it, nearly: blocks of 32 with 4 bits between a minimum and a maximum, scales and minima of 6 bits under one
    pair for 256."""
    x = w.reshape(-1, 8, 32)
    low = jnp.minimum(x.min(-1), 0.0)
    scale = (x.max(-1) - low) / 15
    d = scale.max(-1, keepdims=True) / 63 + 1e-12
    dmin = (-low).max(-1, keepdims=True) / 63 + 1e-12
    scale = jnp.round(scale / d) * d
    low = jnp.round(-low / dmin) * dmin
    q = jnp.clip(jnp.round((x + low[..., None]) / jnp.maximum(scale, 1e-12)[..., None]), 0, 15)
    return (q * scale[..., None] - low[..., None]).reshape(w.shape)


def round_q6k(w):
    """As Q6_K stores it, nearly: blocks of 16 with 6 bits around zero."""
    x = w.reshape(-1, 16, 16)
    scale = jnp.abs(x).max(-1) / 31
    d = scale.max(-1, keepdims=True) / 127 + 1e-12
    scale = jnp.maximum(jnp.round(scale / d), 1) * d
    return (jnp.clip(jnp.round(x / scale[..., None]), -32, 31) * scale[..., None]).reshape(w.shape)


def rounded(params):
    """What the file will hold; gradients pass through."""
    def one(name, w):
        if w.ndim == 1:
            return w
        return w + jax.lax.stop_gradient((round_q6k(w) if name == "token_embd" else round_q4k(w)) - w)
    return {name: one(name, w) for name, w in params.items()}


def norm(x, weight):
    return x * jax.lax.rsqrt((x * x).mean(-1, keepdims=True) + EPS) * weight


def rope(x, positions):
    """Rotates adjacent pairs, as GGUF's llama does. x: [rows, tokens, heads, HEAD]."""
    freq = ROPE_BASE ** (-jnp.arange(0, HEAD, 2) / HEAD)
    angle = positions[..., None, None] * freq
    c, s = jnp.cos(angle), jnp.sin(angle)
    a, b = x[..., 0::2], x[..., 1::2]
    return jnp.stack([a * c - b * s, a * s + b * c], -1).reshape(x.shape)


def hidden(params, tokens, segments, positions, at):
    """[rows, n, WIDTH] after the last norm, at the n places `at` of each row: the last layer computes nothing else there.
    Tokens see earlier ones of their own segment."""
    n, t = tokens.shape
    x = params["token_embd"][tokens]
    mask = (segments[:, :, None] == segments[:, None, :]) & (jnp.arange(t)[:, None] >= jnp.arange(t))
    place = positions
    for i in range(LAYERS):
        w = lambda name: params[f"blk.{i}.{name}"]
        h = norm(x, w("attn_norm"))
        k = rope((h @ w("attn_k").T)[:, :, None], positions)[:, :, 0]
        v = h @ w("attn_v").T
        if i + 1 == LAYERS:
            x, h = (jnp.take_along_axis(a, at[:, :, None], 1) for a in (x, h))
            mask, place = jnp.take_along_axis(mask, at[:, :, None], 1), jnp.take_along_axis(positions, at, 1)
        q = rope((h @ w("attn_q").T).reshape(n, -1, HEADS, HEAD), place)
        scores = jnp.einsum("nqhd,nkd->nhqk", q, k) * HEAD ** -0.5
        scores = jax.nn.softmax(jnp.where(mask[:, None], scores, -1e9), -1)
        x = x + jnp.einsum("nhqk,nkd->nqhd", scores, v).reshape(n, -1, HEADS * HEAD) @ w("attn_output").T
        h = norm(x, w("ffn_norm"))
        x = x + (jax.nn.silu(h @ w("ffn_gate").T) * (h @ w("ffn_up").T)) @ w("ffn_down").T
    return norm(x, params["output_norm"])


def logits(params, *batch):
    """[rows, n, VOCAB], at the places asked for."""
    return hidden(params, *batch) @ params["token_embd"].T
