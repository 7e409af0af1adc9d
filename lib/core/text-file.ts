import { z } from 'zod'

/** A file of text that is written while it is read. */
export interface TextFile {
  /** ASCII without quotes. */
  name: string
  /** Media type. */
  type: string
  pieces: AsyncIterable<string>
}

/** The output of an operation that answers with a file. */
export const fileOutput = z.custom<TextFile>()
