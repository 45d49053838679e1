/**
 * Owns what harn asked people: the record's list, and the event log where one is given, which knows answers and wins.
 * Questions come in asking order. What a finished run left unanswered in its file is history, not an open question; and a
 * yes to an approval is a vote, not yet its end.
 */
import type { Json, QuestionKind, QuestionState } from '../../core/entities.ts'
import { QUESTION_KINDS } from '../../core/entities.ts'
import { hashOf } from '../../core/contentKey.ts'
import { isUsableId } from '../../core/ids.ts'
import type { RunContext } from './context.ts'
import { details } from './context.ts'
import { foreignPayload, line } from './facts.ts'
import type { JsonObject } from './records.ts'
import { isObject, QUESTION, readList, textOf } from './records.ts'
import { byTimeThenId, toEpochMs } from './times.ts'

interface Asked {
  id: string
  kind: QuestionKind
  prompt: string
  agent: string | null
  traceId: string | null
  askedAt: number | null
  raw: string | null
}

interface Settled {
  state: Exclude<QuestionState, 'open'>
  answer: Json
  at: number | null
}

interface Vote {
  id: string
  at: number | null
  value: JsonObject
}

export interface HitlLog {
  asked: ReadonlyMap<string, Asked>
  settled: ReadonlyMap<string, Settled>
  votes: readonly Vote[]
}

/** Reads the entries of harn's `hitl.*` topics that belong to a run; entries of other runs are not its business. */
export function readHitlLog(
  entries: readonly Json[],
  runId: string,
  skip: RunContext['report']['skip'],
): HitlLog {
  const asked = new Map<string, Asked>()
  const settled = new Map<string, Settled>()
  const votes: Vote[] = []
  entries.forEach((entry, index) => {
    const path = `hitlLog[${index}]`
    if (!isObject(entry)) return skip(path, 'expected an object')
    const kind = textOf(entry['kind']) ?? textOf(entry['type']) ?? ''
    const headers = objectOf(entry['headers'])
    const payload = objectOf(entry['payload'])
    const of = textOf(headers['run_id']) ?? textOf(payload['run_id'])
    if (of !== null && of !== runId) return
    const id = textOf(payload['request_id']) ?? textOf(headers['request_id'])
    if (id === null || !isUsableId(id)) return skip(path, 'It names no request.')
    if (REQUESTS.has(kind)) {
      const question = toAsked(id, kind, payload)
      if (question === null) skip(path, 'It asks nothing.')
      else asked.set(id, question)
      return
    }
    const end = endOf(kind, payload)
    if (end !== null && !settled.has(id)) settled.set(id, end)
    else if (end === null && kind.startsWith('hitl.'))
      votes.push({ id, at: toEpochMs(payload['responded_at']), value: entry })
    else if (end === null) skip(path, `“${kind.slice(0, 100)}” is no event of a question.`)
  })
  return { asked, settled, votes }
}

const REQUESTS = new Map<string, QuestionKind>([
  ['hitl.question_asked', 'question'],
  ['hitl.approval_requested', 'approval'],
  ['hitl.dual_control_requested', 'dual_control'],
  ['hitl.escalation_issued', 'escalation'],
])

function toAsked(id: string, kind: string, payload: JsonObject): Asked | null {
  const body = objectOf(payload['payload'])
  const prompt = ['prompt', 'question', 'action', 'reason']
    .map((name) => textOf(body[name]))
    .find((each) => each !== null)
  if (prompt === undefined || prompt === null) return null
  const raw = payload['requested_at'] ?? null
  return {
    id,
    kind: QUESTION_KINDS.find((each) => each === payload['kind']) ?? REQUESTS.get(kind) ?? 'question',
    prompt,
    agent: textOf(payload['agent']),
    traceId: textOf(payload['trace_id']),
    askedAt: toEpochMs(raw),
    raw: raw === null ? null : String(raw).slice(0, 200),
  }
}

/** What ends a request. A yes to an approval or to dual control does not: others may have to agree. */
function endOf(kind: string, payload: JsonObject): Settled | null {
  const body = { ...payload, ...objectOf(payload['response']) }
  const at = toEpochMs(body['responded_at'])
  const answer = body['answer'] ?? body['approved'] ?? body['accepted'] ?? null
  const end = (state: Settled['state']): Settled => ({ state, answer, at })
  if (/_timeout$|\.timeout$/.test(kind)) return end('timed_out')
  if (/(?:approval|dual_control)_denied$/.test(kind)) return end('denied')
  if (/(?:approval|dual_control)_approved$|dual_control_executed$|escalation_accepted$/.test(kind))
    return end('answered')
  if (kind !== 'hitl.response_received') return null
  if (body['approved'] === false) return end('denied')
  if (body['approved'] === true) return null
  return body['accepted'] === false ? null : end('answered')
}

/** Facts of all questions of a run. Before its end: a run that is over asks nothing. */
export function addQuestions(context: RunContext, log: HitlLog): void {
  const { agentLog, facts, stream, startedAt, isOver, report } = context
  const questions = unite(context, log)
  const earlier = [startedAt]
  for (const { id, kind, prompt, agent, traceId, askedAt, raw } of questions) {
    facts.add({
      log: agentLog,
      stream,
      type: 'question.asked',
      payload: {
        questionId: id,
        kind,
        prompt: line(prompt, 16_000),
        agentId: line(agent, 500),
        traceId: line(traceId, 200),
        askedAtRaw: raw,
        ...(askedAt === null && { timeUnknown: true }),
      },
      key: `question:${id}:asked`,
      at: [askedAt, ...earlier],
    })
  }
  for (const { id, at, value } of log.votes) {
    facts.add({
      log: agentLog,
      stream,
      type: 'foreign',
      payload: foreignPayload('hitl_response', details(value).details ?? { request_id: id }),
      key: `question:${id}:vote:${hashOf(value)}`,
      at: [at, ...earlier],
    })
  }
  for (const { id, askedAt } of questions) {
    const settled = log.settled.get(id)
    if (settled === undefined && !isOver) continue
    const { state, answer, at } = settled ?? { state: 'unknown' as const, answer: null, at: null }
    if (settled === undefined)
      report.repaired(
        `Question ${id}: the run is over and the file holds no answer, so it is kept as history.`,
      )
    facts.add({
      log: agentLog,
      stream,
      type: 'question.settled',
      payload: { questionId: id, state, answer: details(answer).details ?? null },
      key: `question:${id}:${state}`,
      at: [at, askedAt, ...earlier],
    })
  }
}

/** One question an id; the log's telling replaces the record's. */
function unite({ run, report }: RunContext, log: HitlLog): readonly Asked[] {
  const questions = new Map<string, Asked>()
  for (const { value, path } of readList(QUESTION, run.hitl_questions, 'hitl_questions', report.skip)) {
    const { request_id: id, prompt } = value
    if (id === null || !isUsableId(id) || prompt === null || prompt === '') {
      report.skip(path, 'A question needs an id and a prompt.')
      continue
    }
    if (questions.has(id)) report.repaired(`Question ${id} is listed more than once; the first is kept.`)
    else
      questions.set(id, {
        id,
        kind: (/^hitl_(approval|dual_control|escalation)_/.exec(id)?.[1] as QuestionKind) ?? 'question',
        prompt,
        agent: value.agent,
        traceId: value.trace_id,
        askedAt: toEpochMs(value.asked_at),
        raw: value.asked_at === null ? null : String(value.asked_at).slice(0, 200),
      })
  }
  for (const [id, asked] of log.asked) questions.set(id, asked)
  return [...questions.values()].toSorted(
    byTimeThenId(
      ({ askedAt }) => askedAt,
      ({ id }) => id,
    ),
  )
}

const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {})
