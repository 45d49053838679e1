/** Owns the words and figures of a resume plan. */
import type { PlanAction, PlanEntry, WorkDone } from 'run-ledger'
import { count, formatElapsed, formatNumber } from './format.ts'
import type { Tone } from './status.ts'

const ACTIONS: Record<PlanAction, { label: string; tone: Tone }> = {
  reuse: { label: 'Kept', tone: 'good' },
  relaunch: { label: 'Run again', tone: 'working' },
  await: { label: 'Waits', tone: 'quiet' },
  blocked: { label: 'Blocked', tone: 'bad' },
}

/** What waits for a person stands out from what waits for other work. */
export function actionWords({ action, reason, runId, fromCheckpoint }: PlanEntry): {
  label: string
  tone: Tone
} {
  const words = ACTIONS[action]
  if (reason === 'question') return { label: 'Needs you', tone: 'attention' }
  if (action !== 'relaunch') return words
  if (runId === null) return { ...words, label: 'Run' }
  return fromCheckpoint ? { ...words, label: 'Run on' } : words
}

/** `4 kept, 2 run again, 1 waits`; null when there is nothing. */
export function countsOf(entries: readonly PlanEntry[]): string | null {
  const of = (wanted: (entry: PlanEntry) => boolean): number => entries.filter(wanted).length
  const counts = [
    [of(({ action }) => action === 'reuse'), 'kept'],
    [of(({ action, runId }) => action === 'relaunch' && runId !== null), 'run again'],
    [of(({ action, runId }) => action === 'relaunch' && runId === null), 'still to run'],
    [of(({ action }) => action === 'await'), 'waiting'],
    [of(({ action }) => action === 'blocked'), 'blocked'],
  ] as const
  const said = counts
    .filter(([amount]) => amount > 0)
    .map(([amount, what]) => `${formatNumber(amount)} ${what}`)
  return said.length === 0 ? null : said.join(', ')
}

/** What the plan does again; what is blocked stays as it is. */
export function doneAgain(entries: readonly PlanEntry[]): WorkDone {
  const again = entries.filter(({ action }) => action !== 'blocked').map(({ atRisk }) => atRisk)
  const sum = (figure: (work: WorkDone) => number | null): number | null => {
    const known = again.flatMap((work) => figure(work) ?? [])
    return known.length === 0 ? null : known.reduce((a, b) => a + b, 0)
  }
  return {
    toolCalls: sum(({ toolCalls }) => toolCalls) ?? 0,
    elapsedMs: sum(({ elapsedMs }) => elapsedMs),
    tokens: sum(({ tokens }) => tokens),
    costUsd: sum(({ costUsd }) => costUsd),
  }
}

/** `14 tool calls, 1 m 20 s`; null when no work is known to be in it. */
export function workOf({ toolCalls, elapsedMs, tokens, costUsd }: WorkDone): string | null {
  const parts = [
    ...(toolCalls > 0 ? [count(toolCalls, 'tool call')] : []),
    ...(elapsedMs !== null && elapsedMs > 0 ? [formatElapsed(elapsedMs)] : []),
    ...(tokens !== null && tokens > 0 ? [count(tokens, 'token')] : []),
    ...(costUsd !== null && costUsd > 0 ? [`$${costUsd.toFixed(costUsd < 1 ? 3 : 2)}`] : []),
  ]
  return parts.length === 0 ? null : parts.join(', ')
}

/** Entries by phase, in the order of the plan. */
export function byPhase(
  entries: readonly PlanEntry[],
): readonly { phase: string; entries: readonly PlanEntry[] }[] {
  const phases = new Map<string, PlanEntry[]>()
  for (const entry of entries) {
    const known = phases.get(entry.phase)
    if (known === undefined) phases.set(entry.phase, [entry])
    else known.push(entry)
  }
  return [...phases].map(([phase, own]) => ({ phase, entries: own }))
}
