/** The file beside a run: daemon events line by line, a pointer for the rest. */
import { expect, test } from 'vitest'
import { decodeEvent } from '../../../src/core/decode.ts'
import { importHarnSidecar, isSidecarPath, sidecarPath } from '../../../src/sources/harn/sidecar.ts'
import { property } from '../../support/property.ts'
import fc from 'fast-check'

const OPTIONS = { runId: 'run1', path: 'runs/a-llm/llm_transcript.jsonl', at: Date.UTC(2026, 3, 22) }
const daemon = (kind: string, more: object = {}) =>
  JSON.stringify({
    type: 'daemon_event',
    daemon_id: 'd1',
    name: 'watch',
    kind,
    timestamp: '1776816000.250',
    persist_path: 'p',
    payload_summary: null,
    ...more,
  })
const names = (text: string): unknown[] =>
  importHarnSidecar(text, OPTIONS).events.map(({ event }) => (event.payload as { name: unknown }).name)

test('its place is named after the record', () => {
  expect(sidecarPath('runs/a.json')).toBe('runs/a-llm/llm_transcript.jsonl')
  expect(sidecarPath('runs/a.b/run')).toBe('runs/a.b/run-llm/llm_transcript.jsonl')
  expect(isSidecarPath(sidecarPath('x.json'))).toBe(true)
})

test('C2-26 a thousand lines with one bad one are 999', () => {
  const lines = Array.from({ length: 1_000 }, (_, at) =>
    at === 500 ? '{"type":"daemon_ev' : daemon('triggered', { at }),
  )
  const read = importHarnSidecar(lines.join('\n'), OPTIONS)
  expect(read).toMatchObject({
    daemonEvents: 999,
    skipped: [{ path: `${OPTIONS.path}:501`, reason: 'The line is not JSON.' }],
  })
  expect(read.events).toHaveLength(1_000)
})

test('C2-26 empty, torn, CRLF, byte order mark', () => {
  expect(importHarnSidecar('', OPTIONS)).toMatchObject({ daemonEvents: 0, skipped: [], torn: false })
  const text = `${daemon('spawned')}\n${daemon('stopped')}\n`
  const odd = importHarnSidecar(`\uFEFF${text.replaceAll('\n', '\r\n')}{"type":"dae`, OPTIONS)
  expect(odd).toMatchObject({ ...importHarnSidecar(text, OPTIONS), torn: true })
  expect(names(text)).toEqual(['daemon_event', 'daemon_event', 'transcript_pointer'])
})

test('a kind nobody knows is a spawn, as in harn, and its word is kept; without a daemon it is refused', () => {
  const [first] = importHarnSidecar(daemon('levitated'), OPTIONS).events
  expect(first?.event).toMatchObject({
    log: 'r:run1',
    timestamp: 1_776_816_000_250,
    payload: { value: { kind: 'spawned', said: 'levitated' } },
  })
  expect(importHarnSidecar(daemon('spawned', { daemon_id: '' }), OPTIONS).skipped).toHaveLength(1)
})

test('model calls stay in their file, the pointer says how many lines there are', () => {
  const text = `${JSON.stringify({ type: 'provider_call', prompt: 'secret plan' })}\n${daemon('spawned')}`
  const { events } = importHarnSidecar(text, OPTIONS)
  expect(JSON.stringify(events)).not.toContain('secret plan')
  expect(events.at(-1)?.event.payload).toMatchObject({
    value: { lines: 2, daemonEvents: 1, path: OPTIONS.path },
  })
})

property(
  'A1 A2 any text gives events that decode, and the same ones again',
  fc.oneof(
    fc.string(),
    fc.array(fc.oneof(fc.json(), fc.constant(daemon('spawned')))).map((lines) => lines.join('\n')),
  ),
  (text) => {
    const read = importHarnSidecar(text, OPTIONS)
    expect(importHarnSidecar(text, OPTIONS)).toEqual(read)
    for (const { stream, event } of read.events) expect(decodeEvent(event, stream).kind).toBe('event')
  },
)
