"""openai-python: chat, tools, structured output, completions, embeddings."""

import asyncio
import json
import time

import openai
import pydantic
import pytest


class City(pydantic.BaseModel):
    name: str
    country: str


@pytest.fixture
def client(v1, key):
    with openai.OpenAI(base_url=v1, api_key=key, max_retries=0) as c:
        yield c


def ask(text):
    return [{"role": "user", "content": text}]


def tool(weather, strict=True):
    return {"type": "function", "function": {"name": "get_weather", "description": "The weather in a city now.",
                                             "parameters": weather, "strict": strict}}


def test_chat_whole_and_streamed_say_the_same(client, model, question):
    whole = client.chat.completions.create(model=model, messages=ask(question), max_tokens=16, temperature=0)
    assert "Paris" in whole.choices[0].message.content
    assert whole.usage.completion_tokens > 0
    text = ""
    usage = None
    for chunk in client.chat.completions.create(model=model, messages=ask(question), max_tokens=16, temperature=0,
                                                stream=True, stream_options={"include_usage": True}):
        text += chunk.choices[0].delta.content or "" if chunk.choices else ""
        usage = chunk.usage or usage
    assert text == whole.choices[0].message.content
    assert usage.completion_tokens == whole.usage.completion_tokens


def test_chat_its_own_answer_appended_is_taken(client, model, question):
    messages = ask(question)
    first = client.chat.completions.create(model=model, messages=messages, max_tokens=8, temperature=0)
    messages += [first.choices[0].message, *ask("And of Italy?")]
    second = client.chat.completions.create(model=model, messages=messages, max_tokens=16, temperature=0)
    assert second.choices[0].message.content


def test_chat_stream_helper_gives_events_and_the_whole(client, model, question):
    with client.chat.completions.stream(model=model, messages=ask(question), max_tokens=12, temperature=0) as stream:
        deltas = "".join(e.delta for e in stream if e.type == "content.delta")
        final = stream.get_final_completion()
    assert deltas == final.choices[0].message.content
    assert final.choices[0].finish_reason in ("stop", "length")


def test_chat_async(v1, key, model, question):
    async def run():
        async with openai.AsyncOpenAI(base_url=v1, api_key=key) as c:
            return await asyncio.gather(*(c.chat.completions.create(model=model, messages=ask(question), max_tokens=8,
                                                                    temperature=0) for _ in range(4)))
    texts = {a.choices[0].message.content for a in asyncio.run(run())}
    assert len(texts) == 1


def test_chat_parse_gives_an_object(client, model):
    answer = client.chat.completions.parse(model=model, messages=ask("Name the capital of France as JSON."),
                                           response_format=City, max_tokens=200, temperature=0)
    assert isinstance(answer.choices[0].message.parsed, City)


def test_tools_named_gives_a_call_that_keeps_to_the_schema(client, model, weather):
    answer = client.chat.completions.create(
        model=model, messages=ask("How warm is it in Paris?"), tools=[tool(weather)], max_tokens=200, temperature=0,
        tool_choice={"type": "function", "function": {"name": "get_weather"}})
    call = answer.choices[0].message.tool_calls[0]
    assert call.function.name == "get_weather"
    assert json.loads(call.function.arguments)["city"] in weather["properties"]["city"]["enum"]


def test_tools_a_whole_loop(client, model, weather):
    messages = ask("How warm is it in Oslo?")
    first = client.chat.completions.create(model=model, messages=messages, tools=[tool(weather)], tool_choice="required",
                                           max_tokens=200, temperature=0)
    assert first.choices[0].finish_reason == "tool_calls"
    call = first.choices[0].message.tool_calls[0]
    messages += [first.choices[0].message, {"role": "tool", "tool_call_id": call.id, "content": "12 degrees"}]
    second = client.chat.completions.create(model=model, messages=messages, tools=[tool(weather)], tool_choice="none",
                                            max_tokens=16, temperature=0)
    assert second.choices[0].message.content
    assert not second.choices[0].message.tool_calls


def test_tools_streamed_are_the_whole_call(client, model, weather):
    with client.chat.completions.stream(model=model, messages=ask("How warm is it in Rome?"), tools=[tool(weather)],
                                        tool_choice="required", max_tokens=200, temperature=0) as stream:
        done = [e for e in stream if e.type == "tool_calls.function.arguments.done"]
    assert done[0].name == "get_weather"
    assert json.loads(done[0].arguments)["city"] in weather["properties"]["city"]["enum"]


def test_completions(client, model):
    answer = client.completions.create(model=model, prompt="The capital of France is", max_tokens=4, temperature=0)
    assert "Paris" in answer.choices[0].text


def test_embeddings_floats_and_base64_are_the_same(client, encoder):
    # The client asks for base64 unless told.
    packed = client.embeddings.create(model=encoder, input=["one", "two"])
    floats = client.embeddings.create(model=encoder, input=["one", "two"], encoding_format="float")
    assert len(packed.data) == 2
    assert packed.data[1].embedding == pytest.approx(floats.data[1].embedding, abs=1e-6)


def test_batch_of_a_file(client, v1, other_key, model, question):
    lines = [{"custom_id": f"r{i}", "method": "POST", "url": "/v1/chat/completions",
              "body": {"model": model, "messages": ask(question), "max_tokens": 8, "temperature": 9 if i == 1 else 0}}
             for i in range(4)]
    file = client.files.create(file=("in.jsonl", "\n".join(map(json.dumps, lines)).encode()), purpose="batch")
    batch = client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
    with pytest.raises(openai.NotFoundError):
        openai.OpenAI(base_url=v1, api_key=other_key, max_retries=0).batches.retrieve(batch.id)
    while batch.status not in ("completed", "failed", "expired", "cancelled"):
        time.sleep(0.5)
        batch = client.batches.retrieve(batch.id)
    assert batch.status == "completed"
    assert (batch.request_counts.completed, batch.request_counts.failed) == (3, 1)
    results = [json.loads(line) for line in client.files.content(batch.output_file_id).text.splitlines()]
    assert [r["custom_id"] for r in results] == ["r0", "r2", "r3"]
    assert "Paris" in results[0]["response"]["body"]["choices"][0]["message"]["content"]
    assert batch.id in [b.id for b in client.batches.list()]
    assert client.files.delete(file.id).deleted


def test_models_lists_and_retrieves(client, model):
    assert model in [m.id for m in client.models.list()]
    assert client.models.retrieve(model).id == model


def test_errors_are_the_clients_own(client, v1, model, question):
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="gpt-9", messages=ask(question))
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model=model, messages=ask(question), temperature=9)
    with pytest.raises(openai.AuthenticationError):
        openai.OpenAI(base_url=v1, api_key="wrong", max_retries=0).models.list()
