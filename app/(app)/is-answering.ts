/** A page that cannot be made anew would be replaced by the browser's own error page; so ask first whether it can. */
export function isAnswering(): Promise<boolean> {
  return fetch('/readyz', { cache: 'no-store' }).then(
    ({ ok }) => ok,
    () => false,
  )
}
