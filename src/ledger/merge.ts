/**
 * Owns making few segments out of many: what was flushed in small pieces is joined while nobody waits. A step is
 * one transaction, so a crash leaves either the pieces or the whole; the last key of a log stays what it was, so
 * an append under way finds the head it expects.
 */
import type { LogId } from '../core/ids.ts'
import type { MergeStep } from './port.ts'
import type { LedgerTransaction, Segment } from './schema.ts'
import { EMPTY_META } from './schema.ts'
import { segmentsOf } from './segments.ts'

/** Events and characters of a merged segment, at most: a window of events stays a small read. */
export const MERGED_EVENTS = 512
export const MERGED_CHARS = 256 * 1024
/** What one step may look at: other writers wait for its transaction. */
const STEP_SEGMENTS = 128
const STEP_CHARS = 2 * 1024 * 1024

interface Group {
  members: Segment[]
  events: number
  chars: number
}

/**
 * Joins neighbouring segments of a log, beginning with the one that holds `from`. The `keep` newest segments are
 * left alone. Bodies are spliced as text and never parsed.
 */
export async function mergeSegments(
  tx: LedgerTransaction<'readwrite'>,
  log: LogId,
  { from, keep }: { from: number; keep: number },
): Promise<MergeStep> {
  const store = tx.objectStore('segments')
  const keys = await store.getAllKeys(segmentsOf(log, from), STEP_SEGMENTS + keep)
  const isLastStep = keys.length < STEP_SEGMENTS + keep
  const lasts = keys.slice(0, keys.length - keep).map(([, last]) => last)
  let removed = 0
  let chars = 0
  let group: Group = { members: [], events: 0, chars: 0 }

  const close = async (): Promise<void> => {
    const { members } = group
    const whole = join(members)
    group = { members: [], events: 0, chars: 0 }
    if (whole === null) return
    for (const { last } of members.slice(0, -1)) await store.delete([log, last])
    await store.put(whole, [log, whole.last])
    removed += members.length - 1
  }

  let before = from
  let cut = false
  for (const last of lasts) {
    if (chars > STEP_CHARS) {
      cut = true
      break
    }
    // The key tells how many events a segment holds at most: a full one need not be read.
    const segment = last - before >= MERGED_EVENTS ? undefined : await store.get([log, last])
    before = last
    chars += segment?.body.length ?? 0
    if (segment === undefined || !isMergeable(segment)) {
      await close()
      continue
    }
    if (!fits(group, segment)) await close()
    group.members.push(segment)
    group.events += segment.last - segment.first + 1
    group.chars += segment.body.length
  }
  const unfinished = group.members[0]?.first
  await close()
  if (removed > 0) {
    const meta = (await tx.objectStore('meta').get('ledger')) ?? EMPTY_META
    // Two brackets of each piece become one comma.
    const next = { ...meta, segments: meta.segments - removed, bytes: meta.bytes - removed }
    await tx.objectStore('meta').put(next, 'ledger')
  }
  if (isLastStep && !cut) return { removed, next: null }
  // What was begun goes on with what comes next, as long as that leads anywhere.
  const goesOn = unfinished !== undefined && (unfinished > from || removed > 0)
  return { removed, next: goesOn ? unfinished : before + 1 }
}

/** A marker of lost events says what it says alone; anything that is not a list is left to who reads it. */
function isMergeable({ lost, first, last, body }: Segment): boolean {
  return lost !== true && last >= first && body.length > 2 && body.startsWith('[') && body.endsWith(']')
}

function fits({ members, events, chars }: Group, next: Segment): boolean {
  const previous = members.at(-1)
  if (previous === undefined) return true
  return (
    next.first === previous.last + 1 &&
    events + next.last - next.first + 1 <= MERGED_EVENTS &&
    chars + next.body.length <= MERGED_CHARS
  )
}

function join(members: readonly Segment[]): Segment | null {
  const first = members[0]
  const last = members.at(-1)
  if (first === undefined || last === undefined || first === last) return null
  const body = `[${members.map((each) => each.body.slice(1, -1)).join(',')}]`
  return { first: first.first, last: last.last, body }
}
