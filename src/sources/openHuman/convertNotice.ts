/**
 * Owns what is asked of a person in the middle of a turn, and what the turn made: approvals, plans, artifacts.
 */
import { runLog } from '../../core/ids.ts'
import type { Fact } from './convertShapes.ts'
import { contentHash } from './identity.ts'
import type { Message } from './identity.ts'
import type { Fields, Reader } from './wire.ts'

export function noticeFact(message: Message, read: Reader): Fact | null {
  const log = runLog(message.requestId)
  switch (message.name) {
    case 'approval_request':
      return { log, type: 'question.asked', payload: approval(message, read) }
    case 'approval_decided': {
      const questionId = approvalIdOf(message)
      // Which question it is about, only the memory of this turn can tell.
      if (questionId === null) return null
      return { log, type: 'question.settled', payload: { questionId, ...decision(read) } }
    }
    case 'plan_review_request':
      return { log, type: 'question.asked', payload: planReview(message, read) }
    case 'artifact_ready':
      return artifact(message, read)
    default:
      return null
  }
}

/**
 * Requests and decisions have an id of their own, or name the call they are about; a request with neither is told apart
 * by what it says.
 */
export function approvalIdOf(message: Message): string | null {
  const { tool_call_id: callId } = message.fields
  const prefix = message.name === 'plan_review_request' ? 'plan' : 'approval'
  if (message.gate !== null) return `${prefix}:@${message.gate}`.slice(0, 200)
  if (typeof callId === 'string' && callId !== '') return `${prefix}:${callId}`.slice(0, 200)
  return message.name === 'approval_decided' ? null : `${prefix}:${contentHash(message)}`
}

const APPROVAL = [
  { value: 'approve', label: 'Approve' },
  { value: 'deny', label: 'Deny' },
]
const REVIEW = [
  { value: 'approve', label: 'Approve' },
  { value: 'reject', label: 'Reject' },
]

export function approval(message: Message, read: Reader): Fields {
  const tool = read.line('tool_name', 500)
  read.skip('tool_call_id')
  return {
    questionId: approvalIdOf(message),
    kind: 'approval',
    prompt: read.line('message') || `May ${tool ?? 'this tool'} be used?`,
    options: APPROVAL,
    expiresAt: expiry(read),
    detached: read.flag('detached') ?? false,
    toolName: tool,
  }
}

export function planReview(message: Message, read: Reader): Fields {
  read.skip('tool_call_id')
  const steps = read.reader('args').lines('steps') ?? []
  const asked = read.line('message') || 'Is this plan all right?'
  return {
    questionId: approvalIdOf(message),
    kind: 'approval',
    prompt: [asked, ...steps.map((step, index) => `${index + 1}. ${step}`)].join('\n').slice(0, 16_000),
    options: REVIEW,
    expiresAt: expiry(read),
  }
}

type Decided = 'answered' | 'denied' | 'timed_out' | 'superseded'

/** The decision is in `message`, how it came about in one of two fields: whichever says that nobody decided wins. */
export function decision(read: Reader): Fields {
  const said = read.line('message', 200)
  const resolutions = [read.line('resolution', 200), read.line('cancel_reason', 200), said]
  read.skip('tool_call_id', 'tool_name')
  const state = resolutions.map(outcomeOf).find((outcome) => outcome !== null) ?? 'answered'
  return { state, answer: said ?? resolutions[0] ?? null }
}

function outcomeOf(resolution: string | null | undefined): Decided | null {
  const word = resolution?.toLowerCase() ?? ''
  if (/expire|time/.test(word)) return 'timed_out'
  if (/supersede|cancel|abort/.test(word)) return 'superseded'
  if (/den(y|ied)|reject/.test(word)) return 'denied'
  return /approv|allow|accept/.test(word) ? 'answered' : null
}

/** The file stays in the core's workspace: what is recorded is where it lies. */
function artifact(message: Message, read: Reader): Fact | null {
  const args = read.reader('args')
  const name = args.line('title', 500) ?? args.line('artifact_id', 500)
  if (name === null) return null
  const kind = args.line('kind', 100) ?? 'other'
  const path = args.line('path') ?? args.line('artifact_id') ?? name
  const payload = { name, mediaType: `application/x-openhuman-${kind}`, content: path }
  return { log: runLog(message.requestId), type: 'artifact.recorded', payload }
}

function expiry(read: Reader): number | null {
  const said = read.line('expires_at', 100)
  const at = said === null ? Number.NaN : Date.parse(said)
  return Number.isSafeInteger(at) && at >= 0 ? at : null
}
