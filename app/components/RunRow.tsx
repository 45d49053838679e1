/**
 * Owns one line of the list of runs. Lines of fixed height; figures change in place. What is in flight says how that
 * is known.
 */
import type { RunListEntry } from 'run-ledger'
import { Link } from 'wouter'
import { count, formatFull, formatStarted } from '../lib/format.ts'
import { runHref, threadHref, workflowHref } from '../lib/links.ts'
import { shownStatus } from '../lib/status.ts'
import { visible } from '../lib/visible.ts'
import { endOf, RunElapsed } from './Elapsed.tsx'
import { Evidence } from './Evidence.tsx'
import { PhaseRail } from './PhaseRail.tsx'
import { StatusChip } from './StatusChip.tsx'

export function RunRow({ entry }: { entry: RunListEntry }) {
  const { id, entity, log, title, subtitle, status, unconfirmed, inferred, bucket, threadId, startedAt } =
    entry
  const { phasesDone, phasesTotal, toolCount, openQuestions } = entry
  return (
    <li
      className="run-row"
      data-testid="run-row"
      data-row-id={log}
      data-kind={entity}
      data-status={shownStatus(status, unconfirmed)}
    >
      <Link className="run-title" href={entity === 'workflow' ? workflowHref(id) : runHref(id)} title={title}>
        <bdi>{title}</bdi>
        {entity === 'run' && subtitle !== null && <span className="run-subtitle"> {visible(subtitle)}</span>}
      </Link>
      <StatusChip status={status} unconfirmed={unconfirmed} inferred={inferred} />
      <div className="run-metrics">
        {phasesTotal > 0 && <PhaseRail done={phasesDone} total={phasesTotal} bucket={bucket} />}
        <RunElapsed startedAt={startedAt} endedAt={endOf(entry)} />
        <span className="run-tools">{count(toolCount, 'tool call')}</span>
        {openQuestions > 0 && <span className="run-questions">{count(openQuestions, 'question')}</span>}
        <time className="run-started" title={formatFull(startedAt)}>
          {formatStarted(startedAt)}
        </time>
        {threadId !== null && (
          <Link className="run-thread" href={threadHref(threadId)} aria-label={`Thread of ${title}`}>
            Thread
          </Link>
        )}
      </div>
      <Evidence log={log} />
    </li>
  )
}
