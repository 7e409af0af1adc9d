import { TwigError } from '../core/errors'
import type { Page } from '../core/schemas'

interface Row {
  id: string
  createdAt: Date
}

interface PageRequest {
  limit: number
  cursor?: string | undefined
}

/** Reads `next_cursor`: the time and id of the last row of the page before. Throws invalid_request. */
function readCursor(cursor: string): Row {
  const match = /^(\d{1,15})\.(\w{1,64})$/.exec(Buffer.from(cursor, 'base64url').toString('utf8'))
  const [, ms, id] = match ?? []
  if (!ms || !id) {
    const details = { fields: { cursor: 'not a cursor of this list' } }
    throw new TwigError('invalid_request', 'The cursor is not one that this list gave.', { details })
  }
  return { id, createdAt: new Date(Number(ms)) }
}

/**
 * The part of a query that makes it one page: newest first by time and id, one row more than asked for. The first condition
 * follows from the other; by it an index is entered at the cursor, however far down that is.
 */
export function pageQuery({ limit, cursor }: PageRequest) {
  const last = cursor === undefined ? null : readCursor(cursor)
  const older = last && {
    createdAt: { lte: last.createdAt },
    OR: [{ createdAt: { lt: last.createdAt } }, { createdAt: last.createdAt, id: { lt: last.id } }],
  }
  return {
    where: older ?? {},
    orderBy: [{ createdAt: 'desc' as const }, { id: 'desc' as const }],
    take: limit + 1,
  }
}

/** The same for memberships, which are told apart by their person. */
export function memberPageQuery({ limit, cursor }: PageRequest) {
  const last = cursor === undefined ? null : readCursor(cursor)
  const older = last && {
    createdAt: { lte: last.createdAt },
    OR: [{ createdAt: { lt: last.createdAt } }, { createdAt: last.createdAt, userId: { lt: last.id } }],
  }
  return {
    where: older ?? {},
    orderBy: [{ createdAt: 'desc' as const }, { userId: 'desc' as const }],
    take: limit + 1,
  }
}

/** The same for records, whose time is called so. */
export function recordPageQuery({ limit, cursor }: PageRequest) {
  const last = cursor === undefined ? null : readCursor(cursor)
  const older = last && {
    time: { lte: last.createdAt },
    OR: [{ time: { lt: last.createdAt } }, { time: last.createdAt, id: { lt: last.id } }],
  }
  return {
    where: older ?? {},
    orderBy: [{ time: 'desc' as const }, { id: 'desc' as const }],
    take: limit + 1,
  }
}

/** Shapes the rows of such a query as a page. */
export function toPage<R extends Row, T>(rows: R[], limit: number, shape: (row: R) => T): Page<T> {
  const data = rows.slice(0, limit)
  const last = data.at(-1)
  const more = rows.length > limit && last !== undefined
  return {
    data: data.map(shape),
    has_more: more,
    next_cursor: more ? Buffer.from(`${last.createdAt.getTime()}.${last.id}`).toString('base64url') : null,
  }
}
