/**
 * A small world to break: one source with a history, pages that die at any write, and two copies of which one may
 * be gone or shorter in the morning.
 */
import type { RunLedgerState } from '../../src/index.ts'
import { refold } from '../../src/core/accept.ts'
import type { RunEvent } from '../../src/core/entities.ts'
import { eventIdentity } from '../../src/core/ids.ts'
import type { LogId } from '../../src/core/ids.ts'
import { memoryContentStore } from '../../src/ledger/contentStore.ts'
import { databaseName, indexedDbLedger } from '../../src/ledger/indexedDb.ts'
import { memoryDisk, memoryJournal } from '../../src/ledger/journal/memory.ts'
import { createLockRegistry, memoryLocks } from '../../src/platform/memoryLocks.ts'
import { ALL } from '../../src/testing/conformance/context.ts'
import { seeded } from '../../src/testing/conformance/samples.ts'
import { manualClock } from '../../src/testing/manualClock.ts'
import type { ManualClock } from '../../src/testing/manualClock.ts'
import { liveStream } from '../../src/testing/scriptedSource.ts'
import { eraseDatabase, restoreSnapshot, takeSnapshot } from '../ledger/support/snapshots.ts'
import type { Snapshot } from '../ledger/support/snapshots.ts'
import { at } from '../../src/state/table.ts'
import { openPage, START } from '../state/support/page.ts'
import type { Page } from '../state/support/page.ts'

export const LOGS: readonly LogId[] = ['r:one', 'r:two', 'w:flow']
const STREAM = liveStream('live:1')
const YEAR = 365 * 24 * 3_600_000

export type Misfortune = 'none' | 'wipe ledger' | 'roll back' | 'wipe journal' | 'cut journal'

/** No promise is left pending: the page's clock stands still, so what waits for it waits for ever. */
async function patiently<Result>(promise: Promise<Result>, about: () => string): Promise<Result> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(about())), 4_000)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

let worlds = 0

export class World {
  readonly scope = `model ${Date.now()} ${(worlds += 1)}`
  readonly #files = memoryDisk()
  readonly #registry = createLockRegistry()
  readonly #content = memoryContentStore()
  readonly #random: ReturnType<typeof seeded>
  /** What the source has to say; position n is the n-th. */
  readonly history: object[] = []
  /** Positions it could not get across. */
  readonly withheld = new Set<number>()
  /** Identities that were durable in both copies at some time. */
  readonly acked = new Set<string>()
  #page: Page | null = null
  #clock: ManualClock = manualClock()
  #pages = 0
  /** The database as it was when the present page began. */
  #earlier: Snapshot | null = null

  constructor(seed: number) {
    this.#random = seeded(seed)
  }

  get state(): RunLedgerState {
    if (this.#page === null) throw new Error('no page')
    return this.#page.state()
  }

  /** Another page: opens what is there, heals, and hears the source from its committed position on. */
  async boot(jump: number): Promise<void> {
    this.#pages += 1
    this.#clock = manualClock(START + jump * YEAR)
    const clock = this.#clock
    const locks = memoryLocks(this.#registry)
    const storage = {
      ledger: indexedDbLedger({ scope: this.scope, clock }),
      journal: memoryJournal({ disk: this.#files, writer: `page${this.#pages}`, locks }),
      content: this.#content,
    }
    this.#page = openPage(this.scope, { storage, clock, locks })
    this.#die = () => locks.die()
    await patiently(this.#page.boot(), () => `boot hangs: ${JSON.stringify(this.state.ledger.health)}`)
    this.#earlier = await takeSnapshot(this.scope)
    const position = (await storage.ledger.readCursor(STREAM.id))?.position ?? 0
    this.emit(this.#history(position))
  }

  #die = (): void => {}

  #history(after: number): object[] {
    return this.history.slice(after).filter((_, index) => !this.withheld.has(after + index + 1))
  }

  /** The page is gone without a word; what it had under way ends where it is. */
  die(): void {
    this.#die()
    this.#files.open.clear()
    this.#page = null
  }

  async suffer(misfortune: Misfortune, share: number): Promise<void> {
    if (misfortune === 'wipe ledger') await eraseDatabase(this.scope)
    if (misfortune === 'roll back' && this.#earlier !== null) await restoreSnapshot(this.scope, this.#earlier)
    if (misfortune === 'wipe journal') this.#files.files.clear()
    if (misfortune === 'cut journal') {
      const name = [...this.#files.files.keys()].at(-1) ?? ''
      const bytes = this.#files.files.get(name)
      if (bytes !== undefined) this.#files.files.set(name, bytes.slice(0, Math.floor(bytes.length * share)))
    }
  }

  emit(events: readonly unknown[]): void {
    this.#page?.source.emit(STREAM, events)
  }

  /** New events of the source, on their way. */
  say(count: number): object[] {
    return Array.from({ length: count }, () => {
      const event = this.#next(this.history.length + 1)
      this.history.push(event)
      return event
    })
  }

  #next(position: number): object {
    const log = this.#random.pick(LOGS)
    const callId = `call-${this.#random.below(4)}`
    const say = (type: string, payload: object): object => ({
      log,
      type,
      payload,
      position,
      timestamp: START + position * 1_000,
    })
    if (log === 'w:flow') {
      return this.#random.pick([
        () => say('workflow.registered', { definitionId: 'd', phases: [] }),
        () =>
          say('workflow.transitioned', { to: this.#random.pick(['running', 'completed']), trigger: 'spawn' }),
        () => say('run.linked', { childRunId: 'one' }),
      ])()
    }
    return this.#random.pick([
      () => say('run.registered', { workflowRunId: 'flow', parentThreadId: 't' }),
      () =>
        say('run.transitioned', {
          to: this.#random.pick(['running', 'idle', 'completed']),
          trigger: 'spawn',
        }),
      () => say('run.attempt_started', { trigger: 'restart', status: 'running' }),
      () => say('tool.started', { callId, name: 'read', args: '{}' }),
      () =>
        say('tool.finished', { callId, status: 'completed', output: 'x'.repeat(this.#random.below(3_000)) }),
      () => say('question.asked', { questionId: `q${this.#random.below(3)}`, prompt: 'Which?' }),
      () => say('usage.reported', { key: callId, scope: 'own', inputTokens: this.#random.below(99) }),
      () => say('checkpoint.saved', { state: 'y'.repeat(this.#random.below(3_000)) }),
      () => say('__proto__', { constructor: { prototype: { polluted: true } } }),
    ])()
  }

  shuffled<Item>(items: readonly Item[]): Item[] {
    const rest = [...items]
    return items.map(() => rest.splice(this.#random.below(rest.length), 1)[0] as Item)
  }

  /** Everything that was handed over is durable in both copies, and counts as acknowledged from now on. */
  async settle(): Promise<void> {
    if (this.#page === null) return
    await patiently(
      this.#page.ledger.whenIdle(),
      () => `never idle: ${JSON.stringify(this.state.ledger.health)}`,
    )
    for (const event of (await this.stored()).flat()) this.acked.add(eventIdentity(event))
  }

  /** Lets what was handed over get as far as it gets: some turns of real time, and no time of the page's clock. */
  async underWay(): Promise<void> {
    for (let turn = 0; turn < 12; turn += 1) await new Promise((resolve) => setTimeout(resolve))
    throw new Error('The page is about to die; nobody is told anything.')
  }

  /** Gives the intake its second, so that it gives up on what is missing. */
  async wait(): Promise<void> {
    await this.#clock.advance(1_100)
  }

  /** Events of each log, read past the page. */
  async stored(): Promise<readonly (readonly RunEvent[])[]> {
    const ledger = indexedDbLedger({ scope: this.scope, clock: this.#clock })
    try {
      return await Promise.all(LOGS.map((log) => ledger.readEvents(log, { after: 0, limit: ALL })))
    } finally {
      await ledger.close()
    }
  }

  /** What must hold whenever everything is quiet. Gives back what does not. */
  async broken(): Promise<readonly string[]> {
    const wrong: string[] = []
    const all = await this.stored()
    const identities = all.flat().map(eventIdentity)
    const known = new Set(identities)
    if (known.size !== identities.length) wrong.push('an event is stored twice')
    for (const identity of this.acked)
      if (!known.has(identity)) wrong.push(`acknowledged and gone: ${identity}`)
    const submitted = new Set(
      this.history.map((_, index) => eventIdentity({ stream: STREAM.id, position: index + 1 })),
    )
    for (const { stream, position } of all.flat()) {
      const isOurs = stream === 'ledger:reconcile' || String(position).startsWith('gap:')
      if (!isOurs && !submitted.has(eventIdentity({ stream, position })))
        wrong.push(`never said: ${position}`)
    }
    const ledger = indexedDbLedger({ scope: this.scope, clock: this.#clock })
    const records = await ledger.readRecords(LOGS)
    const { rebuilt, lostEvents } = await ledger.check({ full: true })
    await ledger.close()
    if (rebuilt > 0 || lostEvents > 0) wrong.push(`${rebuilt} rows behind, ${lostEvents} events lost`)
    for (const [index, log] of LOGS.entries()) {
      const events = all[index] ?? []
      if (events.some(({ sequence }, at) => sequence !== at + 1)) wrong.push(`${log}: sequences have a hole`)
      const folded = JSON.stringify(refold(events)?.record)
      if (JSON.stringify(records.get(log)) !== folded) wrong.push(`${log}: the row is not the fold`)
      const shown = this.shown(log)
      if (shown !== undefined && shown !== folded) wrong.push(`${log}: what is shown is not the fold`)
    }
    if ('polluted' in {}) wrong.push('a prototype was polluted')
    return wrong
  }

  /** The record in the store, as JSON. */
  shown(log: LogId): string | undefined {
    const record = this.#page === null ? undefined : at(this.#page.state().runs.records, log)
    return record === undefined ? undefined : JSON.stringify(record)
  }

  async end(): Promise<void> {
    await this.#page?.ledger.dispose()
    indexedDB.deleteDatabase(databaseName(this.scope))
  }
}
