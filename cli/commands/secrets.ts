import { rotateSecrets, type SealingStatus, sealingStatus } from '../../lib/domain/secret-rotation'
import { count, table } from '../output'
import { verb } from '../verb'

function rows({ columns }: SealingStatus): string {
  const lines = columns.flatMap(({ column, rows_by_key, unreadable }) => [
    ...Object.entries(rows_by_key).map(([key, rows]) => [column, key, String(rows)]),
    ...(unreadable > 0 ? [[column, 'unreadable', String(unreadable)]] : []),
  ])
  return lines.length === 0 ? 'Nothing is sealed yet.' : table(['COLUMN', 'KEY', 'ROWS'], lines)
}

function advice(status: SealingStatus): string {
  const { current_key, unreadable, to_rotate, removable_keys } = status
  const sentences = [`New rows are sealed with the key ${current_key}.`]
  if (to_rotate > 0) sentences.push(`${count(to_rotate, 'row')} under older keys: run secrets rotate.`)
  if (removable_keys.length > 0) {
    const keys = removable_keys.join(', ')
    sentences.push(`No row needs ${keys}: once every server seals with ${current_key}, take it out.`)
  }
  if (unreadable > 0) {
    sentences.push(
      `${count(unreadable, 'row')} cannot be opened: put the missing key back into TWIG_ENCRYPTION_KEYS, or replace what is lost.`,
    )
  }
  return sentences.join(' ')
}

/** Exit code 1 tells a script that something is lost. */
function answer<S extends SealingStatus>(status: S, lead: readonly string[]) {
  return {
    document: status,
    text: [...lead, rows(status), advice(status)].join('\n\n'),
    exitCode: status.unreadable > 0 ? 1 : 0,
  }
}

const status = verb({
  summary: 'Says which encryption key seals how many rows, and whether all of them open.',
  flags: {},
  run: async () => answer(await sealingStatus(), []),
})

const rotate = verb({
  summary: 'Encrypts every sealed row anew with the first of TWIG_ENCRYPTION_KEYS, while Twig runs.',
  flags: {},
  run: async () => {
    const report = await rotateSecrets()
    return answer(report, [`${count(report.rotated, 'row')} encrypted anew.`])
  },
})

export const secretsVerbs = { rotate, status }
