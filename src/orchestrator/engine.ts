/**
 * Owns the local orchestrator: runs workflow definitions, emits everything as events of one stream and obeys
 * commands. Without any environment: it runs in a worker, in Node and in the page.
 */
import { toPlainJson } from '../core/bounds.ts'
import type { RunCommand } from '../core/commands.ts'
import type { RawEvent, StreamInfo } from '../core/events.ts'
import { idOfLog, isRunLog, isUsableId } from '../core/ids.ts'
import type { LogId, RunLogId, WorkflowLogId } from '../core/ids.ts'
import type { Clock, ContentReader, Delivery } from '../core/ports.ts'
import { isSettled } from '../core/status.ts'
import type { RunStatusName } from '../core/status.ts'
import type { Agent } from './agent.ts'
import type { Engine, LocalAgentRun } from './agentRun.ts'
import { readCommand } from './commands.ts'
import type { LocalCommand, StartRequest } from './commands.ts'
import { explainErrors, validateDefinition } from '../core/workflow/validateDefinition.ts'
import { createEmitter, UnrecordableError } from './emitter.ts'
import { streamOf } from '../core/epoch.ts'
import { createPacer } from './pacer.ts'
import { freeze, line } from './text.ts'
import { createWorkflowRun, hasRoomForIds } from './workflowRun.ts'
import type { LocalWorkflowRun } from './workflowRun.ts'

export interface OrchestratorOptions {
  /** This life of the orchestrator; never used again. */
  epoch: string
  agents: readonly Agent[]
  clock: Clock
  content: ContentReader
  /** Takes the events of one tick, in order. */
  emit(events: readonly RawEvent[]): void
  /** Milliseconds before each step; 0 is full speed. */
  pace?: number
}

export interface Orchestrator {
  epoch: string
  stream: StreamInfo
  /** Starts a workflow run under an id the caller chose. */
  start(log: WorkflowLogId, request: StartRequest): Delivery
  /** Carries out a command, once per idempotency key. */
  command(command: RunCommand): Delivery
  /** Whether it drives this run or workflow now. */
  live(log: LogId): boolean
  setPace(ms: number): void
  /** Goes away: ends all work, emits nothing more. */
  dispose(): void
}

const DELIVERED: Delivery = { kind: 'delivered' }
const rejected = (reason: string): Delivery => ({ kind: 'rejected', reason: line(reason) })

export function createOrchestrator(options: OrchestratorOptions): Orchestrator {
  const { epoch, clock, content } = options
  const stream = streamOf(epoch)
  const agents = agentsById(options.agents)
  const agentIds = new Set(agents.keys())
  const emitter = createEmitter(stream.id, clock, options.emit)
  const pacer = createPacer(clock, options.pace ?? 0)
  const engine: Engine = { emitter, clock, content, pacer }
  const workflows = new Map<WorkflowLogId, LocalWorkflowRun>()
  const children = new Map<RunLogId, LocalAgentRun>()
  /** All that is kept of what is over. */
  const over = new Map<LogId, RunStatusName>()
  const replies = new Map<string, Delivery>()

  const targetOf = (log: LogId): LocalWorkflowRun | LocalAgentRun | undefined =>
    isRunLog(log) ? children.get(log) : workflows.get(log)

  const isKnown = (log: LogId): boolean => targetOf(log) !== undefined || over.has(log)

  /** Lets go of what a workflow holds; its agents may have been given a lot. */
  function forget(workflow: LocalWorkflowRun): void {
    over.set(workflow.log, workflow.status())
    workflows.delete(workflow.log)
    for (const child of workflow.children()) {
      over.set(child.log, child.status())
      children.delete(child.log)
    }
  }

  /** Checks everything that could go wrong and writes the run down; it does not move yet. */
  function admit(log: LogId, request: StartRequest): LocalWorkflowRun | Delivery {
    if (isRunLog(log) || !log.startsWith('w:') || !isUsableId(idOfLog(log))) {
      return rejected('Only a workflow can be started, under a log named `w:<id>`.')
    }
    if (isKnown(log)) return rejected(`${idOfLog(log)} was already started.`)
    const checked = validateDefinition(request.definition, agentIds)
    if (!checked.ok) return rejected(explainErrors(checked.errors))
    const { definition } = checked
    if (!hasRoomForIds(idOfLog(log), definition)) {
      return rejected('The ids of its runs would be too long: choose a shorter id or shorter phase names.')
    }
    const input = toPlainJson(request.input ?? null)
    if (!input.ok) return rejected(`The input holds ${input.reason}.`)
    const workflow: LocalWorkflowRun = createWorkflowRun(engine, {
      log,
      definition,
      input: freeze(input.value),
      parentThreadId: request.parentThreadId ?? null,
      agents,
      launched: (child) => children.set(child.log, child),
      settled: () => forget(workflow),
    })
    try {
      workflow.register()
    } catch (error) {
      // Too large, in the end: long texts belong into the content store, the input refers to them.
      if (error instanceof UnrecordableError) return rejected(error.message)
      throw error
    }
    workflows.set(log, workflow)
    return workflow
  }

  function announce({ id, log, verb }: RunCommand): void {
    emitter.emit(log, 'control.requested', { commandId: id, verb })
  }

  function settle({ id, log }: RunCommand, delivery: Delivery): Delivery {
    const isApplied = delivery.kind === 'delivered'
    emitter.emit(log, 'control.settled', {
      commandId: id,
      state: isApplied ? 'applied' : 'rejected',
      detail: isApplied ? null : delivery.reason,
    })
    return delivery
  }

  function execute(command: RunCommand): Delivery {
    const { log } = command
    const local = readCommand(command)
    if (local.verb === 'start' && !isKnown(log)) {
      const admitted = admit(log, local.request)
      if ('kind' in admitted) return admitted
      announce(command)
      admitted.begin()
      return settle(command, DELIVERED)
    }
    // Not ours to write about: whoever drives that run keeps its log.
    if (!isKnown(log)) return rejected(`${idOfLog(log)} is not run by this orchestrator.`)
    announce(command)
    return settle(command, obey(local, log))
  }

  function obey(command: LocalCommand, log: LogId): Delivery {
    if (command.verb === 'unsupported') return rejected(command.reason)
    if (command.verb === 'start') return rejected(`${idOfLog(log)} was already started.`)
    const target = targetOf(log)
    const status = target?.status() ?? over.get(log)
    if (target === undefined || (status !== undefined && isSettled(status))) {
      return rejected(`${idOfLog(log)} is already ${status ?? 'over'}.`)
    }
    if (command.verb === 'stop') {
      target.stop('stopped by you')
      return DELIVERED
    }
    if (!('answer' in target)) return rejected('A workflow asks nothing itself: answer the run that asked.')
    return target.answer(command.questionId, command.answer)
  }

  return {
    epoch,
    stream,

    start(log, request) {
      const admitted = admit(log, request)
      if ('kind' in admitted) return admitted
      admitted.begin()
      return DELIVERED
    },

    command(command) {
      const known = replies.get(command.idempotencyKey)
      if (known !== undefined) return known
      const reply = execute(command)
      replies.set(command.idempotencyKey, reply)
      return reply
    },

    live(log) {
      const target = targetOf(log)
      return target !== undefined && !isSettled(target.status())
    },

    setPace: (ms) => pacer.set(Number.isFinite(ms) && ms > 0 ? ms : 0),

    dispose() {
      emitter.close()
      for (const workflow of workflows.values()) workflow.abandon()
    },
  }
}

/** @throws RangeError when two agents have one id: definitions could mean either. */
function agentsById(agents: readonly Agent[]): ReadonlyMap<string, Agent> {
  const byId = new Map(agents.map((agent) => [agent.id, agent]))
  if (byId.size < agents.length) throw new RangeError('Two agents have the same id.')
  return byId
}
