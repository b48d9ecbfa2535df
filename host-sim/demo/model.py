"""The demo's model in JAX: llama with multi-query attention and tied embeddings, its weights rounded as the file will store them."""
import jax
import jax.numpy as jnp

VOCAB, WIDTH, LAYERS, HIDDEN, HEADS, HEAD = 1024, 256, 3, 256, 4, 64
EPS, ROPE_BASE, CONTEXT = 1e-5, 10000.0, 128
HALF = jnp.bfloat16
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


def turned(a, one):
    """The transpose of the last two axes, as an operation of its own: `one` is 1, but the compiler does not know. It would otherwise
    merge the transpose into a matrix product, which is then several times slower than both apart."""
    return jax.lax.cond(one == 1, lambda a: a.swapaxes(-1, -2), lambda a: jnp.zeros((*a.shape[:-2], a.shape[-1], a.shape[-2]), a.dtype), a)


def dot(a, b, axes):
    """A product of bfloat16 matrices, summed in float32, over these axes; of three-dimensional ones for each of the first axis."""
    batch = ((0,), (0,)) if a.ndim == 3 else ((), ())
    return jax.lax.dot_general(a, b, (((axes[0],), (axes[1],)), batch), preferred_element_type=jnp.float32)


@jax.custom_vjp
def linear(x, w, one):
    """x: [n, cols], w: [rows, cols]; [n, rows]."""
    return dot(x.astype(HALF), w.astype(HALF), (1, 1))


def linear_forward(x, w, one):
    x, w = x.astype(HALF), w.astype(HALF)
    return dot(x, w, (1, 1)), (x, w, one)


def linear_backward(kept, g):
    x, w, one = kept
    g = g.astype(HALF)
    # The narrower of the two is turned.
    dw = dot(turned(g, one), x, (1, 0)) if g.shape[1] <= x.shape[1] else turned(dot(turned(x, one), g, (1, 0)), one)
    return dot(g, w, (1, 0)), dw, None


linear.defvjp(linear_forward, linear_backward)


@jax.custom_vjp
def attend(q, k, v, mask, one):
    """q: [n, queries * HEADS, HEAD], k and v: [n, tokens, HEAD], mask: [n, queries, tokens]; as q."""
    return attend_forward(q, k, v, mask, one)[0]


def attend_forward(q, k, v, mask, one):
    q, k, v = (a.astype(HALF) for a in (q, k, v))
    scores = dot(q, k, (2, 2)).reshape(*mask.shape[:2], HEADS, -1) * HEAD ** -0.5
    p = jax.nn.softmax(jnp.where(mask[:, :, None], scores, -1e9), -1).reshape(*q.shape[:2], -1).astype(HALF)
    return dot(p, v, (2, 1)), (q, k, v, p, one)


def attend_backward(kept, g):
    q, k, v, p, one = kept
    g = g.astype(HALF)
    dp, wide = dot(g, v, (2, 2)), p.astype(jnp.float32)
    ds = (wide * (dp - (wide * dp).sum(-1, keepdims=True)) * HEAD ** -0.5).astype(HALF)
    return dot(ds, k, (2, 1)), dot(turned(ds, one), q, (2, 1)), dot(turned(p, one), g, (2, 1)), None, None


attend.defvjp(attend_forward, attend_backward)


def norm(x, weight):
    return x * jax.lax.rsqrt((x * x).mean(-1, keepdims=True) + EPS) * weight


def quarter(w):
    """The rows that give a projection turned by a quarter, in adjacent pairs as GGUF's llama rotates: (a, b) to (-b, a)."""
    pairs = w.reshape(-1, 2, w.shape[1])
    return jnp.stack([-pairs[:, 1], pairs[:, 0]], 1).reshape(w.shape)


def hidden(params, tokens, segments, positions, at, one):
    """[rows * n, WIDTH] after the last norm, at the n places `at` of each row: the last layer computes nothing else there.
    Tokens see earlier ones of their own segment. `one` is 1 (see `turned`)."""
    n, t = tokens.shape
    angle = jnp.arange(CONTEXT)[:, None] * ROPE_BASE ** (-(jnp.arange(HEAD) // 2 * 2) / HEAD)
    cos, sin = (f(angle)[positions.reshape(-1)] for f in (jnp.cos, jnp.sin))
    x = params["token_embd"][tokens.reshape(-1)]
    mask = (segments[:, :, None] == segments[:, None, :]) & (jnp.arange(t)[:, None] >= jnp.arange(t))
    flat = (at + jnp.arange(n)[:, None] * t).reshape(-1)
    for i in range(LAYERS):
        w = lambda name: params[f"blk.{i}.{name}"]
        h = norm(x, w("attn_norm"))
        k, v = w("attn_k"), w("attn_v")
        kv = linear(h, jnp.concatenate([k, quarter(k), v]), one)
        k, v = kv[:, :HEAD] * cos + kv[:, HEAD:2 * HEAD] * sin, kv[:, 2 * HEAD:]
        if i + 1 == LAYERS:
            x, h, cos, sin = (a[flat] for a in (x, h, cos, sin))
            mask = jnp.take_along_axis(mask, at[:, :, None], 1)
        q = linear(h, jnp.concatenate([w("attn_q"), quarter(w("attn_q"))]), one).reshape(-1, 2, HEADS, HEAD)
        q = q[:, 0] * cos[:, None] + q[:, 1] * sin[:, None]
        o = attend(q.reshape(n, -1, HEAD), k.reshape(n, t, HEAD), v.reshape(n, t, HEAD), mask, one)
        x = x + linear(o.reshape(-1, HEADS * HEAD), w("attn_output"), one)
        both = linear(norm(x, w("ffn_norm")), jnp.concatenate([w("ffn_gate"), w("ffn_up")]), one)
        x = x + linear(jax.nn.silu(both[:, :HIDDEN]) * both[:, HIDDEN:], w("ffn_down"), one)
    return norm(x, params["output_norm"])


def logits(params, *batch):
    """[rows * n, VOCAB], at the places asked for."""
    return linear(hidden(params, *batch), params["token_embd"], batch[-1])
