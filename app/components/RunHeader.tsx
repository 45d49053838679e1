/** Owns the head of a run's page: what it is, how it stands, why and by whose word, its figures, and what can be done. */
import type { ReactNode } from 'react'
import { isRunLog } from 'run-ledger'
import type { Lifecycle, LogId } from 'run-ledger'
import { formatFull, formatStarted } from '../lib/format.ts'
import { shownStatus, wordsFor } from '../lib/status.ts'
import { endOf } from './Elapsed.tsx'
import { StatusChip } from './StatusChip.tsx'
import { Evidence } from './Evidence.tsx'
import { ExportButton } from './ExportButton.tsx'
import { RunActionBar } from './RunActionBar.tsx'
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
  const said = why(lifecycle)
  return (
    <header className="run-header" data-testid="run-header" data-status={shownStatus(status, unconfirmed)}>
      <nav className="crumbs" aria-label="This run">
        {links}
      </nav>
      <div className="run-header-main">
        <h1 title={title}>{title}</h1>
        <RunActionBar log={log} status={status}>
          <ExportButton scope={{ log, tree: !isRunLog(log) }} title={title} label="Export" quiet />
        </RunActionBar>
      </div>
      <div className="run-header-status">
        <StatusChip status={status} unconfirmed={unconfirmed} inferred={inferred} />
        {said !== null && <span className="run-why">{said}</span>}
        <span className="note" title={formatFull(startedAt)}>
          Started {formatStarted(startedAt)}
        </span>
      </div>
      <Evidence log={log} />
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
