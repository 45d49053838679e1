/**
 * Owns what a person can have agentd do, over its REST API: end an agent, send it a message, decide about a tool. A
 * start is not offered, since agentd chooses the id of what it starts; nor are pause, resume and retry, which it has not.
 */
import { readAnswer } from '../../core/answers.ts'
import type { RunCommand } from '../../core/commands.ts'
import type { Json } from '../../core/entities.ts'
import type { RawEvent, StreamInfo } from '../../core/events.ts'
import { idOfLog } from '../../core/ids.ts'
import type { Delivery, Source } from '../../core/ports.ts'
import { approvalOf, APPROVALS_STREAM } from './approvals.ts'
import { streamOf } from './convert.ts'
import { isFields, stringIn, toEpochMs } from './wire.ts'

export interface AgentdCall {
  method: 'POST' | 'DELETE'
  path: string
  body?: Json
}

/** Rejects when it is not known whether the call arrived. */
export type AgentdSend = (call: AgentdCall) => Promise<{ status: number; body: unknown }>

export const AGENTD_VERBS: Source['verbs'] = [
  { verb: 'stop', idempotent: true },
  { verb: 'answer', idempotent: true },
  // Nothing tells agentd that a message is the same one again.
  { verb: 'follow_up', idempotent: false },
]

/** What agentd said to a command, and what follows from it for the run. */
export interface Said {
  delivery: Delivery
  stream: StreamInfo
  events: readonly RawEvent[]
}

export async function carryOut(send: AgentdSend, command: RunCommand, now: () => number): Promise<Said> {
  const agentId = idOfLog(command.log)
  const stream = streamOf(agentId)
  const call = callFor(agentId, command)
  if ('reason' in call) return { delivery: { kind: 'rejected', reason: call.reason }, stream, events: [] }
  const { status, body } = await send(call)
  const delivery = toDelivery(status, body, command)
  if (delivery.kind !== 'delivered') return { delivery, stream, events: [] }
  const timestamp = (isFields(body) ? toEpochMs(body['updated_at']) : null) ?? now()
  const event = (type: string, payload: object, position: string): RawEvent => ({
    log: command.log,
    type,
    payload,
    timestamp,
    position,
  })
  const applied = event(
    'control.settled',
    { commandId: command.id, state: 'applied' },
    `control:${command.id}`,
  )
  if (command.verb === 'stop') {
    // The row is deleted and its stream says nothing of it: this answer is the only word there will be.
    const end = { to: 'cancelled', trigger: 'user_terminated' }
    return { delivery, stream, events: [event('run.transitioned', end, `terminated:${command.id}`), applied] }
  }
  const questionId = readAnswer(command.payload).questionId
  if (command.verb !== 'answer' || questionId === null) return { delivery, stream, events: [applied] }
  const state = isYes(command.payload) ? 'answered' : 'denied'
  const { answer } = readAnswer(command.payload)
  return {
    delivery,
    stream: APPROVALS_STREAM,
    events: [
      event('question.settled', { questionId, state, answer }, `${questionId}:${state}`),
      event('run.transitioned', { to: 'running', trigger: 'answered' }, `${questionId}:goes on`),
      applied,
    ],
  }
}

function callFor(agentId: string, { verb, payload }: RunCommand): AgentdCall | { reason: string } {
  const path = `/agents/${encodeURIComponent(agentId)}`
  if (verb === 'stop') return { method: 'DELETE', path }
  if (verb === 'follow_up') {
    const message = isFields(payload) ? stringIn(payload, 'message') : null
    return message === null
      ? { reason: 'There is no message to send.' }
      : { method: 'POST', path: `${path}/message`, body: { content: message } }
  }
  const id = verb === 'answer' ? approvalOf(readAnswer(payload).questionId ?? '') : null
  if (id === null) return { reason: `agentd has no way to carry out "${verb}".` }
  const decision = isYes(payload) ? 'approve' : 'deny'
  return { method: 'POST', path: `/approvals/${encodeURIComponent(id)}/${decision}`, body: {} }
}

/** Anything but a clear yes is a no. */
function isYes(payload: Json): boolean {
  const { answer } = readAnswer(payload)
  return answer === 'approve' || answer === true
}

function toDelivery(status: number, body: unknown, { verb }: RunCommand): Delivery {
  if (status >= 200 && status < 300) return { kind: 'delivered' }
  const said = isFields(body) ? stringIn(body, 'error', 'message') : null
  const reason = said === null ? `agentd answered with status ${status}.` : `agentd refused: ${said}.`
  // What failed inside may have been done.
  if (status >= 500) throw new Error(reason)
  return status === 404 && verb !== 'answer' ? { kind: 'unknownRun', reason } : { kind: 'rejected', reason }
}
