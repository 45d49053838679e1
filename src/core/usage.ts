/**
 * Owns token and cost figures: absolute, per key, so that a replayed report changes nothing. Unknown stays
 * null. Beyond 200 keys, those of other streams fold into one closed figure per stream. SPEC F5.
 */
import type { CostSource, Figures, UsageBook, UsageEntry } from './entities.ts'
import type { EventPayload } from './events.ts'

const KEYS_KEPT = 200

export const NO_USAGE: UsageBook = { entries: [], closed: [] }

type Totals = Figures & Pick<UsageEntry, 'costSource'>

const FIGURES = [
  'inputTokens',
  'outputTokens',
  'cachedInputTokens',
  'reasoningTokens',
  'costUsd',
] as const satisfies readonly (keyof Figures)[]

const UNKNOWN: Figures = {
  inputTokens: null,
  outputTokens: null,
  cachedInputTokens: null,
  reasoningTokens: null,
  costUsd: null,
}

/** The book with the report in it, or null when the report's stream is closed. */
export function recordUsage(
  book: UsageBook,
  payload: EventPayload<'usage.reported'>,
  stream: string,
): UsageBook | null {
  const at = book.entries.findIndex((entry) => entry.key === payload.key)
  if (at === -1 && book.closed.some((entry) => entry.stream === stream)) return null
  // A later figure that lists nobody is the same sum, told by someone who does not itemize.
  const included =
    payload.includes == null ? book.entries[at]?.included : addUp(payload.includes.map(figuresOf))
  const entry: UsageEntry = {
    key: payload.key,
    stream,
    scope: payload.scope,
    ...figuresOf(payload),
    costSource: payload.costSource ?? null,
    ...(included && payload.scope === 'subtree' && { included }),
  }
  const entries = at === -1 ? [...book.entries, entry] : book.entries.with(at, entry)
  return entries.length > KEYS_KEPT ? closeOthers({ ...book, entries }, stream) : { ...book, entries }
}

/**
 * Sums of what the run itself used. A figure is null until some report carries it. A subtree's figure covers what the
 * run reported as its own in the same stream, and what it lists as others' is theirs.
 */
export function totalsOf(book: UsageBook): Totals {
  const entries = [...book.closed, ...book.entries]
  const covered = new Set(entries.flatMap(({ scope, stream }) => (scope === 'subtree' ? stream : [])))
  return sum(
    entries
      .filter(({ scope, stream }) => scope === 'subtree' || !covered.has(stream))
      .map((entry) => (entry.included === undefined ? entry : { ...entry, ...less(entry, entry.included) })),
  )
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
    const lists = entries.flatMap(({ included }) => included ?? [])
    const included = lists.length > 0 && { included: addUp(lists) }
    return [{ ...first, ...sum(entries), key: `closed:${first.stream}`, ...included }]
  })
  return { entries: book.entries.filter((entry) => entry.stream === current), closed }
}

function sum(entries: readonly Totals[]): Totals {
  let costSource: CostSource | null = null
  let isFirst = true
  for (const entry of entries) {
    if (entry.costUsd === null) continue
    costSource = isFirst ? entry.costSource : both(costSource, entry.costSource)
    isFirst = false
  }
  return { ...addUp(entries), costSource }
}

function addUp(all: readonly Figures[]): Figures {
  const total = { ...UNKNOWN }
  for (const each of all) {
    for (const name of FIGURES) if (each[name] !== null) total[name] = (total[name] ?? 0) + each[name]
  }
  return total
}

/** What is left of figures without those of others; what nobody knows of the others stays in it. */
function less(all: Figures, others: Figures): Figures {
  const left = { ...UNKNOWN }
  for (const name of FIGURES) {
    const figure = all[name]
    left[name] = figure === null ? null : Math.max(0, figure - (others[name] ?? 0))
  }
  return left
}

const figuresOf = (told: { [Name in keyof Figures]?: number | null | undefined }): Figures => ({
  inputTokens: told.inputTokens ?? null,
  outputTokens: told.outputTokens ?? null,
  cachedInputTokens: told.cachedInputTokens ?? null,
  reasoningTokens: told.reasoningTokens ?? null,
  costUsd: told.costUsd ?? null,
})

/** One estimate makes the whole an estimate; one figure of unknown source leaves it unknown. */
function both(a: CostSource | null, b: CostSource | null): CostSource | null {
  if (a === 'estimated' || b === 'estimated') return 'estimated'
  return a === b ? a : null
}
