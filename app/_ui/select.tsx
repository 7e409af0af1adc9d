'use client'

import { Check, ChevronDown } from 'lucide-react'
import { Select as Radix } from 'radix-ui'
import { cn } from './cn'
import { controlStyles } from './control-styles'
import { useFieldAttributes } from './field-context'
import { useNonce } from './nonce'

export type SelectOption = {
  value: string
  label: string
  description?: string
  disabled?: boolean
  /** Options that follow one another with the same group share its heading. */
  group?: string
}

type SelectProps = {
  options: SelectOption[]
  name?: string
  defaultValue?: string
  value?: string
  onValueChange?: (value: string) => void
  placeholder?: string
  required?: boolean
  disabled?: boolean
  id?: string
  'aria-label'?: string
  className?: string
}

function groupsOf(options: SelectOption[]) {
  const groups: { name: string | undefined; options: SelectOption[] }[] = []
  for (const option of options) {
    const last = groups.at(-1)
    if (last && last.name === option.group) last.options.push(option)
    else groups.push({ name: option.group, options: [option] })
  }
  return groups
}

/** A drop-down of options with optional headings and descriptions; posts its value under `name`. */
export function Select({ options, placeholder = 'Select…', id, className, ...props }: SelectProps) {
  const { required, ...wired } = useFieldAttributes({ id, required: props.required })
  const nonce = useNonce()
  return (
    // A form that comes back with its values has a new default; the key lets it win over the old one.
    <Radix.Root key={props.defaultValue} {...props} required={required}>
      <Radix.Trigger
        {...wired}
        aria-label={props['aria-label']}
        className={cn(
          controlStyles,
          'flex items-center justify-between gap-2 text-left data-placeholder:text-placeholder',
          className,
        )}
      >
        <span className="truncate">
          <Radix.Value placeholder={placeholder} />
        </span>
        <Radix.Icon>
          <ChevronDown className="size-4 text-muted" />
        </Radix.Icon>
      </Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          position="popper"
          sideOffset={4}
          collisionPadding={8}
          className="z-60 max-h-(--radix-select-content-available-height) min-w-(--radix-select-trigger-width) animate-rise overflow-hidden rounded-lg bg-raised p-1 shadow-overlay"
        >
          <Radix.Viewport nonce={nonce}>
            {groupsOf(options).map((group) => (
              <Radix.Group key={group.name ?? group.options[0]?.value}>
                {group.name && (
                  <Radix.Label className="px-2 pt-2 pb-1 text-muted text-xs">{group.name}</Radix.Label>
                )}
                {group.options.map((option) => (
                  <Radix.Item
                    key={option.value}
                    value={option.value}
                    disabled={option.disabled}
                    className="relative flex min-h-9 cursor-default flex-col justify-center rounded-sm py-1.5 pr-8 pl-2 outline-none data-disabled:text-muted data-highlighted:bg-hover sm:min-h-8"
                  >
                    <Radix.ItemText>{option.label}</Radix.ItemText>
                    {option.description && <span className="text-muted text-sm">{option.description}</span>}
                    <Radix.ItemIndicator className="absolute top-0 right-2 grid h-9 place-items-center sm:h-8">
                      <Check className="size-4 text-accent" />
                    </Radix.ItemIndicator>
                  </Radix.Item>
                ))}
              </Radix.Group>
            ))}
          </Radix.Viewport>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
