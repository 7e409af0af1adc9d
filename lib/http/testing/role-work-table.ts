import * as agents from '../../domain/agents'
import * as keyChanges from '../../domain/api-key-changes'
import { createApiKey } from '../../domain/api-keys'
import { beginConnection, beginReconnect } from '../../domain/connection-flows'
import { disconnect } from '../../domain/connections'
import * as sources from '../../domain/data-sources'
import * as documents from '../../domain/documents'
import * as externalKeys from '../../domain/external-key-changes'
import { checkExternalKey } from '../../domain/external-key-checks'
import * as syncs from '../../domain/source-syncs'
import { keyUseToday } from '../../domain/usage'
import type { Action } from './role-action'

const agent = { name: 'Roles', instructions: '', environment: 'live' } as const
const whole = {
  instructions: '',
  data_source_ids: [],
  temperature: null,
  max_tokens: null,
  allow_fallback: false,
}
const model = { source: 'twig', name: null, external_key_id: null } as const

/** What people work with: agents, data sources, keys. By hand, as role-table.ts. */
export const WORK_ACTIONS: readonly Action[] = [
  { verb: 'createAgentIn', least: 'member', call: (who) => agents.createAgentIn(who, agent) },
  {
    verb: 'replaceAgent',
    least: 'member',
    kind: 'agent',
    call: (who, id) => agents.replaceAgent(who, { id, name: 'Roles', model, ...whole }),
  },
  { verb: 'deleteAgent', least: 'member', kind: 'agent', call: (who, id) => agents.deleteAgent(who, { id }) },
  {
    verb: 'createDataSourceIn',
    least: 'member',
    call: (who) => sources.createDataSourceIn(who, { name: 'Roles', kind: 'text', environment: 'live' }),
  },
  {
    verb: 'replaceDataSource',
    least: 'member',
    kind: 'source',
    call: (who, id) => sources.replaceDataSource(who, { id, name: 'Roles' }),
  },
  {
    verb: 'reindexDataSource',
    least: 'member',
    kind: 'source',
    call: (who, id) => sources.reindexDataSource(who, { id }),
  },
  {
    verb: 'deleteDataSource',
    least: 'member',
    kind: 'source',
    call: (who, id) => sources.deleteDataSource(who, { id }),
  },
  {
    verb: 'beginConnectionHere',
    least: 'member',
    call: (who) => beginConnection(who, { provider: 'google_drive', environment: 'live', name: 'Roles' }),
  },
  {
    verb: 'beginReconnectHere',
    least: 'member',
    kind: 'connected',
    call: (who, id) => beginReconnect(who, { id }),
  },
  {
    verb: 'chooseSelection',
    least: 'member',
    kind: 'connected',
    call: (who, id) => syncs.chooseSelection(who, { id, selection: [] }),
  },
  {
    verb: 'setSchedule',
    least: 'member',
    kind: 'connected',
    call: (who, id) => syncs.setSchedule(who, { id, minutes: 60 }),
  },
  {
    verb: 'requestSync',
    least: 'member',
    kind: 'connected',
    call: (who, id) => syncs.requestSync(who, { id }),
  },
  { verb: 'disconnect', least: 'member', kind: 'connected', call: (who, id) => disconnect(who, { id }) },
  {
    verb: 'reindexDocument',
    least: 'member',
    kind: 'document',
    call: (who, id) => documents.reindexDocument(who, idsOf(id)),
  },
  {
    verb: 'deleteDocument',
    least: 'member',
    kind: 'document',
    call: (who, id) => documents.deleteDocument(who, idsOf(id)),
  },
  {
    verb: 'createApiKey',
    least: 'member',
    call: (who) =>
      createApiKey(who, { name: 'Roles', scopes: ['read', 'write', 'execute'], environment: 'live' }),
  },
  {
    verb: 'updateApiKey',
    least: 'member',
    kind: 'key',
    call: (who, id) => keyChanges.updateApiKey(who, { id, name: 'Roles' }),
  },
  {
    verb: 'rotateApiKey',
    least: 'member',
    kind: 'key',
    call: (who, id) => keyChanges.rotateApiKey(who, { id, grace: '1h' }),
  },
  {
    verb: 'revokeApiKey',
    least: 'member',
    kind: 'key',
    call: (who, id) => keyChanges.revokeApiKey(who, { id }),
  },
  { verb: 'keyUseToday', least: 'member', kind: 'key', call: (who, id) => keyUseToday(who, { id }) },
  {
    verb: 'createExternalKey',
    least: 'admin',
    call: (who) =>
      externalKeys.createExternalKey(who, { provider: 'openai', api_key: 'sk-roles-1234567890' }),
  },
  {
    verb: 'replaceExternalKey',
    least: 'admin',
    kind: 'external',
    call: (who, id) => externalKeys.replaceExternalKey(who, { id, api_key: 'sk-roles-1234567890' }),
  },
  {
    verb: 'renameExternalKey',
    least: 'admin',
    kind: 'external',
    call: (who, id) => externalKeys.renameExternalKey(who, { id, name: 'Roles' }),
  },
  {
    verb: 'checkExternalKey',
    least: 'admin',
    kind: 'external',
    call: (who, id) => checkExternalKey(who, { id }),
  },
  {
    verb: 'deleteExternalKey',
    least: 'admin',
    kind: 'external',
    call: (who, id) => externalKeys.deleteExternalKey(who, { id }),
  },
]

/** A document’s place in one word, `ds_… doc_…`. */
function idsOf(both: string): { id: string; document_id: string } {
  const [id = '', document_id = ''] = both.split(' ')
  return { id, document_id }
}
