import { patiently } from '../../lib/store/db'
import { type Statement, statementsOf } from './plans'
import { hotQuestions, type Question } from './questions'

/** What a question came to. */
export interface Answer {
  question: Omit<Question, 'work'>
  ms: number
  rowsRead: number
  statements: Statement[]
  /** Why it broke off, where it did. */
  failure: string | undefined
}

async function answer({ work, ...question }: Question): Promise<Answer> {
  let failure: string | undefined
  const statements = await statementsOf(() =>
    patiently(work).catch((error: unknown) => {
      failure = String(error instanceof Error ? error.message : error)
    }),
  )
  return {
    question,
    ms: statements.reduce((sum, { ms }) => sum + ms, 0),
    rowsRead: statements.reduce((sum, { rowsRead }) => sum + rowsRead, 0),
    statements,
    failure,
  }
}

/**
 * Asks every hot question once and then once more, for the second answer: the first one also reads what the server keeps
 * of tables, and blocks from disk.
 * @param rows the size of the logs
 */
export async function askAll(rows: number, say: (line: string) => void = () => {}): Promise<Answer[]> {
  for (const { work } of await patiently(() => hotQuestions(rows))) await patiently(work).catch(() => {})
  const answers: Answer[] = []
  for (const question of await patiently(() => hotQuestions(rows))) {
    const one = await answer(question)
    say(
      `${one.question.name}: ${one.ms.toFixed(1)} ms, ${one.rowsRead} rows${one.failure ? `, FAILED: ${one.failure}` : ''}`,
    )
    answers.push(one)
  }
  return answers
}
