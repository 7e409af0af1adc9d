import { z } from 'zod'
import { AgentInput, Id } from './schemas'

/** An agent as the console's form sends it: as a whole, in words for whoever filled it in. */
export const ConfigureAgentInput = AgentInput.extend({
  id: Id,
  temperature: z
    .number('Temperature is a number from 0 to 2')
    .min(0, 'Temperature is a number from 0 to 2')
    .max(2, 'Temperature is a number from 0 to 2')
    .nullable(),
  max_tokens: z
    .number('Max tokens is a whole number')
    .int('Max tokens is a whole number')
    .min(1, 'Max tokens is at least 1')
    .max(200_000, 'Max tokens is at most 200,000')
    .nullable(),
})
export type ConfigureAgentInput = z.infer<typeof ConfigureAgentInput>
