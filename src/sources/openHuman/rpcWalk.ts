/**
 * Owns reading the core's lists to their end: pages by offset, that move while they are read, and run events, whose
 * pages begin with the oldest.
 */
import type { RunRecord } from '../../core/entities.ts'
import type { SourceSink } from '../../core/ports.ts'
import { eventsStream } from './envelope.ts'
import type { Told } from './envelope.ts'
import { fieldOf, listOf } from './rpc.ts'
import type { Rpc } from './rpc.ts'
import { readRunEvent } from './rowsRead.ts'
import { isNamelessCall, tellRunEvent } from './runEvents.ts'

/** The most that the core gives at once. */
export const LIST_PAGE = 500
const EVENTS_PAGE = 1_000
/** How often the head of a list is read again for what moved there meanwhile. */
const HEADS = 5

export interface Walk {
  method: string
  params?: Readonly<Record<string, unknown>>
  /** The answer's member that holds the rows. */
  rows: string
  /** Ends with the first page that holds no news: the newest come first. */
  newsOnly?: boolean
  limit?: number
}

export interface WalkHooks {
  /** Order of acceptance: what was heard after this is newer than the page asked for now. */
  mark(): number
  /** Whether the row was news. */
  take(row: unknown, asked: number): Promise<boolean>
}

/** Every row once. Lists are ordered by their last writing, so one that is written meanwhile moves to the head. */
export async function walkList(call: Rpc, walk: Walk, { mark, take }: WalkHooks): Promise<void> {
  const { method, params = {}, rows: name, newsOnly = false, limit = LIST_PAGE } = walk
  const seen = new Set<unknown>()

  async function page(offset: number): Promise<{ rows: readonly unknown[]; unseen: number; news: number }> {
    const asked = mark()
    const rows = listOf(await call(method, { ...params, limit, offset }), name)
    let unseen = 0
    let news = 0
    for (const row of rows) {
      const id = fieldOf(row, 'id')
      if (id !== undefined && seen.has(id)) continue
      seen.add(id)
      unseen += 1
      if (await take(row, asked)) news += 1
    }
    return { rows, unseen, news }
  }

  let offset = 0
  for (;;) {
    const { rows, news } = await page(offset)
    if (rows.length < limit || (newsOnly && news === 0)) break
    offset += rows.length
  }
  if (offset === 0) return
  for (let head = 0; head < HEADS; head += 1) {
    if ((await page(0)).unseen === 0) return
  }
}

export interface RunEvents {
  /** What the run's events say since those that the ledger has, which knows the run as `record`. */
  read(runId: string, record: RunRecord | null): Promise<Told>
  /** They were handed over. */
  taken(told: Told): void
}

export function runEvents(call: Rpc, sink: Pick<SourceSink, 'position'>): RunEvents {
  /** Handed over, and perhaps not committed yet. */
  const given = new Map<string, number>()

  return {
    async read(runId, record) {
      const stream = eventsStream(runId)
      const heard = record?.toolCalls.some(isNamelessCall)
      const events: Told['events'][number][] = []
      let after = Math.max((await sink.position(stream.id)) ?? 0, given.get(stream.id) ?? 0)
      for (;;) {
        const params = { runId, afterSequence: after, limit: EVENTS_PAGE }
        const rows = listOf(await call('openhuman.run_ledger_events', params), 'events')
        const before = after
        for (const row of rows) {
          const event = readRunEvent(row)
          if (event === null || event.runId !== runId || event.sequence <= after) continue
          after = event.sequence
          events.push(tellRunEvent(event, heard))
        }
        if (rows.length < EVENTS_PAGE || after === before) return { stream, events }
      }
    },
    taken({ stream, events }) {
      const last = events.at(-1)?.position
      if (typeof last === 'number') given.set(stream.id, last)
    },
  }
}
