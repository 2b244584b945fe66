import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI, { toFile } from 'openai';
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { ask, cities, encoder, key, model, otherKey, question, v1, weather } from './flows.js';

const client = new OpenAI({ baseURL: v1, apiKey: key, maxRetries: 0 });
const City = z.object({ name: z.string(), country: z.string() });
const chatTool = { type: 'function', function: { name: 'get_weather', description: 'The weather.', parameters: weather, strict: true } };

test('openai: chat, whole and streamed say the same', async () => {
  const body = { model, messages: ask(question), max_tokens: 16, temperature: 0 };
  const whole = await client.chat.completions.create(body);
  assert.match(whole.choices[0].message.content, /Paris/);
  let text = '';
  for await (const chunk of await client.chat.completions.create({ ...body, stream: true })) {
    text += chunk.choices[0]?.delta?.content ?? '';
  }
  assert.equal(text, whole.choices[0].message.content);
});

test('openai: the stream helper gives the whole, which the next turn takes', async () => {
  const messages = ask(question);
  const stream = client.chat.completions.stream({ model, messages, max_tokens: 8, temperature: 0 });
  messages.push(await stream.finalMessage(), ...ask('And of Italy?'));
  const second = await client.chat.completions.create({ model, messages, max_tokens: 8, temperature: 0 });
  assert.ok(second.choices[0].message.content);
});

test('openai: runTools calls the function', async () => {
  const called = [];
  const runner = client.chat.completions.runTools({
    model, messages: ask('How warm is it in Rome?'), max_tokens: 200, temperature: 0,
    tool_choice: { type: 'function', function: { name: 'get_weather' } },
    tools: [{ type: 'function', function: { name: 'get_weather', description: 'The weather.', parameters: weather, parse: JSON.parse,
      function: (args) => { called.push(args); return '20 degrees'; } } }],
  });
  const messages = [];
  runner.on('message', (m) => messages.push(m.role));
  await runner.done();
  assert.ok(cities.includes(called[0].city));
  assert.ok(messages.includes('tool'));
});

test('openai: runTools with a stream', async () => {
  const called = [];
  const runner = client.chat.completions.runTools({
    stream: true, model, messages: ask('How warm is it in Oslo?'), max_tokens: 200, temperature: 0,
    tool_choice: { type: 'function', function: { name: 'get_weather' } },
    tools: [{ type: 'function', function: { name: 'get_weather', parameters: weather, parse: JSON.parse,
      function: (args) => { called.push(args); return '12 degrees'; } } }],
  });
  await runner.done();
  assert.ok(cities.includes(called[0].city));
});

test('openai: parse gives an object', async () => {
  const answer = await client.chat.completions.parse({ model, messages: ask('The capital of France as JSON'), max_tokens: 200,
    temperature: 0, response_format: zodResponseFormat(City, 'city') });
  assert.equal(typeof answer.choices[0].message.parsed.name, 'string');
});

test('openai: tool calls that are streamed are the whole call', async () => {
  const stream = client.chat.completions.stream({ model, messages: ask('How warm is it in Paris?'), tools: [chatTool],
    tool_choice: 'required', max_tokens: 200, temperature: 0 });
  const { choices: [{ message, finish_reason: reason }] } = await stream.finalChatCompletion();
  assert.equal(reason, 'tool_calls');
  assert.ok(cities.includes(JSON.parse(message.tool_calls[0].function.arguments).city));
});

test('openai: embeddings', async () => {
  const { data } = await client.embeddings.create({ model: encoder, input: ['one', 'two'] });
  assert.equal(data.length, 2);
  assert.ok(data[1].embedding.every(Number.isFinite));
});

test('openai: a batch of a file', async () => {
  const line = JSON.stringify({ custom_id: 'r', method: 'POST', url: '/v1/chat/completions',
    body: { model, messages: ask(question), max_tokens: 8, temperature: 0 } });
  const file = await client.files.create({ file: await toFile(Buffer.from(line), 'in.jsonl'), purpose: 'batch' });
  let batch = await client.batches.create({ input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' });
  while (!['completed', 'failed', 'expired', 'cancelled'].includes(batch.status)) {
    await new Promise((r) => { setTimeout(r, 500); });
    batch = await client.batches.retrieve(batch.id);
  }
  assert.equal(batch.status, 'completed');
  const result = JSON.parse(await (await client.files.content(batch.output_file_id)).text());
  assert.match(result.response.body.choices[0].message.content, /Paris/);
});

test('openai: errors are the client\'s own', async () => {
  await assert.rejects(client.chat.completions.create({ model: 'gpt-9', messages: ask('Hi') }), OpenAI.NotFoundError);
  await assert.rejects(client.chat.completions.create({ model, messages: ask('Hi'), temperature: 9 }), OpenAI.BadRequestError);
  await assert.rejects(new OpenAI({ baseURL: v1, apiKey: 'wrong', maxRetries: 0 }).models.list(), OpenAI.AuthenticationError);
});

test('openai: a closed stream is no error of the next request', async () => {
  const stream = await client.chat.completions.create({ model, messages: ask('Tell a long story.'), max_tokens: 400, stream: true });
  for await (const chunk of stream) {
    if (chunk.choices[0]?.delta?.content) break;
  }
  const after = await client.chat.completions.create({ model, messages: ask('Hi'), max_tokens: 2 });
  assert.ok(after.id);
});

test('responses: create, stream and what is stored', async () => {
  const body = { model, input: question, max_output_tokens: 12, temperature: 0 };
  const first = await client.responses.create(body);
  assert.match(first.output_text, /Paris/);
  const stream = client.responses.stream(body);
  let text = '';
  stream.on('response.output_text.delta', (e) => { text += e.delta; });
  const final = await stream.finalResponse();
  assert.equal(text, first.output_text);
  assert.equal(final.output_text, first.output_text);
  const second = await client.responses.create({ ...body, input: 'And of Italy?', previous_response_id: first.id });
  assert.ok(second.usage.input_tokens > first.usage.input_tokens);
  assert.equal((await client.responses.retrieve(first.id)).output_text, first.output_text);
  const other = new OpenAI({ baseURL: v1, apiKey: otherKey, maxRetries: 0 });
  await assert.rejects(other.responses.retrieve(first.id), OpenAI.NotFoundError);
  await client.responses.delete(first.id);
  await assert.rejects(client.responses.retrieve(first.id), OpenAI.NotFoundError);
});

test('responses: parse and a function call', async () => {
  const parsed = await client.responses.parse({ model, input: 'The capital of France as JSON', max_output_tokens: 200, temperature: 0,
    text: { format: zodTextFormat(City, 'city') } });
  assert.equal(typeof parsed.output_parsed.name, 'string');
  const called = await client.responses.create({ model, input: 'How warm is it in Rome?', max_output_tokens: 200, temperature: 0,
    tool_choice: 'required', tools: [{ type: 'function', name: 'get_weather', parameters: weather, strict: true }] });
  const call = called.output.find((i) => i.type === 'function_call');
  assert.ok(cities.includes(JSON.parse(call.arguments).city));
});
