import { ClipboardPaste, Files } from 'lucide-react'
import type { ComponentType } from 'react'
import type { DataSourceKind } from '@/lib/core/data-schemas'
import { GoogleDriveMark, MicrosoftMark, NotionMark, SlackMark } from '../../_ui/provider-marks'

function TextMark({ className }: { className?: string }) {
  return <ClipboardPaste aria-hidden="true" className={className} />
}

function FilesMark({ className }: { className?: string }) {
  return <Files aria-hidden="true" className={className} />
}

const marks: Readonly<Record<DataSourceKind, ComponentType<{ className?: string }>>> = {
  text: TextMark,
  file: FilesMark,
  google_drive: GoogleDriveMark,
  slack: SlackMark,
  notion: NotionMark,
  microsoft_365: MicrosoftMark,
}

/** The mark of a kind of data source; its name stands beside it. */
export function KindMark({ kind, className = 'size-4' }: { kind: DataSourceKind; className?: string }) {
  const Mark = marks[kind]
  return <Mark className={className} />
}
