import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from './configuration'

const pages = ['.', 'docs'].flatMap((folder) => {
  return readdirSync(join(root, folder)).flatMap((name) => (name.endsWith('.md') ? [join(folder, name)] : []))
})

/** Links of a page that lead to no file of the clone; addresses elsewhere are not looked at. */
function deadLinks(page: string, text: string): string[] {
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target.split('#')[0] ?? '')
  const files = targets.filter((target) => target !== '' && !/^[a-z]+:/.test(target))
  return files.filter((target) => !existsSync(join(root, dirname(page), target)))
}

test.each(pages)('links of %s lead to files that are there', (page) => {
  expect(deadLinks(page, readFileSync(join(root, page), 'utf8'))).toEqual([])
})

test('a link to a file that is not there is noticed, one to elsewhere is not', () => {
  const text = '[a](gone.md) [b](../README.md) [c](https://example.com/x) [d](#here) [e](deploy.md#nginx)'
  expect(deadLinks('docs/deploy.md', text)).toEqual(['gone.md'])
})

test('the index names every page of docs/', () => {
  const index = readFileSync(join(root, 'docs/README.md'), 'utf8')
  const names = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md') && name !== 'README.md')
  expect(names.filter((name) => !index.includes(`(${name})`))).toEqual([])
})
