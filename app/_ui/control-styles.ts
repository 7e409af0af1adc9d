/** Classes of a one-line control. 16 px on phones, where Safari zooms into anything smaller. */
export const controlStyles = [
  'block h-10 w-full min-w-0 rounded-md border border-control bg-raised px-3 text-lg text-foreground sm:h-9 sm:text-base',
  'focus-visible:border-ring focus-visible:outline-offset-0',
  'read-only:bg-surface disabled:border-border disabled:bg-surface disabled:text-muted',
  'aria-invalid:border-danger-solid',
].join(' ')

/** Classes of a native checkbox or radio button, drawn by hand so both themes match. */
export const tickStyles = [
  'size-4.5 shrink-0 appearance-none border border-control bg-raised bg-center bg-no-repeat sm:size-4',
  'checked:border-accent checked:bg-accent disabled:border-border disabled:bg-surface',
  'disabled:checked:border-muted disabled:checked:bg-muted aria-invalid:border-danger-solid',
].join(' ')
