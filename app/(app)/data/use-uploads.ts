'use client'

import { useRef, useState } from 'react'
import { type Outgoing, uploadDocument } from './upload-document'

/** A file on its way. */
export interface Upload {
  key: number
  outgoing: Outgoing
  state: 'waiting' | 'sending' | 'sent' | 'failed'
  percent: number
  /** Why it failed. */
  message: string
}

/** Several at once would only share the line. */
const AT_ONCE = 2

/** Sends files to a data source, two at a time, and keeps how far each has come. */
export function useUploads() {
  const [uploads, setUploads] = useState<Upload[]>([])
  const last = useRef(0)
  /** Taken off the list before their turn. */
  const dropped = useRef(new Set<number>())

  function change(key: number, changes: Partial<Upload>) {
    setUploads((before) => before.map((upload) => (upload.key === key ? { ...upload, ...changes } : upload)))
  }

  async function sendOne(sourceId: string, { key, outgoing }: Upload): Promise<boolean> {
    change(key, { state: 'sending', percent: 0, message: '' })
    const outcome = await uploadDocument(sourceId, outgoing, (percent) => change(key, { percent }))
    change(key, outcome.ok ? { state: 'sent', percent: 100 } : { state: 'failed', message: outcome.message })
    return outcome.ok
  }

  /** Sends them; resolves with how many failed. `onEach` is called when one has arrived. */
  async function send(
    sourceId: string,
    all: readonly Upload[],
    onEach: (key: number) => void,
  ): Promise<number> {
    const queue = [...all]
    let failures = 0
    const work = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        if (dropped.current.has(next.key)) continue
        if (await sendOne(sourceId, next)) onEach(next.key)
        else failures += 1
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    return failures
  }

  /** Puts files into the list, to be sent; hands back what `send` takes. */
  function add(files: readonly Outgoing[]): Upload[] {
    const added = files.map((outgoing): Upload => {
      last.current += 1
      return { key: last.current, outgoing, state: 'waiting', percent: 0, message: '' }
    })
    setUploads((before) => [...before, ...added])
    return added
  }

  function remove(key: number) {
    dropped.current.add(key)
    setUploads((before) => before.filter((upload) => upload.key !== key))
  }

  return { uploads, add, send, remove }
}
