/**
 * Owns where long text goes before an event is folded: a preview stays inline, the whole text is stored
 * under a reference made from the event's identity. Results, reports and checkpoints go with the event into
 * the ledger (`blob`); prompts and tool traffic go to the content store. DESIGN 5.
 */
import type { Text } from './entities.ts'
import { INLINE_LIMIT } from './bounds.ts'
import type { SourceEvent } from './events.ts'
import { contentRef } from './ids.ts'

/** Characters of a long text that stay with the event. */
export const PREVIEW_CHARS = 2_000

/** Longest text kept whole; of anything longer, the beginning is kept and the length stays known. */
export const CONTENT_LIMIT = 2 * 1024 * 1024

export interface StoredText {
  ref: string
  text: string
}

export interface Prepared {
  event: SourceEvent
  /** Written in the transaction of the event. */
  blobs: readonly StoredText[]
  /** Written to the content store before that transaction. */
  contents: readonly StoredText[]
}

export type PrepareResult = { ok: true; prepared: Prepared } | { ok: false; reason: string }

/** Which fields hold long text, and where its whole length is kept. */
const LONG_TEXT: Readonly<Record<string, { kept: 'blob' | 'content' }>> = {
  output: { kept: 'content' },
  args: { kept: 'content' },
  prompt: { kept: 'content' },
  state: { kept: 'blob' },
  result: { kept: 'blob' },
  plan: { kept: 'blob' },
  content: { kept: 'blob' },
}

/** A run's own output is its result: nothing may be durable without it. */
const RESULT_TYPES = new Set<string>(['run.transitioned', 'workflow.transitioned'])

/** Cuts and references an event's long texts. Refuses a payload that is still too large afterwards. */
export function prepare(event: SourceEvent): PrepareResult {
  const payload: Record<string, unknown> = event.payload
  let changed: Record<string, unknown> | null = null
  const blobs: StoredText[] = []
  const contents: StoredText[] = []

  for (const field of Object.keys(LONG_TEXT)) {
    const value = payload[field]
    if (!isText(value) || value.ref !== null || value.preview.length <= PREVIEW_CHARS) continue
    const ref = contentRef(event.log, event.stream, event.position, field)
    const stored = { ref, text: value.preview.slice(0, CONTENT_LIMIT) }
    const isResult = RESULT_TYPES.has(event.type) || LONG_TEXT[field]?.kept === 'blob'
    ;(isResult ? blobs : contents).push(stored)
    changed ??= { ...payload }
    const cut: Text = { ...value, preview: value.preview.slice(0, PREVIEW_CHARS), ref }
    changed[field] = cut
  }
  if (event.type === 'foreign') {
    const body = JSON.stringify(event.payload.value ?? null)
    if (body.length > INLINE_LIMIT) {
      const ref = contentRef(event.log, event.stream, event.position, 'value')
      contents.push({ ref, text: body })
      changed = { ...payload, value: { preview: body.slice(0, PREVIEW_CHARS), chars: body.length, ref } }
    }
  }
  const next = (changed === null ? event : { ...event, payload: changed }) as SourceEvent
  const size = sizeOf(next.payload)
  if (size > INLINE_LIMIT) {
    return { ok: false, reason: `${event.type} holds ${size} characters inline, at most ${INLINE_LIMIT}` }
  }
  return { ok: true, prepared: { event: next, blobs, contents } }
}

function isText(value: unknown): value is Text {
  if (typeof value !== 'object' || value === null) return false
  // A field the schema does not know may hold anything that only looks like a text.
  const { preview, chars, ref } = value as Partial<Text>
  return typeof preview === 'string' && typeof chars === 'number' && (ref === null || typeof ref === 'string')
}

/** Characters in a payload, near enough to its JSON; the bounds on depth and nodes were checked before. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 8
  let size = 0
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) size += sizeOf(item) + 1
    return size
  }
  for (const key in value) size += key.length + 4 + sizeOf((value as Record<string, unknown>)[key])
  return size
}
