/** Whole texts on localForage. SPEC S1. */
import { afterEach, expect, test } from 'vitest'
import { localForageContentStore } from '../../src/ledger/contentStore.ts'
import { HOSTILE_IDS } from '../../src/testing/conformance/events.ts'

const scopes: string[] = []

function store(scope = `content ${Date.now()} ${Math.random()}`) {
  scopes.push(scope)
  return { scope, content: localForageContentStore(scope) }
}

afterEach(() => {
  for (const scope of scopes.splice(0)) indexedDB.deleteDatabase(`run-ledger-content:${scope}`)
})

test('a text reads back as it was, also through another store of the scope', async () => {
  const { scope, content } = store()
  const long = 'é🜁\u2028\ud800 '.repeat(100_000)
  await content.put('c:r:a:live:1:args', 'short')
  await content.put('empty', '')
  await content.put('long', long)
  await content.put('c:r:a:live:1:args', 'short, again')
  for (const reader of [content, store(scope).content]) {
    expect(await reader.get('c:r:a:live:1:args')).toBe('short, again')
    expect(await reader.get('empty')).toBe('')
    expect((await reader.get('long')) === long).toBe(true)
  }
})

test('what was never kept, and what was deleted, reads as missing', async () => {
  const { content } = store()
  expect(await content.get('none')).toBe(null)
  await content.delete('none')
  await content.put('a', 'text')
  await content.delete('a')
  expect(await content.get('a')).toBe(null)
})

test('scopes do not see each other', async () => {
  const one = store()
  const two = store()
  await one.content.put('a', 'of one')
  expect(await two.content.get('a')).toBe(null)
  await two.content.put('a', 'of two')
  expect(await one.content.get('a')).toBe('of one')
})

test('S1 references are names like any other', async () => {
  const { content } = store()
  const refs = [...HOSTILE_IDS, 'long '.repeat(2_000)]
  await Promise.all(refs.map((ref, index) => content.put(ref, `text ${index}`)))
  expect(await Promise.all(refs.map((ref) => content.get(ref)))).toEqual(
    refs.map((_, index) => `text ${index}`),
  )
})

test('texts are kept in IndexedDB, never in localStorage', async () => {
  const { scope, content } = store()
  await content.put('a', 'text')
  const names = (await indexedDB.databases()).map(({ name }) => name)
  expect(names).toContain(`run-ledger-content:${scope}`)
  expect(Object.keys(localStorage).filter((key) => key.includes(scope))).toEqual([])
})
