/**
 * Owns which message is which: names under both of their forms, the stream of a turn, and the position of a message in
 * it. A position is the core's own number, else a key made of what the message says; never of when it came.
 */
import { hashOf } from '../../core/contentKey.ts'
import type { StreamInfo } from '../../core/events.ts'
import type { Position } from '../../core/ids.ts'
import { isUsableId } from '../../core/ids.ts'
import { createReader, readFields } from './wire.ts'
import type { Fields, Reader } from './wire.ts'

/** Times outside of what a log takes are noise: the clock of this page says it then. */
const EARLIEST = Date.UTC(2000, 0, 2)
const LATEST = Date.UTC(2099, 0, 1)

export interface Message {
  /** With underscores, whichever form it came in. */
  name: string
  /** The core sends most messages twice: as `chat_done` and as `chat:done`. */
  form: 'underscore' | 'colon'
  /** Of the turn it is about. */
  requestId: string
  /** Approvals and plans of a real core bear an id of their own in its place: the one to decide them by. */
  gate: string | null
  threadId: string | null
  clientId: string | null
  seq: number | null
  at: number
  fields: Fields
  /** Fresh for each reading, so that what one converter read is no other's. */
  reader(): Reader
}

/** A message of no turn: what it is called, and why it has no place. */
export interface Unplaced {
  name: string
  form: Message['form']
  why: string
}

/** Numbers by request; every event of a turn and of its agents is told in it. */
export const turnStream = (requestId: string): StreamInfo => ({
  id: `openhuman:${requestId}`,
  contiguous: true,
  first: 0,
  kind: 'live',
})

/** Pieces of prose that came without a number, told apart by their order alone. */
export const proseStream = (requestId: string): StreamInfo => ({
  id: `openhuman:${requestId}:prose`,
  contiguous: false,
  first: 0,
  kind: 'live',
})

/** What belongs to no run, refused with a reason where the ledger shows what it refused. */
export const UNPLACED_STREAM: StreamInfo = {
  id: 'openhuman:unplaced',
  contiguous: false,
  first: 0,
  kind: 'live',
}

export function readMessage(raw: unknown, wireName: string | null, now: number): Message | Unplaced {
  const fields = readFields(raw)
  const said = fields !== null && typeof fields['event'] === 'string' ? fields['event'] : ''
  const called = wireName ?? said
  const name = (said || called).replaceAll(':', '_').slice(0, 100) || 'unnamed'
  const form = called.includes(':') ? 'colon' : 'underscore'
  if (fields === null) return { name, form, why: 'It is not an object.' }
  const envelope = createReader(fields)
  const seq = envelope.count('seq')
  const ts = envelope.count('ts')
  // Suggestions come after their turn and name it their own way.
  const requestId = envelope.id('request_id') ?? envelope.id('turn_request_id')
  if (requestId === null) return { name, form, why: 'It names no request, so it belongs to no run.' }
  return {
    name,
    form,
    requestId,
    gate: null,
    threadId: envelope.id('thread_id'),
    clientId: envelope.id('client_id'),
    seq,
    at: ts !== null && ts > EARLIEST && ts < LATEST ? ts : now,
    fields,
    reader: () => {
      const reader = createReader(fields)
      reader.skip('event', 'client_id', 'thread_id', 'request_id', 'seq', 'ts')
      return reader
    },
  }
}

export const isPlaced = (message: Message | Unplaced): message is Message => 'requestId' in message

/** What is asked of a person on the way, by others than those who number a turn's messages. */
export const isGate = ({ name }: Message): boolean => /^(?:approval_|plan_review_)/.test(name)

/** The same message, as one of the turn that it holds up. */
export const addressedTo = (message: Message, requestId: string): Message =>
  message.requestId === requestId ? message : { ...message, requestId, gate: message.requestId }

/** Where a message stands in its turn's stream. */
export const positionOf = (message: Message): Position => message.seq ?? contentKey(message)

/** What follows from a message, and stands beside it. */
export const besides = (position: Position, what: string): string => {
  const key = `${position}:${what}`
  return key.length <= 400 ? key : hashOf(key)
}

/** Times tell two sendings of one message apart, and nothing else. */
export function contentKey(message: Message): string {
  const { name, fields } = message
  const place = [message.threadId ?? '', message.requestId]
  const task = taskOf(message) ?? ''
  const known: Record<string, readonly string[] | undefined> = {
    chat_done: ['done', ...place],
    chat_error: ['error', ...place, said(fields, 'error_type')],
    chat_cancelled: ['cancelled', ...place],
    chat_segment: ['segment', ...place, said(fields, 'segment_index')],
    subagent_spawned: ['spawn', task],
    subagent_completed: ['completed', task],
    subagent_failed: ['failed', task],
    inference_start: ['start', ...place],
  }
  const parts = Object.hasOwn(known, name) ? known[name] : undefined
  const key = (parts ?? [name, hashOf(contentOf(fields))]).join(':')
  return key.length <= 300 ? key : hashOf(key)
}

/** A hash of what a message says. */
export const contentHash = (message: Message): string => hashOf(contentOf(message.fields))

function contentOf(fields: Fields): Fields {
  const { ts: _ts, seq: _seq, event: _event, ...content } = fields
  return content
}

const said = (fields: Fields, key: string): string => {
  const value = Object.hasOwn(fields, key) ? fields[key] : null
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

/** The agent a message is about: its task's id, wherever it is said. Only sub-agent messages have one. */
export function taskOf({ name, fields }: Message): string | null {
  if (!name.startsWith('subagent_')) return null
  const { skill_id: skill, subagent } = fields
  const task = (subagent as { task_id?: unknown } | null | undefined)?.task_id
  return [skill, task].find((id): id is string => typeof id === 'string' && isUsableId(id)) ?? null
}
