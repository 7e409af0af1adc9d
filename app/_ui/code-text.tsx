/** A sentence with names between backquotes, which are shown as code. */
export function CodeText({ text }: { text: string }) {
  const parts = [...text.matchAll(/`([^`]*)`|[^`]+/g)]
  return parts.map(({ 0: part, 1: code, index }) =>
    code === undefined ? part : <code key={index}>{code}</code>,
  )
}
