/**
 * Owns making few segments out of many: what was stored in small pieces is joined while nobody waits. A step is
 * one transaction, so a crash leaves either the pieces or the whole; the last key of a log stays what it was, so
 * an append under way finds the head it expects.
 */
import type { LogId } from '../core/ids.ts'
import type { MergeStep } from './port.ts'
import { Group, JOINED_EVENTS } from './joining.ts'
import type { LedgerTransaction } from './schema.ts'
import { EMPTY_META } from './schema.ts'
import { segmentsOf } from './segments.ts'

/** What one step may look at: other writers wait for its transaction. */
const STEP_SEGMENTS = 128
const STEP_CHARS = 2 * 1024 * 1024

/**
 * Joins neighbouring segments of a log, beginning with the one that holds `from`. The `keep` newest segments are
 * left alone.
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
  let group = new Group()

  const close = async (): Promise<void> => {
    const { members } = group
    const whole = group.joined()
    group = new Group()
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
    const segment = last - before >= JOINED_EVENTS ? undefined : await store.get([log, last])
    before = last
    chars += segment?.body.length ?? 0
    if (segment === undefined || !group.takes(segment)) await close()
    if (segment !== undefined && group.takes(segment)) group.add(segment)
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
