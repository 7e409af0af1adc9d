'use client'

import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { type SsoProvider, ssoGuides, type TwigValues } from '@/lib/core/sso-guides'
import { ssoProviders } from '@/lib/core/sso-schemas'
import { Card, CardBody, CardFooter } from '../../../_ui/card'
import { RadioCards } from '../../../_ui/radio-cards'
import { Step } from '../../../_ui/steps'
import { TextLink } from '../../../_ui/text-link'
import { toast } from '../../../_ui/toast'
import { SsoGuideSteps } from '../../../sso-guide-steps'
import { MappingForm } from './mapping-form'
import { PreviewCard, type Previewed } from './preview-card'
import { SourceForm } from './source-form'
import { PATH } from './views'

const options = ssoProviders.map((provider) => ({
  value: provider,
  title: ssoGuides[provider].name,
  description: ssoGuides[provider].about,
}))

interface ConnectionStepsProps {
  values: TwigValues
  /** Number of the first of these steps. */
  first: number
  /** 3 inside a `Section`, 2 right under the page's header. */
  headingLevel: 2 | 3
}

/** From the choice of an identity provider to a saved connection. What was typed stays while something is refused. */
export function ConnectionSteps({ values, first, headingLevel }: ConnectionStepsProps) {
  const router = useRouter()
  const [provider, setProvider] = useState<SsoProvider>()
  const [previewed, setPreviewed] = useState<Previewed>()
  const guide = provider && ssoGuides[provider]

  function choose(value: string) {
    const chosen = ssoProviders.find((each) => each === value)
    if (chosen && guide?.kind !== ssoGuides[chosen].kind) setPreviewed(undefined)
    setProvider(chosen)
  }

  function done(name: string) {
    toast.success(`${name} saved`, { description: 'Now test the connection.' })
    router.push(PATH)
    router.refresh()
  }

  return (
    <>
      <Step
        number={first}
        headingLevel={headingLevel}
        title="Identity provider"
        description="Who signs your people in. Tell it Twig’s values in the fields that are named here."
        state={provider ? 'done' : 'current'}
      >
        <div className="grid gap-5">
          <RadioCards
            legend="Provider"
            name="provider"
            options={options}
            value={provider ?? ''}
            onValueChange={choose}
            columns={2}
          />
          {provider && guide && (
            <Card>
              <CardBody>
                <SsoGuideSteps guide={guide} values={values} />
              </CardBody>
              <CardFooter>
                <span>
                  To send this to whoever looks after the identity provider:{' '}
                  <TextLink href={`/docs/sso/${provider}`}>the guide as a page</TextLink>.
                </span>
              </CardFooter>
            </Card>
          )}
        </div>
      </Step>
      <Step
        number={first + 1}
        headingLevel={headingLevel}
        title={guide?.kind === 'oidc' ? 'Discovery' : 'Metadata'}
        description={
          guide
            ? guide.source
            : 'What Twig must know of the identity provider: its name, its address and its certificate.'
        }
        state={previewed ? 'done' : provider ? 'current' : 'todo'}
      >
        {guide && (
          <div className="grid gap-5">
            <SourceForm key={guide.kind} guide={guide} onPreviewed={setPreviewed} />
            {previewed && <PreviewCard previewed={previewed} />}
          </div>
        )}
      </Step>
      <Step
        number={first + 2}
        headingLevel={headingLevel}
        title="Attribute mapping"
        description="Where the answer has the e-mail address and the name."
        state={previewed ? 'current' : 'todo'}
      >
        {provider && guide && previewed && (
          <MappingForm
            key={provider}
            provider={provider}
            guide={guide}
            source={previewed.source}
            onSaved={done}
          />
        )}
      </Step>
    </>
  )
}
