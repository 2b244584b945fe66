import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { embedMany, generateObject, generateText, stepCountIs, streamText, tool } from 'ai';
import { z } from 'zod';
import { encoder, key, model, question, v1 } from './flows.js';

const compatible = createOpenAICompatible({ name: 'realm', baseURL: v1, apiKey: key, supportsStructuredOutputs: true });
const openai = createOpenAI({ baseURL: v1, apiKey: key });
const anthropic = createAnthropic({ baseURL: v1, apiKey: key });
const models = { compatible: compatible(model), responses: openai.responses(model), chat: openai.chat(model), messages: anthropic(model) };

for (const [name, m] of Object.entries(models)) {
  test(`ai: ${name}: generateText and streamText say the same`, async () => {
    const ask = { model: m, prompt: question, maxOutputTokens: 12, temperature: 0, maxRetries: 0 };
    const whole = await generateText(ask);
    assert.ok(whole.text);
    let text = '';
    for await (const part of streamText(ask).textStream) text += part;
    assert.equal(text, whole.text);
  });
}

test('ai: generateObject', async () => {
  const { object } = await generateObject({ model: models.compatible, prompt: 'The capital of France', maxOutputTokens: 200,
    temperature: 0, maxRetries: 0, schema: z.object({ name: z.string(), country: z.string() }) });
  assert.equal(typeof object.country, 'string');
});

test('ai: a tool is called', async () => {
  const called = [];
  await generateText({ model: models.compatible, prompt: 'Add 3 and 4.', maxOutputTokens: 200, temperature: 0, maxRetries: 0,
    toolChoice: 'required', stopWhen: stepCountIs(1),
    tools: { add: tool({ description: 'Adds two numbers.', inputSchema: z.object({ a: z.number().int(), b: z.number().int() }),
      execute: ({ a, b }) => { called.push([a, b]); return a + b; } }) } });
  assert.ok(Number.isInteger(called[0][0]));
});

test('ai: embedMany', async () => {
  const { embeddings } = await embedMany({ model: compatible.textEmbeddingModel(encoder), values: ['one', 'two'] });
  assert.equal(embeddings.length, 2);
});
