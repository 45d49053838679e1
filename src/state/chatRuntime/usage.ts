/** Owns tokens and money of a thread: sums of what is known, null where nothing is. SPEC F5. */
import type { RunTelemetry } from '../../core/entities.ts'
import type { RuntimeUsage, UsageFigures } from './types.ts'

const NAMES = ['inputTokens', 'outputTokens', 'cachedInputTokens', 'costUsd'] as const

export const figuresOf = ({
  inputTokens,
  outputTokens,
  cachedInputTokens,
  costUsd,
}: RunTelemetry): UsageFigures => ({ inputTokens, outputTokens, cachedInputTokens, costUsd })

export function sumOf(all: readonly UsageFigures[]): UsageFigures {
  const total: UsageFigures = {
    inputTokens: null,
    outputTokens: null,
    cachedInputTokens: null,
    costUsd: null,
  }
  for (const figures of all) {
    for (const name of NAMES) {
      const figure = figures[name]
      if (figure !== null) total[name] = (total[name] ?? 0) + figure
    }
  }
  return total
}

/** What runs used themselves is all there is to add: a total is never added to its parts. */
export const usageOf = (turns: readonly RunTelemetry[], others: readonly RunTelemetry[]): RuntimeUsage => ({
  own: sumOf(turns.map(figuresOf)),
  subtree: sumOf([...turns, ...others].map(figuresOf)),
})
