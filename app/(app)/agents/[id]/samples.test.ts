import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { apiBase, curlSample, requestSamples } from './samples'

/** The words that a shell makes of a sample, `curl` being a program that prints them. */
function wordsOf(sample: string): string[] {
  const script = `curl() { printf '%s\\0' "$@"; }\n${sample}`
  const env = { ...process.env, TWIG_API_KEY: 'twigsk_live_x' }
  return execFileSync('sh', ['-c', script], { env }).toString().split('\0').slice(0, -1)
}

describe('samples of requests', () => {
  test.each([
    'plain',
    "it's quoted",
    'a "double" one',
    '$(rm -rf /) `id` $HOME',
    'two\nlines \\ and a backslash',
    '’ Ünïcode 世界',
  ])('curl sends %j exactly, and a shell runs nothing of it', (message) => {
    const url = `${apiBase('https://twig.example.com', 'test')}/chat`
    const words = wordsOf(curlSample(url, { agent_id: 'agent_1', message, stream: true }))
    expect(words.slice(0, 2)).toEqual(['-N', 'https://twig.example.com/api/test/v1/chat'])
    expect(words).toContain('Authorization: Bearer twigsk_live_x')
    expect(JSON.parse(words.at(-1) ?? '')).toEqual({ agent_id: 'agent_1', message, stream: true })
  })

  test('Live and Test have bases of their own', () => {
    expect(apiBase('https://a', 'live')).toBe('https://a/api/v1')
    expect(apiBase('https://a', 'test')).toBe('https://a/api/test/v1')
  })

  test('JavaScript and Python are programs that can be parsed', () => {
    for (const stream of [false, true]) {
      const body = { agent_id: 'agent_1', message: 'Why?', ...(stream && { stream }) }
      const samples = new Map(
        requestSamples('https://a/api/v1/chat', body).map(({ label, code }) => [label, code]),
      )
      const input = samples.get('JavaScript') ?? ''
      execFileSync(process.execPath, ['--input-type=module', '--check'], { input })
      expect(samples.get('Python')).not.toContain(': true')
      expect(samples.get('Python')).toContain(stream ? '"stream": True' : '["response"]')
    }
  })
})
