/** Where somebody lands who signs in without having come from anywhere. */
export const HOME_PATH = '/agents'

const OWN = 'http://own.invalid'
const MAX_LENGTH = 2048

/**
 * The page of our own that an address bar's `next` leads to after signing in, or HOME_PATH. Only a path counts: nothing
 * that a browser could read as another host, and no route that is not a page.
 */
export function returnPath(next: string | null | undefined): string {
  if (!next?.startsWith('/') || next.length > MAX_LENGTH) return HOME_PATH
  // A browser takes a backslash for a slash, and drops tabs and line breaks.
  if (/[\\\p{Cc}]/u.test(next) || next.startsWith('//') || !URL.canParse(next, OWN)) return HOME_PATH
  const { origin, pathname, search, hash } = new URL(next, OWN)
  const isPage =
    origin === OWN && !pathname.startsWith('//') && !/^\/(?:api|v1|test|login)(?:\/|$)/.test(pathname)
  return isPage ? pathname + search + hash : HOME_PATH
}
