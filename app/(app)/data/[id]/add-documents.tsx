'use client'

import { ClipboardPaste } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { Button } from '../../../_ui/button'
import { DropZone } from '../../../_ui/drop-zone'
import { FILES_ACCEPT, FILES_HINT } from '../source-words'
import { UploadList } from '../upload-list'
import { type Upload, useUploads } from '../use-uploads'
import { PasteDialog } from './paste-dialog'

interface AddDocumentsProps {
  sourceId: string
  isEmpty: boolean
}

/** Files are sent as soon as they are dropped; a text has a dialog of its own. */
export function AddDocuments({ sourceId, isEmpty }: AddDocumentsProps) {
  const router = useRouter()
  const { uploads, add, send, remove } = useUploads()

  function start(list: readonly Upload[]) {
    // What has arrived stands in the table; the list keeps what did not.
    void send(sourceId, list, (key) => {
      remove(key)
      router.refresh()
    })
  }

  return (
    <section aria-label="Add documents" className="grid gap-3">
      {isEmpty && <p>Nothing is in this data source yet. Drop some files, or paste a text.</p>}
      <DropZone
        label="Add files"
        hint={FILES_HINT}
        accept={FILES_ACCEPT}
        onFiles={(files) => start(add(files.map((file) => ({ file }))))}
      />
      <div className="flex justify-end">
        <PasteDialog
          sourceId={sourceId}
          trigger={
            <Button>
              <ClipboardPaste aria-hidden="true" />
              Paste text
            </Button>
          }
        />
      </div>
      <UploadList uploads={uploads} onRemove={remove} onRetry={(upload) => start([upload])} />
    </section>
  )
}
