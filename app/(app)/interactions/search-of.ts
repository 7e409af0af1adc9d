import { notFound } from 'next/navigation'
import { InteractionSearch } from '@/lib/core/interaction-search'
import type { SearchParams } from '@/lib/http/page'

/** What an address narrows the list to. A choice that does not exist is an address that does not exist. */
export async function searchOf(searchParams: SearchParams): Promise<InteractionSearch> {
  const search = InteractionSearch.safeParse(await searchParams)
  return search.success ? search.data : notFound()
}
