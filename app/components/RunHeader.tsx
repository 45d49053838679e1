/** Owns the head of a run's page: what it is, how it stands and why, its figures, and how to stop it. */
import type { ReactNode } from 'react'
import { isRunLog, isSettled } from 'run-ledger'
import type { Lifecycle, LogId } from 'run-ledger'
import { formatFull, formatStarted } from '../lib/format.ts'
import { shownStatus, wordsFor } from '../lib/status.ts'
import { endOf } from './Elapsed.tsx'
import { StatusChip } from './StatusChip.tsx'
import { ExportButton } from './ExportButton.tsx'
import { StopButton } from './StopButton.tsx'
import { Totals } from './Totals.tsx'

interface RunHeaderProps {
  log: LogId
  title: string
  lifecycle: Lifecycle
  unconfirmed: boolean
  agents?: number
  /** Where one came from and can go. */
  links: ReactNode
}

export function RunHeader({ log, title, lifecycle, unconfirmed, agents, links }: RunHeaderProps) {
  const { status, inferred, completedAt, updatedAt, startedAt } = lifecycle
  const settled = isSettled(status)
  const said = why(lifecycle)
  return (
    <header className="run-header" data-testid="run-header" data-status={shownStatus(status, unconfirmed)}>
      <nav className="crumbs" aria-label="This run">
        {links}
      </nav>
      <div className="run-header-main">
        <h1 title={title}>{title}</h1>
        <div className="run-header-actions">
          <ExportButton scope={{ log, tree: !isRunLog(log) }} title={title} label="Export" quiet />
          <StopButton log={log} settled={settled} />
        </div>
      </div>
      <div className="run-header-status">
        <StatusChip status={status} unconfirmed={unconfirmed} inferred={inferred} />
        {said !== null && <span className="run-why">{said}</span>}
        <span className="note" title={formatFull(startedAt)}>
          Started {formatStarted(startedAt)}
        </span>
      </div>
      <p className="visually-hidden" role="status">
        Status: {wordsFor(shownStatus(status, unconfirmed)).label}
      </p>
      <Totals
        log={log}
        endedAt={endOf({ completedAt, updatedAt, unconfirmed })}
        {...(agents !== undefined && { agents })}
      />
    </header>
  )
}

/** An outcome in one line; what we concluded ourselves says so. */
function why({ inferred, error, reason, summary }: Lifecycle): string | null {
  if (inferred) return `Inferred, not reported by its owner. ${reason ?? ''}`
  return error ?? summary ?? reason
}
