import { useId } from 'react'
import { Fieldset } from './fieldset'
import { Tick } from './tick'

type ChoiceChipsProps = {
  legend: string
  name: string
  options: readonly { value: string; label: string }[]
  value: string
  onValueChange: (value: string) => void
  hint?: string
}

/** One choice of few in a line; native radio buttons, so arrows work. For choices that need a sentence see `RadioCards`. */
export function ChoiceChips({ legend, name, options, value, onValueChange, hint }: ChoiceChipsProps) {
  const id = useId()
  return (
    <Fieldset legend={legend} hint={hint} className="flex flex-wrap gap-2">
      {options.map((option) => (
        <span
          key={option.value}
          className="relative inline-flex h-9 items-center gap-2 rounded-md border border-border bg-raised pr-3.5 pl-2.5 transition-colors duration-100 hover:border-control has-checked:border-accent has-checked:bg-accent-soft"
        >
          <Tick
            kind="radio"
            cover
            id={`${id}-${option.value}`}
            name={name}
            value={option.value}
            checked={option.value === value}
            onChange={() => onValueChange(option.value)}
          />
          <label htmlFor={`${id}-${option.value}`}>{option.label}</label>
        </span>
      ))}
    </Fieldset>
  )
}
