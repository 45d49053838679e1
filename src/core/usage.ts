/**
 * Owns token and cost figures: absolute, per key, so that a replayed report changes nothing. Unknown stays
 * null. Beyond 200 keys, those of other streams fold into one closed figure per stream. SPEC F5.
 */
import type { CostSource, RunTelemetry, UsageBook, UsageEntry } from './entities.ts'
import type { EventPayload } from './events.ts'

const KEYS_KEPT = 200

export const NO_USAGE: UsageBook = { entries: [], closed: [] }

const FIGURES = ['inputTokens', 'outputTokens', 'cachedInputTokens', 'reasoningTokens', 'costUsd'] as const

/** The book with the report in it, or null when the report's stream is closed. */
export function recordUsage(
  book: UsageBook,
  payload: EventPayload<'usage.reported'>,
  stream: string,
): UsageBook | null {
  const known = book.entries.some((entry) => entry.key === payload.key)
  if (!known && book.closed.some((entry) => entry.stream === stream)) return null
  const entry: UsageEntry = {
    key: payload.key,
    stream,
    scope: payload.scope,
    inputTokens: payload.inputTokens ?? null,
    outputTokens: payload.outputTokens ?? null,
    cachedInputTokens: payload.cachedInputTokens ?? null,
    reasoningTokens: payload.reasoningTokens ?? null,
    costUsd: payload.costUsd ?? null,
    costSource: payload.costSource ?? null,
  }
  const entries = known
    ? book.entries.map((each) => (each.key === entry.key ? entry : each))
    : [...book.entries, entry]
  return entries.length > KEYS_KEPT ? closeOthers({ ...book, entries }, stream) : { ...book, entries }
}

/** Sums of what the run itself used. A figure is null until some report carries it. */
export function totalsOf(book: UsageBook): Pick<RunTelemetry, (typeof FIGURES)[number] | 'costSource'> {
  const own = [...book.closed, ...book.entries].filter((entry) => entry.scope === 'own')
  return {
    ...sum(own),
    costSource: costSourceOf(own),
  }
}

/** Folds the keys of every stream but the current one together, so that the book stays small. */
function closeOthers(book: UsageBook, current: string): UsageBook {
  const closing = book.entries.filter((entry) => entry.stream !== current)
  if (closing.length === 0) return book
  const groups = new Map<string, UsageEntry[]>()
  for (const entry of [...book.closed, ...closing]) {
    const group = `${entry.scope} ${entry.stream}`
    groups.set(group, [...(groups.get(group) ?? []), entry])
  }
  const closed = [...groups.values()].flatMap((entries) => {
    const [first] = entries
    if (first === undefined) return []
    const key = `closed:${first.stream}`
    return [{ ...first, ...sum(entries), costSource: costSourceOf(entries), key }]
  })
  return { entries: book.entries.filter((entry) => entry.stream === current), closed }
}

/** One estimate makes the whole an estimate; one figure of unknown source leaves it unknown. */
function costSourceOf(entries: readonly UsageEntry[]): CostSource | null {
  const sources = new Set(entries.filter((entry) => entry.costUsd !== null).map((entry) => entry.costSource))
  if (sources.has('estimated')) return 'estimated'
  return sources.size === 0 || sources.has(null) ? null : 'charged'
}

function sum(entries: readonly UsageEntry[]): Pick<UsageEntry, (typeof FIGURES)[number]> {
  const total = {
    inputTokens: null,
    outputTokens: null,
    cachedInputTokens: null,
    reasoningTokens: null,
    costUsd: null,
  } as Record<(typeof FIGURES)[number], number | null>
  for (const entry of entries) {
    for (const figure of FIGURES) {
      const value = entry[figure]
      if (value !== null) total[figure] = (total[figure] ?? 0) + value
    }
  }
  return total
}
