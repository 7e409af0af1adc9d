import { DOCUMENT_BYTES_MAX } from '@/lib/core/data-schemas'

/** What can be sent: a file, with a title and an address of its own where they are known. */
export interface Outgoing {
  file: File
  title?: string | undefined
  url?: string | undefined
}

/** Why it did not arrive, in a sentence; `fields` where a field is at fault. */
export interface UploadFailure {
  message: string
  fields: Record<string, string>
}

export type UploadOutcome = { ok: true } | ({ ok: false } & UploadFailure)

const NO_ANSWER = 'Twig did not answer. Try again.'

function failed(message: string, fields: Record<string, string> = {}): UploadOutcome {
  return { ok: false, message, fields }
}

function outcomeOf(request: XMLHttpRequest): UploadOutcome {
  if (request.status === 201) return { ok: true }
  try {
    const { message, fields } = JSON.parse(request.responseText) as Partial<UploadFailure>
    return failed(message ?? NO_ANSWER, fields)
  } catch {
    // The login page, or what a proxy says of a body that it does not pass on.
    if (request.status === 413) return failed('The file is larger than the server takes.')
    return failed(
      request.responseURL.includes('/login') ? 'You are signed out. Sign in and try again.' : NO_ANSWER,
    )
  }
}

/**
 * Sends a document to a data source; never rejects. By XMLHttpRequest, because fetch does not tell how far it has come.
 * @param onPercent told the share that was sent, 0 to 100
 */
export function uploadDocument(
  sourceId: string,
  { file, title, url }: Outgoing,
  onPercent: (percent: number) => void,
): Promise<UploadOutcome> {
  if (file.size > DOCUMENT_BYTES_MAX) {
    return Promise.resolve(failed('It is larger than 10 MB; split it.', { file: 'is larger than 10 MB' }))
  }
  const form = new FormData()
  if (title) form.set('title', title)
  if (url) form.set('url', url)
  form.set('file', file)
  return new Promise((resolve) => {
    const request = new XMLHttpRequest()
    request.upload.addEventListener('progress', ({ loaded, total }) => {
      onPercent(total > 0 ? Math.floor((loaded / total) * 100) : 0)
    })
    request.addEventListener('load', () => resolve(outcomeOf(request)))
    for (const name of ['error', 'abort', 'timeout']) {
      request.addEventListener(name, () => resolve(failed(NO_ANSWER)))
    }
    request.open('POST', `/data/${sourceId}/upload`)
    request.send(form)
  })
}
