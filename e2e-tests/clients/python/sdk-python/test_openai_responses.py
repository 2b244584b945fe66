"""openai-python: the Responses API."""

import json

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


def tool(weather):
    return {"type": "function", "name": "get_weather", "description": "The weather in a city now.", "parameters": weather,
            "strict": True}


def test_create_text(client, model, question):
    r = client.responses.create(model=model, input=question, max_output_tokens=16, temperature=0)
    assert "Paris" in r.output_text
    assert r.status in ("completed", "incomplete")
    assert r.usage.output_tokens > 0


def test_create_instructions_and_items(client, model):
    r = client.responses.create(model=model, instructions="You are a helpful assistant.", max_output_tokens=8, temperature=0,
                                input=[{"role": "user", "content": [{"type": "input_text", "text": "Say hello."}]}])
    assert r.output_text
    assert r.instructions == "You are a helpful assistant."


def test_stream_says_the_same(client, model, question):
    whole = client.responses.create(model=model, input=question, max_output_tokens=12, temperature=0)
    kinds = []
    numbers = []
    text = ""
    for e in client.responses.create(model=model, input=question, max_output_tokens=12, temperature=0, stream=True):
        kinds.append(e.type)
        numbers.append(e.sequence_number)
        text += e.delta if e.type == "response.output_text.delta" else ""
    assert text == whole.output_text
    assert kinds[:2] == ["response.created", "response.in_progress"]
    assert kinds[-1] in ("response.completed", "response.incomplete")
    assert numbers == list(range(len(numbers)))


def test_stream_helper(client, model, question):
    with client.responses.stream(model=model, input=question, max_output_tokens=12, temperature=0) as stream:
        text = "".join(e.delta for e in stream if e.type == "response.output_text.delta")
        final = stream._raw_stream and text
    assert final


def test_parse(client, model):
    r = client.responses.parse(model=model, input="Name the capital of France as JSON.", text_format=City, temperature=0,
                               max_output_tokens=200)
    assert isinstance(r.output_parsed, City)


def test_tools_a_whole_loop(client, model, weather):
    items = [{"role": "user", "content": "How warm is it in Oslo?"}]
    first = client.responses.create(model=model, input=items, tools=[tool(weather)], tool_choice="required",
                                    max_output_tokens=200, temperature=0)
    call = next(i for i in first.output if i.type == "function_call")
    assert json.loads(call.arguments)["city"] in weather["properties"]["city"]["enum"]
    items += first.output
    items.append({"type": "function_call_output", "call_id": call.call_id, "output": "12 degrees"})
    second = client.responses.create(model=model, input=items, tools=[tool(weather)], tool_choice="none",
                                     max_output_tokens=16, temperature=0)
    assert second.output_text


def test_stored_response_is_continued_read_and_deleted(client, v1, other_key, model, question):
    first = client.responses.create(model=model, input=question, max_output_tokens=12, temperature=0)
    second = client.responses.create(model=model, input="And of Italy?", previous_response_id=first.id, max_output_tokens=12,
                                     temperature=0)
    assert second.previous_response_id == first.id
    assert second.usage.input_tokens > first.usage.input_tokens
    assert client.responses.retrieve(first.id).output_text == first.output_text
    assert question in str(client.responses.input_items.list(first.id).data)
    with pytest.raises(openai.NotFoundError):
        openai.OpenAI(base_url=v1, api_key=other_key, max_retries=0).responses.retrieve(first.id)
    client.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(first.id)


def test_store_false_keeps_nothing(client, model):
    r = client.responses.create(model=model, input="Hello", max_output_tokens=4, store=False)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(r.id)


def test_input_tokens(client, model, question):
    counted = client.responses.input_tokens.count(model=model, input=question).input_tokens
    assert counted == client.responses.create(model=model, input=question, max_output_tokens=1).usage.input_tokens


def test_bad_request_is_the_clients_own(client, model):
    with pytest.raises(openai.BadRequestError) as e:
        client.responses.create(model=model, input="Hi", temperature=9)
    assert e.value.param == "temperature"


def test_create_logprobs_whole_and_streamed(client, model, question):
    wanted = dict(model=model, input=question, max_output_tokens=8, temperature=0, top_logprobs=2,
                  include=["message.output_text.logprobs"])
    part = client.responses.create(**wanted).output[0].content[0]
    assert "".join(t.token for t in part.logprobs) == part.text
    assert all(len(t.top_logprobs) == 2 and t.logprob <= t.top_logprobs[0].logprob for t in part.logprobs)
    streamed = []
    for e in client.responses.create(**wanted, stream=True):
        if e.type == "response.output_text.delta":
            streamed += e.logprobs
    assert [(t.token, t.logprob) for t in streamed] == [(t.token, t.logprob) for t in part.logprobs]
