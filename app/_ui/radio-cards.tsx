import type { ReactNode } from 'react'
import { ChoiceCard } from './choice-card'
import { Fieldset } from './fieldset'

export type RadioOption = {
  value: string
  title: string
  description?: ReactNode
  meta?: ReactNode
  disabled?: boolean
}

type RadioCardsProps = {
  legend: string
  name: string
  options: RadioOption[]
  defaultValue?: string
  /** Controlled use, with `onValueChange`. */
  value?: string
  onValueChange?: (value: string) => void
  hint?: ReactNode
  error?: string | undefined
  required?: boolean
  disabled?: boolean
  /** In a dialog: focus begins at the chosen card. */
  firstFocus?: boolean
  /** Cards side by side from 640 px on. */
  columns?: 1 | 2 | 3
}

const columnClasses = { 1: undefined, 2: 'sm:grid-cols-2', 3: 'sm:grid-cols-3' }

/** One choice of few, each a card; native radio buttons, so arrows and plain forms work. */
export function RadioCards(props: RadioCardsProps) {
  const {
    legend,
    name,
    options,
    defaultValue,
    value,
    onValueChange,
    firstFocus,
    columns = 1,
    ...fieldset
  } = props
  return (
    <Fieldset legend={legend} {...fieldset} className={columnClasses[columns]}>
      {options.map((option) => (
        <ChoiceCard
          key={option.value}
          {...option}
          kind="radio"
          name={name}
          data-first-focus={(firstFocus && option.value === (value ?? defaultValue)) || undefined}
          required={fieldset.required}
          defaultChecked={value === undefined ? option.value === defaultValue : undefined}
          checked={value === undefined ? undefined : option.value === value}
          onChange={onValueChange ? () => onValueChange(option.value) : undefined}
        />
      ))}
    </Fieldset>
  )
}
