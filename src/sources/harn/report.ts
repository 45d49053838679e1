/**
 * Owns what an import says about itself: what came in, what was repaired, what was left out and why. Bounded, and what
 * goes beyond the bound is counted.
 */
export interface Skipped {
  path: string
  reason: string
}

/** Values that were not taken in because they may be secrets; never the values themselves. */
export interface DroppedSecrets {
  path: string
  /** Names of the variables, where a whole `env` was dropped. */
  names: readonly string[]
}

export interface HarnReport {
  /** Run records read. */
  records: number
  /** Events they gave. */
  imported: number
  /** Facts that were in the file more than once. */
  repeated: number
  /** What was missing or contradicted itself, and what was made of it. */
  repaired: readonly string[]
  skipped: readonly Skipped[]
  secrets: readonly DroppedSecrets[]
  notes: readonly string[]
  /** Logs whose file says that they were under way: nobody here knows whether they still are. */
  inFlight: readonly string[]
  /** What the lists above had no room for. */
  more: number
}

export interface ReportBuilder {
  skip(path: string, reason: string): void
  repaired(sentence: string): void
  secrets(path: string, names: readonly string[]): void
  note(sentence: string): void
  inFlight(log: string): void
  build(counts: Pick<HarnReport, 'records' | 'imported' | 'repeated'>): HarnReport
}

const MOST = 1_000

export function createReport(): ReportBuilder {
  const skipped: Skipped[] = []
  const secrets: DroppedSecrets[] = []
  const repaired = new Set<string>()
  const notes = new Set<string>()
  const inFlight = new Set<string>()
  let more = 0

  const push = <Item>(items: Item[], item: Item): void => {
    if (items.length < MOST) items.push(item)
    else more += 1
  }
  const put = (items: Set<string>, item: string): void => {
    if (items.size < MOST || items.has(item)) items.add(item)
    else more += 1
  }
  return {
    skip: (path, reason) => push(skipped, { path: path.slice(0, 300), reason: reason.slice(0, 300) }),
    repaired: (sentence) => put(repaired, sentence.slice(0, 500)),
    secrets: (path, names) => push(secrets, { path: path.slice(0, 300), names: names.slice(0, 100) }),
    note: (sentence) => put(notes, sentence.slice(0, 500)),
    inFlight: (log) => put(inFlight, log),
    build: (counts) => ({
      ...counts,
      repaired: [...repaired],
      skipped,
      secrets,
      notes: [...notes],
      inFlight: [...inFlight],
      more,
    }),
  }
}
