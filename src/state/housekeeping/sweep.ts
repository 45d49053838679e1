/**
 * Owns sweeping the content store: a text goes when nothing in the ledger speaks of it any more. Reachable is what
 * belongs to a log that is here, and what any stored event or command mentions. A text nobody mentions yet may be
 * about to be used, so it is given a day first; what a deleted run was given, a minute.
 */
import type { LogId } from '../../core/ids.ts'
import { logOfContent } from '../../core/ids.ts'
import type { Runtime } from '../runtime.ts'

/** Kept in the content store itself: when which unmentioned text may go, in epoch milliseconds. */
export const MARKS = 'ledger:sweep'
const UNMENTIONED_MS = 24 * 3_600_000
const DELETED_MS = 60_000
/** Texts looked for in one pass over the ledger. */
const SWEPT_AT_ONCE = 32
const MARKS_KEPT = 10_000

/** By reference: when it may go. */
type Marks = Map<string, number>

/** Texts that lost a run that used them: looked at soon. */
export async function suspect(runtime: Runtime, refs: readonly string[]): Promise<void> {
  if (refs.length === 0) return
  const marks = await readMarks(runtime)
  const due = runtime.clock.now() + DELETED_MS
  for (const ref of refs) marks.set(ref, Math.min(marks.get(ref) ?? due, due))
  await writeMarks(runtime, marks)
}

/** Deletes what is unreachable and due. Yields between bounded steps; the value at the end is how many went. */
export async function* sweepContent(runtime: Runtime): AsyncGenerator<void, number> {
  const { content, clock } = runtime
  const before = await readMarks(runtime)
  const now = clock.now()
  const marks: Marks = new Map()
  const owners = new Map<LogId, boolean>()
  for (const ref of await content.keys()) {
    if (ref === MARKS) continue
    const log = logOfContent(ref)
    if (log !== null && (await isKnown(runtime, log, owners))) continue
    marks.set(ref, before.get(ref) ?? now + UNMENTIONED_MS)
  }
  yield
  const due = [...marks].flatMap(([ref, at]) => (at <= now ? [ref] : [])).slice(0, SWEPT_AT_ONCE)
  const candidates = new Set(due)
  if (candidates.size > 0) yield* keepMentioned(runtime, candidates)
  // The last look is at what could have been asked for in the meantime: a start is on disk before it is sent.
  await dropMentionedByCommands(runtime, candidates)
  for (const ref of due) {
    // Asked again after another day, whether it is used or not.
    if (!candidates.has(ref)) marks.set(ref, now + UNMENTIONED_MS)
    else {
      await content.delete(ref)
      marks.delete(ref)
    }
  }
  await writeMarks(runtime, marks)
  return candidates.size
}

async function isKnown({ ledger }: Runtime, log: LogId, known: Map<LogId, boolean>): Promise<boolean> {
  const answer = known.get(log) ?? (await ledger.readHead(log)) > 0
  known.set(log, answer)
  return answer
}

/** Takes every candidate out that a stored event speaks of. */
async function* keepMentioned(runtime: Runtime, candidates: Set<string>): AsyncGenerator<void> {
  const { ledger } = runtime
  const { logs } = await ledger.inventory()
  for (const log of logs.keys()) {
    yield
    if (candidates.size === 0) return
    for (const { body } of await ledger.readSegments(log)) {
      for (const ref of candidates) if (body.includes(quoted(ref))) candidates.delete(ref)
    }
  }
}

async function dropMentionedByCommands({ ledger }: Runtime, candidates: Set<string>): Promise<void> {
  if (candidates.size === 0) return
  const text = JSON.stringify(await ledger.listCommands())
  for (const ref of candidates) if (text.includes(quoted(ref))) candidates.delete(ref)
}

/** As it stands in JSON. */
const quoted = (ref: string): string => JSON.stringify(ref)

async function readMarks({ content }: Runtime): Promise<Marks> {
  try {
    const parsed: unknown = JSON.parse((await content.get(MARKS)) ?? '[]')
    const entries: unknown[] = Array.isArray(parsed) ? parsed : []
    return new Map(entries.filter(isMark))
  } catch {
    // Marks that cannot be read are made again: every text gets its day once more.
    return new Map()
  }
}

const isMark = (entry: unknown): entry is [ref: string, at: number] =>
  Array.isArray(entry) && typeof entry[0] === 'string' && Number.isSafeInteger(entry[1])

async function writeMarks({ content }: Runtime, marks: Marks): Promise<void> {
  if (marks.size === 0) await content.delete(MARKS)
  else await content.put(MARKS, JSON.stringify([...marks].slice(0, MARKS_KEPT)))
}
