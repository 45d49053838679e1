/**
 * Owns reading what agentd sends: fields of unknown objects, its times, and the frames of its conversation stream
 * (`/v2/stream/{agent_id}`). Never throws, whatever comes. SPEC A1.
 */
import { toPlainJson } from '../../core/bounds.ts'
import type { Json } from '../../core/entities.ts'

export type Fields = { readonly [key: string]: Json }

export type Frame =
  /** Everything the server has up to `cursor` follows. */
  | { kind: 'begin'; cursor: number | null }
  | { kind: 'end' }
  | { kind: 'event'; seq: number; fields: Fields }
  /** An event with a place whose content cannot be used. */
  | { kind: 'broken'; seq: number; raw: unknown }
  /** The server skipped live events; they are in its history. */
  | { kind: 'gap' }
  | { kind: 'error'; message: string }
  | { kind: 'unreadable'; raw: unknown }

/** `data`: a message of the socket, its text or what it says. */
export function readFrame(data: unknown): Frame {
  try {
    return toFrame(typeof data === 'string' ? (JSON.parse(data) as unknown) : data)
  } catch {
    return { kind: 'unreadable', raw: data }
  }
}

function toFrame(value: unknown): Frame {
  const plain = toPlainJson(value)
  if (!plain.ok || !isFields(plain.value)) {
    const seq = (value as { seq?: unknown } | null)?.seq
    return isSeq(seq) ? { kind: 'broken', seq, raw: value } : { kind: 'unreadable', raw: value }
  }
  const fields = plain.value
  switch (fields['frame']) {
    case 'event':
      return isSeq(fields['seq'])
        ? { kind: 'event', seq: fields['seq'], fields }
        : { kind: 'unreadable', raw: value }
    case 'snapshot_begin':
      return { kind: 'begin', cursor: isCount(fields['cursor']) ? fields['cursor'] : null }
    case 'snapshot_end':
      return { kind: 'end' }
    case 'gap':
      return { kind: 'gap' }
    case 'error':
      return { kind: 'error', message: stringIn(fields, 'message', 'code') ?? 'no reason given' }
    default:
      return { kind: 'unreadable', raw: value }
  }
}

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

/** Places are counted from 1. */
const isSeq = (value: unknown): value is number => isCount(value) && value > 0

/** The first of the fields that holds text. */
export function stringIn(fields: Fields, ...names: readonly string[]): string | null {
  for (const name of names) {
    const value = fields[name]
    if (typeof value === 'string' && value !== '') return value
  }
  return null
}

const RFC3339 = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i
const EARLIEST = Date.UTC(2000, 0, 1)
const LATEST = Date.UTC(2100, 0, 1)

/** agentd writes RFC 3339 with nanoseconds; anything else is no time, and not guessed at. */
export function toEpochMs(value: unknown): number | null {
  if (typeof value !== 'string' || !RFC3339.test(value)) return null
  // Of the fraction, every browser reads three digits.
  const ms = Date.parse(
    value
      .replace(/(\.\d{3})\d+/, '$1')
      .replace(' ', 'T')
      .toUpperCase(),
  )
  return ms > EARLIEST && ms < LATEST ? ms : null
}
