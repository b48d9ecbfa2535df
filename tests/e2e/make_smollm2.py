#!/usr/bin/env python3
"""Makes smollm2.json: what llama.cpp answers greedily to three prompts, in token ids.

    pip install llama-cpp-python==0.3.36 numpy
    tests/e2e/make_smollm2.py path/to/smollm2-135m-instruct-q4_1.gguf

llama.cpp rounds activations in its own way, so two right engines may part where two tokens are almost
equally likely. The prompts are such that this never happens: at every step the best logit leads
the second by more than MARGIN, and the script refuses a prompt that falls short. They are also unlike each
other: a passage longer than one prefill chunk, a chat turn with control tokens, and code.
"""
import hashlib, json, pathlib, sys
import llama_cpp, numpy as np

STEPS, MARGIN = 16, 1.0
PASSAGE = (
    "A flash chip keeps its bytes when the power is off. A read moves a page of them into memory, and a write "
    "first erases a block. Programs that run on small boards often keep their tables, fonts and models in flash, "
    "and read what they need when they need it, since memory is short and flash is not."
)
PROMPTS = [
    PASSAGE + "\n\n" + "A flash chip keeps its bytes when the power is off.",
    "<|im_start|>user\nCount from one to twenty.<|im_end|>\n<|im_start|>assistant\n1, 2, 3, 4, 5,",
    '#include <stdio.h>\n\nint main() {\n    printf("Hello,',
]


def greedy(llm, prompt):
    prompt_ids = llm.tokenize(prompt.encode(), add_bos=True, special=True)
    llm.reset()
    llm.eval(prompt_ids)
    ids, margins = [], []
    for _ in range(STEPS):
        logits = np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(llm.ctx, -1), (llm.n_vocab(),))
        second, best = (int(i) for i in np.argsort(logits)[-2:])
        margins.append(float(logits[best] - logits[second]))
        if best == llm.token_eos():
            sys.exit(f"{prompt!r} ends after {len(ids)} tokens")
        ids.append(best)
        llm.eval([best])
    if min(margins) <= MARGIN:
        sys.exit(f"{prompt!r}: step {margins.index(min(margins))} leads by {min(margins):.3f} only")
    text = llm.detokenize(ids, special=True).decode()
    return {"prompt": prompt, "prompt_ids": prompt_ids, "ids": ids, "text": text, "least_margin": round(min(margins), 3)}


model = pathlib.Path(sys.argv[1])
llm = llama_cpp.Llama(str(model), n_ctx=512, verbose=False)
golden = {
    "model": "smollm2-135m-instruct-q4_1.gguf",
    "sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
    "reference": f"llama.cpp, by llama-cpp-python {llama_cpp.__version__}",
    "prompts": [greedy(llm, p) for p in PROMPTS],
}
out = pathlib.Path(__file__).with_name("smollm2.json")
out.write_text(json.dumps(golden, indent=1, ensure_ascii=False) + "\n")
for p in golden["prompts"]:
    print(f"{len(p['prompt_ids']):4} tokens, least margin {p['least_margin']:.3f}: {p['text']!r}")
