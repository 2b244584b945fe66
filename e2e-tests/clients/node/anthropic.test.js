import assert from 'node:assert/strict';
import { test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { ask, cities, key, model, question, url, weather } from './flows.js';

const client = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0 });

test('anthropic: create and stream say the same', async () => {
  const body = { model, max_tokens: 12, messages: ask(question), temperature: 0 };
  const whole = await client.messages.create(body);
  assert.equal(whole.content[0].type, 'text');
  let text = '';
  const stream = client.messages.stream(body).on('text', (t) => { text += t; });
  const final = await stream.finalMessage();
  assert.equal(text, whole.content[0].text);
  assert.deepEqual(final.content[0].text, whole.content[0].text);
  assert.equal(final.usage.output_tokens, whole.usage.output_tokens);
});

test('anthropic: a tool is called, whole and streamed', async () => {
  const body = { model, max_tokens: 200, messages: ask('How warm is it in Rome?'), temperature: 0, tool_choice: { type: 'any' },
    tools: [{ name: 'get_weather', description: 'The weather.', input_schema: weather }] };
  const whole = await client.messages.create(body);
  assert.equal(whole.stop_reason, 'tool_use');
  const use = whole.content.find((b) => b.type === 'tool_use');
  assert.ok(cities.includes(use.input.city));
  const final = await client.messages.stream(body).finalMessage();
  assert.deepEqual(final.content.find((b) => b.type === 'tool_use').input, use.input);
  const second = await client.messages.create({ ...body, max_tokens: 8, tool_choice: { type: 'none' }, messages: [...body.messages,
    { role: 'assistant', content: whole.content },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: use.id, content: '20 degrees' }] }] });
  assert.ok(second.content.length > 0);
});

test('anthropic: countTokens', async () => {
  const { input_tokens: counted } = await client.messages.countTokens({ model, messages: ask(question) });
  assert.ok(counted > 5);
});

test('anthropic: errors are the client\'s own', async () => {
  await assert.rejects(client.messages.create({ model: 'claude-9', max_tokens: 4, messages: ask('Hi') }), Anthropic.NotFoundError);
  await assert.rejects(client.messages.create({ model, max_tokens: 4, messages: ask('Hi'), temperature: 9 }), Anthropic.BadRequestError);
  await assert.rejects(new Anthropic({ baseURL: url, apiKey: 'wrong', maxRetries: 0 }).messages.create(
    { model, max_tokens: 4, messages: ask('Hi') }), Anthropic.AuthenticationError);
});
