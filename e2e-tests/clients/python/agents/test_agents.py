"""Agent and LLM libraries that talk to the server by OpenAI's, Anthropic's or Ollama's API."""

import asyncio
import json

import pydantic
import pytest


class City(pydantic.BaseModel):
    """A city and its country."""

    name: str
    country: str


class Anything(pydantic.BaseModel, extra="allow"):
    """An object."""


def test_langchain_chat_stream_and_structured(v1, key, model, question):
    from langchain_openai import ChatOpenAI

    llm = ChatOpenAI(base_url=v1, api_key=key, model=model, temperature=0, max_tokens=200)
    whole = llm.invoke(question)
    assert "Paris" in whole.content
    assert whole.usage_metadata["output_tokens"] > 0
    assert "".join(c.content for c in llm.stream(question)) == whole.content
    assert isinstance(llm.with_structured_output(City).invoke("Name the capital of France as JSON."), City)


def test_langchain_tools_a_whole_loop(v1, key, model):
    from langchain_core.messages import HumanMessage, ToolMessage
    from langchain_core.tools import tool
    from langchain_openai import ChatOpenAI

    @tool
    def double(number: int) -> int:
        """Doubles a number."""
        return 2 * number

    llm = ChatOpenAI(base_url=v1, api_key=key, model=model, temperature=0, max_tokens=200)
    messages = [HumanMessage("What is twice 4?")]
    answer = llm.bind_tools([double], tool_choice="double").invoke(messages)
    call = answer.tool_calls[0]
    assert isinstance(call["args"]["number"], int)
    messages += [answer, ToolMessage(str(double.invoke(call["args"])), tool_call_id=call["id"])]
    assert llm.invoke(messages).content


def test_langchain_responses(v1, key, model, question):
    from langchain_openai import ChatOpenAI

    llm = ChatOpenAI(base_url=v1, api_key=key, model=model, temperature=0, max_tokens=12, use_responses_api=True)
    assert "Paris" in llm.invoke(question).text


def test_langchain_embeddings(v1, key, encoder):
    from langchain_openai import OpenAIEmbeddings

    e = OpenAIEmbeddings(base_url=v1, api_key=key, model=encoder, check_embedding_ctx_length=False)
    assert len(e.embed_documents(["one", "two"])) == 2


def test_langchain_anthropic(url, key, model, question):
    from langchain_anthropic import ChatAnthropic

    llm = ChatAnthropic(base_url=url, api_key=key, model=model, temperature=0, max_tokens=12)
    whole = llm.invoke(question).text
    assert whole
    assert "".join(c.text for c in llm.stream(question)) == whole


def test_langchain_ollama(url, model, question):
    from langchain_ollama import ChatOllama

    llm = ChatOllama(base_url=url, model=model, temperature=0, num_predict=12)
    whole = llm.invoke(question).content
    assert whole
    assert "".join(c.content for c in llm.stream(question)) == whole


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_openai_agents_calls_a_tool(api, v1, key, model):
    import agents
    import openai

    agents.set_tracing_disabled(True)
    called = []

    @agents.function_tool
    def add(a: int, b: int) -> int:
        """Adds two numbers."""
        called.append((a, b))
        return a + b

    client = openai.AsyncOpenAI(base_url=v1, api_key=key)
    kind = agents.OpenAIChatCompletionsModel if api == "chat" else agents.OpenAIResponsesModel
    agent = agents.Agent(name="adder", instructions="Use the tool.", tools=[add], model=kind(model, client),
                         model_settings=agents.ModelSettings(temperature=0, max_tokens=200, tool_choice="required"),
                         tool_use_behavior="stop_on_first_tool")
    result = asyncio.run(agents.Runner.run(agent, "Add 3 and 4.", max_turns=3))
    assert called and int(result.final_output) == sum(called[0])


def test_openai_agents_streams(v1, key, model, question):
    import agents
    import openai

    agents.set_tracing_disabled(True)

    async def run():
        client = openai.AsyncOpenAI(base_url=v1, api_key=key)
        agent = agents.Agent(name="guide", model=agents.OpenAIResponsesModel(model, client),
                             model_settings=agents.ModelSettings(temperature=0, max_tokens=12))
        result = agents.Runner.run_streamed(agent, question)
        text = ""
        async for e in result.stream_events():
            if e.type == "raw_response_event" and e.data.type == "response.output_text.delta":
                text += e.data.delta
        return text, result.final_output

    text, final = asyncio.run(run())
    assert text and text == final


def test_pydantic_ai_structured_output_by_a_tool(v1, key, model):
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    agent = Agent(OpenAIChatModel(model, provider=OpenAIProvider(base_url=v1, api_key=key)), output_type=City,
                  model_settings={"temperature": 0, "max_tokens": 200})
    assert isinstance(agent.run_sync("The capital of France?").output, City)


def test_pydantic_ai_text_by_messages(url, key, model, question):
    import anthropic
    from pydantic_ai import Agent
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    client = anthropic.AsyncAnthropic(base_url=url, api_key=key)
    agent = Agent(AnthropicModel(model, provider=AnthropicProvider(anthropic_client=client)),
                  model_settings={"temperature": 0, "max_tokens": 12})
    assert agent.run_sync(question).output


@pytest.mark.parametrize("mode", ["TOOLS", "JSON", "JSON_SCHEMA"])
def test_instructor(mode, v1, key, model):
    import instructor
    import openai

    # This mode tells the schema in words only and asks the server for any JSON object, and that is what it must get.
    wanted, question = (Anything, 'Say {"a": 1}') if mode == "JSON" else (City, "The capital of France?")
    client = instructor.from_openai(openai.OpenAI(base_url=v1, api_key=key), mode=instructor.Mode[mode])
    city = client.chat.completions.create(model=model, response_model=wanted, temperature=0, max_tokens=200, max_retries=2,
                                          messages=[{"role": "user", "content": question}])
    assert isinstance(city, wanted)
    json.loads(city.model_dump_json())
