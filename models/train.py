#!/usr/bin/env python3
"""Train a small Llama-shaped language model and write it in the Hugging Face layout.

    apt-get install -y --no-install-recommends python3-torch python3-numpy libopenblas0-pthread
    python3 models/train.py --corpus CORPUS.txt --out models/bard

The corpus is plain UTF-8 text whose documents are separated by blank lines; each document becomes
one training sequence "<|endoftext|>document", so a trained model stops by itself at the end of a
document. Everything that determines the result (corpus hash, seed, steps, sizes) is an argument and
is recorded, with the losses, in OUT/training.json.

Written files: config.json, tokenizer.json, tokenizer_config.json, generation_config.json,
model.safetensors (BF16), training.json.
"""
import argparse
import collections
import hashlib
import json
import math
import os
import re
import struct
import time

import numpy
import torch
from torch import nn
from torch.nn import functional

END_OF_TEXT = "<|endoftext|>"
# The GPT-2 pre-tokeniser (Radford et al. 2019), written for Python's `re`.
PRE_TOKEN = re.compile(
    r"'(?:[sdmt]|ll|ve|re)| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+"
)


# ------------------------------------------------------------------------------------- tokeniser


def byte_alphabet():
    """The printable stand-in character of each byte in a byte-level BPE (GPT-2's table)."""
    printable = (
        list(range(ord("!"), ord("~") + 1))
        + list(range(ord("¡"), ord("¬") + 1))
        + list(range(ord("®"), ord("ÿ") + 1))
    )
    alphabet, extra = {}, 0
    for byte in range(256):
        if byte in printable:
            alphabet[byte] = chr(byte)
        else:
            alphabet[byte] = chr(256 + extra)
            extra += 1
    return alphabet


class BytePairTokenizer:
    """Byte-level byte-pair encoding (Sennrich et al. 2016), trained greedily, ties broken by text order."""

    def __init__(self, text, vocabulary_size):
        alphabet = byte_alphabet()
        words = collections.Counter(
            tuple(alphabet[b] for b in m.group().encode("utf-8")) for m in PRE_TOKEN.finditer(text)
        )
        self.alphabet = alphabet
        self.vocabulary = [END_OF_TEXT] + [alphabet[b] for b in range(256)]
        self.merges = []
        pieces = {word: list(word) for word in words}
        while len(self.vocabulary) < vocabulary_size:
            pairs = collections.Counter()
            for word, count in words.items():
                symbols = pieces[word]
                for pair in zip(symbols, symbols[1:]):
                    pairs[pair] += count
            if not pairs:
                break
            best = max(pairs, key=lambda pair: (pairs[pair], pair))
            self.merges.append(best)
            self.vocabulary.append(best[0] + best[1])
            for symbols in pieces.values():
                merge_in_place(symbols, best)
        self.ids = {token: index for index, token in enumerate(self.vocabulary)}
        self.rank = {pair: index for index, pair in enumerate(self.merges)}
        self.cache = {}

    def encode(self, text):
        ids = []
        for match in PRE_TOKEN.finditer(text):
            word = match.group()
            if word not in self.cache:
                symbols = [self.alphabet[b] for b in word.encode("utf-8")]
                while len(symbols) > 1:
                    pair = min(zip(symbols, symbols[1:]), key=lambda p: self.rank.get(p, math.inf))
                    if pair not in self.rank:
                        break
                    merge_in_place(symbols, pair)
                self.cache[word] = [self.ids[s] for s in symbols]
            ids.extend(self.cache[word])
        return ids

    def to_json(self):
        """tokenizer.json as Hugging Face's `tokenizers` library reads it."""
        byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
        return {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [
                {"id": 0, "content": END_OF_TEXT, "single_word": False, "lstrip": False, "rstrip": False,
                 "normalized": False, "special": True}
            ],
            "normalizer": None,
            "pre_tokenizer": byte_level,
            "post_processor": {
                "type": "TemplateProcessing",
                "single": [{"SpecialToken": {"id": END_OF_TEXT, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                "pair": [{"SpecialToken": {"id": END_OF_TEXT, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                         {"Sequence": {"id": "B", "type_id": 1}}],
                "special_tokens": {END_OF_TEXT: {"id": END_OF_TEXT, "ids": [0], "tokens": [END_OF_TEXT]}},
            },
            "decoder": byte_level,
            "model": {
                "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                "vocab": self.ids,
                "merges": [list(pair) for pair in self.merges],
            },
        }


def merge_in_place(symbols, pair):
    index = 0
    while index < len(symbols) - 1:
        if symbols[index] == pair[0] and symbols[index + 1] == pair[1]:
            symbols[index : index + 2] = [pair[0] + pair[1]]
        index += 1


# ----------------------------------------------------------------------------------------- model


class RmsNorm(nn.Module):
    def __init__(self, width, epsilon):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.epsilon) * self.weight


def rotate(x, cosine, sine):
    """Rotary embedding in Hugging Face's half-split convention; x: [batch, heads, positions, head_dim]."""
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cosine - second * sine, second * cosine + first * sine), dim=-1)


class Attention(nn.Module):
    def __init__(self, a):
        super().__init__()
        self.heads, self.kv_heads, self.head_dim = a.heads, a.kv_heads, a.width // a.heads
        self.q_proj = nn.Linear(a.width, a.width, bias=False)
        self.k_proj = nn.Linear(a.width, self.kv_heads * self.head_dim, bias=False)
        self.v_proj = nn.Linear(a.width, self.kv_heads * self.head_dim, bias=False)
        self.o_proj = nn.Linear(a.width, a.width, bias=False)

    def forward(self, x, cosine, sine, mask):
        batch, positions, width = x.shape
        split = lambda y, heads: y.view(batch, positions, heads, self.head_dim).transpose(1, 2)
        q = rotate(split(self.q_proj(x), self.heads), cosine, sine)
        k = rotate(split(self.k_proj(x), self.kv_heads), cosine, sine)
        v = split(self.v_proj(x), self.kv_heads)
        group = self.heads // self.kv_heads
        k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
        scores = q @ k.transpose(-1, -2) / math.sqrt(self.head_dim) + mask
        return self.o_proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, positions, width))


class FeedForward(nn.Module):
    def __init__(self, a):
        super().__init__()
        self.gate_proj = nn.Linear(a.width, a.feed_forward, bias=False)
        self.up_proj = nn.Linear(a.width, a.feed_forward, bias=False)
        self.down_proj = nn.Linear(a.feed_forward, a.width, bias=False)

    def forward(self, x):
        return self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, a):
        super().__init__()
        self.input_layernorm = RmsNorm(a.width, a.epsilon)
        self.self_attn = Attention(a)
        self.post_attention_layernorm = RmsNorm(a.width, a.epsilon)
        self.mlp = FeedForward(a)
        self.dropout = nn.Dropout(a.dropout)

    def forward(self, x, cosine, sine, mask):
        x = x + self.dropout(self.self_attn(self.input_layernorm(x), cosine, sine, mask))
        return x + self.dropout(self.mlp(self.post_attention_layernorm(x)))


class Llama(nn.Module):
    """Tied input and output embedding; parameter names follow Hugging Face's LlamaForCausalLM."""

    def __init__(self, a):
        super().__init__()
        self.embed_tokens = nn.Embedding(a.vocabulary, a.width)
        self.layers = nn.ModuleList(Layer(a) for _ in range(a.layers))
        self.norm = RmsNorm(a.width, a.epsilon)
        self.dropout = nn.Dropout(a.dropout)
        head_dim = a.width // a.heads
        frequency = a.rope_theta ** (-torch.arange(0, head_dim, 2).float() / head_dim)
        angle = torch.outer(torch.arange(a.context).float(), frequency)
        self.register_buffer("cosine", angle.cos(), persistent=False)
        self.register_buffer("sine", angle.sin(), persistent=False)
        mask = torch.full((a.context, a.context), -math.inf).triu(1)
        self.register_buffer("mask", mask, persistent=False)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                scale = 0.02 / (math.sqrt(2 * a.layers) if name.endswith(("o_proj.weight", "down_proj.weight")) else 1)
                nn.init.normal_(parameter, std=scale)

    def forward(self, tokens):
        n = tokens.shape[1]
        x = self.dropout(self.embed_tokens(tokens))
        for layer in self.layers:
            x = layer(x, self.cosine[:n], self.sine[:n], self.mask[:n, :n])
        return self.norm(x) @ self.embed_tokens.weight.T


# -------------------------------------------------------------------------------------- training


def encode_documents(tokenizer, text):
    ids = []
    for document in re.split(r"\n\s*\n", text):
        if document.strip():
            ids.append(0)
            ids.extend(tokenizer.encode(document.strip() + "\n"))
    return numpy.array(ids + [0], dtype=numpy.int64)


def batch_of(data, a, generator, step):
    """Random windows. Most steps use short ones, since attention dominates on a CPU; every eighth spans the context."""
    length = a.context if step % 8 == 7 else a.sequence
    rows = max(1, a.batch_tokens // length)
    starts = torch.randint(0, len(data) - length - 1, (rows,), generator=generator)
    windows = torch.stack([torch.from_numpy(data[s : s + length + 1]) for s in starts.tolist()])
    return windows[:, :-1], windows[:, 1:]


def loss_of(model, inputs, targets):
    return functional.cross_entropy(model(inputs).flatten(0, 1), targets.flatten())


@torch.no_grad()
def evaluate(model, data, a):
    """Mean loss in nats per token over non-overlapping windows of the whole split."""
    model.eval()
    total, count = 0.0, 0
    for start in range(0, len(data) - 1, a.context):
        window = torch.from_numpy(data[start : start + a.context + 1])[None]
        predicted = window.shape[1] - 1
        total += loss_of(model, window[:, :-1], window[:, 1:]).item() * predicted
        count += predicted
    model.train()
    return total / count


def train(a):
    torch.manual_seed(a.seed)
    torch.set_num_threads(a.threads)
    generator = torch.Generator().manual_seed(a.seed)
    raw = open(a.corpus, "rb").read()
    text = raw.decode("utf-8")
    cut = text.index("\n\n", int(len(text) * 0.9))
    print(f"training a tokeniser with {a.vocabulary} tokens", flush=True)
    tokenizer = BytePairTokenizer(text[:cut], a.vocabulary)
    training, validation = encode_documents(tokenizer, text[:cut]), encode_documents(tokenizer, text[cut:])
    bytes_per_token = len(text[cut:].encode()) / len(validation)
    model = Llama(a)
    parameters = sum(p.numel() for p in model.parameters())
    print(f"{parameters:,} parameters, {len(training):,} training tokens, {bytes_per_token:.2f} bytes a token", flush=True)
    decayed = [p for p in model.parameters() if p.dim() == 2]
    plain = [p for p in model.parameters() if p.dim() != 2]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.1}, {"params": plain, "weight_decay": 0.0}], betas=(0.9, 0.95)
    )
    history, best, best_state, started = [], math.inf, None, time.time()
    for step in range(a.steps + 1):
        if step % a.evaluate_every == 0 or step == a.steps:
            loss = evaluate(model, validation, a)
            history.append({"step": step, "validationLoss": round(loss, 4),
                            "validationBitsPerByte": round(loss / math.log(2) / bytes_per_token, 4)})
            print(f"step {step:5d}  validation {loss:.4f}  {time.time() - started:6.0f} s", flush=True)
            if loss < best:
                best, best_state = loss, {k: v.clone() for k, v in model.state_dict().items()}
                write(a, tokenizer, best_state, history, parameters, raw, best, bytes_per_token)
        if step == a.steps:
            break
        warm = min(1.0, (step + 1) / 100)
        rate = a.learning_rate * warm * (0.1 + 0.45 * (1 + math.cos(math.pi * step / a.steps)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss = loss_of(model, *batch_of(training, a, generator, step))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 20 == 0:
            print(f"step {step:5d}  training   {loss.item():.4f}  {time.time() - started:6.0f} s", flush=True)
    write(a, tokenizer, best_state, history, parameters, raw, best, bytes_per_token)


# ---------------------------------------------------------------------------------------- output


def bfloat16_bytes(tensor):
    return tensor.to(torch.bfloat16).view(torch.int16).contiguous().numpy().tobytes()


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as out:
        json.dump(value, out, indent=1, ensure_ascii=False)
        out.write("\n")


def write(a, tokenizer, state, history, parameters, raw, best, bytes_per_token):
    os.makedirs(a.out, exist_ok=True)
    tensors = {f"model.{name}": value for name, value in sorted(state.items())}
    header, offset, blobs = {"__metadata__": {"format": "pt"}}, 0, []
    for name, value in tensors.items():
        blob = bfloat16_bytes(value)
        header[name] = {"dtype": "BF16", "shape": list(value.shape), "data_offsets": [offset, offset + len(blob)]}
        offset += len(blob)
        blobs.append(blob)
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)
    with open(f"{a.out}/model.safetensors", "wb") as out:
        out.write(struct.pack("<Q", len(encoded)) + encoded + b"".join(blobs))
    write_json(f"{a.out}/config.json", {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": "bfloat16",
        "vocab_size": a.vocabulary, "hidden_size": a.width, "intermediate_size": a.feed_forward,
        "num_hidden_layers": a.layers, "num_attention_heads": a.heads, "num_key_value_heads": a.kv_heads,
        "head_dim": a.width // a.heads, "max_position_embeddings": a.context, "rope_theta": a.rope_theta,
        "rms_norm_eps": a.epsilon, "hidden_act": "silu", "tie_word_embeddings": True, "attention_bias": False,
        "bos_token_id": 0, "eos_token_id": 0,
    })
    write_json(f"{a.out}/tokenizer.json", tokenizer.to_json())
    write_json(f"{a.out}/tokenizer_config.json", {
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": END_OF_TEXT, "eos_token": END_OF_TEXT,
        "model_max_length": a.context, "clean_up_tokenization_spaces": False,
    })
    write_json(f"{a.out}/generation_config.json", {"bos_token_id": 0, "eos_token_id": 0})
    arguments = {k: v for k, v in vars(a).items() if k not in ("corpus", "out", "threads")}
    write_json(f"{a.out}/training.json", {
        "corpus": {"name": os.path.basename(a.corpus), "bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()},
        "arguments": arguments, "parameters": parameters, "validationBytesPerToken": round(bytes_per_token, 3),
        "best": {"validationLoss": round(best, 4), "validationBitsPerByte": round(best / math.log(2) / bytes_per_token, 4)},
        "torch": torch.__version__, "history": history,
    })


def main():
    p = argparse.ArgumentParser(description="Train a small Llama-shaped model.")
    p.add_argument("--corpus", required=True, help="UTF-8 text, documents separated by blank lines")
    p.add_argument("--out", required=True, help="folder to write the Hugging Face layout to")
    p.add_argument("--seed", type=int, default=1337)
    p.add_argument("--steps", type=int, default=2400)
    p.add_argument("--batch-tokens", type=int, default=4096, help="tokens a step")
    p.add_argument("--sequence", type=int, default=128, help="tokens a training window on seven steps of eight")
    p.add_argument("--context", type=int, default=512, help="the model's context, and the window on every eighth step")
    p.add_argument("--vocabulary", type=int, default=1024)
    p.add_argument("--width", type=int, default=128)
    p.add_argument("--layers", type=int, default=6)
    p.add_argument("--heads", type=int, default=4)
    p.add_argument("--kv-heads", type=int, default=2)
    p.add_argument("--feed-forward", type=int, default=384)
    p.add_argument("--dropout", type=float, default=0.1)
    p.add_argument("--learning-rate", type=float, default=3e-3)
    p.add_argument("--rope-theta", type=float, default=10000.0)
    p.add_argument("--epsilon", type=float, default=1e-5)
    p.add_argument("--evaluate-every", type=int, default=100)
    p.add_argument("--threads", type=int, default=2)
    train(p.parse_args())


if __name__ == "__main__":
    main()
