/** Classes of a one-line control. 16 px on phones, where Safari zooms into anything smaller. */
export const controlStyles = [
  'block h-10 w-full min-w-0 rounded-md border border-control bg-raised px-3 text-lg text-foreground sm:h-9 sm:text-base',
  'focus-visible:border-ring focus-visible:outline-offset-0',
  'disabled:border-border disabled:bg-surface disabled:text-muted',
  'aria-invalid:border-danger-solid',
].join(' ')
