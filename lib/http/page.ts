import { notFound } from 'next/navigation'
import { TwigError } from '../core/errors'
import type { Environment } from '../core/principal'
import { ListQuery } from '../core/schemas'

export type SearchParams = Promise<Record<string, string | string[] | undefined>>

/** The page of a list that a console address asks for. A cursor of the wrong form is an address that does not exist. */
export async function pageQueryOf(searchParams: SearchParams): Promise<ListQuery> {
  const { cursor } = await searchParams
  const query = ListQuery.safeParse({ cursor })
  return query.success ? query.data : notFound()
}

/** Live unless the address says Test. */
export async function environmentOf(searchParams: SearchParams): Promise<Environment> {
  return (await searchParams).environment === 'test' ? 'test' : 'live'
}

/** What a page shows of one thing, or the page's not-found when there is none. */
export async function orNotFound<T>(found: Promise<T>): Promise<T> {
  return found.catch((error: unknown) => {
    if (error instanceof TwigError && error.code === 'not_found') notFound()
    throw error
  })
}
