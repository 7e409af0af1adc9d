import type { TextFile } from '../core/text-file'

/** RFC 6266; a name of any other characters would need the extended form. */
const NAME = /^[\w.-]{1,120}$/

/**
 * The answer that a file is saved from, a piece at a time and no faster than it is read. What fails before the first piece
 * is thrown; what fails later breaks the connection off, so that nobody takes half a file for a whole one.
 */
export async function fileResponse({ name, type, pieces }: TextFile): Promise<Response> {
  if (!NAME.test(name)) throw new TypeError('This name does not fit a header.')
  const iterator = pieces[Symbol.asyncIterator]()
  const first = await iterator.next()
  const encoder = new TextEncoder()
  let next: IteratorResult<string> | null = first
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const piece = next ?? (await iterator.next())
      next = null
      if (piece.done) controller.close()
      else controller.enqueue(encoder.encode(piece.value))
    },
    cancel: async () => {
      await iterator.return?.()
    },
  })
  return new Response(body, {
    headers: {
      'Content-Type': `${type}; charset=utf-8`,
      'Content-Disposition': `attachment; filename="${name}"`,
      'Cache-Control': 'private, no-store',
    },
  })
}
