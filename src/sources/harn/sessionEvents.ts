/**
 * Owns what each kind of harn session event means for a run: one entry a kind. A kind without an entry, and one
 * that does not look as harn writes it, is kept as it came, in its place.
 */
import { z } from 'zod'
import type { Json } from '../../core/entities.ts'
import { QUESTION_KINDS } from '../../core/entities.ts'
import { isSettled } from '../../core/status.ts'
import { workerEnd, workerStatus } from './sessionWorkers.ts'
import type { JsonObject } from './records.ts'
import { compacted, handedOn } from './sessionMarks.ts'
import type { Fact, SessionState } from './sessionState.ts'
import { asLine, asText } from './sessionState.ts'
import { startTool, updateTool } from './sessionTools.ts'
import { harnStatus } from './statuses.ts'

interface Kind {
  schema: z.ZodType
  /** Fields that are told by the facts; all others are kept beside them. */
  told: readonly string[]
  convert: (event: never, session: SessionState) => readonly Fact[]
}

function kind<Shape extends z.ZodRawShape>(
  shape: Shape,
  convert: (event: z.infer<z.ZodObject<Shape>>, session: SessionState) => readonly Fact[],
): Kind {
  return { schema: z.looseObject(shape), told: Object.keys(shape), convert }
}

const json = z.custom<Json>((value) => value !== undefined)
const count = z.number().int().nonnegative()
const measured = count.nullish().catch(null)

const iterationStart = kind({ iteration: count }, ({ iteration }) => [
  { type: 'iteration.started', payload: { iteration } },
])

const iterationEnd = (info: 'turn_info' | 'iteration_info'): Kind =>
  kind({ iteration: count, [info]: z.looseObject({}).nullish() }, (event, session) => {
    const figures = event[info] as JsonObject | null | undefined
    const kept: Fact = { type: 'foreign', payload: { name: 'iteration_end', value: { ...event } } }
    const used = USED.safeParse(figures ?? {})
    // Where a run record has the figures of the whole, those are the ones that count.
    if (!used.success || !session.tellsUsage) return [kept]
    const { input_tokens: inputTokens, output_tokens: outputTokens, model, provider } = used.data
    const key = `session:${session.sessionId}:${session.line.index}`
    const usage = {
      key,
      scope: 'own',
      inputTokens,
      outputTokens,
      model: asLine(model),
      provider: asLine(provider),
    }
    return [kept, { type: 'usage.reported', payload: usage, suffix: 'usage' }]
  })

const USED = z
  .object({
    input_tokens: measured,
    output_tokens: measured,
    model: z.string().nullish().catch(null),
    provider: z.string().nullish().catch(null),
  })
  .refine((used) => used.input_tokens != null || used.output_tokens != null)

const ended = (shape: z.ZodRawShape, error: (event: JsonObject) => string): Kind =>
  kind(shape, (event, session) =>
    session.end({ to: 'failed', trigger: 'errored', error: error(event as JsonObject) }),
  )

const KINDS: ReadonlyMap<string, Kind> = new Map(
  Object.entries({
    tool_call: kind(
      {
        tool_call_id: z.string(),
        tool_name: z.string(),
        kind: z.string().nullish(),
        status: z.string(),
        raw_input: json.nullish(),
        parsing: z.boolean().nullish(),
      },
      startTool,
    ),
    tool_call_update: kind(
      {
        tool_call_id: z.string(),
        tool_name: z.string(),
        status: z.string(),
        raw_output: json.nullish(),
        error: z.string().nullish(),
        duration_ms: z.number().nonnegative().nullish(),
        parsing: z.boolean().nullish(),
        raw_input: json.nullish(),
        raw_input_partial: z.string().nullish(),
      },
      updateTool,
    ),
    turn_start: iterationStart,
    iteration_start: iterationStart,
    turn_end: iterationEnd('turn_info'),
    iteration_end: iterationEnd('iteration_info'),
    hitl_requested: kind(
      { request_id: z.string(), kind: z.string(), payload: json.nullish() },
      ({ request_id: questionId, kind, payload }, session) =>
        session.ask(toQuestion(questionId, kind, payload)),
    ),
    hitl_resolved: kind({ request_id: z.string(), outcome: z.string() }, (event, session) =>
      session.resolve(event.request_id, OUTCOMES.get(event.outcome) ?? 'unknown'),
    ),
    transcript_compacted: kind(
      {
        receipt: z.looseObject({}).nullish(),
        estimated_tokens_before: json.nullish(),
        estimated_tokens_after: json.nullish(),
      },
      (event) => [compacted(event as JsonObject)],
    ),
    handoff: kind({ artifact_id: z.string(), handoff: z.looseObject({}) }, ({ artifact_id, handoff }) => [
      handedOn(artifact_id, handoff as JsonObject),
    ]),
    artifact: kind(
      {
        artifact_id: z.string(),
        title: z.string().nullish(),
        mime_type: z.string(),
        fallback: z.string().nullish(),
      },
      ({ artifact_id, title, mime_type, fallback }) => [
        {
          type: 'artifact.recorded',
          payload: {
            name: asLine(title || artifact_id),
            mediaType: mime_type,
            content: fallback ?? '',
            artifactId: artifact_id,
          },
        },
      ],
    ),
    worker_update: kind(
      {
        worker_id: z.string().min(1),
        worker_name: z.string().nullish(),
        worker_task: z.string().nullish(),
        event: z.string().nullish(),
        status: z.string().nullish(),
      },
      (event, session) => {
        const status = workerStatus(event.event ?? null, event.status ?? null)
        const about = { agentName: asLine(event.worker_name), prompt: asText(event.worker_task) }
        return session.child(event.worker_id, about, status, {
          event: event.event ?? null,
          status: event.status ?? null,
        })
      },
    ),
    subagent_stop: kind(
      { child_run_id: z.string().min(1), terminal_status: z.string(), reason: z.string().nullish() },
      ({ child_run_id, terminal_status, reason }, session) =>
        session.child(child_run_id, {}, workerEnd(terminal_status, asLine(reason)), {
          status: terminal_status,
        }),
    ),
    session_closed: kind({ status: z.string().nullish(), reason: z.string().nullish() }, (event, session) =>
      session.end(closing(event.status ?? '', event.reason ?? null)),
    ),
    budget_exhausted: ended({ max_iterations: count.nullish() }, ({ max_iterations: most }) =>
      typeof most === 'number' ? `The budget of ${most} iterations was used up.` : 'The budget was used up.',
    ),
    loop_stuck: ended({ max_nudges: count.nullish() }, ({ max_nudges: most }) =>
      typeof most === 'number'
        ? `The agent was stuck: it made no progress after ${most} nudges.`
        : 'The agent was stuck.',
    ),
  }),
)

/** Kinds known to harn's readers that are no facts about a run: kept whole, and no surprise. */
const KEPT = new Set(
  [
    'agent_message_chunk agent_thought_chunk user_message plan plan_document_updated progress_reported',
    'feedback_injected daemon_watchdog_tripped skill_activated skill_deactivated skill_scope_tools skill_narrow',
    'tool_search_query tool_search_result fs_watch typed_checkpoint loop_checkpoint judge_decision step_judge_decision',
    'structural_validator_decision scope_classifier_verdict input_guardrail_verdict missing_tool_call_verdict',
    'require_successful_tools_violation final_wrapup pack_thinking_stripped self_consistency_tie',
    'code_librarian_query_nl_fallback orchestration_decision compass_routing_decision',
    'agent_scratchpad_reorganization anchor_changed model_job host_tool_result host_attachment',
    'budget_circuit_breaker loop_stuck_signal reserved_terminal_verify stance_transition transcript_projected',
    'reminder_emitted staged_writes_pending safe_text_patch_result control_outcome loop_control_decision',
    'agent_loop_stall_warning capability_gap tool_format_override tool_call_audit tool_batch_disposition',
    'cache_hit cache_miss composition_start composition_child_call composition_child_result composition_finish',
    'composition_error mcp_notification mcp_catalog_changed mcp_auth_required boundary_failure',
  ].flatMap((line) => line.split(' ')),
)

export interface Converted {
  facts: readonly Fact[]
  /** The kind as this version knows it; `unknown` for one it has never heard of, `misshapen` for one it cannot read. */
  verdict: 'told' | 'kept' | 'unknown' | 'misshapen'
}

/** What one event says. There is always at least one fact: what is not told is kept (SPEC A3). */
export function convertEvent(name: string, event: JsonObject, session: SessionState): Converted {
  const known = KINDS.get(name)
  const whole: Fact = { type: 'foreign', payload: { name, value: event } }
  const alien: Fact = { type: 'foreign', payload: { ...whole.payload, understood: false } }
  if (known === undefined)
    return KEPT.has(name) ? { facts: [whole], verdict: 'kept' } : { facts: [alien], verdict: 'unknown' }
  const read = known.schema.safeParse(event)
  if (!read.success) return { facts: [alien], verdict: 'misshapen' }
  const facts = known.convert(read.data as never, session)
  const [first, ...others] = facts
  if (first === undefined || first.type === 'foreign')
    return { facts: [whole, ...facts.filter(({ type }) => type !== 'foreign')], verdict: 'told' }
  const { details, asked, ...small } = first.payload
  if (JSON.stringify({ details, asked }).length > INLINE_REST) {
    // Too large to stand inside an event: all of it stands beside.
    const beside: Fact = { log: first.log, type: 'foreign', payload: { name, value: event }, suffix: 'whole' }
    return { facts: [{ ...first, payload: small }, ...others, beside], verdict: 'told' }
  }
  const rest = restOf(event, known.told)
  if (rest === null) return { facts, verdict: 'told' }
  if (JSON.stringify(rest).length <= INLINE_REST) {
    return { facts: [{ ...first, payload: { ...first.payload, harn: rest } }, ...others], verdict: 'told' }
  }
  const beside: Fact = { log: first.log, type: 'foreign', payload: { name, value: rest }, suffix: 'rest' }
  return { facts: [...facts, beside], verdict: 'told' }
}

/** Characters of what we did not understand that stay in the event they came with. */
const INLINE_REST = 4_000

function restOf(event: JsonObject, told: readonly string[]): JsonObject | null {
  const rest = Object.entries(event).filter(
    ([key, value]) => key !== 'type' && key !== 'session_id' && !told.includes(key) && value !== null,
  )
  return rest.length === 0 ? null : Object.fromEntries(rest)
}

const OUTCOMES: ReadonlyMap<string, 'answered' | 'timed_out' | 'superseded'> = new Map([
  ['answered', 'answered'],
  ['timeout', 'timed_out'],
  ['cancelled', 'superseded'],
  ['canceled', 'superseded'],
])

function toQuestion(questionId: string, raw: string, payload: Json | undefined): JsonObject {
  const asked = (payload ?? {}) as JsonObject
  const said = [asked['prompt'], asked['question'], asked['reason'], asked['action']].find(
    (each) => typeof each === 'string' && each !== '',
  )
  const known = QUESTION_KINDS.find((each) => each === raw)
  const prompt = asLine(said as string | undefined) ?? 'harn waits for a person and does not say what for.'
  return { questionId, ...(known !== undefined && { kind: known }), prompt, asked: payload ?? null }
}

/** How a session ended, in the word it was closed with. */
function closing(status: string, reason: string | null): Parameters<SessionState['end']>[0] {
  const meant = harnStatus(status)
  const to = meant !== null && isSettled(meant) ? meant : PLAIN_ENDS.has(status) ? 'completed' : 'interrupted'
  const why = to === 'interrupted' ? `harn closed it as "${status}".` : null
  const said = asLine(reason)
  return to === 'failed'
    ? { to, trigger: 'errored', error: said ?? why }
    : { to, trigger: 'process_exited', reason: said ?? why }
}

/** Words for an end that is no failure, besides those of all records. */
const PLAIN_ENDS = new Set(['', 'closed', 'done'])
