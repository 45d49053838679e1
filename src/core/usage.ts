/**
 * Owns token and cost figures: absolute, per key, so that a replayed report changes nothing. Unknown stays
 * null. Beyond 200 keys, those of other streams fold into one closed figure per stream. SPEC F5.
 */
import type { CostSource, UsageBook, UsageEntry } from './entities.ts'
import type { EventPayload } from './events.ts'

const KEYS_KEPT = 200

export const NO_USAGE: UsageBook = { entries: [], closed: [] }

type Totals = Pick<
  UsageEntry,
  'inputTokens' | 'outputTokens' | 'cachedInputTokens' | 'reasoningTokens' | 'costUsd' | 'costSource'
>

/** The book with the report in it, or null when the report's stream is closed. */
export function recordUsage(
  book: UsageBook,
  payload: EventPayload<'usage.reported'>,
  stream: string,
): UsageBook | null {
  const known = book.entries.findIndex((entry) => entry.key === payload.key)
  if (known === -1 && book.closed.some((entry) => entry.stream === stream)) return null
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
  const entries = known === -1 ? [...book.entries, entry] : book.entries.with(known, entry)
  return entries.length > KEYS_KEPT ? closeOthers({ ...book, entries }, stream) : { ...book, entries }
}

/** Sums of what the run itself used. A figure is null until some report carries it. */
export function totalsOf(book: UsageBook): Totals {
  return sum([...book.closed, ...book.entries].filter((entry) => entry.scope === 'own'))
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
    return [{ ...first, ...sum(entries), key }]
  })
  return { entries: book.entries.filter((entry) => entry.stream === current), closed }
}

function sum(entries: readonly UsageEntry[]): Totals {
  const total: Totals = {
    inputTokens: null,
    outputTokens: null,
    cachedInputTokens: null,
    reasoningTokens: null,
    costUsd: null,
    costSource: null,
  }
  for (const entry of entries) {
    if (entry.costUsd !== null) {
      total.costSource = total.costUsd === null ? entry.costSource : both(total.costSource, entry.costSource)
    }
    total.inputTokens = plus(total.inputTokens, entry.inputTokens)
    total.outputTokens = plus(total.outputTokens, entry.outputTokens)
    total.cachedInputTokens = plus(total.cachedInputTokens, entry.cachedInputTokens)
    total.reasoningTokens = plus(total.reasoningTokens, entry.reasoningTokens)
    total.costUsd = plus(total.costUsd, entry.costUsd)
  }
  return total
}

const plus = (total: number | null, figure: number | null): number | null =>
  figure === null ? total : (total ?? 0) + figure

/** One estimate makes the whole an estimate; one figure of unknown source leaves it unknown. */
function both(a: CostSource | null, b: CostSource | null): CostSource | null {
  if (a === 'estimated' || b === 'estimated') return 'estimated'
  return a === b ? a : null
}
