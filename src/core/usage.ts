/**
 * Owns token and cost figures: absolute, per key, so that a replayed report changes nothing. Unknown stays
 * null. Beyond 200 keys, those of other streams fold into one closed figure per stream; a stream that goes on alone
 * closes the lowest of its numbered keys. SPEC F5.
 */
import type { CostSource, Figures, UsageBook, UsageEntry } from './entities.ts'
import type { EventPayload } from './events.ts'

const KEYS_KEPT = 200
/** Numbered keys that are closed together, the lowest first. */
const CLOSED_TOGETHER = 20
/** Rows of numbered keys in one book; a row is closed from below when it has four keys. */
const SERIES_KEPT = 50
const SERIES_LENGTH = 4

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

/** The book with the report in it; null when its key or its stream is closed, or when there is no room for it. */
export function recordUsage(
  book: UsageBook,
  payload: EventPayload<'usage.reported'>,
  stream: string,
): UsageBook | null {
  const at = book.entries.findIndex((entry) => entry.key === payload.key)
  if (at === -1 && isClosed(book, payload.key, stream)) return null
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
  const grown = { ...book, entries }
  if (entries.length <= KEYS_KEPT) return grown
  return entries.some((each) => each.stream !== stream)
    ? closeOthers(grown, stream)
    : closeLowest(grown, stream)
}

/**
 * Sums of what the run itself used. A figure is null until some report carries it. A subtree's figure covers what the
 * run reported as its own in the same stream, and what it lists as others' is theirs.
 */
export function totalsOf(book: UsageBook): Totals {
  const entries = [...book.closed, ...book.entries]
  const covered = new Set(entries.flatMap(({ scope, stream }) => (scope === 'subtree' ? stream : [])))
  return sum(
    entries.filter(({ scope, stream }) => scope === 'subtree' || !covered.has(stream)).map(withoutOthers),
  )
}

/** Whether a key that is not in the book may be in a figure that was closed. */
function isClosed({ closed, series = [] }: UsageBook, key: string, stream: string): boolean {
  const { prefix, number } = numbered(key)
  if (number !== null && series.some((each) => each.prefix === prefix && number <= each.upTo)) return true
  // Of a stream that goes on, only the lowest keys are.
  return closed.some((entry) => entry.stream === stream) && !series.some((each) => each.stream === stream)
}

/** Folds the keys of every stream but the current one together, so that the book stays small. */
function closeOthers(book: UsageBook, current: string): UsageBook {
  const isOther = ({ stream }: { stream: string }): boolean => stream !== current
  const series = book.series?.filter((each) => !isOther(each)) ?? []
  const { closed, entries } = close(book, isOther)
  return { entries, closed, ...(series.length > 0 && { series }) }
}

/** Folds the lowest keys of the stream's longest row of numbered ones together; null when there is no row. */
function closeLowest(book: UsageBook, stream: string): UsageBook | null {
  const { series = [] } = book
  const rows = new Map<string, number[]>()
  for (const { key } of book.entries) {
    const { prefix, number } = numbered(key)
    if (number !== null) rows.set(prefix, [...(rows.get(prefix) ?? []), number])
  }
  const isNoted = (prefix: string): boolean =>
    series.some((each) => each.stream === stream && each.prefix === prefix)
  const [longest] = [...rows]
    .filter(([prefix]) => series.length < SERIES_KEPT || isNoted(prefix))
    .toSorted(([, a], [, b]) => b.length - a.length)
  if (longest === undefined || longest[1].length < SERIES_LENGTH) return null
  const [prefix, numbers] = longest
  const count = Math.min(CLOSED_TOGETHER, Math.floor(numbers.length / 2))
  const upTo = numbers.toSorted((a, b) => a - b)[count - 1] ?? 0
  const isLow = ({ key }: UsageEntry): boolean => {
    const own = numbered(key)
    return own.prefix === prefix && own.number !== null && own.number <= upTo
  }
  const others = series.filter((each) => each.stream !== stream || each.prefix !== prefix)
  return { ...close(book, isLow), series: [...others, { stream, prefix, upTo }] }
}

/** The entries `isOver` picks become part of one figure per stream and scope: of what was the run's own in each. */
function close({ entries, closed }: UsageBook, isOver: (entry: UsageEntry) => boolean): UsageBook {
  const groups = new Map<string, UsageEntry[]>()
  for (const entry of [...closed, ...entries.filter(isOver)].map(withoutOthers)) {
    const group = `${entry.scope} ${entry.stream}`
    groups.set(group, [...(groups.get(group) ?? []), entry])
  }
  const folded = [...groups.values()].flatMap((group) =>
    group.slice(0, 1).map(({ stream, scope }) => ({ key: `closed:${stream}`, stream, scope, ...sum(group) })),
  )
  return { entries: entries.filter((entry) => !isOver(entry)), closed: folded }
}

/** A figure less what it lists as others'. */
function withoutOthers({ included, ...entry }: UsageEntry): UsageEntry {
  return included === undefined ? entry : { ...entry, ...less(entry, included) }
}

/** `turn:12` is number 12 of `turn:`. */
function numbered(key: string): { prefix: string; number: number | null } {
  const [digits] = /\d{1,15}$/.exec(key) ?? []
  return digits === undefined
    ? { prefix: key, number: null }
    : { prefix: key.slice(0, -digits.length), number: Number(digits) }
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
