"""ollama-python: chat, generate, embed, and what the server tells of its models. Without a key, as its users have none."""

import json

import ollama
import pytest


@pytest.fixture
def client(url):
    return ollama.Client(host=url)


def ask(text):
    return [{"role": "user", "content": text}]


OPTIONS = {"temperature": 0, "num_predict": 12}


def test_chat_whole_and_streamed_say_the_same(client, model, question):
    whole = client.chat(model=model, messages=ask(question), options=OPTIONS)
    assert whole.done
    assert whole.eval_count > 0 and whole.total_duration > 0
    parts = list(client.chat(model=model, messages=ask(question), options=OPTIONS, stream=True))
    assert "".join(p.message.content for p in parts) == whole.message.content
    assert parts[-1].done and parts[-1].done_reason == whole.done_reason


def test_chat_format_schema(client, model, weather):
    answer = client.chat(model=model, messages=ask("Weather of Paris as JSON"), format=weather,
                         options={"temperature": 0, "num_predict": 200})
    assert json.loads(answer.message.content)["city"] in weather["properties"]["city"]["enum"]


def test_chat_tools_are_taken(client, model, weather):
    tool = {"type": "function", "function": {"name": "get_weather", "description": "The weather.", "parameters": weather}}
    answer = client.chat(model=model, messages=[*ask("How warm is it in Rome?"),
                                                {"role": "assistant", "content": "", "tool_calls": [
                                                    {"function": {"name": "get_weather",
                                                                  "arguments": {"city": "Rome", "celsius": True}}}]},
                                                {"role": "tool", "tool_name": "get_weather", "content": "20 degrees"}],
                         tools=[tool], options=OPTIONS)
    assert answer.done


def test_generate_and_its_context(client, model, question):
    first = client.generate(model=model, prompt=question, options=OPTIONS)
    assert first.response
    second = client.generate(model=model, prompt="And of Italy?", context=first.context, options=OPTIONS)
    assert second.prompt_eval_count > first.prompt_eval_count


def test_generate_raw_streams(client, model):
    parts = list(client.generate(model=model, prompt="The capital of France is", raw=True, stream=True,
                                 options={"temperature": 0, "num_predict": 4}))
    assert "Paris" in "".join(p.response for p in parts)


def test_generate_system_and_json(client, model):
    answer = client.generate(model=model, prompt="A city", system="You answer in JSON.", format="json",
                             options={"temperature": 0, "num_predict": 400, "stop": ["}"]})
    assert answer.response.lstrip().startswith("{")


def test_embed_and_embeddings(client, encoder):
    both = client.embed(model=encoder, input=["one", "two"])
    assert len(both.embeddings) == 2
    assert client.embeddings(model=encoder, prompt="one").embedding == pytest.approx(list(both.embeddings[0]), abs=1e-5)


def test_list_show_and_ps(client, model):
    assert model in [m.model for m in client.list().models]
    shown = client.show(model)
    assert shown.details.family
    assert "completion" in shown.capabilities
    assert any(k.endswith("context_length") for k in shown.modelinfo)
    assert isinstance(client.ps().models, list) or client.ps().models is not None


def test_pull_and_delete_are_refused_clearly(client, model):
    with pytest.raises(ollama.ResponseError) as e:
        client.delete(model)
    assert e.value.status_code in (403, 501)
    with pytest.raises(ollama.ResponseError):
        client.pull("nothing")


def test_unknown_model_is_a_404(client, question):
    with pytest.raises(ollama.ResponseError) as e:
        client.chat(model="nothing", messages=ask(question))
    assert e.value.status_code == 404
