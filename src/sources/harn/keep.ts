/**
 * Owns keeping what a file said in its own words: every record of harn as a `foreign` event, named by its content, and one
 * event that lists them in order. Out of these an export puts the file together again. SPEC A3.
 */
import { hashOf } from '../../core/contentKey.ts'
import type { Json } from '../../core/entities.ts'
import type { Facts } from './facts.ts'
import { foreignPayload } from './facts.ts'
import type { JsonObject } from './records.ts'
import { isObject } from './records.ts'

/** Characters of JSON that one event holds. Longer values are kept as text, in slices. */
const SLICE = 16_000
/** Well below what the ledger refuses in one event. */
const MOST_KEYS = 900

/** Lists of a run record whose items are kept one by one, and what one of them is called. */
export const KEPT_LISTS: Readonly<Record<string, string>> = {
  stages: 'stage',
  transitions: 'transition',
  checkpoints: 'checkpoint',
  child_runs: 'child_run',
  artifacts: 'artifact',
  handoffs: 'handoff',
  trace_spans: 'trace_span',
  tool_recordings: 'tool_recording',
  hitl_questions: 'hitl_question',
  persona_runtime: 'persona_runtime',
}

export const KEPT_OBSERVABILITY: Readonly<Record<string, string>> = {
  planner_rounds: 'planner_round',
  action_graph_nodes: 'action_graph_node',
  action_graph_edges: 'action_graph_edge',
  worker_lineage: 'worker_lineage',
  verification_outcomes: 'verification_outcome',
  transcript_pointers: 'transcript_pointer',
  compaction_events: 'compaction_event',
  daemon_events: 'daemon_event',
}

/** What `record` events hold: which pieces, in which order, make the file. */
export interface Manifest {
  /** The newest time the file knows: of two files of a run, the later one is the newer. */
  savedAt: number
  /** Stages it has, for files that know no times. */
  stages: number
  /** The key of the rest of the record, without the lists. */
  rest: string
  lists: { readonly [name: string]: readonly string[] }
  observability: { readonly [name: string]: readonly string[] }
}

export interface Keeper {
  /** Keeps a value and gives its key. The same value twice is kept once. */
  keep(name: string, value: Json): string
  keepRecord(raw: JsonObject, savedAt: number | null): void
}

export function createKeeper(facts: Facts, log: string, at: readonly (number | null)[]): Keeper {
  function keep(name: string, value: Json, key = `${name}:${hashOf(value)}`): string {
    let body = value
    let folded = 0
    while (!isSmall(body)) {
      body = slices(JSON.stringify(body)).map((slice) => {
        const part = `part:${hashOf(slice)}`
        facts.add({ log, type: 'foreign', payload: foreignPayload('part', slice), key: part, at })
        return part
      })
      folded += 1
    }
    const payload = { ...foreignPayload(name, body), ...(folded > 0 && { folded }) }
    facts.add({ log, type: 'foreign', payload, key, at })
    return key
  }

  const keepLists = (raw: JsonObject, names: Readonly<Record<string, string>>) => {
    const lists: Record<string, readonly string[]> = {}
    for (const [list, name] of Object.entries(names)) {
      const items = raw[list]
      if (Array.isArray(items)) lists[list] = items.map((item: Json) => keep(name, item))
    }
    return lists
  }

  return {
    keep,
    keepRecord(raw, savedAt) {
      const observed = raw['observability']
      const watched = isObject(observed) ? observed : null
      const lists = keepLists(raw, KEPT_LISTS)
      const observability = watched === null ? {} : keepLists(watched, KEPT_OBSERVABILITY)
      const rest = {
        ...without(raw, lists),
        ...(watched !== null && { observability: without(watched, observability) }),
      }
      const manifest: Manifest = {
        savedAt: savedAt ?? 0,
        stages: lists['stages']?.length ?? 0,
        rest: keep('run_record', rest),
        lists,
        observability,
      }
      keep('record', manifest as unknown as JsonObject)
    },
  }
}

const without = (raw: JsonObject, lists: Readonly<Record<string, unknown>>): JsonObject =>
  Object.fromEntries(Object.entries(raw).filter(([key]) => !Object.hasOwn(lists, key)))

/** Whether one event can hold it as it is. */
function isSmall(value: Json): boolean {
  return JSON.stringify(value).length <= SLICE && hasFewKeys(value)
}

const hasFewKeys = (value: Json): boolean => {
  if (typeof value !== 'object' || value === null) return true
  const members = Object.values(value) as Json[]
  return (Array.isArray(value) || members.length <= MOST_KEYS) && members.every(hasFewKeys)
}

/** Cuts never go through a pair of surrogates: such a text could not be written as UTF-8. */
function slices(text: string): string[] {
  const cut: string[] = []
  for (let from = 0; from < text.length;) {
    let to = Math.min(from + SLICE - 100, text.length)
    const last = text.charCodeAt(to - 1)
    if (to < text.length && last >= 0xd800 && last <= 0xdbff) to -= 1
    cut.push(text.slice(from, to))
    from = to
  }
  return cut
}
