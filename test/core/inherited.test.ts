/** Names that every object inherits are names like any other: kept, and never taken for known. SPEC S1. */
import { expect, test } from 'vitest'
import { isEventType, isTransientType } from '../../src/core/events.ts'
import { runOf } from './support/fold.ts'
import { decoded, RUN } from './support/histories.ts'

const INHERITED = ['constructor', 'toString', 'hasOwnProperty', 'valueOf']

test.each(INHERITED)('S1 metadata named %s is kept, and a later row does not replace it', (name) => {
  const observed = (position: number, value: number) =>
    decoded({ log: RUN, type: 'run.observed', payload: { metadata: { [name]: value } }, position })
  const { run } = runOf([observed(1, 1), observed(2, 2)])
  expect(Object.entries(run.metadata)).toEqual([[name, 1]])
})

test.each([...INHERITED, '__proto__'])('S1 no type of event is called %s', (name) => {
  expect(isEventType(name)).toBe(false)
  expect(isTransientType(name)).toBe(false)
})
