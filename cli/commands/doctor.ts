import { diagnose } from '../doctor/diagnose'
import type { Finding } from '../doctor/finding'
import { count, plain } from '../output'
import { verb } from '../verb'

function line({ check, status, detail, fix }: Finding): string {
  const head = `${status.padEnd(7)}  ${check.padEnd(14)}  `
  return `${head}${plain(detail)}${fix === null ? '' : ` Fix: ${plain(fix)}`}`
}

function verdict(findings: readonly Finding[]): string {
  const number = (status: Finding['status']) => findings.filter((finding) => finding.status === status).length
  const [problems, warnings] = [number('problem'), number('warning')]
  if (problems + warnings === 0) return 'All is well.'
  return `${count(problems, 'problem')}, ${count(warnings, 'warning')}.`
}

export const doctor = verb({
  summary: 'Says what is misconfigured, and what to do about it.',
  flags: {},
  run: async () => {
    const findings = await diagnose(new Date())
    return {
      document: findings,
      text: [...findings.map(line), '', verdict(findings)].join('\n'),
      exitCode: findings.some(({ status }) => status === 'problem') ? 1 : 0,
    }
  },
})
