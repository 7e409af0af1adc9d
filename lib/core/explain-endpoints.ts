import type { Endpoint } from './endpoints'
import { ExplainInput, Explanation } from './explain-schemas'

/** Asking what would become of a request. */
export const explainEndpoints = {
  explainRequest: {
    method: 'post',
    path: '/explain',
    summary:
      'What the gate would answer to a request, and why, step by step. Nothing is executed and no token of the key is taken; only keys of your organization.',
    body: ExplainInput,
    sample: { key_id: 'key_4fGh2Kq9ZrT7', method: 'POST', path: '/query', client_ip: '203.0.113.7' },
    output: Explanation,
    status: 200,
  },
} as const satisfies Record<string, Endpoint>
