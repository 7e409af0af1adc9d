'use client'

import { Download } from 'lucide-react'
import type { NewApiKey } from '@/lib/core/key-schemas'
import { Button } from '../../../_ui/button'
import { CodeBlock } from '../../../_ui/code-block'
import { DialogBody, DialogFooter } from '../../../_ui/dialog'
import { SecretField } from '../../../_ui/secret-field'

interface NewKeyProps {
  apiKey: NewApiKey
  appUrl: string
  onDone: () => void
}

/** Long enough for any browser to begin saving. */
const KEEP_FILE_MS = 10_000

/** Hands the browser a file made here; it never leaves this machine. */
function save(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), KEEP_FILE_MS)
}

/** A key in full, with what puts it to use. It lives in this component's memory only. */
export function NewKey({ apiKey, appUrl, onDone }: NewKeyProps) {
  const base = apiKey.environment === 'live' ? '/api/v1' : '/api/test/v1'
  const call = `curl ${appUrl}${base}/whoami \\\n  -H "Authorization: Bearer ${apiKey.key}"`
  return (
    <>
      <DialogBody>
        <SecretField
          label="API key"
          value={apiKey.key}
          hint="Store it in a password manager or your deployment's secrets."
        />
        <CodeBlock
          wrap
          samples={[{ label: 'Environment variable', code: `export TWIG_API_KEY=${apiKey.key}` }]}
        />
        <CodeBlock wrap samples={[{ label: 'curl', code: call }]} />
      </DialogBody>
      <DialogFooter>
        <Button onClick={() => save('twig.env', `TWIG_API_KEY=${apiKey.key}\n`)}>
          <Download aria-hidden="true" />
          Download .env
        </Button>
        <Button variant="primary" onClick={onDone}>
          Done
        </Button>
      </DialogFooter>
    </>
  )
}
