/**
 * What attempts from an address are counted by: an IPv6 customer's whole /64 is one network, and so are all whose address is
 * unknown.
 * @param clientIp in its normal form
 */
export function networkOf(clientIp: string | null | undefined): string {
  if (!clientIp) return 'unknown'
  if (!clientIp.includes(':')) return clientIp
  const [head = '', tail] = clientIp.toLowerCase().split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail ? tail.split(':') : []
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length)
  const groups = [...left, ...Array<string>(zeros).fill('0'), ...right]
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`
}
