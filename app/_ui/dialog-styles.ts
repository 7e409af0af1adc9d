export const overlayStyles =
  'fixed inset-0 z-50 bg-overlay data-[state=closed]:animate-unfade data-[state=open]:animate-fade'

/**
 * A sheet from below on phones, a centred box from 640 px on. Header, body and footer stand in a column of which the
 * body scrolls; a form around body and footer takes no part in the layout.
 */
export const dialogStyles = [
  'fixed inset-x-0 bottom-0 z-50 flex max-h-[92dvh] flex-col overflow-y-auto overscroll-contain rounded-t-lg [&>*]:shrink-0 [&>form]:contents bg-raised shadow-overlay outline-none',
  'sm:inset-0 sm:m-auto sm:h-fit sm:max-h-[min(85dvh,52rem)] sm:w-[calc(100%-2rem)] sm:rounded-lg',
  'data-[state=closed]:animate-sink data-[state=open]:animate-rise',
].join(' ')

export const dialogSizes = { sm: 'sm:max-w-md', md: 'sm:max-w-lg', lg: 'sm:max-w-[45rem]' }

export const dialogFooterStyles =
  'flex shrink-0 flex-col-reverse gap-2 border-border border-t bg-raised px-5 py-4 sm:flex-row sm:justify-end sm:px-6'
