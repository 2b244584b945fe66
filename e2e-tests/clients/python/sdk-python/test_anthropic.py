"""anthropic-python: messages, streams, tools, token counts, errors."""

import anthropic
import pytest


@pytest.fixture
def client(url, key):
    with anthropic.Anthropic(base_url=url, api_key=key, max_retries=0) as c:
        yield c


# The client has no parameter of that name any more; the API has.
GREEDY = {"temperature": 0}


def ask(text):
    return [{"role": "user", "content": text}]


def tool(weather):
    return {"name": "get_weather", "description": "The weather in a city now.", "input_schema": weather}


def test_create(client, model, question):
    m = client.messages.create(model=model, max_tokens=16, messages=ask(question), extra_body=GREEDY, system="Be brief.")
    assert m.content[0].type == "text"
    assert m.stop_reason in ("end_turn", "max_tokens")
    assert m.usage.output_tokens > 0


def test_create_system_blocks_and_cache_control(client, model):
    m = client.messages.create(
        model=model, max_tokens=8, extra_body=GREEDY,
        system=[{"type": "text", "text": "You are a helpful assistant.", "cache_control": {"type": "ephemeral"}}],
        messages=[{"role": "user", "content": [{"type": "text", "text": "Say hello."}]}])
    assert m.content[0].text
    assert m.usage.cache_creation_input_tokens is not None


def test_create_stop_sequence(client, model, question):
    m = client.messages.create(model=model, max_tokens=16, messages=ask(question), extra_body=GREEDY, stop_sequences=["Par"])
    assert m.stop_reason == "stop_sequence"
    assert m.stop_sequence == "Par"
    assert "Par" not in m.content[0].text


def test_create_prefill_is_continued(client, model, question):
    m = client.messages.create(model=model, max_tokens=6, extra_body=GREEDY,
                               messages=[*ask(question), {"role": "assistant", "content": "The capital of France is"}])
    assert "Paris" in m.content[0].text


def test_stream_says_the_same(client, model, question):
    whole = client.messages.create(model=model, max_tokens=12, messages=ask(question), extra_body=GREEDY)
    with client.messages.stream(model=model, max_tokens=12, messages=ask(question), extra_body=GREEDY) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text == whole.content[0].text == final.content[0].text
    assert final.usage.output_tokens == whole.usage.output_tokens
    assert final.stop_reason == whole.stop_reason


def test_stream_raw_events_come_in_order(client, model, question):
    kinds = [e.type for e in client.messages.create(model=model, max_tokens=4, messages=ask(question), stream=True)]
    assert kinds[0] == "message_start"
    assert kinds[-1] == "message_stop"
    assert kinds.index("content_block_start") < kinds.index("content_block_delta") < kinds.index("content_block_stop")


def test_tools_a_whole_loop(client, model, weather):
    messages = ask("How warm is it in Oslo?")
    first = client.messages.create(model=model, max_tokens=200, messages=messages, tools=[tool(weather)],
                                   tool_choice={"type": "tool", "name": "get_weather", "disable_parallel_tool_use": True}, extra_body=GREEDY)
    assert first.stop_reason == "tool_use"
    use = next(b for b in first.content if b.type == "tool_use")
    assert use.input["city"] in weather["properties"]["city"]["enum"]
    messages += [{"role": "assistant", "content": first.content},
                 {"role": "user", "content": [{"type": "tool_result", "tool_use_id": use.id, "content": "12 degrees"}]}]
    second = client.messages.create(model=model, max_tokens=16, messages=messages, tools=[tool(weather)],
                                    tool_choice={"type": "none"}, extra_body=GREEDY)
    assert second.content[0].text


def test_tools_streamed_are_the_whole_call(client, model, weather):
    with client.messages.stream(model=model, max_tokens=200, messages=ask("How warm is it in Rome?"), tools=[tool(weather)],
                                tool_choice={"type": "any"}, extra_body=GREEDY) as stream:
        final = stream.get_final_message()
    use = next(b for b in final.content if b.type == "tool_use")
    assert use.input["city"] in weather["properties"]["city"]["enum"]


def test_count_tokens_is_what_create_says(client, model, question):
    counted = client.messages.count_tokens(model=model, messages=ask(question)).input_tokens
    m = client.messages.create(model=model, max_tokens=1, messages=ask(question))
    u = m.usage
    assert counted == u.input_tokens + (u.cache_read_input_tokens or 0) + (u.cache_creation_input_tokens or 0)


def test_models(client, model):
    assert model in [m.id for m in client.models.list()]


def test_errors_are_the_clients_own(client, url, model, question):
    with pytest.raises(anthropic.NotFoundError):
        client.messages.create(model="claude-9", max_tokens=4, messages=ask(question))
    with pytest.raises(anthropic.BadRequestError) as e:
        client.messages.create(model=model, max_tokens=4, messages=ask(question), extra_body={"temperature": 9})
    assert e.value.body["error"]["type"] == "invalid_request_error"
    with pytest.raises(anthropic.AuthenticationError):
        anthropic.Anthropic(base_url=url, api_key="wrong", max_retries=0).messages.create(
            model=model, max_tokens=4, messages=ask(question))
