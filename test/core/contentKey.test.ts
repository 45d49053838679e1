/** Keys of work: equal for equal work, and a name for what differs. SPEC R1. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  changedParts,
  contentKeyOf,
  fingerprintOf,
  hashOf,
  KEY_PARTS,
  partOf,
} from '../../src/core/contentKey.ts'
import type { KeyParts } from '../../src/core/contentKey.ts'
import type { Json } from '../../src/core/entities.ts'
import { property } from '../support/property.ts'

const PARTS: KeyParts = {
  phase: { name: 'research', description: '', forEach: null },
  agent: fingerprintOf('researcher', null),
  input: { question: 'Why?' },
  item: 'a',
  upstream: null,
}
const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>

test('a key as it is spelled: it is stored, and must not change from release to release', () => {
  expect(contentKeyOf({ phase: null, agent: '', input: null, item: null, upstream: null })).toBe(
    'k1-74234e98afe7498fb5daf1f3-12ae32cb1ec02d01eda3581b-74234e98afe7498fb5daf1f3-74234e98afe7498fb5daf1f3-74234e98afe7498fb5daf1f3',
  )
})

test.each(KEY_PARTS)('a change of %s is named, and nothing else', (part) => {
  const other = contentKeyOf({ ...PARTS, [part]: 'another' })
  expect(changedParts(contentKeyOf(PARTS), other)).toEqual([part])
  expect(partOf(other, part)).not.toBe(partOf(contentKeyOf(PARTS), part))
})

test.each(['', 'k1', 'k0-a-b-c-d-e', 'k1-a-b-c-d', 'k1-a-b-c-d-e-f', 'h:1234'])(
  '%j is no key of ours',
  (text) => {
    expect(changedParts(text, contentKeyOf(PARTS))).toBeNull()
    expect(changedParts(contentKeyOf(PARTS), text)).toBeNull()
    expect(partOf(text, 'item')).toBeNull()
  },
)

property('the order of keys of an object is no difference', fc.dictionary(fc.string(), json), (value) => {
  const turned = Object.fromEntries(Object.entries(value).toReversed())
  expect(hashOf(turned)).toBe(hashOf(value))
  expect(contentKeyOf({ ...PARTS, input: turned })).toBe(contentKeyOf({ ...PARTS, input: value }))
})

property('other values have other hashes', fc.tuple(json, json), ([one, other]) => {
  // -0 is 0 in JSON, so the texts decide.
  const isSame = JSON.stringify(sorted(one)) === JSON.stringify(sorted(other))
  expect(hashOf(one) === hashOf(other)).toBe(isSame)
})

function sorted(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const fields = value as { readonly [key: string]: Json }
  return Object.keys(fields)
    .toSorted()
    .map((key) => ['field', key, sorted(fields[key] ?? null)])
    .concat([['object']])
}
