import { describe, expect, it } from 'vitest'
import { leastCpuMs } from '../testing/cpu-time'
import { hashSecret, verifySecret } from './key-hash'
import { hashPassword, verifyPassword } from './passwords'

describe('passwords', () => {
  it('are stored as bcrypt of cost 12 and never twice alike', async () => {
    const [first, second] = await Promise.all([
      hashPassword('violet harbour'),
      hashPassword('violet harbour'),
    ])
    expect(first).toMatch(/^\$2b\$12\$[./A-Za-z0-9]{53}$/)
    expect(first).not.toBe(second)
  })

  it('count to the last byte: past 72 bytes and past a NUL', async () => {
    const long = 'p'.repeat(72)
    const hash = await hashPassword(`${long}A`)
    expect(await verifyPassword(`${long}A`, hash)).toBe(true)
    expect(await verifyPassword(`${long}B`, hash)).toBe(false)
    expect(await verifyPassword(long, hash)).toBe(false)
    const nul = await hashPassword('before\0after')
    expect(await verifyPassword('before\0after', nul)).toBe(true)
    expect(await verifyPassword('before\0other', nul)).toBe(false)
  })

  it('are taken as typed: case, spaces and Unicode forms differ', async () => {
    const hash = await hashPassword(' Caf\u00e9 \u{1f511} ')
    expect(await verifyPassword(' Caf\u00e9 \u{1f511} ', hash)).toBe(true)
    expect(await verifyPassword('Caf\u00e9 \u{1f511}', hash)).toBe(false)
    expect(await verifyPassword(' Cafe\u0301 \u{1f511} ', hash)).toBe(false)
    expect(await verifyPassword(' caf\u00e9 \u{1f511} ', hash)).toBe(false)
  })

  it('cost the same where there is no account', async () => {
    const hash = await hashPassword('violet harbour')
    const effort = (stored: string | null) =>
      leastCpuMs(async () => expect(await verifyPassword('wrong', stored)).toBe(false))
    const [real, nobody] = [await effort(hash), await effort(null)]
    expect(nobody).toBeGreaterThan(real / 2)
    expect(nobody).toBeLessThan(real * 2)
  })

  it('nothing belongs to a person without a password, nor to a broken hash', async () => {
    expect(await verifyPassword('', null)).toBe(false)
    expect(await verifyPassword('anything', 'not a hash')).toBe(false)
  })
})

describe('secrets of API keys', () => {
  it('are bcrypt of cost 12 over the secret itself', async () => {
    const hash = await hashSecret('0123456789abcdefghijABCDEFGHIJ01')
    expect(hash).toMatch(/^\$2b\$12\$/)
    expect(await verifySecret('0123456789abcdefghijABCDEFGHIJ01', hash)).toBe(true)
    expect(await verifySecret('0123456789abcdefghijABCDEFGHIJ02', hash)).toBe(false)
  })
})
