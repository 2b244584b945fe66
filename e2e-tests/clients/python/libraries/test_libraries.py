"""LLM libraries that need versions of their own: litellm, LlamaIndex, smolagents, AutoGen."""

import asyncio
import json

import pytest


def test_litellm_chat_whole_and_streamed(v1, key, model, question):
    import litellm

    ask = {"model": "openai/" + model, "api_base": v1, "api_key": key, "temperature": 0, "max_tokens": 12,
           "messages": [{"role": "user", "content": question}]}
    whole = litellm.completion(**ask).choices[0].message
    assert "Paris" in whole.content
    text = "".join(c.choices[0].delta.content or "" for c in litellm.completion(**ask, stream=True))
    assert text == whole.content
    ask["messages"] += [whole.model_dump(), {"role": "user", "content": "And of Italy?"}]
    assert litellm.completion(**ask).choices[0].message.content


@pytest.mark.parametrize("provider", ["anthropic", "ollama_chat"])
def test_litellm_other_apis(provider, url, key, model, question):
    import litellm

    base = url if provider != "anthropic" else url + "/v1/messages"
    answer = litellm.completion(model=f"{provider}/{model}", api_base=base, api_key=key, temperature=0, max_tokens=12,
                                messages=[{"role": "user", "content": question}])
    assert answer.choices[0].message.content


def test_litellm_tools(v1, key, model, weather):
    import litellm

    answer = litellm.completion(
        model="openai/" + model, api_base=v1, api_key=key, temperature=0, max_tokens=200,
        messages=[{"role": "user", "content": "How warm is it in Rome?"}], tool_choice="required",
        tools=[{"type": "function", "function": {"name": "get_weather", "parameters": weather}}])
    arguments = answer.choices[0].message.tool_calls[0].function.arguments
    assert json.loads(arguments)["city"] in weather["properties"]["city"]["enum"]


def test_litellm_embedding(v1, key, encoder):
    import litellm

    assert len(litellm.embedding(model="openai/" + encoder, api_base=v1, api_key=key, input=["one", "two"]).data) == 2


def test_llamaindex_chat_stream_and_embed(v1, key, model, encoder, question):
    from llama_index.core.llms import ChatMessage
    from llama_index.embeddings.openai_like import OpenAILikeEmbedding
    from llama_index.llms.openai_like import OpenAILike

    llm = OpenAILike(model=model, api_base=v1, api_key=key, is_chat_model=True, is_function_calling_model=True,
                     temperature=0, max_tokens=12)
    messages = [ChatMessage(role="user", content=question)]
    whole = llm.chat(messages).message.content
    assert "Paris" in whole
    assert "".join(r.delta or "" for r in llm.stream_chat(messages)) == whole
    assert llm.complete("The capital of France is").text
    vectors = OpenAILikeEmbedding(model_name=encoder, api_base=v1, api_key=key).get_text_embedding_batch(["one", "two"])
    assert len(vectors) == 2


def test_llamaindex_calls_a_tool(v1, key, model):
    from llama_index.core.tools import FunctionTool
    from llama_index.llms.openai_like import OpenAILike

    def add(a: int, b: int) -> int:
        """Adds two numbers."""
        return a + b

    llm = OpenAILike(model=model, api_base=v1, api_key=key, is_chat_model=True, is_function_calling_model=True,
                     temperature=0, max_tokens=200)
    answer = llm.chat_with_tools([FunctionTool.from_defaults(add)], user_msg="Add 3 and 4.", tool_required=True)
    call = llm.get_tool_calls_from_response(answer)[0]
    assert call.tool_name == "add" and isinstance(call.tool_kwargs["a"], int)


def test_smolagents_model_calls_a_tool(v1, key, model):
    from smolagents import OpenAIServerModel, tool

    @tool
    def add(a: int, b: int) -> int:
        """Adds two numbers.

        Args:
            a: the first
            b: the second
        """
        return a + b

    llm = OpenAIServerModel(model_id=model, api_base=v1, api_key=key, temperature=0, max_tokens=200)
    message = llm.generate([{"role": "user", "content": [{"type": "text", "text": "Add 3 and 4."}]}],
                           tools_to_call_from=[add])
    call = message.tool_calls[0].function
    arguments = call.arguments if isinstance(call.arguments, dict) else json.loads(call.arguments)
    assert call.name == "add" and isinstance(arguments["a"], int)


def test_autogen_agent_answers(v1, key, model, question):
    from autogen_agentchat.agents import AssistantAgent
    from autogen_ext.models.openai import OpenAIChatCompletionClient

    async def run():
        client = OpenAIChatCompletionClient(
            model=model, base_url=v1, api_key=key, temperature=0, max_tokens=12,
            model_info={"vision": False, "function_calling": True, "json_output": True, "structured_output": True,
                        "family": "unknown"})
        result = await AssistantAgent("guide", client).run(task=question)
        await client.close()
        return result.messages[-1].content

    assert "Paris" in asyncio.run(run())
