#!/usr/bin/env python3
"""Compares greedy texts over HTTP: Realm and llama.cpp's llama-server on one GGUF file, one prompt after the other.

    conformance/compare_greedy.py --llama-server PATH MODEL.gguf
    conformance/compare_greedy.py --llama-server PATH --exact MODEL-F32.gguf MODEL.gguf

Without --exact both run as they are started by default. With it, llama-server gets the same weights written out as F32
(llama-quantize --allow-requantize MODEL.gguf MODEL-F32.gguf F32) with keys and values in F32, and Realm keeps its activations in F32:
what is left is the order of sums. Where the texts part, the reference's log-probabilities of its two best tokens are shown.
Exit 1 when a text parts where the reference's two best are more than --margin apart. Only the standard library is needed.
"""
import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROMPTS = [
    "The capital of France is",
    "Once upon a time, in a small village by the sea, there lived",
    "def fibonacci(n):\n",
    "The three most important things about photosynthesis are",
    "Q: Why is the sky blue?\nA:",
]


def post(url, body, key=None):
    headers = {"Content-Type": "application/json"}
    if key:
        headers["Authorization"] = "Bearer " + key
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=600) as answer:
        return json.load(answer)


def of_realm(args, tokens):
    env = dict(os.environ, REALM_LOG="warn")
    if args.exact:
        env["REALM_JAVA_OPTS"] = (env.get("REALM_JAVA_OPTS", "") + " -Drealm.activations=f32").strip()
    server = subprocess.Popen([args.realm, "serve", "--json", "--port", "0", "--model", os.path.abspath(args.model)],
                              stdout=subprocess.PIPE, env=env)
    try:
        ready = json.loads(server.stdout.readline())
        return [post(ready["url"] + "/v1/completions", {"prompt": p, "max_tokens": tokens, "temperature": 0}, ready["key"])
                ["choices"][0]["text"] for p in PROMPTS]
    finally:
        server.terminate()
        server.wait()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def of_llama(args, tokens):
    port = free_port()
    command = [args.llama_server, "-m", args.exact or args.model, "--host", "127.0.0.1", "--port", str(port), "-c", "2048",
               "-np", "1", "-t", str(args.threads)]
    if args.exact:
        command += ["-ctk", "f32", "-ctv", "f32", "-fa", "off"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(url + "/health", timeout=5)
                break
            except (urllib.error.URLError, OSError):
                if server.poll() is not None:
                    sys.exit("llama-server ended by itself: " + " ".join(command))
                time.sleep(0.2)
        return [post(url + "/completion", {"prompt": p, "n_predict": tokens, "temperature": 0, "top_k": 1, "n_probs": 5,
                                           "cache_prompt": False}) for p in PROMPTS]
    finally:
        server.terminate()
        server.wait()


def parting(ours, theirs):
    """(position, gap) where the reference's tokens stop being a prefix of our text, or None."""
    if ours == theirs["content"]:
        return None
    text = ""
    steps = theirs["completion_probabilities"]
    for i, step in enumerate(steps):
        text += step["token"]
        if not ours.startswith(text):
            top = step["top_logprobs"]
            return i, top[0]["logprob"] - top[1]["logprob"]
    return len(steps), 0.0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--llama-server", required=True)
    parser.add_argument("--exact", metavar="MODEL-F32.gguf")
    parser.add_argument("--realm", default=os.path.join(HOME, "realm"))
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--margin", type=float, default=None, help="default: 0.001 with --exact, else 0.5")
    args = parser.parse_args()
    # So that the server that runs then is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    margin = args.margin if args.margin is not None else 0.001 if args.exact else 0.5
    theirs = of_llama(args, args.tokens)
    ours = of_realm(args, args.tokens)
    equal = 0
    bad = 0
    for prompt, a, b in zip(PROMPTS, ours, theirs):
        at = parting(a, b)
        if at is None:
            equal += 1
            print(f"equal   {b['tokens_predicted']:3} tokens  {prompt!r}")
        else:
            bad += at[1] > margin
            print(f"parts at token {at[0]}, where the reference's two best are {at[1]:.4f} apart  {prompt!r}")
    print(f"{equal} of {len(PROMPTS)} texts equal, {bad} part beyond the margin of {margin}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
