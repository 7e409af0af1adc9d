/** A failure that a sentence explains to whoever started Twig; it is shown without a stack. */
export class Problem extends Error {
  readonly sentence: string
  constructor(sentence: string, options?: { cause?: unknown })
}
