'use server'

import { BeginConnectionInput } from '@/lib/core/connectors'
import {
  CreateDataSourceFormInput,
  DataSourceIdInput,
  DocumentIdInput,
  RenameDataSourceFormInput,
} from '@/lib/core/data-schemas'
import { ScheduleInput, SelectionInput } from '@/lib/core/sync-schemas'
import { disconnect } from '@/lib/domain/connections'
import {
  createDataSourceIn,
  deleteDataSource,
  reindexDataSource,
  replaceDataSource,
} from '@/lib/domain/data-sources'
import { deleteDocument, reindexDocument } from '@/lib/domain/documents'
import { chooseSelection, requestSync, setSchedule } from '@/lib/domain/source-syncs'
import { action } from '@/lib/http/action'
import { beginConnectionHere, beginReconnectHere } from '@/lib/http/connectors'

export const addSource = action(CreateDataSourceFormInput, createDataSourceIn)
export const renameSource = action(RenameDataSourceFormInput, replaceDataSource)
export const readSourceAgain = action(DataSourceIdInput, reindexDataSource)
export const removeSource = action(DataSourceIdInput, deleteDataSource)
export const readDocumentAgain = action(DocumentIdInput, reindexDocument)
export const removeDocument = action(DocumentIdInput, deleteDocument)
export const connectSource = action(BeginConnectionInput, beginConnectionHere)
export const reconnectSource = action(DataSourceIdInput, beginReconnectHere)
export const disconnectSource = action(DataSourceIdInput, disconnect)
export const chooseWhatToIndex = action(SelectionInput, chooseSelection)
export const changeSchedule = action(ScheduleInput, setSchedule)
export const syncNow = action(DataSourceIdInput, requestSync)
