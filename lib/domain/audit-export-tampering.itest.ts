import { generateKeyPairSync, sign } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { signedText } from '../core/audit-chain'
import { canonicalJson } from '../core/canonical-json'
import { Prisma } from '../generated/prisma/client'
import { db } from '../store/db'
import { signingKeyId } from '../store/signing-key'
import { verifyAuditLog } from './audit-verification'
import { behindTheTriggers, exportedLines, found, loggedTenant, verifyLines } from './testing/audit-exports'

const ROWS = 8

describe('an export', () => {
  let lines: string[] = []
  let id = ''
  beforeAll(async () => {
    const { operator, ...own } = await loggedTenant(ROWS)
    id = own.id
    lines = await exportedLines(operator)
  })
  const changed = (line: number, from: string | RegExp, to: string) =>
    lines.map((text, index) => (index === line - 1 ? text.replace(from, to) : text))

  test('ends with a signed head and verifies', async () => {
    expect(lines).toHaveLength(ROWS + 1)
    expect(await verifyLines(lines, { organizationId: id })).toMatchObject({
      ...{ valid: true, rows: ROWS, first_seq: 1, last_seq: ROWS, organization_id: id, faults: [] },
      key_id: expect.stringMatching(/^[0-9a-f]{16}$/),
    })
  })

  test('verifies elsewhere, by the public key alone; by another key it does not', async () => {
    const { public_key: publicKey } = JSON.parse(lines.at(-1) ?? '')
    expect(await verifyLines(lines, { publicKey })).toMatchObject({ valid: true })
    const other = 'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE='
    expect(found(await verifyLines(lines, { publicKey: other }))).toEqual(['head null'])
  })

  test('signed with a key that somebody put into the database does not verify, whatever is put with it', async () => {
    const own = generateKeyPairSync('ed25519')
    const certificate = own.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')
    const { signature: _, ...head } = JSON.parse(lines.at(-1) ?? '')
    const forged = { ...head, public_key: certificate, key_id: signingKeyId(certificate) }
    const signature = sign(null, Buffer.from(signedText(forged)), own.privateKey).toString('base64')
    const signedByOwn = [...lines.slice(0, -1), canonicalJson({ ...forged, signature })]
    const row = `audit_signing.${head.key_id}`
    const { sealedKey } = await db().serviceKey.findUniqueOrThrow({
      where: { id: row },
      omit: { sealedKey: false },
    })
    const planted = `audit_signing.${forged.key_id}`
    for (const sealed of ['', sealedKey]) {
      await db().serviceKey.create({ data: { id: planted, certificate, sealedKey: sealed } })
      expect(found(await verifyLines(signedByOwn))).toEqual(['head null'])
      await db().serviceKey.delete({ where: { id: planted } })
    }
    // Nor does the public part of Twig's own key, put in place of it.
    await db().serviceKey.update({ where: { id: row }, data: { certificate } })
    expect(found(await verifyLines(signedByOwn))).toEqual(['head null'])
    await db().serviceKey.update({ where: { id: row }, data: { certificate: head.public_key } })
    expect(await verifyLines(lines)).toMatchObject({ valid: true })
  })

  test.each<[string, () => string[], string[]]>([
    ['a fact edited', () => changed(5, '"seq":5}', '"seq":6}'), ['edited 5']],
    ['an actor edited', () => changed(3, '"operator"', '"system"'), ['edited 3']],
    ['a time edited', () => changed(2, /"time":"2/, '"time":"1'), ['edited 2']],
    ['a member twice', () => changed(4, '{', '{"action":"x.y",'), ['edited 4']],
    ['written otherwise', () => changed(4, '{', '{ '), ['edited 4']],
    ['no JSON any more', () => changed(4, '{', '['), ['unreadable 4']],
    ['a row removed', () => lines.toSpliced(3, 1), ['missing 4']],
    ['two rows swapped', () => lines.toSpliced(3, 2, lines[4] ?? '', lines[3] ?? ''), ['reordered 4']],
    ['the beginning cut off', () => lines.slice(2), ['cut 1']],
    ['the end cut off, the head kept', () => lines.toSpliced(6, 2), ['cut 7']],
    ['the end cut off with the head', () => lines.slice(0, 6), ['cut 7']],
    ['the head cut off', () => lines.slice(0, -1), [`cut ${ROWS + 1}`]],
    ['nothing left', () => [], ['cut 1']],
    ['a count in the head edited', () => changed(ROWS + 1, '"count":8', '"count":9'), ['head null']],
    ['something after the head', () => [...lines, lines[0] ?? ''], ['head null']],
    ['cut off, and the head edited to fit', () => cutAndFitted(), ['head null']],
  ])('%s: found, with its row', async (_, tampered, faults) => {
    const verdict = await verifyLines(tampered())
    expect(verdict.valid).toBe(false)
    expect(found(verdict)).toEqual(faults)
  })

  /** Without its last two rows, and a head that says so. */
  function cutAndFitted(): string[] {
    const head = JSON.parse(lines.at(-1) ?? '')
    const last = JSON.parse(lines[5] ?? '')
    const fitted = { ...head, count: 6, last_seq: 6, last_hash: last.hash }
    return [...lines.slice(0, 6), JSON.stringify(fitted)]
  }

  test('of another organization: said', async () => {
    expect(found(await verifyLines(lines, { organizationId: 'org_other' }))).toEqual(['foreign null'])
  })

  test('that the database no longer agrees with: the row is named, be it the file or the database that was rewritten', async () => {
    const own = await loggedTenant(ROWS)
    const exported = await exportedLines(own.operator)
    // All of the log anew, hashes and head included: in itself it is as good as the first.
    await behindTheTriggers(Prisma.sql`
      DO $$ DECLARE entry audit_logs; last text := repeat('0', 64);
      BEGIN
        FOR entry IN SELECT * FROM audit_logs WHERE organization_id = '${Prisma.raw(own.id)}' ORDER BY seq LOOP
          IF entry.seq = 5 THEN entry.action := 'x.y'; END IF;
          entry.previous_hash := last;
          entry.hash := audit_hash(entry);
          last := entry.hash;
          UPDATE audit_logs SET action = entry.action, previous_hash = entry.previous_hash, hash = last
          WHERE id = entry.id;
          UPDATE audit_heads SET hash = last WHERE organization_id = entry.organization_id;
        END LOOP;
      END $$`)
    expect(await verifyAuditLog(own.id)).toMatchObject({ valid: true })
    const verdict = await verifyLines(exported)
    expect(found(verdict)).toEqual(['edited 5', 'edited 6', 'edited 7', `edited ${ROWS}`])
    expect(verdict.faults[0]?.message).toBe('Row 5 is another in the database.')
  })
})
