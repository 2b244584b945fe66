"""Makes the tiny encoders of this folder: python3 make.py (needs numpy and gguf, the package of llama.cpp). See README.md."""
import numpy as np
from gguf import GGUFWriter

WORDS = ("the a of to and in is was for on that with as it he she they cat dog sat mat tree house river mountain sun moon run walk "
         "read book red green blue quick brown fox jump over lazy music play piano stock market fell rose sharp rain snow").split()
PIECES = "s ed ing er ly est ness".split()


def vocabulary():
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)] + list("0123456789.,!?'-") + ["é", "中", "文"]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = [w for w in dict.fromkeys(WORDS) if len(w) > 1]
    tokens = special + ["\u2581" + t for t in letters + words] + letters + [p for p in PIECES if len(p) > 1]
    return tokens, [3] * len(special) + [1] * (len(tokens) - len(special))


def write(arch):
    random = np.random.default_rng(20260926)
    width, ff, layers, heads, context = 64, 128, 3, 4, 128
    tokens, types = vocabulary()
    w = GGUFWriter(f"tiny-{arch}.gguf", arch)
    w.add_name(f"tiny-{arch}")
    w.add_context_length(context)
    w.add_embedding_length(width)
    w.add_feed_forward_length(ff)
    w.add_block_count(layers)
    w.add_head_count(heads)
    w.add_layer_norm_eps(1e-12)
    w.add_causal_attention(False)
    w.add_uint32(f"{arch}.pooling_type", 1)
    if arch == "nomic-bert":
        w.add_rope_freq_base(1000.0)
    w.add_token_type_count(2)
    w.add_tokenizer_model("bert")
    w.add_tokenizer_pre("default")
    w.add_token_list(tokens)
    w.add_token_types(types)
    for name, id in (("unknown", 1), ("padding", 0), ("seperator", 3), ("mask", 4)):
        w.add_uint32(f"tokenizer.ggml.{name}_token_id", id)
    w.add_uint32("tokenizer.ggml.bos_token_id", 2)
    w.add_uint32("tokenizer.ggml.eos_token_id", 3)

    def matrix(name, rows, cols, half=True):
        m = random.standard_normal((rows, cols)) / np.sqrt(cols)
        w.add_tensor(name, m.astype(np.float16 if half else np.float32))

    def vector(name, n, base):
        w.add_tensor(name, (base + 0.1 * random.standard_normal(n)).astype(np.float32))

    def norm(name):
        vector(name + ".weight", width, 1)
        vector(name + ".bias", width, 0)

    w.add_tensor("token_embd.weight", (2 * random.standard_normal((len(tokens), width))).astype(np.float16))
    matrix("token_types.weight", 2, width, half=False)
    if arch == "bert":
        matrix("position_embd.weight", context, width, half=False)
    norm("token_embd_norm")
    for l in range(layers):
        at = f"blk.{l}."
        if arch == "bert":
            for part in "qkv":
                matrix(f"{at}attn_{part}.weight", width, width)
                vector(f"{at}attn_{part}.bias", width, 0)
            vector(at + "attn_output.bias", width, 0)
        else:
            matrix(at + "attn_qkv.weight", 3 * width, width)
            matrix(at + "ffn_gate.weight", ff, width)
        matrix(at + "attn_output.weight", width, width)
        norm(at + "attn_output_norm")
        matrix(at + "ffn_up.weight", ff, width)
        matrix(at + "ffn_down.weight", width, ff)
        if arch == "bert":
            vector(at + "ffn_up.bias", ff, 0)
            vector(at + "ffn_down.bias", width, 0)
        norm(at + "layer_output_norm")
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


for architecture in ("bert", "nomic-bert"):
    write(architecture)
