/**
 * Owns the page's end of the journal: one message a frame, sent at once, and a promise that the worker settles. A
 * worker that shows no sign of life is ended and an error for all who wait; the next call starts another, which
 * begins a file of its own.
 */
import type { Clock, Locks } from '../../core/ports.ts'
import { OPEN_DEADLINE_MS, TRANSACTION_DEADLINE_MS, withDeadline } from '../../core/deadline.ts'
import { toLedgerError } from '../ledgerErrors.ts'
import { LedgerError } from '../port.ts'
import { hasOpfs } from './opfsDirectory.ts'
import type { Journal } from './port.ts'
import type { Answers, Question, ToPage, ToWorker } from './protocol.ts'
import { hear } from './protocol.ts'
import { claimWriter, withCompactor } from './writerLocks.ts'

export interface OpfsJournalOptions {
  scope: string
  /** Names this page's files; never used by two pages at a time. */
  writer: string
  clock: Clock
  locks: Locks
  /** How the worker is made, for hosts whose bundler needs help. */
  worker?: () => Worker
}

/** How long a long task may show no sign of life. */
const SILENCE_DEADLINE_MS = 30_000
const HELD_RETRY_MS = 50

interface Pending {
  resolve: (value: Answers[keyof Answers]) => void
  reject: (error: LedgerError) => void
  /** Called at every sign of life. */
  alive: () => void
}

/** Null where there is no file system or no worker: there is one copy then, and the status says so. */
export function opfsJournal(options: OpfsJournalOptions): Journal | null {
  if (!hasOpfs() || typeof Worker === 'undefined') return null
  const { scope, writer, clock, locks } = options
  const startWorker =
    options.worker ?? (() => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }))
  const pending = new Map<number, Pending>()
  let worker: Worker | null = null
  let lastId = 0
  const claim = claimWriter(locks, scope, writer)

  function running(): Worker {
    if (worker !== null) return worker
    const started = startWorker()
    started.onmessage = ({ data }: MessageEvent<ToPage>) => take(data)
    started.onerror = ({ message }) => {
      if (worker === started) stop(new LedgerError('unavailable', `The journal's worker failed: ${message}`))
    }
    worker = started
    claim.take()
    send({ kind: 'start', scope, writer })
    return started
  }

  const send = (message: ToWorker): void => running().postMessage(message)

  /** Ends the worker, and what it was asked with it. */
  function stop(error: LedgerError): void {
    worker?.terminate()
    worker = null
    const asked = [...pending.values()]
    pending.clear()
    for (const { reject } of asked) reject(error)
  }

  function take(message: ToPage): void {
    if (message.kind === 'alive') for (const { alive } of pending.values()) alive()
    else if (message.kind === 'answer') settle(message.id, ({ resolve }) => resolve(message.value))
    else if (message.kind === 'failed') settle(message.id, ({ reject }) => reject(hear(message.error)))
    else {
      const { ids, error } = message
      for (const id of ids) {
        settle(id, ({ resolve, reject }) => (error === null ? resolve(null) : reject(hear(error))))
      }
    }
  }

  function settle(id: number, how: (asked: Pending) => void): void {
    const asked = pending.get(id)
    pending.delete(id)
    if (asked !== undefined) how(asked)
  }

  /** Sends at once; the answer is waited for as long as the worker shows signs of life. */
  function request(ms: number, message: (id: number) => ToWorker): Promise<Answers[keyof Answers]> {
    lastId += 1
    const id = lastId
    const late = (): LedgerError => {
      const error = new LedgerError('transient', `The journal did not answer within ${ms / 1000} seconds.`)
      stop(error)
      return error
    }
    let alive = (): void => {}
    const answered = new Promise<Answers[keyof Answers]>((resolve, reject) => {
      pending.set(id, { resolve, reject, alive: () => alive() })
    })
    const wait = async (): Promise<Answers[keyof Answers]> => {
      for (;;) {
        const sign = new Promise<void>((resolve) => {
          alive = resolve
        })
        const first = await withDeadline(clock, Promise.race([answered.then(toAnswer), sign]), ms, late)
        if (first !== undefined) return first.answer
      }
    }
    const waiting = wait()
    try {
      send(message(id))
    } catch (error) {
      settle(id, ({ reject }) => reject(toLedgerError(error)))
    }
    return waiting
  }

  async function ask<Asked extends Question>(question: Asked, ms: number): Promise<Answers[Asked['ask']]> {
    const answer = await request(ms, (id) => ({ kind: 'ask', id, question }))
    return answer as Answers[Asked['ask']]
  }

  return {
    open: () => ask({ ask: 'open' }, OPEN_DEADLINE_MS),
    async append(frame) {
      await request(TRANSACTION_DEADLINE_MS, (id) => ({ kind: 'append', id, frame }))
    },
    scan: () => ask({ ask: 'scan' }, SILENCE_DEADLINE_MS),
    read: (places) => ask({ ask: 'read', places }, SILENCE_DEADLINE_MS),
    async compact() {
      const sizes = await withCompactor(locks, scope, (living) =>
        ask({ ask: 'compact', living }, SILENCE_DEADLINE_MS),
      )
      return sizes ?? { before: 0, after: 0 }
    },
    async close() {
      try {
        if (worker !== null) await ask({ ask: 'close' }, TRANSACTION_DEADLINE_MS)
      } finally {
        stop(new LedgerError('transient', 'The journal was closed.'))
        claim.drop()
      }
    },
    async destroy() {
      const until = clock.monotonic() + TRANSACTION_DEADLINE_MS
      // A page that was just left can hold its file a moment longer.
      for (;;) {
        const held = await ask({ ask: 'destroy' }, SILENCE_DEADLINE_MS)
        if (held === 0) return
        if (clock.monotonic() >= until) {
          throw new LedgerError('transient', `Another page still writes ${held} journal files.`)
        }
        await new Promise<void>((resolve) => void clock.setTimeout(resolve, HELD_RETRY_MS))
      }
    },
  }
}

const toAnswer = (answer: Answers[keyof Answers]): { answer: Answers[keyof Answers] } => ({ answer })
