'use client'

import { useState } from 'react'
import type { DataSource } from '@/lib/core/data-schemas'
import { Card, CardBody } from '../../../_ui/card'
import { Checkbox } from '../../../_ui/checkbox'
import { Fieldset } from '../../../_ui/fieldset'
import { Input } from '../../../_ui/input'
import { TextLink } from '../../../_ui/text-link'
import { KIND_NAMES } from '../../data/source-words'
import { SourceBadge } from '../../data/status-badges'

/** From so many on the list has a field to narrow it. */
const MANY = 9

interface SourceFieldsProps {
  sources: DataSource[]
  chosen: readonly string[]
  isTest: boolean
  error: string | undefined
}

/** Which data sources an agent draws from, each with how it is. */
export function SourceFields({ sources, chosen, isTest, error }: SourceFieldsProps) {
  const [needle, setNeedle] = useState('')
  const href = isTest ? '/data?environment=test' : '/data'
  if (sources.length === 0) {
    return (
      <Card>
        <CardBody className="text-muted">
          There is no {isTest ? 'Test' : 'Live'} data source yet. Add texts or files under{' '}
          <TextLink href={href}>Data</TextLink>, then choose them here.
        </CardBody>
      </Card>
    )
  }
  const fits = ({ name }: DataSource) => name.toLowerCase().includes(needle.trim().toLowerCase())
  return (
    <Card>
      <CardBody>
        <Fieldset
          legend="Data sources"
          error={error}
          hint={
            <>
              More are added under <TextLink href={href}>Data</TextLink>.
            </>
          }
        >
          {sources.length >= MANY && (
            <Input
              type="search"
              aria-label="Narrow the data sources"
              placeholder="Narrow by name"
              value={needle}
              onChange={(event) => setNeedle(event.target.value)}
              // A form is sent by its button, not by looking for something.
              onKeyDown={(event) => event.key === 'Enter' && event.preventDefault()}
            />
          )}
          {/* Hidden rows stay in the form: narrowing the list chooses nothing. */}
          <ul className="-mx-1 max-h-80 overflow-y-auto px-1">
            {sources.map((source) => (
              <li
                key={source.id}
                hidden={!fits(source)}
                className="border-border border-b py-2.5 last:border-b-0"
              >
                <div className="flex items-start justify-between gap-4">
                  <Checkbox
                    name="data_source_ids"
                    value={source.id}
                    defaultChecked={chosen.includes(source.id)}
                    label={source.name}
                    hint={`${KIND_NAMES[source.kind]}, ${documentsText(source.document_count)}${source.status_detail ? `. ${source.status_detail}` : ''}`}
                  />
                  <SourceBadge source={source} />
                </div>
              </li>
            ))}
          </ul>
          {!sources.some(fits) && <p className="text-muted text-sm">None is called like that.</p>}
        </Fieldset>
      </CardBody>
    </Card>
  )
}

function documentsText(count: number): string {
  return count === 1 ? '1 document' : `${count.toLocaleString('en')} documents`
}
