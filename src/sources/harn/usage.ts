/**
 * Owns harn's token and cost figures. The run's figure covers its stages; without one the stages add up by themselves.
 * What is absent is unknown, a zero that was written is a zero.
 */
import { runLog } from '../../core/ids.ts'
import type { RunContext, StageItem } from './context.ts'
import { known } from './context.ts'
import { foreignPayload, line } from './facts.ts'
import type { JsonObject } from './records.ts'
import { readRecord, USAGE } from './records.ts'

export interface Used {
  inputTokens: number | null
  outputTokens: number | null
  cachedInputTokens: number | null
  reasoningTokens: number | null
  costUsd: number | null
}

const NAMES = ['inputTokens', 'outputTokens', 'cachedInputTokens', 'reasoningTokens', 'costUsd'] as const
/** As many as one event may list; the rest is told as one. */
const LISTED = 999

interface Reported extends Used {
  model: string | null
}

function readUsage(raw: JsonObject, path: string, { report }: RunContext): Reported {
  const told = readRecord(USAGE, raw, path, report.skip)
  const tokens = (value: number | null, name: string): number | null => {
    if (value === null || (Number.isSafeInteger(value) && value >= 0)) return value
    report.skip(`${path}.${name}`, `${value} is no number of tokens.`)
    return null
  }
  const isCost = told.total_cost === null || told.total_cost >= 0
  if (!isCost) report.skip(`${path}.total_cost`, `${told.total_cost} is no cost.`)
  return {
    inputTokens: tokens(told.input_tokens, 'input_tokens'),
    outputTokens: tokens(told.output_tokens, 'output_tokens'),
    cachedInputTokens: tokens(told.cached_input_tokens ?? told.cache_read_tokens, 'cached_input_tokens'),
    reasoningTokens: tokens(told.reasoning_tokens, 'reasoning_tokens'),
    costUsd: isCost ? told.total_cost : null,
    model: line(told.models?.join(', '), 500),
  }
}

/** Facts of a stage's own usage. Later files may know more, so the figures are part of the key. */
export function addStageUsage(context: RunContext, stage: StageItem): void {
  const { usage } = stage.value
  if (usage === null) return
  const { model, ...figures } = readUsage(usage, `${stage.path}.usage`, context)
  context.facts.add({
    log: runLog(stage.id),
    type: 'usage.reported',
    payload: { key: `stage:${stage.stageId}`.slice(0, 400), scope: 'own', ...figures, model },
    key: `stage:${stage.stageId}:usage:${figuresKey(figures)}`,
    at: [stage.finishedAt, stage.startedAt, context.startedAt],
  })
}

/** Facts of the run's usage. Stages are counted once: what the run itself used is the rest. */
export function addRunUsage(context: RunContext): void {
  const { run, runId, facts, report, agentLog, stream, finishedAt, startedAt } = context
  if (run.usage === null) return
  const { model, ...figures } = readUsage(run.usage, 'usage', context)
  const of = context.stages.flatMap(({ id, value, path }) =>
    // Read before, with the stage: what is wrong with it was said there.
    value.usage === null
      ? []
      : [{ runId: id, ...figuresOf(readUsage(value.usage, `${path}.usage`, quiet(context))) }],
  )
  const sum = addUp(of)
  const less = NAMES.filter((name) => figures[name] !== null && (sum[name] ?? 0) > (figures[name] ?? 0))
  if (less.length > 0) {
    report.note(
      `The run's usage is less than its stages' together (${less.join(', ')}): the stages' figures are shown.`,
    )
    facts.add({
      log: agentLog,
      stream,
      type: 'foreign',
      payload: foreignPayload('usage_conflict', { run: known({ ...figures }), stages: known({ ...sum }) }),
      key: `run:${runId}:usage_conflict:${figuresKey(figures)}:${figuresKey(sum)}`,
      at: [finishedAt, startedAt],
    })
  }
  const includes = of.length <= LISTED ? of : [...of.slice(0, LISTED), { runId, ...addUp(of.slice(LISTED)) }]
  facts.add({
    log: agentLog,
    stream,
    type: 'usage.reported',
    payload: { key: 'run', scope: 'subtree', ...figures, includes, model },
    key: `run:${runId}:usage:${figuresKey(figures)}:${figuresKey(sum)}`,
    at: [finishedAt, startedAt],
  })
}

const quiet = (context: RunContext): RunContext => ({
  ...context,
  report: { ...context.report, skip: () => {} },
})

const figuresOf = ({ model: _model, ...figures }: Reported): Used => figures

const figuresKey = (used: Used): string => NAMES.map((name) => used[name] ?? '').join('/')

function addUp(all: readonly Used[]): Used {
  const total: Used = {
    inputTokens: null,
    outputTokens: null,
    cachedInputTokens: null,
    reasoningTokens: null,
    costUsd: null,
  }
  for (const each of all) {
    for (const name of NAMES) {
      const figure = each[name]
      if (figure !== null) total[name] = (total[name] ?? 0) + figure
    }
  }
  return total
}
