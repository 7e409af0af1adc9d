const UNITS = ['KB', 'MB', 'GB']

/** A size for people: `820 bytes`, `1.4 KB`, `10 MB`; a KB is 1024 bytes. */
export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} ${bytes === 1 ? 'byte' : 'bytes'}`
  let size = bytes / 1024
  let unit = 0
  while (size >= 1023.5 && unit < UNITS.length - 1) {
    size /= 1024
    unit += 1
  }
  return `${size < 10 ? size.toFixed(1).replace('.0', '') : Math.round(size)} ${UNITS[unit]}`
}
