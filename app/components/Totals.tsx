/** Owns the figures of a run. What nobody reported is unknown, which is not 0. */
import type { ReactNode } from 'react'
import { useRunTotals } from 'run-ledger/react'
import type { LogId } from 'run-ledger'
import { formatNumber } from '../lib/format.ts'
import { RunElapsed } from './Elapsed.tsx'

const UNKNOWN = 'Unknown: these agents are programs and report no tokens and no cost.'

interface TotalsProps {
  log: LogId
  /** When the clock stops; null while it runs. */
  endedAt: number | null
  agents?: number
}

export function Totals({ log, endedAt, agents }: TotalsProps) {
  const totals = useRunTotals(log)
  if (totals === null) return null
  const { inputTokens, outputTokens, costUsd, toolCount, toolErrorCount, startedAt } = totals
  const tokens =
    inputTokens === null && outputTokens === null ? null : (inputTokens ?? 0) + (outputTokens ?? 0)
  return (
    <dl className="totals" data-testid="totals">
      <Figure name="Elapsed">
        <RunElapsed startedAt={startedAt} endedAt={endedAt} />
      </Figure>
      {agents !== undefined && <Figure name="Agents">{formatNumber(agents)}</Figure>}
      <Figure name="Tool calls">{formatNumber(toolCount)}</Figure>
      <Figure name="Tool errors">{formatNumber(toolErrorCount)}</Figure>
      <Figure name="Tokens" {...(tokens === null && { title: UNKNOWN })}>
        {tokens === null ? '—' : formatNumber(tokens)}
      </Figure>
      <Figure name="Cost" {...(costUsd === null && { title: UNKNOWN })}>
        {costUsd === null ? '—' : `$${costUsd.toFixed(2)}`}
      </Figure>
    </dl>
  )
}

function Figure({ name, title, children }: { name: string; title?: string; children: ReactNode }) {
  return (
    <div className="figure" title={title}>
      <dt>{name}</dt>
      <dd>
        {children}
        {title !== undefined && <span className="visually-hidden">{title}</span>}
      </dd>
    </div>
  )
}
