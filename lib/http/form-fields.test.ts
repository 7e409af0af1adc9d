import { describe, expect, test } from 'vitest'
import { readFormFields } from './body'

const MAX = 1000

function posted(body: string, type: string | null = 'application/x-www-form-urlencoded'): Request {
  const headers = new Headers(type === null ? {} : { 'content-type': type })
  return new Request('https://twig.example/acs', {
    method: 'POST',
    body: new TextEncoder().encode(body),
    headers,
  })
}

describe('a form that a browser was made to post', () => {
  test('is read as HTML encodes it', async () => {
    const fields = await readFormFields(
      posted('a=1%2B2+3&b=%C3%A9', 'Application/x-www-form-urlencoded; charset=utf-8'),
      MAX,
    )
    expect([...fields]).toEqual([
      ['a', '1+2 3'],
      ['b', 'é'],
    ])
  })

  test.each([null, 'application/json', 'text/plain', 'multipart/form-data; boundary=x'])(
    'is not read as %s',
    async (type) => {
      await expect(readFormFields(posted('a=1', type), MAX)).rejects.toMatchObject({
        code: 'unsupported_media_type',
      })
    },
  )

  test('is bounded in length, whatever its header says', async () => {
    expect((await readFormFields(posted('a'.repeat(MAX)), MAX)).size).toBe(1)
    await expect(readFormFields(posted('a'.repeat(MAX + 1)), MAX)).rejects.toMatchObject({
      code: 'payload_too_large',
    })
  })

  test('is bounded in its number of fields', async () => {
    expect((await readFormFields(posted('a=1&'.repeat(7)), MAX)).size).toBe(7)
    await expect(readFormFields(posted('a=1&'.repeat(9)), MAX)).rejects.toMatchObject({
      code: 'invalid_request',
    })
  })
})
