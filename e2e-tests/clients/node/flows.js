// What every flow needs: the server's address, keys, the names of the models.
export const url = process.env.REALM_URL;
export const v1 = `${url}/v1`;
export const key = process.env.REALM_KEY;
export const otherKey = process.env.REALM_OTHER_KEY;
export const model = process.env.REALM_MODEL;
export const encoder = process.env.REALM_ENCODER;
export const question = 'What is the capital of France?';
export const ask = (content) => [{ role: 'user', content }];

/** The schema of the one tool that the flows offer. */
export const cities = ['Paris', 'Rome', 'Oslo'];
export const weather = {
  type: 'object',
  properties: { city: { type: 'string', enum: cities }, celsius: { type: 'boolean' } },
  required: ['city', 'celsius'],
  additionalProperties: false,
};
