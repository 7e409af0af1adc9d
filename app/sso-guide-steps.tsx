import { fieldValue, type GuideField, type SsoGuide, type TwigValues } from '@/lib/core/sso-guides'
import { CodeBlock } from './_ui/code-block'
import { CopyField } from './_ui/copy-field'

/** How to set up an identity provider: its own fields by their own names, each with what to put there. */
export function SsoGuideSteps({ guide, values }: { guide: SsoGuide; values: TwigValues }) {
  return (
    <ol className="grid gap-6 text-base">
      {guide.steps.map((step, index) => (
        <li key={step.title} className="grid min-w-0 gap-3">
          <div>
            <p className="font-medium">
              {index + 1}. {step.title}
            </p>
            <p className="mt-0.5 max-w-prose text-muted">{step.text}</p>
          </div>
          {step.fields?.map((field) => (
            <Field key={field.name} field={field} value={fieldValue(field, values)} />
          ))}
        </li>
      ))}
    </ol>
  )
}

function Field({ field, value }: { field: GuideField; value: string }) {
  if (field.how === 'paste') return <CopyField label={field.name} value={value} note={field.note} />
  if (field.how === 'code') {
    return (
      <div className="grid min-w-0 gap-1">
        <CodeBlock samples={[{ label: field.name, code: value }]} wrap />
        {field.note && <p className="text-muted text-sm">{field.note}</p>}
      </div>
    )
  }
  return (
    <dl className="grid gap-x-6 sm:grid-cols-[14rem_minmax(0,1fr)]">
      <dt className="text-muted text-sm sm:leading-5.5">{field.name}</dt>
      <dd className="wrap-anywhere">
        {value}
        {field.note && <p className="text-muted text-sm">{field.note}</p>}
      </dd>
    </dl>
  )
}
