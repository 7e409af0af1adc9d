'use client'

import type { Environment } from '@/lib/core/principal'
import { Button } from '../../../_ui/button'
import { CodeBlock } from '../../../_ui/code-block'
import { DialogBody, DialogFooter } from '../../../_ui/dialog'
import { SecretField } from '../../../_ui/secret-field'

interface NewKeyProps {
  apiKey: string
  environment: Environment
  appUrl: string
  onDone: () => void
}

/** A key in full, with the two lines that put it to use. It lives in this component's memory only. */
export function NewKey({ apiKey, environment, appUrl, onDone }: NewKeyProps) {
  const base = environment === 'live' ? '/api/v1' : '/api/test/v1'
  return (
    <>
      <DialogBody>
        <SecretField
          label="API key"
          value={apiKey}
          hint="Store it in a password manager or your deployment's secrets."
        />
        <CodeBlock
          wrap
          samples={[{ label: 'Environment variable', code: `export TWIG_API_KEY=${apiKey}` }]}
        />
        <CodeBlock
          wrap
          samples={[
            {
              label: 'curl',
              code: `curl ${appUrl}${base}/whoami \\\n  -H "Authorization: Bearer ${apiKey}"`,
            },
          ]}
        />
      </DialogBody>
      <DialogFooter>
        <Button variant="primary" onClick={onDone}>
          Done
        </Button>
      </DialogFooter>
    </>
  )
}
