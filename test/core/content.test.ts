/** Where long text goes before an event is folded. SPEC A3, S1. */
import { expect, test } from 'vitest'
import { INLINE_LIMIT } from '../../src/core/bounds.ts'
import { CONTENT_LIMIT, PREVIEW_CHARS, prepare } from '../../src/core/content.ts'
import type { SourceEvent } from '../../src/core/events.ts'
import type { LogId, Position } from '../../src/core/ids.ts'
import { contentRef } from '../../src/core/ids.ts'
import { decoded } from './support/histories.ts'

const long = 'x'.repeat(PREVIEW_CHARS + 1)
const event = (type: string, payload: unknown, log: LogId = 'r:one'): SourceEvent =>
  decoded({ log, type, payload, position: 9 })

function prepared(of: SourceEvent) {
  const result = prepare(of)
  if (!result.ok) throw new Error(result.reason)
  return result.prepared
}

const HOMES: [
  type: string,
  field: string,
  home: 'blobs' | 'contents',
  rest: Record<string, unknown>,
  log: LogId,
][] = [
  ['run.transitioned', 'output', 'blobs', { to: 'completed', trigger: 'result_received' }, 'r:one'],
  ['workflow.transitioned', 'output', 'blobs', { to: 'completed', trigger: 'result_received' }, 'w:one'],
  ['checkpoint.saved', 'state', 'blobs', {}, 'r:one'],
  ['artifact.recorded', 'content', 'blobs', { name: 'a.md', mediaType: 'text/markdown' }, 'r:one'],
  ['run.registered', 'prompt', 'contents', {}, 'r:one'],
  ['run.observed', 'prompt', 'contents', {}, 'r:one'],
  ['tool.started', 'args', 'contents', { name: 'read' }, 'r:one'],
  ['tool.finished', 'args', 'contents', { status: 'completed' }, 'r:one'],
  ['tool.finished', 'output', 'contents', { status: 'completed' }, 'r:one'],
]

test.each(HOMES)(
  'A3 the long text of %s.%s is kept whole in %s, its preview inline',
  (type, field, home, rest, log) => {
    const ref = contentRef(log, 'live', 9, field)
    const result = prepared(event(type, { ...rest, [field]: long }, log))
    expect(result.event.payload).toMatchObject({
      ...rest,
      [field]: { preview: long.slice(0, PREVIEW_CHARS), chars: long.length, ref },
    })
    expect(result[home]).toEqual([{ ref, text: long }])
    expect(result[home === 'blobs' ? 'contents' : 'blobs']).toEqual([])
  },
)

test('A3 text of exactly the preview length stays inline, and the event stays the same object', () => {
  const short = event('checkpoint.saved', { state: long.slice(1) })
  expect(prepared(short)).toEqual({ event: short, blobs: [], contents: [] })
  expect(prepared(short).event).toBe(short)
})

test('A3 preparing twice gives the same as once', () => {
  const once = prepared(event('checkpoint.saved', { state: long })).event
  expect(prepared(once)).toEqual({ event: once, blobs: [], contents: [] })
})

test('A3 the event that came in is left alone', () => {
  const given = event('tool.finished', { status: 'completed', output: long })
  const copy = structuredClone(given)
  prepared(given)
  expect(given).toEqual(copy)
})

test('A3 of a text beyond the content limit the beginning is kept and the length stays known', () => {
  const given = event('checkpoint.saved', { state: long })
  if (given.type !== 'checkpoint.saved') throw new Error('no checkpoint')
  given.payload.state = { preview: 'x'.repeat(CONTENT_LIMIT + 5), chars: CONTENT_LIMIT + 5, ref: null }
  const { event: cut, blobs } = prepared(given)
  expect(blobs[0]?.text).toHaveLength(CONTENT_LIMIT)
  expect(cut.payload).toMatchObject({ state: { chars: CONTENT_LIMIT + 5 } })
})

test('A3 a large foreign value is kept whole elsewhere and previewed', () => {
  const value = { text: 'y'.repeat(INLINE_LIMIT) }
  const { event: cut, contents } = prepared(event('agent.dreamt', value))
  const ref = contentRef('r:one', 'live', 9, 'value')
  expect(contents).toEqual([{ ref, text: JSON.stringify(value) }])
  expect(cut.payload).toMatchObject({
    name: 'agent.dreamt',
    value: { ref, chars: JSON.stringify(value).length },
  })
})

test('A3 a foreign value that fits stays verbatim', () => {
  const value = { text: 'y'.repeat(1_000) }
  expect(prepared(event('agent.dreamt', value)).event.payload).toMatchObject({ value })
})

const handoff = (chars: number) => {
  const half = Math.floor(chars / 2)
  return event('handoff.recorded', { target: 'x'.repeat(half), task: 'y'.repeat(chars - half) })
}

test('S1 a payload that is still too large inline is refused with a reason', () => {
  // Two fields: their names and separators count, too.
  const overhead = 'target'.length + 'task'.length + 2 * 4
  expect(prepare(handoff(INLINE_LIMIT - overhead)).ok).toBe(true)
  expect(prepare(handoff(INLINE_LIMIT - overhead + 1))).toMatchObject({
    ok: false,
    reason: expect.stringContaining('handoff.recorded'),
  })
})

test('S1 keys count as payload, not only values', () => {
  const payload = { target: 'x', task: 'y', ['k'.repeat(INLINE_LIMIT)]: 1 }
  expect(prepare(event('handoff.recorded', payload)).ok).toBe(false)
})

const identities: [LogId, string, Position][] = [
  ['r:a', 'b:c', 1],
  ['r:a:b', 'c', 1],
  ['r:a:b:c', '1', 1],
  ['r:a', 'b', 'c:1'],
  ['r:a', 'b:c', '1'],
  ['w:a', 'b:c', 1],
]

test('S1 two events never share a reference, however their ids are spelled', () => {
  const refs = identities.map(([log, stream, position]) => contentRef(log, stream, position, 'output'))
  expect(new Set(refs).size).toBe(identities.length)
})

test('A3 the same event always gives the same reference', () => {
  expect(contentRef('r:a', 's', 1, 'output')).toBe(contentRef('r:a', 's', 1, 'output'))
})
