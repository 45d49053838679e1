/**
 * Owns what the core really does for each verb. Its command center only rewrites a row, so every verb is followed by, or
 * is, the call that acts; what that call answers is the owner's word. SPEC O1.
 */
import type { CommandVerb, RunCommand } from '../../core/commands.ts'
import { readAnswer } from '../../core/answers.ts'
import type { Json, LogRecord, RunRecord } from '../../core/entities.ts'
import type { RawEvent } from '../../core/events.ts'
import { idOfLog, isRunLog, isUsableId, workflowLog } from '../../core/ids.ts'
import type { LogId } from '../../core/ids.ts'
import type { Clock, Delivery } from '../../core/ports.ts'
import { fieldOf, isRefusal, isUnknownMethod, messageOf, unwrap } from './rpc.ts'
import type { Rpc } from './rpc.ts'

/** Sends a message of the person into a conversation, as if it were typed there. */
export type SendMessage = (threadId: string, text: string) => Promise<unknown>

/** Stops may be repeated; everything else would be said or begun twice. */
const VERBS: readonly { verb: CommandVerb; idempotent: boolean }[] = [
  { verb: 'stop', idempotent: true },
  { verb: 'follow_up', idempotent: false },
  { verb: 'start', idempotent: false },
  { verb: 'resume', idempotent: false },
]

export const verbsOf = (send: SendMessage | undefined): typeof VERBS =>
  send === undefined ? VERBS : [...VERBS, { verb: 'answer', idempotent: false }]

/** Why the others are not offered. */
export const cannotOf = (send: SendMessage | undefined): Partial<Record<CommandVerb, string>> => ({
  pause: 'OpenHuman cannot pause what it runs.',
  retry: 'OpenHuman does not run it again: its retry only rewrites the row. Ask again in the conversation.',
  ...(send === undefined && {
    answer: 'Answers are messages in the conversation, and this page was given no way to send one.',
  }),
})

export interface VerbOptions {
  call: Rpc
  clock: Clock
  send: SendMessage | undefined
  /** The socket's id, by which the core knows whose turn it stops. */
  clientId(): string
  record(log: LogId): Promise<LogRecord | null>
  /** Events of what the core answered. */
  tell(events: readonly RawEvent[]): void
  /** A workflow run's row that came with an answer. */
  workflow(row: unknown): Promise<void>
}

export interface Verbs {
  send(command: RunCommand): Promise<Delivery>
  /** Something was told of the run: an answer that was on its way there has arrived. */
  heard(log: LogId): void
}

const DELIVERED: Delivery = { kind: 'delivered' }
const rejected = (reason: string): Delivery => ({ kind: 'rejected', reason })

export function createVerbs(options: VerbOptions): Verbs {
  const { call, clock, send, record, tell } = options
  /** Answers on their way, by the run that waits. */
  const answers = new Map<LogId, { commandId: string; questionId: string | null; said: Json }>()

  const fact = (log: LogId, type: string, position: string, payload: object): RawEvent => ({
    log,
    type,
    payload,
    timestamp: clock.now(),
    position,
  })

  const applied = (command: Pick<RunCommand, 'id'>, log: LogId, detail: string): RawEvent =>
    fact(log, 'control.settled', `${command.id}:applied`, { commandId: command.id, state: 'applied', detail })

  async function carryOut(command: RunCommand): Promise<Delivery> {
    const { log, verb } = command
    if (!isRunLog(log)) return carryOutWorkflow(command)
    const known = await record(log)
    const run = known?.entity === 'run' ? known : null
    switch (verb) {
      case 'stop':
        return run?.run.kind === 'background_agent' ? stopTurn(command, run) : stopChild(command)
      case 'answer':
        return answer(command, run)
      case 'follow_up':
        return followUp(command, run)
      case 'resume':
        return rejected(
          'OpenHuman goes on with an agent when it is answered, or asked again in the conversation.',
        )
      default:
        return rejected(cannotOf(send)[verb] ?? 'OpenHuman has no call for it.')
    }
  }

  /** `{cancelled: true}` is the owner's word that it ended. */
  function cancelled(command: RunCommand, answered: unknown): Delivery {
    const word = fieldOf(unwrap(answered), 'cancelled')
    if (word === false)
      return { kind: 'unknownRun', reason: 'OpenHuman does not drive it as a task of its own.' }
    if (word !== true) return DELIVERED
    const end = { to: 'cancelled', trigger: 'user_terminated', reason: 'Stopped by you.' }
    tell([
      fact(command.log, 'run.transitioned', `${command.id}:cancelled`, end),
      applied(command, command.log, 'OpenHuman stopped it.'),
    ])
    return DELIVERED
  }

  async function stopTurn(command: RunCommand, { run }: RunRecord): Promise<Delivery> {
    if (run.parentThreadId === null) return rejected(NO_THREAD)
    const params = { client_id: options.clientId(), thread_id: run.parentThreadId, request_id: run.id }
    return cancelled(command, await call('openhuman.channel_web_cancel', params))
  }

  async function stopChild(command: RunCommand): Promise<Delivery> {
    const id = idOfLog(command.log)
    const reason = 'Stopped by the user.'
    // This writes the row and nothing else; a row that is over, or is none, is no reason to let the task go on.
    await call('openhuman.agent_work_control', { runId: id, action: 'stop', reason }).catch(unlessRefused)
    return cancelled(command, await call('openhuman.subagent_cancel', { taskId: id, reason }))
  }

  async function answer(command: RunCommand, record: RunRecord | null): Promise<Delivery> {
    const { questionId, answer: said } = readAnswer(command.payload)
    const text = typeof said === 'string' ? said : JSON.stringify(said)
    const decided = questionId === null ? 'unknown' : await decide(questionId, command.log, record, text)
    if (decided === 'late') return rejected('OpenHuman does not wait for this decision any more.')
    if (decided === 'taken') {
      tell([applied(command, command.log, 'OpenHuman took the decision.')])
      return DELIVERED
    }
    const threadId = record?.run.parentThreadId ?? null
    if (send === undefined) return rejected(cannotOf(send).answer ?? '')
    if (threadId === null) return rejected(NO_THREAD)
    // The run may be told of before the message is known to have arrived.
    answers.set(command.log, { commandId: command.id, questionId, said })
    await send(threadId, text).catch((error: unknown) => {
      answers.delete(command.log)
      throw error
    })
    return DELIVERED
  }

  /** Approvals and plans are no matter of conversation where the core has calls for them. */
  async function decide(
    questionId: string,
    log: LogId,
    record: RunRecord | null,
    said: string,
  ): Promise<'taken' | 'late' | 'unknown'> {
    const decided = decisionOf(questionId, said)
    if (decided === null) return 'unknown'
    const [, gate] = /^\w+:@(.+)$/.exec(questionId) ?? []
    // What a detached agent asks is asked of its turn, though it stands with the agent.
    const turn = record?.run.kind === 'background_agent' ? null : record?.run.parentRunId
    const request_id = gate ?? turn ?? idOfLog(log)
    return call(decided.method, { request_id, decision: decided.decision }).then(
      (answered) => (fieldOf(unwrap(answered), 'resolved') === false ? 'late' : 'taken'),
      (error: unknown) => {
        if (isUnknownMethod(error)) return 'unknown'
        throw error
      },
    )
  }

  async function followUp(command: RunCommand, record: RunRecord | null): Promise<Delivery> {
    const message = fieldOf(command.payload, 'message')
    if (typeof message !== 'string' || message.trim() === '') return rejected('The message is empty.')
    const isTurn = record?.run.kind === 'background_agent'
    const why = isTurn ? null : await steer(command, message)
    if (why === 'steered') return DELIVERED
    const threadId = record?.run.parentThreadId ?? null
    if (send === undefined || threadId === null) {
      return rejected(why ?? (send === undefined ? NO_SEND : NO_THREAD))
    }
    await send(threadId, message)
    tell([applied(command, command.log, 'Sent as a message in the conversation.')])
    return DELIVERED
  }

  /** `steered`, or why not. */
  async function steer(command: RunCommand, message: string): Promise<string> {
    const taskId = idOfLog(command.log)
    const answered = unwrap(await call('openhuman.subagent_steer', { taskId, message, mode: 'steer' }))
    if (fieldOf(answered, 'steered') === true) {
      tell([applied(command, command.log, 'OpenHuman gave it the message while it works.')])
      return 'steered'
    }
    return fieldOf(answered, 'reason') === 'already_done'
      ? 'It has ended already, so it takes no message.'
      : 'OpenHuman does not know of it as a task that runs, so it takes no message.'
  }

  async function carryOutWorkflow(command: RunCommand): Promise<Delivery> {
    const id = idOfLog(command.log)
    switch (command.verb) {
      case 'start':
        return start(command)
      case 'stop':
        return stopWorkflow(command)
      case 'resume':
        return workflowAnswer(
          command,
          await call('openhuman.workflow_run_resume', { id }),
          'OpenHuman goes on with it: phases that are done are kept, the others are run again whole.',
        )
      default:
        return rejected(cannotOf(send)[command.verb] ?? 'OpenHuman has no call for it.')
    }
  }

  async function stopWorkflow(command: RunCommand): Promise<Delivery> {
    const answered = await call('openhuman.workflow_run_stop', { id: idOfLog(command.log) })
    // A workflow run that is over is left as it is, and given back.
    const status = fieldOf(fieldOf(unwrap(answered), 'workflowRun'), 'status')
    if (status === 'completed' || status === 'failed') return rejected(`It had ${status} already.`)
    return workflowAnswer(command, answered, 'OpenHuman stopped it.')
  }

  async function start(command: RunCommand): Promise<Delivery> {
    const { payload } = command
    const definition = fieldOf(payload, 'definitionId') ?? fieldOf(payload, 'definition')
    const definitionId = typeof definition === 'string' ? definition : fieldOf(definition, 'id')
    if (typeof definitionId !== 'string') return rejected('It does not say which definition to run.')
    const input = fieldOf(payload, 'input')
    const parentThreadId = fieldOf(payload, 'parentThreadId')
    const params = {
      definitionId,
      ...(input != null && { input }),
      ...(parentThreadId != null && { parentThreadId }),
    }
    return workflowAnswer(command, await call('openhuman.workflow_run_start', params), 'OpenHuman started it')
  }

  /** The row that comes back is the owner's word. A run it starts has the id that it gives it. */
  async function workflowAnswer(command: RunCommand, answered: unknown, detail: string): Promise<Delivery> {
    const row = fieldOf(unwrap(answered), 'workflowRun')
    const id = fieldOf(row, 'id')
    if (typeof id !== 'string' || !isUsableId(id))
      return { kind: 'unknownRun', reason: 'OpenHuman does not know this workflow run.' }
    await options.workflow(row)
    const said = command.verb === 'start' ? `${detail} as ${id}.` : detail
    tell([applied(command, workflowLog(id), said)])
    return DELIVERED
  }

  return {
    send: (command) =>
      carryOut(command).catch((error: unknown) => {
        // Whether anything came of a call that was not answered is not known.
        if (!isRefusal(error)) throw error
        const reason = messageOf(error)
        return /not found|unknown (run|workflow)/i.test(reason)
          ? { kind: 'unknownRun', reason }
          : rejected(`OpenHuman refused it: ${reason}`)
      }),
    heard(log) {
      const answer = answers.get(log)
      if (answer === undefined) return
      answers.delete(log)
      const { commandId, questionId, said } = answer
      const settled = { questionId, state: 'answered', answer: said }
      tell([
        ...(questionId === null ? [] : [fact(log, 'question.settled', `${commandId}:answered`, settled)]),
        applied({ id: commandId }, log, 'The agent went on.'),
      ])
    },
  }
}

const NO_THREAD = 'It is not known which conversation it belongs to.'
const NO_SEND = 'This page was given no way to send a message.'

/** Which call takes the answer; null for a question like any other. Only the options that were offered are answers. */
function decisionOf(questionId: string, said: string): { method: string; decision: string } | null {
  if (questionId.startsWith('plan:')) return { method: 'openhuman.plan_review_decide', decision: said }
  if (!questionId.startsWith('approval:')) return null
  return { method: 'openhuman.approval_decide', decision: said === 'approve' ? 'approve_once' : said }
}

function unlessRefused(error: unknown): void {
  if (!isRefusal(error)) throw error
}
