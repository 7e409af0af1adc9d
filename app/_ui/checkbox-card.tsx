import { ChoiceCard, type ChoiceCardProps } from './choice-card'

/** A check box as a card with title and description, e.g. one scope of a key. */
export function CheckboxCard(props: ChoiceCardProps) {
  return <ChoiceCard {...props} kind="checkbox" />
}
