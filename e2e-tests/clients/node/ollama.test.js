import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ollama } from 'ollama';
import { ask, cities, encoder, model, question, url, weather } from './flows.js';

const client = new Ollama({ host: url });
const options = { temperature: 0, num_predict: 12 };

test('ollama: chat, whole and streamed say the same', async () => {
  const whole = await client.chat({ model, messages: ask(question), options });
  assert.ok(whole.done && whole.eval_count > 0);
  let text = '';
  for await (const part of await client.chat({ model, messages: ask(question), options, stream: true })) text += part.message.content;
  assert.equal(text, whole.message.content);
});

test('ollama: generate streams', async () => {
  let text = '';
  for await (const part of await client.generate({ model, prompt: question, options, stream: true })) text += part.response;
  assert.match(text, /Paris/);
});

test('ollama: a schema is kept to', async () => {
  const answer = await client.chat({ model, messages: ask('Weather of Oslo as JSON'), format: weather,
    options: { temperature: 0, num_predict: 200 } });
  assert.ok(cities.includes(JSON.parse(answer.message.content).city));
});

test('ollama: embed, list, show', async () => {
  assert.equal((await client.embed({ model: encoder, input: ['one', 'two'] })).embeddings.length, 2);
  assert.ok((await client.list()).models.some((m) => m.name === model));
  assert.ok((await client.show({ model })).details.family);
});
