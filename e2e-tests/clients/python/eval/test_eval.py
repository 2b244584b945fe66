"""lm-evaluation-harness: its local-completions model on a small task of our own, which no network is needed for."""

import os
import pathlib

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_DATASETS_OFFLINE", "1")


@pytest.fixture
def tasks(tmp_path, monkeypatch):
    """The folder of the task; the data set is read from where the process stands."""
    monkeypatch.chdir(pathlib.Path(__file__).parent / "capitals")
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    from lm_eval.tasks import TaskManager

    return TaskManager(include_path=".", include_defaults=False)


def test_generation(tasks, v1, key, model, monkeypatch):
    import lm_eval

    monkeypatch.setenv("OPENAI_API_KEY", key)
    result = lm_eval.simple_evaluate(
        model="local-completions", tasks=["capitals"], task_manager=tasks, bootstrap_iters=0,
        model_args={"model": model, "base_url": v1 + "/completions", "tokenizer_backend": "none", "tokenized_requests": False,
                    "num_concurrent": 4, "max_retries": 1, "max_length": 2048})
    assert result["n-samples"]["capitals"]["effective"] == 6
    assert result["results"]["capitals"]["exact_match,first"] >= 0.5
