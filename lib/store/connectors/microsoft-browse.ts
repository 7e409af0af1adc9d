import { type BrowseItem, type BrowseRequest, ProviderFailure } from './connector'
import { type Graph, Named, NamedPage, orNull, PAGE, placeOf } from './microsoft-api'
import { titleOf } from './remote-files'

function named(id: string, { name, displayName }: Named, kind: BrowseItem['kind']): BrowseItem {
  return { id, name: titleOf(displayName ?? name), kind, hasChildren: true }
}

/** Below a site its libraries, below a library or a folder its folders, and at the top one's own drive and the sites. */
export async function browseMicrosoft(graph: Graph, { parent, cursor, query }: BrowseRequest) {
  const place = parent === null ? null : placeOf(parent)
  if (parent !== null && !place) throw new ProviderFailure('not_found', 'not_an_id')
  const link = (page: { '@odata.nextLink'?: string | undefined }) => page['@odata.nextLink'] ?? null
  if (place === null || query) {
    const isFirst = cursor === null && !query
    const mine = isFirst ? await orNull(graph.get(Named, '/me/drive', { $select: 'id,name' })) : null
    const page = await graph.get(NamedPage, cursor ?? '/sites', cursor ? {} : { search: query || '*' })
    const own = mine ? [named(`drive:${mine.id}`, { ...mine, displayName: 'My files' }, 'drive')] : []
    return {
      items: [...own, ...page.value.map((site) => named(`site:${site.id}`, site, 'site'))],
      next: link(page),
    }
  }
  if (place.kind === 'site') {
    const page = await graph.get(NamedPage, cursor ?? `/sites/${place.id}/drives`)
    return { items: page.value.map((drive) => named(`drive:${drive.id}`, drive, 'drive')), next: link(page) }
  }
  const drive = place.kind === 'drive' ? place.id : place.drive
  const below = place.kind === 'drive' ? 'root' : `items/${place.id}`
  const page = await graph.items(cursor ?? `/drives/${drive}/${below}/children`, cursor ? {} : { $top: PAGE })
  const items = page.value.flatMap(({ id, name, folder }): BrowseItem[] => {
    const hasChildren = folder?.childCount !== 0
    return folder ? [{ id: `folder:${drive}:${id}`, name: titleOf(name), kind: 'folder', hasChildren }] : []
  })
  return { items, next: link(page) }
}
