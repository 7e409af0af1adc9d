import type { Principal } from '../../core/principal'
import { DocumentReader } from '../../store/document-reader'
import { createDataSource } from '../data-sources'
import { addDocument } from '../documents'
import { indexNext } from '../indexing'

/** A data source with these documents, read and ready; its id. */
export async function sourceOf(
  principal: Principal,
  documents: Readonly<Record<string, string>>,
): Promise<string> {
  const { id } = await createDataSource(principal, { name: 'Handbook', kind: 'text' })
  for (const [title, text] of Object.entries(documents)) await addDocument(principal, { id, title, text })
  const reader = new DocumentReader()
  while (await indexNext({ reader }));
  await reader.close()
  return id
}
