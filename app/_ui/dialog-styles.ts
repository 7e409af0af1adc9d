export const overlayStyles =
  'fixed inset-0 z-50 bg-overlay data-[state=closed]:animate-unfade data-[state=open]:animate-fade'

/** A sheet from below on phones, a centred box from 640 px on. */
export const dialogStyles = [
  'fixed inset-x-0 bottom-0 z-50 max-h-[92dvh] overflow-y-auto overscroll-contain rounded-t-lg bg-raised shadow-overlay outline-none',
  'sm:inset-0 sm:m-auto sm:h-fit sm:max-h-[min(85dvh,52rem)] sm:w-[calc(100%-2rem)] sm:rounded-lg',
  'data-[state=closed]:animate-sink data-[state=open]:animate-rise',
].join(' ')

export const dialogSizes = { sm: 'sm:max-w-md', md: 'sm:max-w-lg', lg: 'sm:max-w-[45rem]' }

export const dialogFooterStyles =
  'sticky bottom-0 flex flex-col-reverse gap-2 border-border border-t bg-raised px-5 py-4 sm:flex-row sm:justify-end sm:px-6'
