/** The border: whatever comes, an event or a reason goes out. SPEC A1, A3, S1. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { INLINE_LIMIT, LIMITS, toPlainJson } from '../../src/core/bounds.ts'
import { prepare } from '../../src/core/content.ts'
import { decodeEvent } from '../../src/core/decode.ts'
import { eventSchemas } from '../../src/core/events.ts'
import { T0 } from './support/histories.ts'
import { property } from '../support/property.ts'

const envelope = { log: 'r:one', type: 'agent.unheard_of', timestamp: T0, position: 7 }
const decode = (raw: unknown) => decodeEvent(raw, 'live')

function nested(depth: number): unknown {
  let value: unknown = null
  for (let level = 0; level < depth; level += 1) value = [value]
  return value
}

const cycle: Record<string, unknown> = { ...envelope }
cycle['payload'] = cycle

const throwing = (thrown: unknown) => ({
  ...envelope,
  get payload(): unknown {
    throw thrown
  },
})

function refuse(): never {
  throw new Error('no')
}

const hostile: [string, unknown][] = [
  ['a getter that throws', throwing(new Error('no'))],
  ['a getter that throws what cannot be printed', throwing(Object.create(null))],
  ['a getter that throws what throws when printed', throwing({ toString: refuse })],
  ['a getter that throws a symbol', throwing(Symbol('no'))],
  ['a cycle', cycle],
  ['a BigInt', { ...envelope, payload: 10n }],
  ['a function', { ...envelope, payload: () => 1 }],
  ['a symbol', { ...envelope, payload: Symbol('s') }],
  ['a date', { ...envelope, payload: new Date(0) }],
  ['a map', { ...envelope, payload: new Map([[1, 2]]) }],
  ['an instance with no usable constructor', { ...envelope, payload: Object.create({ constructor: null }) }],
  ['not a number', { ...envelope, payload: Number.NaN }],
  ['infinity', { ...envelope, payload: Number.POSITIVE_INFINITY }],
  ['10,000 deep', { ...envelope, payload: nested(10_000) }],
  ['a sparse array of four billion', { ...envelope, payload: Object.assign([], { length: 2 ** 32 - 1 }) }],
  [
    '1,001 keys',
    { ...envelope, payload: Object.fromEntries(Array.from({ length: 1_001 }, (_, at) => [`k${at}`, 1])) },
  ],
  ['a key __proto__', { ...envelope, payload: JSON.parse('{"__proto__":{"polluted":true}}') }],
  ['a string over the limit', { ...envelope, payload: 'x'.repeat(LIMITS.string + 1) }],
  ['an array that never ends', { ...envelope, payload: endless() }],
]

function endless(): unknown {
  return new Proxy([], {
    get: (target, key) =>
      key === Symbol.iterator
        ? () => ({ next: () => ({ done: false, value: 1 }) })
        : Reflect.get(target, key),
  })
}

test.each(hostile)('A1 an event with %s is bad, with a reason and its position', (_what, raw) => {
  const result = decode(raw)
  expect(result).toMatchObject({ kind: 'bad', reason: expect.any(String), position: 7 })
})

test('A1 S1 a reason is short, whatever it quotes', () => {
  const odd = Object.create({ constructor: { name: 'n'.repeat(100_000) } })
  const thrown = decode(throwing(new Error('e'.repeat(100_000))))
  const named = decode({ ...envelope, payload: odd })
  for (const result of [thrown, named])
    expect(result.kind === 'bad' && result.reason.length).toBeLessThan(1_000)
})

const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
const trap = new Proxy({}, { get: () => trap, ownKeys: () => ['a', 'a'], getPrototypeOf: () => null })

test.each([
  ['nothing', undefined],
  ['null', null],
  ['a number', 3],
  ['an array', [envelope]],
  ['a revoked proxy', revoked()],
  ['a proxy that is everything', trap],
  ['a proxy that throws', new Proxy({}, { get: refuse, ownKeys: refuse })],
])('A1 %s is bad and has no position', (_what, raw) => {
  expect(decode(raw)).toMatchObject({ kind: 'bad', position: null })
})

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
  withNullPrototype: true,
  withObjectString: true,
  withBoxedValues: true,
  key: fc.oneof(
    fc.string(),
    fc.constantFrom('__proto__', 'constructor', 'toJSON', 'preview', 'ref', 'payload'),
  ),
})

const types = fc.oneof(fc.constantFrom(...Object.keys(eventSchemas), 'text.delta', 'heartbeat'), fc.string())
const almost = fc.record(
  {
    log: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom('r:one', 'w:one') },
      { weight: 1, arbitrary: anything },
    ),
    type: types,
    timestamp: fc.oneof({ weight: 3, arbitrary: fc.constant(T0) }, { weight: 1, arbitrary: anything }),
    position: fc.oneof(fc.nat(), fc.string(), anything),
    payload: anything,
  },
  { requiredKeys: ['type'] },
)

property(
  'A1 no value makes the decoder or the preparation throw',
  fc.oneof(anything, almost),
  (raw) => {
    const result = decode(raw)
    if (result.kind === 'event') prepare(result.event)
    if (result.kind === 'bad') expect(result.reason).not.toBe('')
  },
  1_500,
)

const json = fc.jsonValue().filter((value) => !JSON.stringify(value).includes('__proto__'))

property(
  'A1 S1 no loose field makes the preparation throw',
  fc.record({
    iteration: fc.nat(),
    output: fc.record({ preview: json, ref: fc.constant(null) }),
    value: json,
  }),
  (payload) => {
    const result = decode({ ...envelope, type: 'iteration.started', payload })
    expect(result.kind).toBe('event')
    if (result.kind === 'event') prepare(result.event)
  },
)

test('A1 S1 a loose field that looks like a text does not make the preparation throw', () => {
  const result = decode({
    ...envelope,
    type: 'iteration.started',
    payload: { iteration: 1, output: { preview: 5, ref: null } },
  })
  expect(result.kind === 'event' && prepare(result.event)).toMatchObject({ ok: true })
})

property(
  'A3 an unknown type is kept verbatim as foreign',
  fc.tuple(fc.string({ minLength: 1 }), fc.jsonValue()),
  ([name, value]) => {
    if (Object.hasOwn(eventSchemas, name) || JSON.stringify(value).includes('__proto__')) return
    expect(decode({ ...envelope, type: name, payload: value })).toEqual({
      kind: 'event',
      event: {
        log: 'r:one',
        timestamp: T0,
        position: 7,
        stream: 'live',
        type: 'foreign',
        payload: foreign(name, value),
      },
    })
  },
)

const foreign = (name: string, value: unknown) => ({ source: 'live', name, value: value ?? null })

test.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])(
  'S1 the type %s is only a name',
  (type) => {
    expect(decode({ ...envelope, type, payload: 1 })).toMatchObject({
      event: { type: 'foreign', payload: { name: type } },
    })
  },
)

property('S1 decoding never touches Object.prototype', fc.oneof(anything, almost), (raw) => {
  const before = Reflect.ownKeys(Object.prototype).length
  decode(raw)
  decode({ ...envelope, payload: raw })
  expect(Reflect.ownKeys(Object.prototype)).toHaveLength(before)
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
})

test('S1 no code of the input runs: toJSON is refused like any function', () => {
  let ran = false
  const payload = { toJSON: () => (ran = true) }
  expect(decode({ ...envelope, payload }).kind).toBe('bad')
  expect(ran).toBe(false)
})

test.each([
  ['depth', nested(LIMITS.depth), nested(LIMITS.depth + 1)],
  ['values', Array(LIMITS.nodes - 1).fill(0), Array(LIMITS.nodes).fill(0)],
  ['keys', keyed(LIMITS.keys), keyed(LIMITS.keys + 1)],
  ['string', 'x'.repeat(LIMITS.string), 'x'.repeat(LIMITS.string + 1)],
])('S1 the bound on %s holds exactly', (_what, most, over) => {
  expect(toPlainJson(most)).toEqual({ ok: true, value: most })
  expect(toPlainJson(over)).toMatchObject({ ok: false })
})

function keyed(count: number) {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, 0]))
}

test.each([
  ['an id of 200 characters', { log: `r:${'x'.repeat(200)}` }, { log: `r:${'x'.repeat(201)}` }],
  ['an id without control characters', { log: 'r:a b' }, { log: 'r:a\u0000b' }],
  ['an id without spaces at its ends', { log: 'w:a' }, { log: 'w: a' }],
  ['a log of a known kind', { log: 'w:a' }, { log: 'x:a' }],
  ['a position from zero', { position: 0 }, { position: -1 }],
  ['a whole position', { position: Number.MAX_SAFE_INTEGER }, { position: 2 ** 53 }],
  ['a key of 500 characters', { position: 'k'.repeat(500) }, { position: 'k'.repeat(501) }],
  ['a type of 100 characters', { type: 't'.repeat(100) }, { type: 't'.repeat(101) }],
  ['a time in milliseconds', { timestamp: T0 }, { timestamp: Math.floor(T0 / 1000) }],
  ['a time before 2100', { timestamp: Date.UTC(2100, 0, 1) - 1 }, { timestamp: Date.UTC(2100, 0, 1) }],
  ['a time after 1999', { timestamp: Date.UTC(2000, 0, 1) + 1 }, { timestamp: Date.UTC(2000, 0, 1) }],
  [
    'a line of 32 KiB',
    { type: 'handoff.recorded', payload: { target: 'x'.repeat(INLINE_LIMIT) } },
    { type: 'handoff.recorded', payload: { target: 'x'.repeat(INLINE_LIMIT + 1) } },
  ],
])('S1 %s passes, one over does not', (_what, good, over) => {
  expect(decode({ ...envelope, ...good }).kind).toBe('event')
  expect(decode({ ...envelope, ...over })).toMatchObject({
    kind: 'bad',
    position: 'position' in over ? null : 7,
  })
})

test('A3 events of workflows and of runs keep to their own logs', () => {
  const transition = { to: 'running', trigger: 'spawn' }
  expect(decode({ ...envelope, type: 'workflow.transitioned', payload: transition }).kind).toBe('bad')
  expect(decode({ ...envelope, log: 'w:one', type: 'run.transitioned', payload: transition }).kind).toBe(
    'bad',
  )
  expect(decode({ ...envelope, log: 'w:one', type: 'run.linked', payload: { childRunId: 'r1' } }).kind).toBe(
    'event',
  )
})

test('A3 deltas are transient and never events of a log', () => {
  const result = decode({ ...envelope, type: 'text.delta', payload: { kind: 'text', text: 'hello' } })
  expect(result).toMatchObject({ kind: 'transient', event: { type: 'text.delta', position: 7 } })
})

test('A3 fields nobody asked for are kept', () => {
  const payload = { iteration: 1, mood: { calm: true } }
  expect(decode({ ...envelope, type: 'iteration.started', payload })).toMatchObject({ event: { payload } })
})
