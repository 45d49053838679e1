/**
 * Owns the two ways events come: all at once, and at a steady rate. One subject per page; `open` is apart, so
 * that the runner can read the main thread's CPU around the flow alone.
 */
import { eventStream, meanBytes } from '../events.ts'
import type { Quantiles } from '../statistics.ts'
import { quantiles } from '../statistics.ts'
import type { Pace, Subject } from '../subject.ts'
import { subjectNamed } from '../subjects/index.ts'

const TICK_MS = 4
/** A subject that is further behind than this when the events end is not waited for. */
const DRAIN_MS = 20_000

interface Opened {
  subject: Subject
  arrivals: Arrivals
  commits: number[]
}

let opened: Opened | null = null

/** When which events arrived, and when they were durable. */
class Arrivals {
  /** Per hand-over: events up to here, and when. */
  readonly #given: { upTo: number; at: number }[] = []
  #total = 0
  readonly #levels = new Map<number, { upTo: number; next: number; latencies: number[] }>()

  arrived(count: number): void {
    this.#total += count
    this.#given.push({ upTo: this.#total, at: performance.now() })
  }

  durable(count: number, copies: number): void {
    const level = this.#levels.get(copies) ?? { upTo: 0, next: 0, latencies: [] }
    this.#levels.set(copies, level)
    const now = performance.now()
    this.#pass(level, count, (at) => now - at)
  }

  /** Latencies in the most copies any event reached; those that never did count as still waiting. */
  latencies(): { copies: number; quantiles: Quantiles | null; unfinished: number }[] {
    const now = performance.now()
    return [...this.#levels].map(([copies, level]) => {
      const unfinished = this.#total - level.upTo
      this.#pass(level, this.#total, (at) => now - at)
      return { copies, quantiles: quantiles(level.latencies), unfinished }
    })
  }

  #pass(
    level: { upTo: number; next: number; latencies: number[] },
    count: number,
    latency: (at: number) => number,
  ): void {
    while (level.upTo < count) {
      const given = this.#given[level.next]
      if (given === undefined) return
      const until = Math.min(given.upTo, count)
      for (; level.upTo < until; level.upTo += 1) level.latencies.push(latency(given.at))
      if (given.upTo <= count) level.next += 1
    }
  }
}

export async function open({ name, kind }: { name: string; kind: Pace['kind'] }): Promise<void> {
  const commits: number[] = []
  const arrivals = new Arrivals()
  const watcher = {
    durable: (count: number, copies: number) => arrivals.durable(count, copies),
    commit: (ms: number) => void commits.push(ms),
  }
  const openSubject = subjectNamed(name)
  opened = { subject: await openSubject(watcher, { kind }), arrivals, commits }
}

function current(): Opened {
  if (opened === null) throw new Error('open a subject first')
  return opened
}

/** All events are there; measured is the time until they are durable. */
export async function burst({ events, runs }: { events: number; runs: number }) {
  const { subject, commits } = current()
  const all = eventStream(runs).next(events)
  await pause(300)
  const began = performance.now()
  subject.take(all)
  await subject.idle()
  const ms = performance.now() - began
  return { ms, perSecond: (events / ms) * 1_000, bytes: meanBytes(all), commit: quantiles(commits) }
}

/** So many events a second; what is due is handed over every four milliseconds. */
export async function paced({ rate, seconds, runs }: { rate: number; seconds: number; runs: number }) {
  const { subject, arrivals, commits } = current()
  const stream = eventStream(runs)
  const total = rate * seconds
  const lateness: number[] = []
  const tasks = longTasks()
  const began = performance.now()
  let given = 0
  while (given < total) {
    const dueAt = performance.now() + TICK_MS
    await pause(TICK_MS)
    const now = performance.now()
    lateness.push(now - dueAt)
    // A late tick hands over everything that became due meanwhile.
    const due = Math.min(total, Math.floor(((now - began) / 1_000) * rate))
    if (due <= given) continue
    arrivals.arrived(due - given)
    subject.take(stream.next(due - given))
    given = due
  }
  const fedMs = performance.now() - began
  // Before the end is hurried: `idle` does not wait for frames.
  const facts = subject.facts()
  const drained = await Promise.race([subject.idle().then(() => true), pause(DRAIN_MS).then(() => false)])
  const ms = performance.now() - began
  return {
    ms,
    fedMs,
    events: total,
    drained,
    latencies: arrivals.latencies(),
    commit: quantiles(commits),
    lateness: quantiles(lateness),
    longTasks: await tasks(),
    facts,
  }
}

/** Tasks over 50 ms from here on, the browser's own definition. */
function longTasks(): () => Promise<{ count: number; longest: number }> {
  const durations: number[] = []
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) durations.push(duration)
  })
  observer.observe({ type: 'longtask' })
  return async () => {
    // Entries are delivered in a task of their own.
    await pause(100)
    observer.disconnect()
    return { count: durations.length, longest: Math.max(0, ...durations) }
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
