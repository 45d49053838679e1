// An orchestrator on a manual clock, with everything it emitted decoded and folded as a ledger would.
import { expect } from 'vitest'
import { accept } from '../../../src/core/accept.ts'
import { decodeEvent } from '../../../src/core/decode.ts'
import type { Json, LogRecord, RunRecord, WorkflowRecord } from '../../../src/core/entities.ts'
import type { RunCommand } from '../../../src/core/commands.ts'
import type { RawEvent, SourceEvent } from '../../../src/core/events.ts'
import { runLog, workflowLog } from '../../../src/core/ids.ts'
import type { LogId } from '../../../src/core/ids.ts'
import type { ContentStore } from '../../../src/core/ports.ts'
import type { Agent } from '../../../src/orchestrator/agent.ts'
import type { PhaseDefinition, WorkflowDefinition } from '../../../src/core/workflow/definition.ts'
import { createOrchestrator } from '../../../src/orchestrator/engine.ts'
import { manualClock } from '../../../src/testing/manualClock.ts'
import { echo } from './agents.ts'

export { agent, echo } from './agents.ts'

export const noContent: ContentStore = {
  put: async () => {},
  get: async () => null,
  delete: async () => {},
  keys: async () => [],
}

export function phase(name: string, changes: Partial<PhaseDefinition> = {}): PhaseDefinition {
  return { name, description: '', agentIds: ['echo'], dependsOn: [], ...changes }
}

export function definition(
  phases: readonly PhaseDefinition[],
  changes: Partial<WorkflowDefinition> = {},
): WorkflowDefinition {
  return {
    id: 'def',
    name: 'A workflow',
    description: '',
    phases,
    concurrency: 4,
    maxChildren: 20,
    ...changes,
  }
}

let commands = 0

export function command(
  log: LogId,
  verb: RunCommand['verb'],
  payload: unknown = null,
  changes: Partial<RunCommand> = {},
): RunCommand {
  commands += 1
  return {
    id: `command-${commands}`,
    log,
    verb,
    payload: payload as Json,
    idempotencyKey: `key-${commands}`,
    attempt: 1,
    sender: 'page',
    state: 'sending',
    createdAt: 0,
    expiresAt: 0,
    settledAt: null,
    detail: null,
    ...changes,
  }
}

export interface Folded {
  run(id: string): RunRecord
  workflow(id: string): WorkflowRecord
  logs(): readonly LogId[]
}

/** Folds what a source emitted; every event has to decode, in one stream without holes. */
export const fold = (events: readonly RawEvent[], stream: string): Folded => foldLives([{ events, stream }])

/** The same of several lives of it, one after the other. */
export function foldLives(lives: readonly { events: readonly RawEvent[]; stream: string }[]): Folded {
  const durable: SourceEvent[] = []
  for (const { events, stream } of lives) {
    expect(events.map(({ position }) => position)).toEqual(events.map((_, index) => index + 1))
    for (const event of events) {
      const decoded = decodeEvent(event, stream)
      if (decoded.kind === 'bad') expect.fail(decoded.reason)
      if (decoded.kind === 'event') durable.push(decoded.event)
    }
  }
  const records = new Map<LogId, LogRecord>()
  for (const { log, record } of accept(() => undefined, durable).changes) {
    expect(record.notes, log).toEqual({ irregular: 0, late: 0, refused: 0 })
    expect(record.registered, log).toBe(true)
    records.set(log, record)
  }
  return {
    run(id) {
      const record = records.get(runLog(id))
      if (record?.entity !== 'run') throw new Error(`no run ${id}`)
      return record
    },
    workflow(id) {
      const record = records.get(workflowLog(id))
      if (record?.entity !== 'workflow') throw new Error(`no workflow ${id}`)
      return record
    },
    logs: () => [...records.keys()],
  }
}

export function harness(
  agents: readonly Agent[] = [],
  options: { pace?: number; epoch?: string; content?: ContentStore } = {},
) {
  const clock = manualClock()
  const batches: (readonly RawEvent[])[] = []
  const orchestrator = createOrchestrator({
    epoch: 'e1',
    agents: [echo, ...agents],
    clock,
    content: noContent,
    emit: (events) => batches.push(events),
    ...options,
  })
  return {
    clock,
    batches,
    orchestrator,
    events: () => batches.flat(),
    /** Types (and what they move to) of one log's events. */
    story: (log: LogId) =>
      batches
        .flat()
        .filter((event) => event.log === log)
        .map(({ type, payload }) => {
          const { to } = payload as { to?: string }
          return to === undefined ? type : `${type} ${to}`
        }),
    folded: () => fold(batches.flat(), orchestrator.stream.id),
    /** Starts `w:w1` and lets everything happen that needs no time. */
    async start(workflow: unknown, input: Json = null) {
      const reply = orchestrator.start('w:w1', { definition: workflow, input })
      await clock.advance(0)
      return reply
    },
  }
}

/** A promise to be settled from outside. */
export function gate<Value = void>() {
  let open: (value: Value) => void = () => {}
  const opened = new Promise<Value>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** A function that throws just that, error or not. */
export const throwing = (thrown: unknown) => (): never => {
  throw thrown
}
