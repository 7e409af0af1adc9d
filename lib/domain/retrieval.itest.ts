import { beforeAll, describe, expect, test } from 'vitest'
import { db } from '../store/db'
import { basicForms, searchStatement } from './passage-search'
import { retrieve } from './retrieval'
import { candidatesByBeginning } from './source-words'
import { indexAll, sourceOf } from './testing/indexed'
import { keyOf, tenant } from './testing/tenants'

const handbook = [
  {
    title: 'Returns',
    url: 'https://shop.example/returns',
    text: 'You can return a product within 30 days of delivery. The refund is paid to the card that you paid with. Opened software cannot be returned.',
  },
  {
    title: 'Shipping',
    text: 'Standard shipping within Europe takes three to five working days. Express shipping arrives the next day and costs twelve euros.',
  },
  {
    title: 'Insurance',
    text: 'Every parcel is insured up to five hundred euros. Higher insurance can be booked when you check out.',
  },
  {
    title: 'Opening hours',
    text: 'The shop in Vienna is open from nine in the morning until six in the evening, and closed on Sundays and holidays.',
  },
  {
    title: 'Warranty',
    text: 'Our garden tools have a warranty of five years. It covers faults of material and of making, but not wear.',
  },
]
const handbuch = [
  {
    title: 'Urlaub',
    text: 'Jede Mitarbeiterin und jeder Mitarbeiter hat dreißig Urlaubstage im Jahr. Der Antrag wird spätestens zwei Wochen vorher bei der Leitung gestellt.',
  },
  {
    title: 'Krankmeldung',
    text: 'Wer krank ist, meldet sich vor neun Uhr telefonisch. Ab dem dritten Tag ist eine Bescheinigung des Arztes nötig.',
  },
  {
    title: 'Reisekosten',
    text: 'Fahrkarten der zweiten Klasse werden vollständig erstattet. Für Übernachtungen gelten höchstens einhundertzwanzig Euro je Nacht.',
  },
]

const make = async () => {
  const { organization } = await tenant()
  const key = keyOf(organization.id, ['admin'])
  const english = await sourceOf(key, handbook)
  const german = await sourceOf(key, handbuch)
  return { organizationId: organization.id, key, english: english.id, german: german.id }
}
let world: Awaited<ReturnType<typeof make>>

beforeAll(async () => {
  world = await make()
  await indexAll()
})

const ask = (question: string, limit?: number) =>
  retrieve(
    {
      organizationId: world.organizationId,
      environment: 'live',
      dataSourceIds: [world.english, world.german],
    },
    question,
    limit,
  )

describe('a question finds its passage first', () => {
  test.each([
    ['How long do I have to return something that I bought?', 'Returns'],
    ['When do I get my refund?', 'Returns'],
    ['How quickly does express shipping arrive?', 'Shipping'],
    ['Is my parcel insured?', 'Insurance'],
    ['Are you open on Sundays?', 'Opening hours'],
    ['What does the warranty cover?', 'Warranty'],
    ['opening hours Vienna', 'Opening hours'],
    ['Wie viele Urlaubstage habe ich?', 'Urlaub'],
    ['Wann muss ich mich krank melden?', 'Krankmeldung'],
    ['Werden Fahrkarten erstattet?', 'Reisekosten'],
    ['Was kostet eine Übernachtung höchstens?', 'Reisekosten'],
  ])('%s → %s', async (question, title) => {
    const [best] = await ask(question)
    expect(best?.documentTitle).toBe(title)
    expect(best?.similarity).toBeGreaterThan(0.2)
    expect(best?.similarity).toBeLessThanOrEqual(1)
  })

  test.each([
    ['insurence for a parcel', 'Insurance'],
    ['what about the waranty', 'Warranty'],
    ['when is the refnud paid', 'Returns'],
    ['Krankmledung', 'Krankmeldung'],
    ['Reisekostn', 'Reisekosten'],
    ['Urlaubsanspruch', 'Urlaub'],
  ])('also misspelt, or in another form: %s → %s', async (question, title) => {
    expect((await ask(question))[0]?.documentTitle).toBe(title)
  })

  test('with what a source needs: ids, title, address and text', async () => {
    const [best] = await ask('refund')
    expect(best).toEqual({
      chunkId: expect.stringMatching(/^chunk_/),
      documentId: expect.stringMatching(/^doc_/),
      documentTitle: 'Returns',
      documentUrl: 'https://shop.example/returns',
      text: handbook[0]?.text,
      similarity: expect.any(Number),
    })
  })
})

test('similarity falls with what is missing, and passages come best first', async () => {
  const exact = await ask('express shipping arrives the next day')
  const vague = await ask('express elephants juggling quantum bananas')
  expect(exact[0]?.similarity).toBeGreaterThan(0.7)
  expect(vague[0]?.similarity ?? 0).toBeLessThan(0.4)
  const similarities = exact.map(({ similarity }) => similarity)
  expect(similarities).toEqual([...similarities].sort((a, b) => b - a))
})

test('what is in no document finds nothing, and neither does nothing', async () => {
  expect(await ask('zebra xylophone')).toEqual([])
  for (const question of ['', '   ', '?!', '„“', "' | !(", ':*', '\\'])
    expect(await ask(question)).toEqual([])
  expect(await ask('refund', 0)).toEqual([])
})

test('no character of a question is a command to the search', async () => {
  for (const question of ["refund' & !refund", 'refund:* | (', "refund\\'", 'refund <-> & |', '!refund'])
    expect((await ask(question))[0]?.documentTitle).toBe('Returns')
})

test('a question as long as a book is answered by its beginning, soon', async () => {
  const started = performance.now()
  expect((await ask(`refund ${'lorem ipsum dolor '.repeat(2_000)}`))[0]?.documentTitle).toBe('Returns')
  expect(performance.now() - started).toBeLessThan(3_000)
})

test('words are found by their beginnings where Postgres has no trigrams', async () => {
  expect(await candidatesByBeginning([world.english], 'waranty')).toContain('warranty')
  expect(await candidatesByBeginning([world.german], 'urlaubstage')).toContain('urlaubstage')
  expect(await candidatesByBeginning([world.german], 'warranty')).not.toContain('warranty')
})

describe('nobody finds what is not theirs', () => {
  const where = () => ({
    organizationId: world.organizationId,
    environment: 'live' as const,
    dataSourceIds: [world.english],
  })

  test('another organization, whatever ids it names', async () => {
    const { organization } = await tenant()
    expect(await retrieve({ ...where(), organizationId: organization.id }, 'refund')).toEqual([])
  })

  test('the other environment', async () => {
    expect(await retrieve({ ...where(), environment: 'test' }, 'refund')).toEqual([])
  })

  test('a source that was not given', async () => {
    expect(await retrieve({ ...where(), dataSourceIds: [] }, 'refund')).toEqual([])
    expect(await retrieve({ ...where(), dataSourceIds: [world.german] }, 'refund')).toEqual([])
    expect(
      await retrieve({ ...where(), dataSourceIds: ['ds_unknown', world.english] }, 'refund'),
    ).toHaveLength(1)
  })

  test('words of another organization correct no question', async () => {
    const { organization } = await tenant()
    const other = await sourceOf(keyOf(organization.id, ['admin']), [
      { title: 'A', text: 'Nothing of note.' },
    ])
    await indexAll()
    const found = await retrieve(
      { organizationId: organization.id, environment: 'live', dataSourceIds: [other.id, world.english] },
      'waranty',
    )
    expect(found).toEqual([])
  })
})

test('one document does not drown the others, and a text is quoted once', async () => {
  const { organization } = await tenant()
  const key = keyOf(organization.id, ['admin'])
  const long = Array.from(
    { length: 60 },
    (_, i) => `Holiday rule ${i}: holiday is granted, holiday is good. ${'It is so. '.repeat(30)}`,
  ).join('\n\n')
  const short = { title: 'Short', text: 'Holiday on the first of May is for all.' }
  const { id } = await sourceOf(key, [{ title: 'Long', text: long }, short, { ...short, title: 'Copy' }])
  await indexAll()
  const found = await retrieve(
    { organizationId: organization.id, environment: 'live', dataSourceIds: [id] },
    'holiday',
    5,
  )
  expect(found).toHaveLength(5)
  expect(found.filter(({ text }) => text === short.text)).toHaveLength(1)
})

test('in ten thousand passages a question is answered from the index, soon', async () => {
  const { organization } = await tenant()
  const key = keyOf(organization.id, ['admin'])
  const { id, documents } = await sourceOf(key, [{ title: 'Many', text: 'One passage.' }])
  await indexAll()
  // In pieces: each has the budget of a statement.
  for (let first = 1; first < 10_000; first += 500) {
    await db().$executeRaw`
      insert into chunks (id, organization_id, data_source_id, document_id, ordinal, text, language, search_vector)
      select 'chunk_' || ${id} || n, ${organization.id}, ${id}, ${documents[0]?.id}, n, t, 'english', to_tsvector('english', t)
      from generate_series(${first}::int, ${first + 499}::int) n, lateral (select
        'Passage ' || n || ' is about matter' || n % 100 || ' and thing' || n % 1000 || repeat(' and more words', 20) as t) x`
  }
  await db().$executeRaw`analyze chunks`
  const terms = [...((await basicForms(['english'], ['thing500', 'matter7'])).get('english')?.values() ?? [])]
  const plan = await db().$queryRaw<
    Array<Record<string, string>>
  >`explain ${searchStatement([id], 'english', terms, 10_000)}`
  expect(JSON.stringify(plan)).toContain('chunks_search_vector_idx')
  const where = { organizationId: organization.id, environment: 'live' as const, dataSourceIds: [id] }
  for (const question of ['What is thing500?', 'more words about every passage', 'thnig500']) {
    const started = performance.now()
    const found = await retrieve(where, question)
    expect(performance.now() - started, question).toBeLessThan(3_000)
    expect(found.length, question).toBeGreaterThan(question.startsWith('thnig') ? -1 : 0)
  }
  expect((await retrieve(where, 'thing500'))[0]?.text).toContain('thing500')
})
