'use server'

import {
  CreateDataSourceFormInput,
  DataSourceIdInput,
  DocumentIdInput,
  RenameDataSourceFormInput,
} from '@/lib/core/data-schemas'
import {
  createDataSourceIn,
  deleteDataSource,
  reindexDataSource,
  replaceDataSource,
} from '@/lib/domain/data-sources'
import { deleteDocument, reindexDocument } from '@/lib/domain/documents'
import { action } from '@/lib/http/action'

export const addSource = action(CreateDataSourceFormInput, createDataSourceIn)
export const renameSource = action(RenameDataSourceFormInput, replaceDataSource)
export const readSourceAgain = action(DataSourceIdInput, reindexDataSource)
export const removeSource = action(DataSourceIdInput, deleteDataSource)
export const readDocumentAgain = action(DocumentIdInput, reindexDocument)
export const removeDocument = action(DocumentIdInput, deleteDocument)
