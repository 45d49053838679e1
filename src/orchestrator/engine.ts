/**
 * Owns the local orchestrator: runs workflow definitions, emits everything as events of one stream and obeys
 * commands. Without any environment: it runs in a worker, in Node and in the page.
 */
import { toPlainJson } from '../core/bounds.ts'
import type { RunCommand } from '../core/commands.ts'
import type { RawEvent, StreamInfo } from '../core/events.ts'
import { idOfLog, isRunLog, isUsableId, workflowLog } from '../core/ids.ts'
import { fingerprintOf } from '../core/contentKey.ts'
import type { LogId, RunLogId, WorkflowLogId } from '../core/ids.ts'
import type { Clock, ContentReader, Delivery } from '../core/ports.ts'
import type { ResumeOrder } from '../core/resume/order.ts'
import { isSettled } from '../core/status.ts'
import type { RunStatusName } from '../core/status.ts'
import type { Agent } from './agent.ts'
import { launchAgentRun } from './agentRun.ts'
import { obeyTakenOn, readChildOrder } from './childOrders.ts'
import type { ChildCommand } from './childOrders.ts'
import type { Engine, LocalAgentRun } from './childRun.ts'
import { readCommand } from './commands.ts'
import type { LocalCommand, StartRequest } from './commands.ts'
import { explainErrors, validateDefinition } from '../core/workflow/validateDefinition.ts'
import { createEmitter, UnrecordableError } from './emitter.ts'
import { streamOf } from '../core/epoch.ts'
import { DELIVERED, detailOf, obey, rejected, STOPPED } from './obey.ts'
import { createPacer } from './pacer.ts'
import { freeze } from './text.ts'
import { hasRoomForIds } from './childIds.ts'
import { createWorkflowRun } from './workflowRun.ts'
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
  /**
   * Resolves when the events up to this position are on the disk: awaited before a tool runs that may change something
   * outside. Default: at once, for hosts that keep nothing.
   */
  durable?(position: number): Promise<void>
}

export interface AgentInfo {
  id: string
  name: string
  /** Of its id and its config (`fingerprintOf`). */
  fingerprint: string
}

export interface Orchestrator {
  epoch: string
  stream: StreamInfo
  /** Starts a workflow run under an id the caller chose. */
  start(log: WorkflowLogId, request: StartRequest): Delivery
  /** Carries out a command, once per idempotency key. Resolves when it is carried out or refused. */
  command(command: RunCommand): Promise<Delivery>
  /** What it could run. */
  agents(): readonly AgentInfo[]
  /** Whether it drives this run or workflow now. */
  live(log: LogId): boolean
  setPace(ms: number): void
  /** Goes away: ends all work, emits nothing more. */
  dispose(): void
}

export function createOrchestrator(options: OrchestratorOptions): Orchestrator {
  const { epoch, clock, content } = options
  const stream = streamOf(epoch)
  const agents = agentsById(options.agents)
  const agentIds = new Set(agents.keys())
  const emitter = createEmitter(stream.id, clock, options.emit)
  const pacer = createPacer(clock, options.pace ?? 0)
  const durable = (): Promise<void> => options.durable?.(emitter.flush()) ?? Promise.resolve()
  const engine: Engine = { emitter, clock, content, pacer, durable }
  const workflows = new Map<WorkflowLogId, LocalWorkflowRun>()
  const children = new Map<RunLogId, LocalAgentRun>()
  /** All that is kept of what is over. */
  const over = new Map<LogId, RunStatusName>()
  const replies = new Map<string, Promise<Delivery>>()
  /** Driven without their workflow: the id of that. */
  const alone = new Map<LocalAgentRun, string>()
  /** Runs that are being taken on. */
  const taking = new Map<LogId, Promise<unknown>>()

  const targetOf = (log: LogId): LocalWorkflowRun | LocalAgentRun | undefined =>
    isRunLog(log) ? children.get(log) : workflows.get(log)

  const isKnown = (log: LogId): boolean => targetOf(log) !== undefined || over.has(log)

  function driven(log: LogId): LocalWorkflowRun | LocalAgentRun | null {
    const target = targetOf(log)
    return target === undefined || isSettled(target.status()) ? null : target
  }

  function forgetChild(child: LocalAgentRun): void {
    over.set(child.log, child.status())
    // Another attempt of it may be driven by now.
    if (children.get(child.log) === child) children.delete(child.log)
  }

  /** Lets go of what a workflow holds; its agents may have been given a lot. */
  function forget(workflow: LocalWorkflowRun): void {
    over.set(workflow.log, workflow.status())
    workflows.delete(workflow.log)
    for (const child of workflow.children()) forgetChild(child)
  }

  /** Checks everything that could go wrong and writes the run down; it does not move yet. */
  function admit(
    log: LogId,
    request: StartRequest,
    order: ResumeOrder | null = null,
  ): LocalWorkflowRun | Delivery {
    if (isRunLog(log) || !log.startsWith('w:') || !isUsableId(idOfLog(log))) {
      return rejected('Only a workflow can be started, under a log named `w:<id>`.')
    }
    if (order === null && isKnown(log)) return rejected(`${idOfLog(log)} was already started.`)
    const checked = validateDefinition(request.definition, order === null ? agentIds : null)
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
      order,
      driven(run) {
        const child = children.get(run)
        return child === undefined || isSettled(child.status()) ? null : child
      },
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

  /** Drives a run without its workflow. */
  async function takeOn(command: RunCommand, local: ChildCommand): Promise<Delivery> {
    const { log } = command
    if (!isRunLog(log)) return rejected(`${idOfLog(log)} is no agent run.`)
    const read = await readChildOrder(content, agents, idOfLog(log), local)
    if (!read.ok) return rejected(read.reason)
    const already = driven(log)
    if (already !== null) return carryOut(command, () => obey(local, already))
    try {
      const child = launchAgentRun(engine, read.setup)
      children.set(log, child)
      alone.set(child, local.order.workflowRunId)
      void child.done.then(() => {
        alone.delete(child)
        forgetChild(child)
      })
      return carryOut(command, () => obeyTakenOn(child, local))
    } catch (error) {
      if (error instanceof UnrecordableError) return rejected(error.message)
      throw error
    }
  }

  function begin(command: RunCommand, request: StartRequest, order: ResumeOrder | null): Delivery {
    const admitted = admit(command.log, request, order)
    if ('kind' in admitted) return admitted
    announce(command)
    admitted.begin()
    return close(command, DELIVERED)
  }

  /** Nobody here drives it. */
  function unknown(log: LogId, local: LocalCommand): Delivery {
    const id = idOfLog(log)
    if (local.verb === 'stop') {
      for (const [child, workflowRunId] of alone) if (log === workflowLog(workflowRunId)) child.stop(STOPPED)
    }
    return { kind: 'unknownRun', reason: `${id} is not run by this orchestrator.` }
  }

  const announce = ({ id, log, verb, payload }: RunCommand): void =>
    emitter.emit(log, 'control.requested', { commandId: id, verb, detail: detailOf(verb, payload) })

  function close({ id, log }: RunCommand, delivery: Delivery): Delivery {
    const isApplied = delivery.kind === 'delivered'
    emitter.emit(log, 'control.settled', {
      commandId: id,
      state: isApplied ? 'applied' : 'rejected',
      detail: isApplied ? null : delivery.reason,
    })
    return delivery
  }

  function carryOut(command: RunCommand, act: () => Delivery): Delivery {
    announce(command)
    return close(command, act())
  }

  async function execute(command: RunCommand): Promise<Delivery> {
    const { log } = command
    // One after the other while its texts are read: only then it is known who drives it.
    for (let before = taking.get(log); before !== undefined; before = taking.get(log)) await before
    const local = readCommand(command)
    const target = driven(log)
    if (target !== null) return carryOut(command, () => obey(local, target))
    if (local.verb === 'start' && !isKnown(log)) return begin(command, local.request, null)
    if ('order' in local && local.order !== null) {
      if (local.verb === 'resumeWorkflow') return begin(command, local.order, local.order)
      const taken = takeOn(command, { ...local, order: local.order })
      taking.set(
        log,
        taken.catch(() => {}),
      )
      return taken.finally(() => taking.delete(log))
    }
    // Not ours to write about: whoever drives that run keeps its log.
    if (!isKnown(log)) return local.verb === 'unusable' ? rejected(local.reason) : unknown(log, local)
    return carryOut(command, () => refusal(local, log))
  }

  function refusal(local: LocalCommand, log: LogId): Delivery {
    if (local.verb === 'unusable') return rejected(local.reason)
    if (local.verb === 'start') return rejected(`${idOfLog(log)} was already started.`)
    return rejected(`${idOfLog(log)} is already ${targetOf(log)?.status() ?? over.get(log) ?? 'over'}.`)
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

    agents: () =>
      options.agents.map(({ id, name, config }) => ({
        id,
        name,
        fingerprint: fingerprintOf(id, config ?? null),
      })),

    live: (log) => driven(log) !== null || taking.has(log),

    setPace: (ms) => pacer.set(Number.isFinite(ms) && ms > 0 ? ms : 0),

    dispose() {
      emitter.close()
      for (const workflow of workflows.values()) workflow.abandon()
      for (const child of alone.keys()) child.abandon()
    },
  }
}

/**
 * @throws RangeError when two agents have one id: definitions could mean either.
 * @throws TypeError when a config is no plain JSON: no key could be made of it.
 */
function agentsById(agents: readonly Agent[]): ReadonlyMap<string, Agent> {
  const byId = new Map(agents.map((agent) => [agent.id, agent]))
  if (byId.size < agents.length) throw new RangeError('Two agents have the same id.')
  for (const { id, config = null } of agents) {
    const plain = toPlainJson(config)
    if (!plain.ok) throw new TypeError(`The config of ${id} holds ${plain.reason}.`)
  }
  return byId
}
