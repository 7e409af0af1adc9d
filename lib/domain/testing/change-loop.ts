import { randomInt } from 'node:crypto'
import { AgentInput } from '../../core/schemas'
import { checkDatabase, patiently } from '../../store/db'
import { createAgent, deleteAgent, replaceAgent } from '../agents'
import { createDataSource, deleteDataSource } from '../data-sources'
import { updateOrganization } from '../organization-settings'
import { operatorFor } from '../organizations'

/** Changes an organization again and again, in a process that a test can kill. Writes a dot for each change. */
const operator = operatorFor(process.argv[2] ?? '')
const agents: string[] = []

async function change(round: number): Promise<void> {
  const input = AgentInput.parse({ name: `Agent ${process.pid} ${round}` })
  const id = agents[randomInt(agents.length + 1)]
  if (id === undefined) agents.push((await createAgent(operator, input)).id)
  else if (round % 3 === 0) await replaceAgent(operator, { id, ...input })
  else if (round % 3 === 1) await updateOrganization(operator, { name: `Name ${process.pid} ${round}` })
  else {
    agents.splice(agents.indexOf(id), 1)
    await deleteAgent(operator, { id })
    const source = await createDataSource(operator, { name: `Source ${round}`, kind: 'text' })
    if (round % 2 === 0) await deleteDataSource(operator, { id: source.id })
  }
}

await patiently(checkDatabase)
for (let round = 0; ; round++) {
  await patiently(() => change(round))
  process.stdout.write('.')
}
