/**
 * Owns what a worker was told, in the order it was told, and telling it the same again when it is continued. While
 * it hears what it heard before, nothing is carried out; the first thing it asks otherwise is reported as a
 * divergence. SPEC R1.
 */
import { toPlainJson } from '../core/bounds.ts'
import type { HistoryEntry } from '../core/checkpoint.ts'
import type { Json } from '../core/entities.ts'
import type { Clock } from '../core/ports.ts'

/** What a worker hears when it asks. */
export type Told =
  | { kind: 'result'; value: Json }
  | { kind: 'failure'; failure: string }
  /** It was never told this: it happens now. */
  | { kind: 'live' }
  /** The question it waited for when its checkpoint was saved: asked already, and still open. */
  | { kind: 'open' }

type FollowUp = Extract<HistoryEntry, { kind: 'followUp' }>
type ToldEntry = Exclude<HistoryEntry, FollowUp>

export interface History {
  /** Whether the worker still hears what it heard before. */
  isReplaying(): boolean
  tool(callId: string, name: string, argsHash: string): Promise<Told>
  question(number: number): Promise<Told>
  /** Keeps what the worker is told now. `undefined` for a result that cannot be kept: it has no history any more. */
  told(entry: ToldEntry | undefined): void
  /** The open question is answered before the worker came to it again. */
  answered(questionId: string, answer: Json): void
  /** Words of the person that wait for the worker to ask for them. */
  said(message: string): void
  /** Hands out what waits, or what was handed out at this asking before. */
  followUps(): readonly string[]
  /** Words that nobody asked for. */
  unheard(): number
  /** All of it; null when a part could not be kept. */
  entries(): readonly HistoryEntry[] | null
  /** Why what the worker did is not what it did before; null when it is. To be asked when it has returned. */
  leftOver(): string | null
  close(): void
}

/** Silence after which a worker that does not ask for what comes next is taken for another one. */
const STALL_MS = 10_000

export interface HistorySetup {
  clock: Clock
  /** What it was told before. */
  entries: readonly HistoryEntry[]
  /** Number of the question that is still open; null when none is. */
  openQuestion: number | null
  /** Told once, in words. */
  diverged(reason: string): void
}

/** A run's questions are numbered in the order they are asked, whatever attempt it is. */
export const questionNumber = (questionId: string): number => Number(/q(\d+)$/.exec(questionId)?.[1] ?? 0)

const keyOf = (entry: ToldEntry): string =>
  entry.kind === 'answer' ? `q${questionNumber(entry.questionId)}` : entry.callId

export function createHistory({ clock, entries: earlier, openQuestion, diverged }: HistorySetup): History {
  const entries = earlier.filter((entry): entry is ToldEntry => entry.kind !== 'followUp')
  const words = earlier.filter((entry): entry is FollowUp => entry.kind === 'followUp')
  const handedOut = words.filter(({ call }) => call !== undefined)
  const waiting = words.filter(({ call }) => call === undefined).map(({ message }) => message)
  const replayed = { next: 0, end: entries.length, expected: openQuestion }
  const asked = new Map<string, (told: Told) => void>()
  let held: (() => void)[] = []
  let askings = 0
  let isWhole = true
  let isResting = false
  /** It came to its open question again. */
  let isOpen = false
  let cancelStall = (): void => {}

  const isReplaying = (): boolean => replayed.next < replayed.end || replayed.expected !== null

  /** Who waits and sees nothing happen is not the worker whose history this is. */
  function watch(): void {
    cancelStall()
    cancelStall = (): void => {}
    if (isReplaying() && (asked.size > 0 || held.length > 0 || isOpen)) {
      cancelStall = clock.setTimeout(() => diverged('it does not ask for what it asked for'), STALL_MS)
    }
  }

  /** Tells the next thing if it was asked for: in the order it was told, whatever order it is asked in now. */
  function tell(): void {
    const entry = isResting || replayed.next >= replayed.end ? undefined : entries[replayed.next]
    const resolve = entry === undefined ? undefined : asked.get(keyOf(entry))
    if (entry !== undefined && resolve !== undefined) {
      replayed.next += 1
      asked.delete(keyOf(entry))
      resolve(toldOf(entry))
      rest()
    }
    if (!isReplaying()) {
      for (const go of held) go()
      held = []
    }
    watch()
  }

  /** What is asked for already waits until the worker has done all it does about what it was just told. */
  function rest(): void {
    const next = replayed.next < replayed.end ? entries[replayed.next] : undefined
    if (next === undefined || !asked.has(keyOf(next))) return
    isResting = true
    clock.setTimeout(() => {
      isResting = false
      tell()
    }, 0)
  }

  function ask(key: string, fits: (entry: ToldEntry) => string | null): Promise<Told> {
    if (!isReplaying()) return Promise.resolve({ kind: 'live' })
    const entry = entries.slice(replayed.next, replayed.end).find((each) => keyOf(each) === key)
    return new Promise((resolve) => {
      if (entry === undefined) {
        held.push(() => resolve({ kind: 'live' }))
        watch()
        return
      }
      const misfit = fits(entry)
      if (misfit !== null) {
        diverged(misfit)
        return
      }
      asked.set(key, resolve)
      tell()
    })
  }

  return {
    isReplaying,

    tool: (callId, name, argsHash) =>
      ask(callId, (entry) => {
        if (entry.kind === 'answer') return `it calls “${name}” where it asked`
        if (entry.name !== name) return `it calls “${name}” where it called “${entry.name}”`
        return entry.argsHash === argsHash ? null : `it calls “${name}” with other arguments`
      }),

    question(number) {
      if (number === replayed.expected) {
        replayed.expected = null
        isOpen = true
        tell()
        return Promise.resolve({ kind: 'open' })
      }
      return ask(`q${number}`, () => null)
    },

    told(entry) {
      if (entry === undefined) isWhole = false
      else entries.push(entry)
    },

    answered(questionId, answer) {
      replayed.expected = null
      entries.push({ kind: 'answer', questionId, answer })
      replayed.end = entries.length
      tell()
    },

    said: (message) => void waiting.push(message),

    followUps() {
      askings += 1
      const again = handedOut.filter(({ call }) => call === askings).map(({ message }) => message)
      if (isReplaying()) return again
      const fresh = waiting.splice(0)
      for (const message of fresh) handedOut.push({ kind: 'followUp', message, call: askings })
      return [...again, ...fresh]
    },

    unheard: () => waiting.length,

    entries() {
      const unasked = waiting.map((message): HistoryEntry => ({ kind: 'followUp', message }))
      return isWhole ? [...entries, ...handedOut, ...unasked] : null
    },

    leftOver: () => (isReplaying() ? 'it returned before it had asked for all it asked for' : null),

    close: () => cancelStall(),
  }
}

/** A copy: what the worker does to it changes no history. */
function toldOf(entry: ToldEntry): Told {
  if (entry.kind === 'toolFailed') return { kind: 'failure', failure: entry.failure }
  const copied = toPlainJson(entry.kind === 'answer' ? entry.answer : entry.result)
  return { kind: 'result', value: copied.ok ? copied.value : null }
}
