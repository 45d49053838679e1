/**
 * Owns what the core says about tokens and cost: a turn's figures include those of the agents they list, an agent's
 * own come with it or in that list, and never count twice. Unknown stays null.
 */
import type { Json } from '../../core/entities.ts'
import { isUsableId } from '../../core/ids.ts'
import { createReader } from './wire.ts'
import type { Fields, Reader } from './wire.ts'

interface Figures {
  inputTokens: number | null
  outputTokens: number | null
  cachedInputTokens: number | null
  costUsd: number | null
}

export interface Spend {
  taskId: string
  figures: Figures
}

/** At most as many as one report may list. */
const LISTED = 1_000

/** `usage` of `chat_done` and `turn_cost`. */
export function turnUsage(requestId: string, usage: Reader, spends: readonly Spend[]): Fields {
  const contextWindow = usage.count('context_window')
  const includes = spends.map(({ taskId, figures }) => ({ runId: taskId, ...figures }))
  return {
    key: `turn:${requestId}`,
    scope: 'subtree',
    ...readFigures(usage),
    costSource: costSource(usage),
    // 0 is how the core says that it does not know.
    contextWindow: contextWindow === 0 ? null : contextWindow,
    contextTokens: usage.count('context_tokens'),
    ...(includes.length > 0 && { includes }),
  }
}

/** What an agent spent for this turn, from its end or from the turn's list: one key, so it counts once. */
export const childUsage = (requestId: string, figures: Figures): Fields => ({
  key: `spend:${requestId}`,
  scope: 'own',
  ...figures,
})

/** The agents whose figures are in the turn's. */
export function readSpends(usage: Json | undefined): readonly Spend[] {
  const listed = (usage as { subagents?: unknown } | null | undefined)?.subagents
  if (!Array.isArray(listed)) return []
  return listed.slice(0, LISTED).flatMap((row: unknown) => {
    if (typeof row !== 'object' || row === null) return []
    const taskId = (row as { task_id?: unknown }).task_id
    if (typeof taskId !== 'string' || !isUsableId(taskId)) return []
    return [{ taskId, figures: readFigures(createReader(row as Fields)) }]
  })
}

export function readFigures(reader: Reader): Figures {
  return {
    inputTokens: reader.count('input_tokens'),
    outputTokens: reader.count('output_tokens'),
    cachedInputTokens: reader.count('cached_input_tokens'),
    costUsd: reader.amount('cost_usd'),
  }
}

export const isSpent = (figures: Figures): boolean => Object.values(figures).some((figure) => figure !== null)

function costSource(usage: Reader): 'charged' | 'estimated' | null {
  const source = usage.line('cost_source')
  return source === 'charged' || source === 'estimated' ? source : null
}
