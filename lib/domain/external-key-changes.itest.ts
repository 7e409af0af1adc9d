import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { restoreEnvironment, setEnvironment } from '../env/testing/environment'
import { db } from '../store/db'
import { createExternalKey } from './external-key-changes'
import { getExternalKey, openExternalKey } from './external-keys'
import { GOOD_KEY, historyOfKeys, keyOwner, modelWorld } from './testing/external-keys'

const world = modelWorld()
beforeEach(() => world.begin())
afterEach(restoreEnvironment)
afterAll(() => world.end())

describe('adding', () => {
  test.each([
    ['openai', { provider: 'openai' }, 'GET /v1/models'],
    ['anthropic', { provider: 'anthropic' }, 'GET /v1/models'],
  ] as const)(
    'a key of %s asks the provider with it first, and shows its last four',
    async (_name, changes, call) => {
      const { admin, organizationId } = await keyOwner()
      const key = await createExternalKey(admin, world.input(changes))
      expect(world.server().calls.map(({ method, path, key }) => [`${method} ${path}`, key])).toEqual([
        [call, GOOD_KEY],
      ])
      expect(key).toMatchObject({ ...changes, last4: 'abcd', health: 'ok', endpoint: null, used_by: [] })
      expect(key.id).toMatch(/^ext_[0-9A-Za-z]{20}$/)
      expect(await getExternalKey(admin, { id: key.id })).toEqual(key)
      expect(await openExternalKey(organizationId, key.id)).toEqual({
        ...changes,
        id: key.id,
        endpoint: null,
        apiKey: GOOD_KEY,
      })
    },
  )

  test('a custom key asks the list of models where that authenticates, and one token where it does not', async () => {
    const { admin } = await keyOwner()
    await createExternalKey(admin, world.custom())
    expect(world.server().calls.map(({ method, path, key }) => [method, path, key !== null])).toEqual([
      ['GET', '/v1/models', true],
      ['GET', '/v1/models', false],
    ])
    for (const behaviour of ['open_models', 'no_models'] as const) {
      world.server().calls.length = 0
      world.server().behave(behaviour, 'models')
      await createExternalKey(admin, world.custom())
      expect(world.server().calls.at(-1)).toMatchObject({
        path: '/v1/chat/completions',
        body: { max_tokens: 1 },
      })
      const wrong = { ...world.custom(), api_key: 'sk-wrong-1234567890' }
      await expect(createExternalKey(admin, wrong), behaviour).rejects.toMatchObject({
        code: 'invalid_request',
        details: { fields: { api_key: expect.stringContaining('401') } },
      })
    }
  })

  test('a key without quota keeps it, and says so', async () => {
    const { admin } = await keyOwner()
    world.server().behave('insufficient_quota')
    expect(await createExternalKey(admin, world.input())).toMatchObject({
      health: 'out_of_quota',
      health_detail: expect.stringContaining('quota'),
    })
  })

  test.each([
    ['openai', 'rejected', 'invalid_request', 'api_key'],
    ['openai', 'forbidden', 'invalid_request', 'api_key'],
    ['openai', 'server_error', 'provider_error', undefined],
    ['openai', 'html', 'provider_error', undefined],
    ['openai', 'malformed', 'provider_error', undefined],
    ['openai', 'redirect', 'provider_error', undefined],
    ['anthropic', 'rejected', 'invalid_request', 'api_key'],
    ['anthropic', 'overloaded', 'provider_error', undefined],
    ['custom', 'rejected', 'invalid_request', 'api_key'],
    ['custom', 'server_error', 'invalid_request', 'endpoint'],
    ['custom', 'html', 'invalid_request', 'endpoint'],
    ['custom', 'malformed', 'invalid_request', 'endpoint'],
    ['custom', 'redirect', 'invalid_request', 'endpoint'],
    ['custom', 'unheeding', 'invalid_request', 'endpoint'],
  ] as const)('a key of %s, where the answer is %s, is refused and kept nowhere', async (...row) => {
    const [provider, behaviour, expected, field] = row
    const { admin, organizationId } = await keyOwner()
    world.server().behave(behaviour)
    const wanted = provider === 'custom' ? world.custom() : world.input({ provider })
    const error = await createExternalKey(admin, wanted).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: expected })
    if (field) expect(error).toMatchObject({ details: { fields: { [field]: expect.any(String) } } })
    expect(JSON.stringify(error)).not.toContain(GOOD_KEY)
    expect(await db().externalKey.count({ where: { organizationId } })).toBe(0)
    expect(await historyOfKeys(organizationId)).toEqual([])
  })

  test('an address where the server takes the key but has no models is refused', async () => {
    const { admin } = await keyOwner()
    const endpoint = `${world.server().url}/elsewhere`
    await expect(createExternalKey(admin, { ...world.custom(), endpoint })).rejects.toMatchObject({
      details: { fields: { endpoint: expect.stringContaining('404') } },
    })
  })

  test('a closed port and a server of another kind cannot be told apart by what is said', async () => {
    const { admin } = await keyOwner()
    const say = async (endpoint: string) => {
      const wanted = world.input({ provider: 'custom', endpoint })
      return createExternalKey(admin, wanted).catch((error: Error) => error.message)
    }
    world.server().behave('html')
    const said = [await say('http://127.0.0.1:47999/v1'), await say(`${world.server().url}/v1`)]
    expect(new Set(said).size).toBe(1)
  })

  test('an endpoint in a private network that was not opened is refused without a call', async () => {
    const { admin } = await keyOwner()
    setEnvironment({ TWIG_ALLOW_PRIVATE_ENDPOINTS: '' })
    for (const endpoint of [`${world.server().url}/v1`, 'https://127.0.0.1/v1', 'https://[::1]/v1']) {
      await expect(
        createExternalKey(admin, world.input({ provider: 'custom', endpoint })),
      ).rejects.toMatchObject({
        code: 'invalid_request',
        details: { fields: { endpoint: expect.stringContaining('Endpoint') } },
      })
    }
    expect(world.server().calls).toEqual([])
  })
})
