/**
 * Owns the core's workflow engine as far as its callers can tell: phases one after the other, the whole phase done or
 * not, a stop that is written at once, and a resume that goes on with the first phase that may run.
 */
import type { PhaseDefinition, PhaseState, Stamps, WorkflowDefinition, WorkflowRow } from './rows.ts'

export interface EngineOptions {
  stamps: Stamps
  prefix: string
  definitions: readonly WorkflowDefinition[]
  /** What an agent of a phase gives; a rejection fails its phase. */
  work(agentId: string, prompt: string): Promise<string>
  version(): 1 | 2
  pause(): Promise<void>
}

export class Workflows {
  readonly #options: EngineOptions
  readonly #runs = new Map<string, WorkflowRow>()
  /** Runs somebody drives now; what another drive finds out is not written any more. */
  readonly #drives = new Map<string, symbol>()
  #begun = 0

  constructor(options: EngineOptions) {
    this.#options = options
  }

  get definitions(): readonly WorkflowDefinition[] {
    return this.#options.definitions
  }

  get(id: string): WorkflowRow | null {
    return this.#runs.get(id) ?? null
  }

  /** Last written first. */
  list(filter: Partial<Record<'definitionId' | 'status' | 'parentThreadId', unknown>>): WorkflowRow[] {
    const wanted = Object.entries(filter).filter(([, value]) => value !== undefined && value !== null)
    return [...this.#runs.values()]
      .filter((run) => wanted.every(([field, value]) => run[field as keyof WorkflowRow] === value))
      .toSorted((a, b) => (a.updatedAt < b.updatedAt ? 1 : -1))
  }

  start(definitionId: string, input: unknown, parentThreadId: string | null): WorkflowRow {
    const definition = this.#definition(definitionId)
    this.#begun += 1
    const at = this.#options.stamps.next()
    const row: WorkflowRow = {
      id: `wfrun-${this.#options.prefix}${this.#begun}`,
      definitionId,
      parentThreadId,
      input,
      phaseStates: Object.fromEntries(
        definition.phases.map(({ name }) => [name, { status: 'pending', outputs: [] }]),
      ),
      childRunIds: [],
      status: 'running',
      summary: null,
      startedAt: at,
      updatedAt: at,
      completedAt: null,
      revision: 1,
      leaseOwner: null,
      leaseExpiresAt: null,
    }
    this.#runs.set(row.id, row)
    this.#begin(row.id)
    return row
  }

  /** Nothing happens to what is over; null for what is unknown. */
  stop(id: string): WorkflowRow | null {
    const run = this.get(id)
    if (run === null || run.status === 'completed' || run.status === 'failed' || run.status === 'cancelled')
      return run
    this.#drives.delete(id)
    return this.#write(id, {
      status: 'interrupted',
      completedAt: this.#options.stamps.next(),
      // The first version leaves a phase as it was, and can never run it again.
      ...(this.#options.version() === 2 && { phaseStates: resetRunning(run.phaseStates) }),
    })
  }

  resume(id: string): WorkflowRow {
    const run = this.get(id)
    if (run === null) throw new Error(`workflow run not found: ${id}`)
    if (run.status === 'completed') throw new Error(`workflow run '${id}' is already completed`)
    this.#definition(run.definitionId)
    if (this.#drives.has(id)) return run
    // What it ended with the last time stays: an upsert never clears.
    const isTakenOver = this.#options.version() === 2
    const resumed = this.#write(id, {
      status: 'running',
      ...(isTakenOver && { phaseStates: resetRunning(run.phaseStates) }),
    })
    this.#begin(id)
    return resumed
  }

  /** The process is gone. Rows stay as they were, running ones too: nobody sweeps them. */
  die(): void {
    this.#drives.clear()
  }

  #definition(id: string): WorkflowDefinition {
    const definition = this.#options.definitions.find((known) => known.id === id)
    if (definition === undefined) throw new Error(`unknown workflow definition: ${id}`)
    return definition
  }

  #begin(id: string): void {
    const drive = Symbol(id)
    this.#drives.set(id, drive)
    void this.#drive(id, () => this.#drives.get(id) === drive)
  }

  async #drive(id: string, isOurs: () => boolean): Promise<void> {
    while (isOurs()) {
      const run = this.get(id)
      if (run === null) return
      const { phases } = this.#definition(run.definitionId)
      const phase = phases.find((candidate) => this.#mayRun(candidate, run.phaseStates))
      if (phase === undefined) {
        this.#end(id, run, phases)
        return
      }
      this.#setPhase(id, phase.name, { status: 'running', outputs: [] })
      await this.#options.pause()
      const state = await this.#work(id, phase, isOurs)
      if (!isOurs()) return
      this.#setPhase(id, phase.name, state)
      if (state.status !== 'failed') continue
      this.#drives.delete(id)
      const at = this.#options.stamps.next()
      this.#write(id, { status: 'failed', summary: state.reason ?? null, completedAt: at })
    }
  }

  async #work(id: string, phase: PhaseDefinition, isOurs: () => boolean): Promise<PhaseState> {
    const version = this.#options.version()
    const ids = phase.agentIds.map((_, index) => `orch-${id}-${phase.name}-${index + 1}`)
    this.#write(id, { childRunIds: [...(this.get(id)?.childRunIds ?? []), ...ids] })
    const ends = await Promise.allSettled(
      phase.agentIds.map((agentId) =>
        this.#options.work(agentId, JSON.stringify(this.get(id)?.input ?? null)),
      ),
    )
    if (isOurs()) await this.#options.pause()
    const failed = ends.find((end) => end.status === 'rejected')
    if (failed !== undefined) return { status: 'failed', outputs: [], reason: reasonOf(failed.reason) }
    const outputs = ends.map((end, index) => {
      const output = end.status === 'fulfilled' ? end.value : ''
      const agentId = phase.agentIds[index] ?? ''
      return version === 1
        ? { orchestrationId: ids[index] ?? '', agentId, output }
        : { agentId, output, metadata: { version: 2, rawOutput: output } }
    })
    return { status: 'completed', outputs }
  }

  #mayRun(phase: PhaseDefinition, states: WorkflowRow['phaseStates']): boolean {
    const status = states[phase.name]?.status ?? 'pending'
    const isOpen =
      this.#options.version() === 1 ? status === 'pending' || status === 'failed' : status === 'pending'
    return isOpen && phase.dependsOn.every((name) => states[name]?.status === 'completed')
  }

  #end(id: string, run: WorkflowRow, phases: readonly PhaseDefinition[]): void {
    this.#drives.delete(id)
    const isDone = phases.every(({ name }) => run.phaseStates[name]?.status === 'completed')
    const completedAt = this.#options.stamps.next()
    const last = run.phaseStates['synthesize'] ?? run.phaseStates[phases.at(-1)?.name ?? '']
    const outputs = (last?.outputs ?? []).map(({ output }) => String(output)).join('\n')
    if (isDone) this.#write(id, { status: 'completed', summary: outputs, completedAt })
    else
      this.#write(id, { status: 'failed', summary: 'no runnable phase (dependency deadlock)', completedAt })
  }

  #setPhase(id: string, name: string, state: PhaseState): void {
    this.#write(id, { phaseStates: { ...this.get(id)?.phaseStates, [name]: state } })
  }

  #write(id: string, change: Partial<WorkflowRow>): WorkflowRow {
    const run = this.get(id)
    if (run === null) throw new Error(`workflow run not found: ${id}`)
    const updatedAt = this.#options.stamps.next()
    const written = { ...run, ...change, revision: run.revision + 1, updatedAt }
    const isDriven = written.status === 'running' && this.#options.version() === 2
    const row = {
      ...written,
      leaseOwner: isDriven ? 'double' : null,
      leaseExpiresAt: isDriven ? new Date(Date.parse(updatedAt) + 600_000).toISOString() : null,
    }
    this.#runs.set(id, row)
    return row
  }
}

const reasonOf = (reason: unknown): string => (reason instanceof Error ? reason.message : String(reason))

function resetRunning(states: WorkflowRow['phaseStates']): WorkflowRow['phaseStates'] {
  return Object.fromEntries(
    Object.entries(states).map(([name, state]) => [
      name,
      state.status === 'running'
        ? { status: 'pending' as const, outputs: [], reason: 'reset: the driver stopped in the middle' }
        : state,
    ]),
  )
}

/** The one that comes with the core. */
export const RESEARCH: WorkflowDefinition = {
  id: 'parallel_research_cross_check',
  name: 'Parallel research with cross-check',
  description: 'Splits a question, researches the parts side by side, and checks them against each other.',
  phases: [
    { name: 'decompose', description: 'Split the question.', agentIds: ['planner'], dependsOn: [] },
    {
      name: 'research',
      description: 'Research the parts.',
      agentIds: ['researcher', 'researcher'],
      dependsOn: ['decompose'],
    },
    {
      name: 'cross_check',
      description: 'Look for disagreement.',
      agentIds: ['critic'],
      dependsOn: ['research'],
    },
    {
      name: 'synthesize',
      description: 'Write the answer.',
      agentIds: ['summarizer'],
      dependsOn: ['cross_check'],
    },
  ],
  defaultConcurrency: 2,
  maxChildren: 8,
  safetyTier: 'read_only',
}
