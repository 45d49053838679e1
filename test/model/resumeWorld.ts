/**
 * Owns the world of the resume model: pages of one browser over one database, each with an orchestrator of its
 * own in a worker; pages die between any two steps, workers die alone, lines stall, and dead owners are heard late.
 */
import { openDB } from 'idb'
import { streamOf } from '../../src/core/epoch.ts'
import type { LogRecord, RunRecord, WorkflowRecord } from '../../src/core/entities.ts'
import type { RawEvent } from '../../src/core/events.ts'
import type { Source } from '../../src/core/ports.ts'
import type { ResumePlan } from '../../src/core/resume/plan.ts'
import { memoryContentStore } from '../../src/ledger/contentStore.ts'
import { databaseName, indexedDbLedger } from '../../src/ledger/indexedDb.ts'
import { orchestratorSource } from '../../src/orchestrator/source.ts'
import { serveOrchestrator } from '../../src/orchestrator/worker.ts'
import { createLockRegistry, memoryLocks } from '../../src/platform/memoryLocks.ts'
import type { MemoryLocks } from '../../src/platform/memoryLocks.ts'
import { manualClock } from '../../src/testing/manualClock.ts'
import type { ManualClock } from '../../src/testing/manualClock.ts'
import { scriptedSource } from '../../src/testing/scriptedSource.ts'
import type { ScriptedSource } from '../../src/testing/scriptedSource.ts'
import { openPage, START } from '../state/support/page.ts'
import type { Page } from '../state/support/page.ts'
import { gatedChannels, gatedLedger, gatedLocks } from './resumeGates.ts'
import type { Lines } from './resumeGates.ts'
import { agentsOf, Host, Life, openLine, turn } from './resumeHost.ts'
import type { Line } from './resumeHost.ts'

export interface Tab extends Page {
  life: Life
  worker: Life
  workerLocks: MemoryLocks
  epoch: string
  line: Line
  clock: ManualClock
  owner: Source
  /** Tells again what owners that are dead had said. */
  relay: ScriptedSource
}

let worlds = 0
const STEP_MS = 50
const STEP_TURNS = 16
const REFUSALS: ReadonlySet<string> = new Set(['CommandRefusedError', 'StalePlanError', 'CannotPlanError'])

export class ResumeWorld {
  readonly scope = `resume model ${Date.now()} ${(worlds += 1)}`
  readonly host = new Host()
  readonly onlooker = indexedDbLedger({ scope: this.scope, clock: manualClock(START) })
  /** Everything each orchestrator said in its life, whoever heard it. */
  readonly said = new Map<string, RawEvent[]>()
  /** What went wrong where nobody waited for it. */
  readonly wrong: string[] = []
  /** Runs of which a blob was lost or damaged, and runs a person agreed to have again. */
  readonly damaged = new Set<string>()
  readonly agreed = new Set<string>()
  /** Plans somebody has read. */
  readonly plans: ResumePlan[] = []
  tabs: readonly Tab[] = []
  /** The only page is about to die: what it is told by its disk reaches nobody. */
  isDying = false
  readonly #registry = createLockRegistry()
  readonly #content = memoryContentStore()
  readonly #lines: Lines = new Map()
  #now = START
  #epochs = 0

  async open(): Promise<Tab> {
    const life = new Life()
    const worker = new Life()
    const epoch = `e${(this.#epochs += 1)}`
    const heard: RawEvent[] = []
    this.said.set(epoch, heard)
    const clock = manualClock(this.#now)
    const pageLocks = memoryLocks(this.#registry)
    const workerLocks = memoryLocks(this.#registry)
    const line = openLine(life, worker, (message) => {
      const { kind, events } = message as { kind: string; events: RawEvent[] }
      if (kind === 'events') heard.push(...events)
    })
    const source = orchestratorSource(line.page, { locks: gatedLocks(pageLocks, life) })
    serveOrchestrator({
      agents: agentsOf(this.host, worker),
      scope: line.worker,
      clock,
      locks: gatedLocks(workerLocks, worker),
      ids: { next: () => epoch },
    })
    const relay = scriptedSource({ id: 'relay', verbs: [] })
    const page = openPage(this.scope, {
      storage: {
        ledger: gatedLedger(indexedDbLedger({ scope: this.scope, clock }), life),
        journal: null,
        content: this.#content,
      },
      // Two sources, where the support expects one that is scripted.
      source: [source, relay] as unknown as ScriptedSource,
      clock,
      locks: gatedLocks(pageLocks, life),
      channels: gatedChannels(this.#lines, life),
      ids: { next: () => `${epoch}-${(this.#ids += 1)}` },
    })
    const tab: Tab = {
      ...page,
      life,
      worker,
      workerLocks,
      epoch,
      line,
      clock,
      owner: source,
      relay,
      die: () => {
        life.isAlive = false
        worker.isAlive = false
        pageLocks.die()
        workerLocks.die()
        this.tabs = this.tabs.filter((each) => each !== tab)
      },
    }
    this.tabs = [...this.tabs, tab]
    await this.#until(tab, page.boot())
    return tab
  }

  #ids = 0

  /** The worker alone is gone; its page stays. */
  loseOwner(tab: Tab): void {
    tab.line.cut()
    tab.workerLocks.die()
  }

  /**
   * What a dead owner said arrives after all, all of it from the beginning, on another way. Not of one that nobody
   * ever heard: what it was to do was begun anew by another.
   */
  async hearLate(tab: Tab): Promise<void> {
    const living = new Set(this.tabs.filter(({ worker }) => worker.isAlive).map(({ epoch }) => epoch))
    for (const [epoch, events] of this.said) {
      const stream = streamOf(epoch)
      const wasHeard = (await this.onlooker.readCursor(stream.id)) !== null
      if (wasHeard && !living.has(epoch)) tab.relay.emit(stream, structuredClone(events))
    }
  }

  async turns(count: number): Promise<void> {
    for (let each = 0; each < count; each += 1) await turn()
  }

  async pass(ms: number): Promise<void> {
    for (let at = 0; at < ms; at += STEP_MS) await this.#step(STEP_MS)
  }

  async #step(ms: number): Promise<void> {
    this.#now += ms
    for (const { clock } of this.tabs) await clock.advance(ms)
    await this.turns(STEP_TURNS)
  }

  /** A long time in which nobody is here. */
  skip(ms: number): void {
    this.#now += ms
  }

  async #until(tab: Tab, work: Promise<unknown>): Promise<void> {
    const progress = { done: false }
    void work.finally(() => {
      progress.done = true
    })
    for (let step = 0; step < 400 && !progress.done && tab.life.isAlive; step += 1) await this.#step(STEP_MS)
    if (!progress.done && tab.life.isAlive) throw new Error('A page does not get done.')
  }

  /** Until nothing more is written and no command moves. */
  async settle(): Promise<void> {
    let last = ''
    for (let round = 0, quiet = 0; round < 60 && quiet < 2; round += 1) {
      await this.pass(400)
      for (const tab of this.tabs) await this.#until(tab, tab.ledger.whenIdle())
      const [records, commands] = await Promise.all([this.records(), this.onlooker.listCommands()])
      const now = JSON.stringify([
        this.host.calls.length,
        records.map((record) => [record.log, headOf(record)]),
        commands.map(({ id, state }) => [id, state]),
      ])
      quiet = now === last ? quiet + 1 : 0
      last = now
    }
  }

  /** Somebody asks for something and does not wait. Only a refusal may come back. */
  ask(tab: Tab, what: string, work: () => Promise<unknown>): void {
    void work().catch((error: unknown) => {
      const isRefusal = error instanceof Error && REFUSALS.has(error.name)
      if (tab.life.isAlive && !this.isDying && !isRefusal) this.wrong.push(`${what} broke: ${String(error)}`)
    })
  }

  async records(): Promise<readonly LogRecord[]> {
    const [runs, workflows] = await Promise.all([
      this.onlooker.listRecords({ entity: 'run', limit: 1_000 }),
      this.onlooker.listRecords({ entity: 'workflow', limit: 1_000 }),
    ])
    return [...runs, ...workflows].toSorted((one, other) => (one.log < other.log ? -1 : 1))
  }

  async runs(): Promise<readonly RunRecord[]> {
    return (await this.records()).filter((record) => record.entity === 'run')
  }

  async workflows(): Promise<readonly WorkflowRecord[]> {
    return (await this.records()).filter((record) => record.entity === 'workflow')
  }

  /** The blob is gone, or is something else. */
  async damage(runId: string, ref: string, text: string | null): Promise<void> {
    this.damaged.add(runId)
    const db = await openDB(databaseName(this.scope))
    if (text === null) await db.delete('blobs', ref)
    else await db.put('blobs', text, ref)
    db.close()
  }

  async end(): Promise<void> {
    for (const tab of this.tabs) tab.die()
    await this.onlooker.close()
    indexedDB.deleteDatabase(databaseName(this.scope))
  }
}

const headOf = (record: LogRecord): number =>
  record.entity === 'run' ? record.run.lastSequence : record.workflow.lastSequence
