'use client'

import { PROVIDER_NAMES } from '@/lib/core/model-providers'
import type { Agent } from '@/lib/core/schemas'
import { Banner } from '../../../_ui/banner'
import { ButtonLink } from '../../../_ui/button-link'
import { Combobox } from '../../../_ui/combobox'
import { Field } from '../../../_ui/field'
import { NativeSelect } from '../../../_ui/native-select'
import { HealthBadge } from '../../settings/external-keys/health-badge'
import { SOURCE_LABELS, SOURCE_PROVIDERS } from '../model-words'
import type { KeyChoice, ModelChoices } from './model-choices'
import { useProviderModels } from './use-provider-models'

type Model = Agent['model']
type OwnSource = keyof typeof SOURCE_LABELS

const OWN_SOURCES: readonly OwnSource[] = ['openai_key', 'anthropic_key', 'custom_key']

interface ModelFieldsProps {
  model: Model
  /** As it is saved; its key may be gone. */
  saved: Model
  onChange: (model: Model) => void
  choices: ModelChoices
  fields: Record<string, string>
}

function keysFor(source: OwnSource, keys: readonly KeyChoice[]): KeyChoice[] {
  return keys.filter(({ provider }) => provider === SOURCE_PROVIDERS[source])
}

/** Which model answers and with whose key (C3): the drop-down, then the key where there are several, then the model's name. */
export function ModelFields({ model, saved, onChange, choices, fields }: ModelFieldsProps) {
  const { source } = model
  const isTwig = source === 'twig'
  const keys = isTwig ? [] : keysFor(source, choices.keys)
  const isGone = (id: string | null) => id !== null && keys.every((key) => key.id !== id)
  const showsKey = !isTwig && (keys.length > 1 || (keys.length > 0 && isGone(model.external_key_id)))

  const chosenKey = keys.find(({ id }) => id === model.external_key_id)

  function choose(value: string) {
    if (value.startsWith('twig:')) {
      onChange({ source: 'twig', name: value.slice('twig:'.length) || null, external_key_id: null })
      return
    }
    const chosen = OWN_SOURCES.find((each) => each === value)
    if (!chosen) return
    const isSaved = saved.source === chosen
    const first = keysFor(chosen, choices.keys)[0]?.id ?? null
    onChange({
      source: chosen,
      name: isSaved ? saved.name : null,
      external_key_id: isSaved ? saved.external_key_id : first,
    })
  }

  const sourceError =
    fields['model.source'] ??
    (isTwig ? (fields['model.name'] ?? fields['model.external_key_id']) : undefined) ??
    (showsKey ? undefined : fields['model.external_key_id'])
  return (
    <>
      <Field
        label="Model"
        error={sourceError}
        hint={
          isTwig
            ? 'Twig’s models are paid for by Twig.'
            : 'Questions are billed to your organization by the provider.'
        }
      >
        <NativeSelect
          name="model"
          value={isTwig ? `twig:${model.name ?? ''}` : source}
          onChange={(event) => choose(event.target.value)}
        >
          <optgroup label="Twig’s models">
            {choices.pool.map(({ value, label }) => (
              <option key={value} value={`twig:${value}`}>
                {label}
              </option>
            ))}
          </optgroup>
          <optgroup label="Your own key">
            {OWN_SOURCES.map((each) => (
              <option key={each} value={each}>
                {SOURCE_LABELS[each]}
                {keysFor(each, choices.keys).length === 0 && ' (no key yet)'}
              </option>
            ))}
          </optgroup>
        </NativeSelect>
      </Field>
      {!isTwig && keys.length === 0 && <NoKey source={source} />}
      {showsKey && (
        <Field
          label="Key"
          error={fields['model.external_key_id']}
          aside={chosenKey && <HealthBadge health={chosenKey.health} />}
        >
          <NativeSelect
            name="external_key_id"
            value={model.external_key_id ?? ''}
            onChange={(event) => onChange({ ...model, external_key_id: event.target.value })}
          >
            {isGone(model.external_key_id) && (
              <option value={model.external_key_id ?? ''}>A key that was deleted</option>
            )}
            {keys.map((key) => (
              <option key={key.id} value={key.id}>
                {key.name} (…{key.last4})
              </option>
            ))}
          </NativeSelect>
        </Field>
      )}
      {!showsKey && <OnlyKey keyChoice={chosenKey} />}
      {!isTwig && (
        <ModelName
          model={model}
          source={source}
          keyId={isGone(model.external_key_id) ? null : model.external_key_id}
          placeholder={choices.defaults[SOURCE_PROVIDERS[source]]}
          error={fields['model.name']}
          onChange={onChange}
        />
      )}
    </>
  )
}

function NoKey({ source }: { source: OwnSource }) {
  const provider = SOURCE_PROVIDERS[source]
  const what = provider === 'custom' ? 'key for a custom endpoint' : `${PROVIDER_NAMES[provider]} key`
  return (
    <Banner
      role="status"
      title={`Your organization has no ${what} yet`}
      action={
        <ButtonLink size="sm" href="/settings/external-keys">
          External API Keys
        </ButtonLink>
      }
    >
      An admin adds one in Settings → External API Keys; then it can be chosen here.
    </Banner>
  )
}

function OnlyKey({ keyChoice }: { keyChoice: KeyChoice | undefined }) {
  if (!keyChoice) return null
  return (
    <p className="-mt-2 flex flex-wrap items-center gap-2 text-muted text-sm">
      Key {keyChoice.name} <code>…{keyChoice.last4}</code>
      <HealthBadge health={keyChoice.health} />
    </p>
  )
}

interface ModelNameProps {
  model: Model
  source: OwnSource
  keyId: string | null
  placeholder: string | null
  error: string | undefined
  onChange: (model: Model) => void
}

function ModelName({ model, source, keyId, placeholder, error, onChange }: ModelNameProps) {
  const { state, models, problem, load } = useProviderModels(keyId)
  const provider = source === 'custom_key' ? 'the endpoint' : PROVIDER_NAMES[SOURCE_PROVIDERS[source]]
  const words = {
    idle: placeholder ? `${placeholder} answers where this is empty.` : 'As the endpoint calls it.',
    pending: `Asking ${provider} for its models…`,
    ready:
      models.length === 0
        ? `${provider} lists no models; type the name.`
        : `${models.length} listed by ${provider}; any other name may be typed.`,
    failed: `No list from ${provider}: ${problem} The name may be typed.`,
  }
  return (
    <Field
      label="Model name"
      required={placeholder === null}
      optional={placeholder !== null}
      error={error}
      hint={
        <span role="status" className="first-letter:uppercase">
          {words[state]}
        </span>
      }
    >
      <Combobox
        name="model_name"
        value={model.name ?? ''}
        onValueChange={(name) => onChange({ ...model, name: name === '' ? null : name })}
        options={models}
        onOpen={load}
        placeholder={placeholder ?? undefined}
        maxLength={200}
      />
    </Field>
  )
}
