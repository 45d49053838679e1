/**
 * Owns one subagent: identity, what it does now or what came of it, its metrics. Lines of fixed height.
 * It opens when it becomes active and never closes itself.
 */
import { useEffect, useId, useState } from 'react'
import type { ReactNode } from 'react'
import { useIsFollowed, useLiveText } from 'run-ledger/react'
import { isSettled, runLog } from 'run-ledger'
import type { RunStatusName } from 'run-ledger'
import { Link } from 'wouter'
import { formatNumber } from '../lib/format.ts'
import { runHref } from '../lib/links.ts'
import { shownStatus } from '../lib/status.ts'
import { endOf, RunElapsed } from './Elapsed.tsx'
import { Evidence } from './Evidence.tsx'
import { Icon } from './Icon.tsx'
import { StatusChip } from './StatusChip.tsx'

export interface AgentRowData {
  rowId: string
  runId: string
  name: string
  /** What it was asked; null when the place says it already. */
  task: string | null
  phase: string | null
  status: RunStatusName
  inferred: boolean
  unconfirmed: boolean
  detail: string | null
  startedAt: number
  updatedAt: number
  completedAt: number | null
  toolCount: number
  attempt: number
}

interface AgentRowProps {
  row: AgentRowData
  /** What is shown when open; `follow` while it was opened by its own activity. */
  children: (follow: boolean) => ReactNode
}

export function AgentRow({ row, children }: AgentRowProps) {
  const { rowId, runId, name, task, phase, status, inferred, unconfirmed, startedAt, toolCount } = row
  const id = useId()
  const active = !unconfirmed && !isSettled(status)
  const wasActive = useWasActive(active)
  const [chosen, setChosen] = useState<boolean | null>(null)
  const open = chosen ?? wasActive
  return (
    <li
      className="agent-row"
      data-testid="subagent-row"
      data-row-id={rowId}
      data-kind="subagent"
      data-status={shownStatus(status, unconfirmed)}
    >
      <div className="agent-head">
        <button
          type="button"
          className="agent-toggle"
          aria-expanded={open}
          aria-controls={id}
          aria-label={`Tool calls of ${name}`}
          onClick={() => setChosen(!open)}
        >
          <Icon name="chevron" />
        </button>
        <div className="agent-line">
          <Link className="agent-name" href={runHref(runId)}>
            {name}
          </Link>
          {phase !== null && <span className="agent-phase">{phase}</span>}
          {row.attempt > 1 && <span className="agent-phase">attempt {row.attempt}</span>}
          <StatusChip status={status} unconfirmed={unconfirmed} inferred={inferred} />
          <span className="agent-metrics">
            <span title="Tool calls">
              <Icon name="tool" /> {formatNumber(toolCount)}
              <span className="visually-hidden"> tool calls</span>
            </span>
            <RunElapsed startedAt={startedAt} endedAt={endOf(row)} />
          </span>
        </div>
        {task !== null && (
          <p className="agent-task" title={task}>
            {task}
          </p>
        )}
        <Activity runId={runId} speaking={active && status === 'running'} detail={row.detail} />
      </div>
      <div id={id} hidden={!open} className="agent-body">
        {open && <Evidence log={runLog(runId)} />}
        {open && children(chosen === null)}
      </div>
    </li>
  )
}

/** Long enough to be looked at: work of a blink does not unfold the page. */
const ACTIVE_MS = 400

function useWasActive(active: boolean): boolean {
  const [wasActive, setWasActive] = useState(false)
  useEffect(() => {
    if (!active || wasActive) return
    const timer = setTimeout(() => setWasActive(true), ACTIVE_MS)
    return () => clearTimeout(timer)
  }, [active, wasActive])
  return wasActive
}

interface ActivityProps {
  runId: string
  /** Prose of a run that waits or has ended is not what happens now. */
  speaking: boolean
  detail: string | null
}

/** Live rows lead with what happens now, settled rows with the outcome. */
function Activity({ runId, speaking, detail }: ActivityProps) {
  const live = useLiveText(runId)
  const prose = speaking ? (live?.text.trimEnd().split('\n').at(-1) ?? null) : null
  const isElsewhere = useIsFollowed(runLog(runId)) && speaking
  const shown = prose ?? detail ?? (isElsewhere ? 'Live text is in the tab that runs it.' : null)
  return (
    <p
      className="agent-activity"
      data-live={prose !== null}
      title={shown ?? undefined}
      {...(prose !== null && { 'data-testid': 'live-text' })}
    >
      {shown}
    </p>
  )
}
