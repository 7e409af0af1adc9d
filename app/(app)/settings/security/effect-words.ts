const digits = new Intl.NumberFormat('en-US')

function counted(number: number, noun: string, plural: string): string {
  return `${digits.format(number)} ${number === 1 ? noun : plural}`
}

interface Effect {
  requests: number
  blocked: number
  addresses: number
  unknown: number
}

/** What a list would have done, in a sentence or two. */
export function effectText({ requests, blocked, addresses, unknown }: Effect): string {
  if (requests === 0) return 'There were no requests with keys in the last 7 days to try it on.'
  const of = counted(requests, 'request', 'requests')
  const rest = unknown === 0 ? '' : ` Of ${counted(unknown, 'more', 'more')} the address is not on record.`
  if (blocked === 0) return `It would have blocked none of ${of} of the last 7 days.${rest}`
  const from = counted(addresses, 'address', 'addresses')
  return `It would have blocked ${digits.format(blocked)} of ${of} of the last 7 days, from ${from}.${rest}`
}
