/**
 * Owns tool approvals: agentd holds a tool call for five minutes and keeps the request in memory only. Here it is a
 * question of the agent's run, which stays when agentd forgets it. SPEC A1, A3.
 */
import { toPlainJson } from '../../core/bounds.ts'
import { hashOf } from '../../core/contentKey.ts'
import type { LogRecord } from '../../core/entities.ts'
import type { RawEvent, StreamInfo } from '../../core/events.ts'
import { isUsableId, runLog } from '../../core/ids.ts'
import type { RunLogId } from '../../core/ids.ts'
import { isFields, stringIn, toEpochMs } from './wire.ts'

export const APPROVALS_STREAM: StreamInfo = {
  id: 'agentd:approvals',
  contiguous: false,
  first: 1,
  kind: 'repair',
}

const PREFIX = 'approval:'

/** agentd's id of what a question asks for; null for questions that are no approvals of its. */
export const approvalOf = (questionId: string): string | null =>
  questionId.startsWith(PREFIX) ? questionId.slice(PREFIX.length) : null

const ENDS: Readonly<Record<string, NonNullable<Approval['state']>>> = {
  approved: 'answered',
  denied: 'denied',
  timed_out: 'timed_out',
}

export interface Approval {
  questionId: string
  log: RunLogId
  /** Null while it is open. */
  state: 'answered' | 'denied' | 'timed_out' | null
  asked: RawEvent
}

/** A row of `GET /approvals`; null for one that names no agent or no id. */
export function readApproval(value: unknown, readAt: number): Approval | null {
  const plain = toPlainJson(value)
  if (!plain.ok || !isFields(plain.value)) return null
  const fields = plain.value
  const [id, agentId] = [stringIn(fields, 'id', 'approval_id'), stringIn(fields, 'agent_id')]
  if (id === null || agentId === null || !isUsableId(PREFIX + id) || !isUsableId(agentId)) return null
  const questionId = PREFIX + id
  const log = runLog(agentId)
  const expiresAt = toEpochMs(fields['expires_at'])
  const tool = stringIn(fields, 'tool_name') ?? 'a tool'
  const asked: RawEvent = {
    log,
    type: 'question.asked',
    payload: {
      questionId,
      kind: 'approval',
      prompt: `Let the agent use ${tool}?`.slice(0, PROMPT_CHARS),
      options: [
        { value: 'approve', label: 'Approve' },
        { value: 'deny', label: 'Deny' },
      ],
      agentId,
      ...(expiresAt !== null && { expiresAt }),
      input: JSON.stringify(fields['tool_input'] ?? null).slice(0, INPUT_CHARS),
    },
    timestamp: toEpochMs(fields['created_at']) ?? readAt,
    position: `${questionId}:asked`,
  }
  return { questionId, log, state: ENDS[stringIn(fields, 'status') ?? ''] ?? null, asked }
}

const PROMPT_CHARS = 500
const INPUT_CHARS = 8_000

/**
 * What agentd lists of one run's approvals, as events after what is known of the run. Those that a whole list holds no
 * longer are over: agentd was restarted, or dropped them. How is not known, except that nobody can have answered one
 * whose time has passed.
 */
export function approvalEvents(
  record: LogRecord | null,
  listed: readonly Approval[],
  { now, isWhole }: { now: number; isWhole: boolean },
): readonly RawEvent[] {
  const run = record?.entity === 'run' ? record : null
  const names = new Set(listed.map(({ questionId }) => questionId))
  const known = (run?.questions ?? []).filter(
    ({ questionId, state }) => state === 'open' && approvalOf(questionId) !== null,
  )
  const missing = known.filter(({ questionId }) => !names.has(questionId))
  const forgotten = (isWhole ? missing : []).map(({ questionId, expiresAt }) => ({
    questionId,
    state: expiresAt !== null && expiresAt <= now ? 'timed_out' : 'unknown',
  }))
  const ended = listed.flatMap(({ questionId, state }) => (state === null ? [] : { questionId, state }))
  const log = run?.log ?? listed[0]?.log
  if (log === undefined) return []
  const event = (type: string, payload: object, position: string): RawEvent => ({
    log,
    type,
    payload,
    timestamp: now,
    position,
  })

  const settled = [...ended, ...forgotten].map((end) =>
    event('question.settled', end, `${end.questionId}:${end.state}`),
  )
  const open = listed.flatMap(({ questionId, state }) => (state === null ? questionId : []))
  const status = run?.run.status
  const moves: RawEvent[] = []
  if (open.length > 0 && status === 'running') {
    const payload = { to: 'awaiting_user', trigger: 'question_asked' }
    // Of all that is open: with one of them decided the run may have gone on, and it waits for the others.
    moves.push(event('run.transitioned', payload, `waits:${hashOf(open)}`))
  }
  const last = known.at(-1)
  const waits = open.length > 0 || (!isWhole && missing.length > 0)
  if (!waits && last !== undefined && status === 'awaiting_user') {
    // Whatever the answer was: a denied tool is an error that the agent reads.
    const payload = { to: 'running', trigger: 'answered' }
    moves.push(event('run.transitioned', payload, `${last.questionId}:goes on`))
  }
  return [...listed.map(({ asked }) => asked), ...settled, ...moves]
}
