/** Planted bugs are worth what they plant: each still finds its place, and the tests that have to see it are there. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { applyEdit } from './bug.ts'
import { BUGS } from './bugs.ts'

const ROOT = join(import.meta.dirname, '../..')

describe('every planted bug', () => {
  test('has a name of its own', () => {
    expect(new Set(BUGS.map(({ name }) => name)).size).toBe(BUGS.length)
  })

  test.each(BUGS)('$name: its text is there once, and so are its tests', ({ edits, tests }) => {
    expect(edits.length).toBeGreaterThan(0)
    const texts = new Map<string, string>()
    for (const edit of edits) {
      const before = texts.get(edit.file) ?? readFileSync(join(ROOT, edit.file), 'utf8')
      const after = applyEdit(before, edit)
      expect(after).not.toBe(before)
      texts.set(edit.file, after)
    }
    expect(tests.filter((file) => !existsSync(join(ROOT, file)))).toEqual([])
  })
})

test('a place that is gone, or not the only one, is no place for a bug', () => {
  const edit = { file: 'a.ts', find: 'x', put: 'y' }
  expect(applyEdit('axb', edit)).toBe('ayb')
  expect(() => applyEdit('ab', edit)).toThrow('no longer holds')
  expect(() => applyEdit('axbx', edit)).toThrow('more than once')
})
