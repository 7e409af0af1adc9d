'use client'

import { CONNECTORS, type ConnectorChoice, type ConnectorProvider } from '@/lib/core/connectors'
import { Badge } from '../../_ui/badge'
import { PickCard } from '../../_ui/pick-card'
import { CATALOGUE_WORDS } from './connector-words'
import { KindMark } from './kind-mark'

export type SourceChoice = 'text' | 'file' | ConnectorProvider

const OWN = [
  { kind: 'text', title: 'Paste text', description: 'Notes, answers, a page of a handbook.' },
  { kind: 'file', title: 'Upload files', description: 'Markdown, text, HTML, PDF, CSV.' },
] as const

interface SourceCatalogueProps {
  choices: readonly ConnectorChoice[]
  onChoose: (choice: SourceChoice) => void
}

/** Everything that a data source can be made of. */
export function SourceCatalogue({ choices, onChoose }: SourceCatalogueProps) {
  return (
    <>
      <section aria-labelledby="catalogue-apps">
        <h3 id="catalogue-apps" className="mb-2 font-medium text-sm">
          Connect an app
        </h3>
        <ul className="grid gap-2 sm:grid-cols-2">
          {choices.map(({ provider, isConfigured }) => (
            <li key={provider}>
              <PickCard
                mark={<KindMark kind={provider} className="size-6" />}
                title={CONNECTORS[provider].name}
                description={CATALOGUE_WORDS[provider]}
                aside={isConfigured ? undefined : <Badge variant="outline">Not set up</Badge>}
                onClick={() => onChoose(provider)}
              />
            </li>
          ))}
        </ul>
      </section>
      <section aria-labelledby="catalogue-own">
        <h3 id="catalogue-own" className="mb-2 font-medium text-sm">
          Add your own
        </h3>
        <ul className="grid gap-2 sm:grid-cols-2">
          {OWN.map(({ kind, title, description }) => (
            <li key={kind}>
              <PickCard
                mark={<KindMark kind={kind} className="size-6 text-muted" />}
                title={title}
                description={description}
                onClick={() => onChoose(kind)}
              />
            </li>
          ))}
        </ul>
      </section>
    </>
  )
}
