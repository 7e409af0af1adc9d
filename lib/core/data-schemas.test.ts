import { describe, expect, test } from 'vitest'
import { DataSourceInput, DocumentInput, UploadFields } from './data-schemas'

const firstIssue = (result: { error?: { issues: Array<{ message: string }> } | undefined }) =>
  result.error?.issues[0]?.message

test('a source is of text unless it says files; of a provider’s kind it is connected in the console', () => {
  expect(DataSourceInput.parse({ name: 'A' })).toEqual({ name: 'A', kind: 'text' })
  expect(DataSourceInput.parse({ name: 'A', kind: 'file' })).toEqual({ name: 'A', kind: 'file' })
  for (const [kind, name] of [
    ['google_drive', 'Google Drive'],
    ['slack', 'Slack'],
    ['notion', 'Notion'],
    ['microsoft_365', 'Microsoft 365'],
  ]) {
    expect(firstIssue(DataSourceInput.safeParse({ name: 'A', kind }))).toBe(
      `${name} needs a person’s consent: connect it in the console, Data → Add Data Source. Over the API a source is text or file`,
    )
  }
  expect(firstIssue(DataSourceInput.safeParse({ name: 'A', kind: 'sql' }))).toBe('Kind is one of text, file')
})

describe('a document', () => {
  test.each([
    [{ text: 'x' }, 'Title is required'],
    [{ title: ' ', text: 'x' }, 'Title is required'],
    [{ title: 'a\u202eb', text: 'x' }, 'Title may not hold control characters'],
    [{ title: 'a', text: ' \n ' }, 'Text is required'],
    [{ title: 'a' }, 'Text is required'],
    [{ title: 'a', text: 'x', url: 'javascript:alert(1)' }, 'Url must be an http or https address'],
    [{ title: 'a', text: 'x', url: 'ftp://a.example' }, 'Url must be an http or https address'],
    [{ title: 'a', text: 'x', url: 'https://a:b@c.example' }, 'Url may not hold a user name or password'],
    [
      { title: 'a', text: 'x', url: 'https://bank.example@c.example' },
      'Url may not hold a user name or password',
    ],
  ])('like %j is refused: %s', (input, message) => {
    expect(firstIssue(DocumentInput.safeParse(input))).toBe(message)
  })

  test('may have an address or none, and nothing that is not known', () => {
    const text = { title: 'a', text: 'x' }
    for (const url of [undefined, null, 'https://a.example/b?c=d']) {
      expect(DocumentInput.safeParse({ ...text, url }).success).toBe(true)
    }
    expect(DocumentInput.safeParse({ ...text, id: 'doc_1' }).success).toBe(false)
    expect(UploadFields.safeParse({ organization_id: 'org_1' }).success).toBe(false)
  })
})
