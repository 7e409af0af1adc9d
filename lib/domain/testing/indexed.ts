import type { DataDocument, NewDocument } from '../../core/data-schemas'
import type { Environment, Principal } from '../../core/principal'
import { patiently } from '../../store/db'
import { DocumentReader } from '../../store/document-reader'
import { createDataSource } from '../data-sources'
import { addDocument, getDocument } from '../documents'
import { indexNext } from '../indexing'

/** A data source of these documents, in the caller's environment; nothing is indexed yet. */
export async function sourceOf(
  principal: Principal,
  documents: readonly NewDocument[],
  environment: Environment = principal.environment,
): Promise<{ id: string; documents: DataDocument[] }> {
  const caller = { ...principal, environment }
  const { id } = await createDataSource(caller, { name: 'Handbook', kind: 'text' })
  const added: DataDocument[] = []
  for (const document of documents) added.push(await addDocument(caller, { id, ...document }))
  return { id, documents: added }
}

/** Indexes everything that waits, as a process would. */
export async function indexAll(reader = new DocumentReader()): Promise<void> {
  try {
    while (await patiently(() => indexNext({ reader })));
  } finally {
    reader.close()
  }
}

/** A document as it is now. */
export function again(principal: Principal, document: DataDocument): Promise<DataDocument> {
  return getDocument(principal, { id: document.data_source_id, document_id: document.id })
}
