'use client'

import { useRouter } from 'next/navigation'
import type { ApiKey } from '@/lib/core/key-schemas'
import { Card, CardBody, CardFooter } from '../../../../_ui/card'
import { RenameForm } from '../rename-form'

/** A key's name in a card of its own. */
export function RenameCard({ apiKey }: { apiKey: ApiKey }) {
  const router = useRouter()
  return (
    <RenameForm apiKey={apiKey} onDone={() => router.refresh()}>
      {(field, button) => (
        <Card>
          <CardBody className="grid gap-5">{field}</CardBody>
          <CardFooter>
            <span>Nothing that calls with the key notices.</span>
            {button}
          </CardFooter>
        </Card>
      )}
    </RenameForm>
  )
}
