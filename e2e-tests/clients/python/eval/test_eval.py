"""lm-evaluation-harness on small tasks of our own, which no network is needed for: text generated, and log-likelihoods of choices."""

import math
import os
import pathlib

import pytest
import requests

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_DATASETS_OFFLINE", "1")

COUNTRIES = 6
CHOICES = 4


@pytest.fixture
def tasks(tmp_path, monkeypatch):
    """The folder of the tasks; the data sets are read from where the process stands."""
    monkeypatch.chdir(pathlib.Path(__file__).parent / "capitals")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    from lm_eval.tasks import TaskManager

    return TaskManager(include_path=".", include_defaults=False)


def evaluate(tasks, task, model, args):
    import lm_eval

    return lm_eval.simple_evaluate(model=model, tasks=[task], task_manager=tasks, bootstrap_iters=0, log_samples=True, model_args=args)


def completions(v1, model, **more):
    return {"model": model, "base_url": v1 + "/completions", "num_concurrent": 4, "max_retries": 1, "max_length": 2048, **more}


def likelihoods(result):
    """The log-likelihood of every choice, and whether it is what the model would have said."""
    samples = sorted(result["samples"]["capital_choices"], key=lambda s: s["doc_id"])
    return [(float(r[0][0]), str(r[0][1]) == "True") for s in samples for r in s["resps"]]


def test_generation(tasks, v1, key, model, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", key)
    result = evaluate(tasks, "capitals", "local-completions",
                      completions(v1, model, tokenizer_backend="none", tokenized_requests=False))
    assert result["n-samples"]["capitals"]["effective"] == COUNTRIES
    assert result["results"]["capitals"]["exact_match,first"] >= 0.5


@pytest.mark.parametrize("tokenized", [True, False])
def test_log_likelihood_with_the_servers_own_tokenizer(tasks, v1, key, model, monkeypatch, tokenized):
    monkeypatch.setenv("OPENAI_API_KEY", key)
    result = evaluate(tasks, "capital_choices", "local-completions",
                      completions(v1, model, tokenizer_backend="remote", tokenized_requests=tokenized, auth_token=key))
    assert result["n-samples"]["capital_choices"]["effective"] == COUNTRIES
    assert result["results"]["capital_choices"]["acc,none"] >= 0.5
    all_choices = likelihoods(result)
    assert len(all_choices) == COUNTRIES * CHOICES
    assert all(-60 < value < 0 for value, _ in all_choices)
    # The sum of the same tokens' log-probabilities, asked for by hand.
    whole = requests.post(v1 + "/completions", headers={"Authorization": "Bearer " + key}, timeout=60, json={
        "model": model, "prompt": "The capital of France is Paris", "echo": True, "max_tokens": 0, "logprobs": 1}).json()
    lists = whole["choices"][0]["logprobs"]
    begin = lists["text_offset"].index(len("The capital of France is"))
    assert math.isclose(sum(lists["token_logprobs"][begin:]), all_choices[0][0], abs_tol=1e-3)


def test_log_likelihood_by_text_offsets(tasks, url, model):
    """The harness's model "gguf" sends no key and finds the tokens of a choice by text_offset; the server has an anonymous tenant."""
    result = evaluate(tasks, "capital_choices", "gguf", {"base_url": url, "max_length": 2048})
    assert result["results"]["capital_choices"]["acc,none"] >= 0.5
    assert len(likelihoods(result)) == COUNTRIES * CHOICES
