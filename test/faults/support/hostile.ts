/**
 * Owns 120 events that nobody should ever send: shapes, keys, sizes, types, identities and payloads chosen by hand to
 * hurt whoever reads them. Each has a name; some are no objects at all. `at` is the position it may claim.
 */
const LOG = 'r:victim'
const TIME = Date.UTC(2026, 1, 1)

export interface Hostile {
  name: string
  event: unknown
}

type Make = (position: number) => unknown

const say =
  (type: string, payload: unknown, extra: object = {}): Make =>
  (position) => ({ log: LOG, type, payload, timestamp: TIME, position, ...extra })
const observed = (payload: unknown): Make => say('run.observed', payload)
const foreign = (value: unknown): Make => say('custom.thing', value)

function nested(levels: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = 'deep'
  for (let level = 0; level < levels; level += 1) value = wrap(value)
  return value
}

function cycle(): object {
  const one: Record<string, unknown> = {}
  one['two'] = { one }
  return one
}

const throwing = (what: string): unknown => {
  throw new Error(what)
}
const getter = (name: string): object =>
  Object.defineProperty({}, name, { enumerable: true, get: () => throwing('getter') })
const parsed = (text: string): unknown => JSON.parse(text)
const keys = (count: number): object =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, at]))

const SHAPES: readonly [string, Make][] = [
  ['nothing', () => undefined],
  ['null', () => null],
  ['a number', () => 42],
  ['NaN', () => Number.NaN],
  ['a text', () => 'run.registered'],
  ['a symbol', () => Symbol('event')],
  ['a function', () => () => 1],
  ['a BigInt', () => 10n],
  ['an empty list', () => []],
  ['a list of events', () => [{ log: LOG }]],
  ['an empty object', () => ({})],
  ['a date', () => new Date(0)],
  ['a map', () => new Map([['log', LOG]])],
  ['an error', () => new Error('event')],
  ['a promise', () => Promise.resolve({ log: LOG })],
  [
    'a proxy that throws',
    () => new Proxy({}, { get: () => throwing('get'), ownKeys: () => throwing('keys') as [] }),
  ],
  ['a proxy that lies about its keys', () => new Proxy({}, { ownKeys: () => ['log', 'type'] })],
  [
    'a revoked proxy',
    () => {
      const { proxy, revoke } = Proxy.revocable({}, {})
      revoke()
      return proxy
    },
  ],
  ['an object without prototype', () => Object.create(null) as object],
  [
    'an instance of a class',
    () =>
      new (class Event {
        log = LOG
      })(),
  ],
  [
    'inherited members',
    () =>
      Object.create({ log: LOG, type: 'run.observed', payload: {}, timestamp: TIME, position: 1 }) as object,
  ],
  ['a typed array', () => new Uint8Array(16)],
  ['a frozen half', (position) => Object.freeze({ log: LOG, position })],
  ['a getter for the log', () => getter('log')],
  ['a getter for the position', () => getter('position')],
]

const PAYLOADS: readonly [string, Make][] = [
  ['65 levels of objects', foreign(nested(65, (value) => ({ value })))],
  ['65 levels of lists', foreign(nested(65, (value) => [value]))],
  ['5,000 levels', foreign(nested(5_000, (value) => ({ value })))],
  ['50,000 levels', foreign(nested(50_000, (value) => [value]))],
  ['10,001 values', foreign(Array.from({ length: 10_001 }, () => 0))],
  ['1,001 keys', foreign(keys(1_001))],
  ['a cycle', foreign(cycle())],
  ['a cycle in a known event', observed({ metadata: cycle() })],
  ['the same object many times', foreign(nested(40, (value) => [value, value]))],
  ['a getter that throws', foreign(getter('value'))],
  ['a getter that throws in a known event', observed(getter('agentName'))],
  ['a function', foreign({ value: () => 1 })],
  ['a symbol', foreign({ value: Symbol('x') })],
  ['a BigInt', foreign({ value: 1n })],
  ['Infinity', foreign({ value: Number.POSITIVE_INFINITY })],
  ['NaN', foreign({ value: Number.NaN })],
  ['toJSON that throws', foreign({ toJSON: () => throwing('toJSON') })],
  [
    'toJSON that never ends',
    foreign({
      toJSON() {
        return this
      },
    }),
  ],
  ['toString that throws', foreign({ toString: () => throwing('toString') })],
  ['a regular expression', foreign({ value: /(a+)+$/ })],
  ['a set', foreign({ value: new Set([1]) })],
  ['a weak map', foreign({ value: new WeakMap() })],
  ['a boxed text', foreign({ value: Object('text') as object })],
  ['a list with holes', foreign({ value: Array.from({ length: 3 }) })],
  ['a list of a billion', foreign({ value: Object.assign([], { length: 1_000_000_000 }) })],
  ['a text of 3 million', foreign({ value: 'x'.repeat(3_000_000) })],
  ['a name of 3 million', observed({ agentName: 'x'.repeat(3_000_000) })],
  ['40 KiB of payload', foreign({ value: 'x'.repeat(40_000) })],
  ['the key __proto__', foreign(parsed('{"__proto__":{"polluted":true}}'))],
  ['the key __proto__ in metadata', observed({ metadata: parsed('{"__proto__":{"polluted":true}}') })],
  ['the key __proto__, deep', foreign(parsed('{"a":[{"__proto__":{"polluted":true}}]}'))],
  ['constructor and prototype', foreign(parsed('{"constructor":{"prototype":{"polluted":true}}}'))],
  ['constructor in metadata', observed({ metadata: { constructor: { prototype: { polluted: true } } } })],
  ['the key toString', observed({ metadata: { toString: 'x' } })],
  ['the key hasOwnProperty', observed({ metadata: { hasOwnProperty: 1 } })],
  ['the key valueOf', observed({ metadata: { valueOf: null } })],
  ['the key __defineGetter__', observed({ metadata: { __defineGetter__: 'x' } })],
  ['then', foreign(parsed('{"then":"not a promise"}'))],
  ['a lone high surrogate', observed({ agentName: '\uD800' })],
  ['a lone low surrogate', observed({ agentName: 'a\uDC00b' })],
  ['a lone surrogate as a key', observed({ metadata: { '\uDFFF': 1 } })],
  ['a null byte', observed({ agentName: 'a\0b' })],
  ['bidi controls', observed({ agentName: '\u202Egnp.exe' })],
  ['a byte order mark', observed({ agentName: '\uFEFFname' })],
  ['line separators', observed({ agentName: '\u2028\u2029' })],
  ['escape sequences', observed({ agentName: '\u001B[2J\u001B]0;x\u0007' })],
  ['markup', observed({ agentName: '<img src=x onerror=alert(1)>' })],
  ['a script address', observed({ agentName: 'javascript:alert(1)' })],
  ['a formula', observed({ agentName: '=cmd|"/c calc"!A0' })],
  ['zalgo', observed({ agentName: `a${'\u0301'.repeat(5_000)}` })],
]

const FIELDS: readonly [string, Make][] = [
  ['no payload', say('run.observed', undefined)],
  ['a payload of null', say('run.observed', null)],
  ['a payload of text', say('run.observed', 'running')],
  ['a payload of lists', say('run.observed', [['status', 'running']])],
  ['an unknown status', say('run.transitioned', { to: 'flying', trigger: 'spawn' })],
  ['a status named constructor', say('run.transitioned', { to: 'constructor', trigger: 'spawn' })],
  ['a status of __proto__', say('run.transitioned', { to: '__proto__', trigger: 'spawn' })],
  ['a trigger named toString', say('run.transitioned', { to: 'running', trigger: 'toString' })],
  ['a status as a list', say('run.transitioned', { to: ['running'], trigger: 'spawn' })],
  ['an unknown kind', say('run.registered', { kind: 'valueOf' })],
  ['an attempt of zero', say('run.attempt_started', { attempt: 0, trigger: 'restart' })],
  ['an attempt of a million million', say('run.attempt_started', { attempt: 1e12, trigger: 'restart' })],
  ['half an attempt', say('run.attempt_started', { attempt: 1.5, trigger: 'restart' })],
  ['negative usage', say('usage.reported', { key: 'k', scope: 'own', inputTokens: -5 })],
  ['usage of 1e308', say('usage.reported', { key: 'k', scope: 'own', costUsd: 1e308 })],
  ['usage keyed __proto__', say('usage.reported', { key: '__proto__', scope: 'own', inputTokens: 5 })],
  ['a call named __proto__', say('tool.started', { callId: '__proto__', name: '__proto__' })],
  ['a call named constructor', say('tool.finished', { callId: 'constructor', status: 'completed' })],
  ['a call in iteration -1', say('tool.started', { callId: 'c', name: 'x', iteration: -1 })],
  ['a question named __proto__', say('question.asked', { questionId: '__proto__', prompt: 'x' })],
  [
    '51 options',
    say('question.asked', {
      questionId: 'q',
      prompt: 'x',
      options: Array.from({ length: 51 }, () => ({ value: 'v', label: 'l' })),
    }),
  ],
  ['an answer of BigInt', say('question.settled', { questionId: 'q', state: 'answered', answer: 1n })],
  ['a forged reference', say('checkpoint.saved', { state: { preview: 'x', chars: 1, ref: '../../secret' } })],
  ['a preview that lies', say('checkpoint.saved', { state: { preview: 'x', chars: 1e15, ref: null } })],
  [
    'an artifact named __proto__',
    say('artifact.recorded', { name: '__proto__', mediaType: 'text/html', content: '<script>' }),
  ],
  ['its own parent', say('run.linked', { parentRunId: 'victim' })],
  ['its own child', say('run.linked', { childRunId: 'victim' })],
  ['a parent of __proto__', say('run.linked', { parentRunId: '__proto__' })],
  ['a workflow event in a run', say('workflow.registered', { definitionId: 'd', phases: [] })],
  ['a gap to the end of numbers', say('log.gap', { stream: 's', from: 0, to: Number.MAX_SAFE_INTEGER })],
  ['a type named __proto__', say('__proto__', {})],
  ['a type of 1,000 characters', say('x'.repeat(1_000), {})],
  ['an empty type', say('', {})],
  ['a type of null', (position) => ({ log: LOG, type: null, payload: {}, timestamp: TIME, position })],
]

const ENVELOPES: readonly [string, Make][] = [
  [
    'a log without a run',
    (position) => ({ log: 'r:', type: 'run.observed', payload: {}, timestamp: TIME, position }),
  ],
  [
    'a log of no kind',
    (position) => ({ log: 'victim', type: 'run.observed', payload: {}, timestamp: TIME, position }),
  ],
  [
    'a log of 10,000 characters',
    (position) => ({
      log: `r:${'x'.repeat(10_000)}`,
      type: 'run.observed',
      payload: {},
      timestamp: TIME,
      position,
    }),
  ],
  [
    'a log with a null byte',
    (position) => ({ log: 'r:a\0b', type: 'run.observed', payload: {}, timestamp: TIME, position }),
  ],
  ['time as text', say('run.observed', {}, { timestamp: 'now' })],
  ['time in seconds', say('run.observed', {}, { timestamp: 1_700_000_000 })],
  ['time of NaN', say('run.observed', {}, { timestamp: Number.NaN })],
  ['time in the year 10000', say('run.observed', {}, { timestamp: 253_402_300_800_000 })],
  ['a position of -1', say('run.observed', {}, { position: -1 })],
  ['a position of 1.5', say('run.observed', {}, { position: 1.5 })],
  ['a position as an object', say('run.observed', {}, { position: { valueOf: () => 3 } })],
]

const ALL = [...SHAPES, ...PAYLOADS, ...FIELDS, ...ENVELOPES]

/** Fresh ones each time: some are used up by looking. `from` is the first position. */
export const hostileEvents = (from: number): readonly Hostile[] =>
  ALL.map(([name, make], index) => ({ name, event: make(from + index) }))
